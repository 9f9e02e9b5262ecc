"""Calls about appointments, letting others pass and the four faces. Thin: fields in, use-case out.

What a stranger may do follows from a code in the path; the public booking page alone needs none, and is counted per address.
"""

from __future__ import annotations

from typing import Any

from queue_server.contract.messages import body_of
from queue_server.domain.principal import Principal
from queue_server.services import appointments, letting_pass, outliers, queries, rating
from queue_server.services.unit import Unit
from queue_server.web.call import Addressed, Call, UseCase

GUEST = "guest"


# ---------------------------------------------------------------- by programs and attendants
def offered(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return appointments.offered(reader, call.site, now=call.now_ms)


def slots(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return appointments.slots(reader, call.site, service=call.query["service"], date=call.query.get("date"), now=call.now_ms)


def one(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return appointments.one(reader, call.args["code"], site=call.site, now=call.now_ms)


def book(call: Call) -> UseCase:
    asked = call.message
    return lambda unit: appointments.book(unit, service=asked.service, slot=asked.slot, contact=asked.contact_key)


def check_in(call: Call) -> UseCase:
    return lambda unit: appointments.check_in(unit, call.args["code"], **body_of(call.message))


def cancel(call: Call) -> UseCase:
    return lambda unit: appointments.cancel(unit, call.args["code"])


def let_pass(call: Call) -> UseCase:
    return lambda unit: letting_pass.let_pass(unit, call.args["ticket"], count=call.message.count)


def rate_at(call: Call) -> UseCase:
    asked = call.message
    return lambda unit: rating.rate(unit, call.args["counter"], stars=asked.stars, ticket=asked.ticket, by="keypad")


def tablets(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return {"tablets": rating.addresses(reader, call.site)}


def looked_at(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return outliers.of_day(reader, call.site, date=call.query.get("date"), now=call.now_ms)


# ---------------------------------------------------------------- by whoever holds a code, or nothing at all
def book_online(call: Call) -> Addressed:
    site, asked = call.args["site"], call.message
    with call.reader() as reader:
        queries.house(reader, site)
    contact = (asked.contact or "").strip() or None
    return Addressed(_guest(site), site, lambda unit: appointments.book(unit, service=asked.service, slot=asked.slot, contact=contact))


def own(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return public(appointments.one(reader, call.args["token"], now=call.now_ms))


def cancel_own(call: Call) -> Addressed:
    code = call.args["token"]
    with call.reader() as reader:
        site = str(appointments.of_code(reader, code)["site"])
    return Addressed(_guest(site), site, lambda unit: public(appointments.cancel(unit, code)))


def public(told: dict[str, Any]) -> dict[str, Any]:
    """Without what is the staff's: of the ticket its number and its page alone."""
    ticket = told["ticket"]
    shown = {"label": ticket["label"], "state": ticket["state"], "url": ticket["url"]} if ticket else None
    return {name: value for name, value in told.items() if name != "id"} | {"ticket": shown, "may_cancel": told["state"] == "booked"}


def let_pass_own(call: Call) -> Addressed:
    token = call.args["token"]
    with call.reader() as reader:
        site, ticket = queries.site_of_token(reader, token)

    def use_case(unit: Unit) -> dict[str, Any]:
        letting_pass.let_pass(unit, ticket, count=call.message.count)
        return queries.citizen_ticket(unit.repository, token, now=unit.now_ms)

    return Addressed(_guest(site, ticket), site, use_case)


def faces(call: Call) -> dict[str, Any]:
    site, counter = call.args["site"], call.args["counter"]
    with call.reader() as reader:
        rating.check(reader, site, counter, call.args["token"])
        return rating.asked(reader, site, counter, now=call.now_ms)


def rate_here(call: Call) -> Addressed:
    site, counter, asked = call.args["site"], call.args["counter"], call.message
    with call.reader() as reader:
        rating.check(reader, site, counter, call.args["token"])
    return Addressed(_guest(site, "tablet"), site, lambda unit: rating.rate(unit, counter, stars=asked.stars, ticket=asked.ticket))


def _guest(site: str, name: str = GUEST) -> Principal:
    return Principal("citizen", name, (site,), frozenset(), role="citizen")


# ---------------------------------------------------------------- where a form leads
def after_booking(call: Call, body: dict[str, Any]) -> str:
    """To the page that shows the code; whoever repeats the form gets there too."""
    return f"/a/{body['code']}"


def again(call: Call, code: str) -> str:
    """Back to the choice of times, with what was wrong."""
    return f"/hen/{call.args['site']}?service={call.message.service}&fault={code}"
