"""A seeded stretch of a centre's day: everything that can be asked, refused or not, so that two databases can be compared."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

from queue_server.contract import times
from queue_server.domain.alerting import Limits
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import ROLES, Principal
from queue_server.services import alerting, appointments, configuring, counters, days, fleet, helping, leasing, letting_pass
from queue_server.storage.store import Store
from queue_server.storage.tables import metadata
from tests.hall import SITE, Hall

LAN = Principal("person", "lan", (SITE,), ROLES["clerk"])  # a person works at one counter at a time
BESIDE = {"session", "retention", "disowned", "server_life"}  # a standby has its own


def stretch(hall: Hall, rng: random.Random, commands: int) -> None:
    """Some commands of a day; time goes on, sometimes past midnight."""
    for _ in range(commands):
        hall.clock.forward(rng.choice((1, 5, 40)))
        with contextlib.suppress(Refusal):
            _ACTS[rng.randrange(len(_ACTS))](hall, rng)
    if rng.random() < 0.3:
        hall.clock.forward(20 * 3600)
        days.turn(hall.store, SITE)


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that a standby must have, in the order of its key."""
    found = {}
    with store.read() as reader:
        for table in metadata.sorted_tables:
            if table.name not in BESIDE:
                keys = ", ".join(column.name for column in table.primary_key)
                rows = reader._sql._run(f"SELECT * FROM {table.name} ORDER BY {keys}").fetchall()
                found[table.name] = [{name: _value(value) for name, value in dict(row).items()} for row in rows]
    return found


def _value(value: Any) -> Any:
    """Objects are the same whatever the order of their names: the log keeps them sorted, a row as they were made."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def _service(rng: random.Random) -> str:
    return rng.choice(("ho-tich", "dat-dai", "chung-thuc"))


def _someone(hall: Hall, rng: random.Random) -> dict[str, Any]:
    known = [event.ticket for event in hall.log()[-200:] if event.type == "issued"]
    return {"id": rng.choice(known)} if known else {"id": "nobody"}


def _issue(hall: Hall, rng: random.Random) -> None:
    hall.issue(_service(rng), source=rng.choice(("kiosk", "desk")), holder_key=rng.choice((None, f"k{rng.randrange(20)}")))


def _lease(hall: Hall, rng: random.Random) -> None:
    made = hall.do(lambda unit: leasing.lease(unit, series="A", count=5))
    given = [entry for entry in made["entries"] if rng.random() < 0.6]
    told = [{"number": e["number"], "ticket_id": e["ticket_id"], "issued_at": hall.clock.at_ms} for e in given]
    hall.do(lambda unit: leasing.settle(unit, made["id"], tickets=told))


def _configure(hall: Hall, rng: random.Random) -> None:
    document = configuring.current(hall.store, SITE)["document"]
    code = str(50 + rng.randrange(40))
    if all(each["code"] != code for each in document["counters"]):
        hall.configure(counters=[*document["counters"], {"code": code, "name": f"Quầy {code}"}])


def _print_at(hall: Hall, rng: random.Random) -> None:
    device, again, someone = rng.choice(("kiosk-01", "kiosk-02")), rng.random() < 0.5, _someone(hall, rng)
    hall.do(lambda unit: fleet.heartbeat(unit, device=device, role="kiosk"))
    job = hall.do(lambda unit: helping.print_at(unit, someone["id"], device=device, reprint=again))["job"]
    if rng.random() < 0.7:
        hall.attend(someone, "print_outcome", outcome=rng.choice(("printed", "not_sent")), job=job)


def _help(hall: Hall, rng: random.Random) -> None:
    made = hall.do(lambda unit: helping.call(unit, place=rng.choice(("kiosk-01", "1"))))
    for act in (helping.answer, helping.done):
        if rng.random() < 0.6:
            hall.do(lambda unit, act=act: act(unit, made["id"]))  # type: ignore[misc]


def _alert(hall: Hall, rng: random.Random) -> None:
    """A kiosk runs out of paper, somebody is told, and a new roll is put in."""
    watch, code = alerting.Watch(0), rng.choice(("ok", "paper_out"))
    slots = [{"role": "printer", "state": "ready", "code": code}]
    hall.do(lambda unit: fleet.heartbeat(unit, device="kiosk-01", role="kiosk", slots=slots))
    for _ in range(2):
        alerting.look(hall.store, SITE, watch, Limits(), now=hall.clock.at_ms, backup=None, certificates={})
        hall.clock.forward(40)
    for alert in hall.look(alerting.standing)["alerts"][:2]:
        alerting.told(hall.store, SITE, alert["id"], what="raised", way="mail", outcome="sent", tries=1)


def _priority(hall: Hall, rng: random.Random) -> None:
    claimed = hall.issue(_service(rng), priority_class="elderly")
    hall.do(lambda unit: helping.priority(unit, claimed["id"], decision=rng.choice(helping.DECISIONS)))


def _book(hall: Hall, rng: random.Random) -> None:
    """Somebody books (some with a contact), comes, gives it up or never comes."""
    document = configuring.current(hall.store, SITE)["document"]
    if not document["services"][0].get("slot_min"):
        first, *rest = document["services"]
        hall.configure(services=[{**first, "slot_min": 10, "slot_seats": 3, "slot_days_ahead": 1}, *rest])
    told = hall.look(appointments.slots, service=document["services"][0]["code"])
    slot = times.decode(rng.choice(told["slots"][:2])["slot"])
    contact = rng.choice((None, "0912345678", "0987654321"))
    made = hall.do(lambda unit: appointments.book(unit, service=told["service"], slot=slot, contact=contact))
    hall.clock.forward(rng.choice((1, 600, 3000)))
    act = rng.choice((appointments.check_in, appointments.cancel, lambda unit, code: appointments.release(unit)))
    hall.do(lambda unit: act(unit, made["code"]))


def _desk(rng: random.Random) -> str:
    return rng.choice(("1", "2", "3"))


_ACTS = (
    _book, _book,
    lambda hall, rng: hall.do(lambda unit: letting_pass.let_pass(unit, _someone(hall, rng)["id"], count=rng.randrange(1, 6))),
    _issue, _issue, _issue, _issue, _lease, _configure, _print_at, _help, _priority, _alert,
    lambda hall, rng: hall.do(lambda unit: helping.rush(unit, on=rng.random() < 0.5)),
    lambda hall, rng: hall.counter(_desk(rng), "alarm"),
    lambda hall, rng: hall.open(_desk(rng)),
    lambda hall, rng: hall.next(_desk(rng)),
    lambda hall, rng: hall.next(_desk(rng)),
    lambda hall, rng: hall.next(_desk(rng), previous=rng.choice(("completed", "no_show", "requeue"))),
    lambda hall, rng: hall.at(_desk(rng), rng.choice(("recall", "serve", "hold", "no-show", "complete"))),
    lambda hall, rng: hall.on(_someone(hall, rng), "transfer", _desk(rng), to={"service": _service(rng)}),
    lambda hall, rng: hall.on(_someone(hall, rng), rng.choice(("resume", "release")), _desk(rng)),
    lambda hall, rng: hall.undo(_desk(rng)),
    lambda hall, rng: hall.attend(_someone(hall, rng), "cancel"),
    lambda hall, rng: hall.do(lambda unit: counters.command(unit, _desk(rng), rng.choice(("pause", "resume", "close")))),
    lambda hall, rng: hall.counter(_desk(rng), "wrap-up"),
    lambda hall, rng: hall.on(_someone(hall, rng), "complete", _desk(rng), more=2, dossier_code="h48-261123-0001"),
    lambda hall, rng: hall.do(lambda unit: counters.command(unit, _desk(rng), "open", take_over=True), who=LAN),
    lambda hall, rng: hall.do(lambda unit: counters.command(unit, _desk(rng), "activate"), who=LAN),
)  # fmt: skip
