"""Calls about orders to devices, waves, settings of devices and cards for new ones. Thin: fields in, use-case out."""

from __future__ import annotations

from typing import Any

from flask import request

from queue_server import bundle
from queue_server.contract import card
from queue_server.contract.messages import body_of
from queue_server.contract.strict import wire
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import device_settings, ordering, waves
from queue_server.services.unit import Unit
from queue_server.web.call import Call, UseCase

FILES_KEPT_MS, MOST_FILES = 7 * 24 * 3_600_000, 200
ENDINGS = {"image/png": "png", "text/plain": "txt", "application/zip": "zip"}


def _args(call: Call) -> dict[str, Any]:
    return wire(call.message.args) if call.message.args is not None else {}


# ---------------------------------------------------------------- orders
def give(call: Call) -> UseCase:
    message, args = call.message, _args(call)
    return lambda unit: ordering.order(unit, call.args["device"], kind=message.kind, args=args, confirm=message.confirm)


def withdraw(call: Call) -> UseCase:
    return lambda unit: ordering.withdraw(unit, call.args["order"])


def done(call: Call) -> UseCase:
    def use_case(unit: Unit) -> dict[str, Any]:
        brought = unit.repository.device_file_about(unit.site, call.args["order"])
        return ordering.done(unit, call.args["order"], **body_of(call.message), file=dict(brought) if brought else None)

    return use_case


def of_device(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return ordering.of_device(reader, call.site, call.args["device"], now=call.now_ms)


def recent(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return ordering.recent(reader, call.site, now=call.now_ms)


def one(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return ordering.one(reader, call.site, call.args["order"], now=call.now_ms)


# ---------------------------------------------------------------- what a device brings
def bring(call: Call) -> dict[str, Any]:
    """Kept as it may be kept; brought again, it takes the place of what was brought before."""
    kind, content = call.message
    order, site = call.args["order"], call.site
    with call.reader() as reader:
        ordering.may_bring(reader, site, call.who, order, kind, content)
    try:
        kept = bundle.cleaned(kind, content)
    except bundle.NotClean as why:
        raise invalid("", "bad_format", str(why)) from None
    before = call.now_ms - FILES_KEPT_MS
    call.house.store.write(site, lambda rows: rows.put_device_file(site, order, kind, kept, at=call.now_ms, before=before, most=MOST_FILES))
    return {"order": order, "type": kind, "bytes": len(kept)}


def fetch(call: Call) -> tuple[bytes, str, str]:
    """The file, its type and the name it is saved under."""
    with call.reader() as reader:
        row, order = reader.device_file(call.site, call.args["order"]), reader.order(call.site, call.args["order"])
    if row is None or order is None:
        raise Refusal("not_found", what="file")
    return bytes(row["content"]), row["type"], f"{order['device']}-{order['kind']}-{order['id'][:13]}.{ENDINGS[row['type']]}"


# ---------------------------------------------------------------- waves
def start_wave(call: Call) -> UseCase:
    message, args = call.message, _args(call)
    return lambda unit: waves.start(
        unit, kind=message.kind, devices=message.devices, size=message.size, stop_after=message.stop_after, args=args
    )


def stop_wave(call: Call) -> UseCase:
    return lambda unit: waves.stop(unit, call.args["wave"])


def all_waves(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return waves.all_of(reader, call.site, now=call.now_ms)


# ---------------------------------------------------------------- settings
def settings(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return device_settings.shown(reader, call.site, call.query.get("device", "*"))


def preview(call: Call) -> dict[str, Any]:
    message = call.message
    with call.reader() as reader:
        return device_settings.preview(reader, call.site, device=message.device, version=message.version, document=message.document)


def change(call: Call) -> UseCase:
    return lambda unit: device_settings.change(unit, **body_of(call.message))


def restore(call: Call) -> UseCase:
    return lambda unit: device_settings.restore(unit, **body_of(call.message))


def wanted(call: Call) -> dict[str, Any]:
    """What a device is to run on, signed by the site. A device reads its own; people need to look after devices."""
    device = call.args["device"]
    if not (call.who.may("fleet") or ordering.owns(call.who, device)):
        raise Refusal("not_found", what="device")
    with call.reader() as reader:
        found = device_settings.wanted(reader, call.site, device, (origin(),))
    authority = call.house.authority
    return {**found, "signature": authority.sign_document(found["document"]) if authority else None}


def origin() -> str:
    """The address by which this request came."""
    return request.host_url.rstrip("/")


# ---------------------------------------------------------------- cards
def make_card(call: Call) -> dict[str, Any]:
    """The files of a card; asked for again they are made again, because nothing of them is kept here."""
    authority = call.house.authority
    told = {name: value for name, value in body_of(call.message).items() if value is not None}
    made = card.Card(**told, site=call.site, ca_pem=authority.ca_pem if authority else "")
    faults = [{"pointer": f"/{name}", "code": code, "detail": "a card cannot be made with this"} for name, code in made.faults().items()]
    if faults:
        raise Refusal("invalid", errors=faults)
    return {"files": card.files(made)}
