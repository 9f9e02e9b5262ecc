"""The audit agrees with an honest day of every kind of event, and names each of many planted lies."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from queue_server.audit.compare import findings
from queue_server.domain.errors import Refusal
from queue_server.domain.ticket import TRANSITIONS
from queue_server.services import days, fleet, helping, letting_pass
from queue_server.storage.base import metadata
from tests.hall import MORNING, SITE, Hall
from tests.storage.test_storage import raw


def audit(hall: Hall, day: str | None = None) -> list[str]:
    with hall.store.read() as reader:
        return findings(reader, SITE, day)


def a_day(hall: Hall, seed: int, commands: int) -> None:
    """A day in which anything may happen to anyone, lawful or refused."""
    chance, tickets = random.Random(seed), [hall.issue()]

    def onward() -> dict[str, Any]:
        return {"to": {"service": "kinh-doanh"}, "return_to_me": chance.random() < 0.5}

    acts: list[Callable[[], Any]] = [
        lambda: tickets.append(hall.issue(chance.choice(["ho-tich", "dat-dai"]), priority_class=chance.choice([None, "elderly"]))),
        lambda: hall.open(chance.choice("12")),
        lambda: hall.next(chance.choice("12"), previous=chance.choice([None, "no_show", "requeue"])),
        lambda: hall.at(chance.choice("12"), chance.choice(["recall", "serve", "hold", "no-show", "complete"])),
        lambda: hall.on(chance.choice(tickets), chance.choice(["resume", "release"]), counter=chance.choice("12")),
        lambda: hall.on(chance.choice(tickets), "transfer", counter=chance.choice("12"), **onward()),
        lambda: hall.on(chance.choice(tickets), "reclassify", counter=chance.choice("12"), service="chung-thuc"),
        lambda: hall.attend(chance.choice(tickets), "amend", service="bao-tro", priority_class=chance.choice(["none", "merit"])),
        lambda: hall.attend(chance.choice(tickets), chance.choice(["cancel", "reprint"])),
        lambda: hall.attend(chance.choice(tickets), "readmit"),
        lambda: hall.attend(chance.choice(tickets), "print_outcome", outcome="printed"),
        lambda: hall.attend(chance.choice(tickets), "rate", stars=chance.randint(1, 5)),
        lambda: hall.undo(chance.choice("12")),
        lambda: hall.counter(chance.choice("12"), chance.choice(["pause", "resume", "wrap-up"])),
    ]
    for _ in range(commands):
        hall.clock.forward(chance.random() * 20)
        try:
            chance.choice(acts)()
        except Refusal:
            continue


@pytest.mark.parametrize("seed", range(6))
def test_an_honest_day_has_no_finding(file_hall: Hall, seed: int) -> None:
    a_day(file_hall, seed, 250)
    file_hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(file_hall.store, SITE)
    a_day(file_hall, seed + 100, 60)
    assert audit(file_hall) == []


def test_a_call_taken_back_takes_its_recalls_with_it(file_hall: Hall) -> None:
    file_hall.open()
    ticket = file_hall.issue()
    file_hall.next()
    file_hall.at("1", "recall")
    file_hall.undo()
    assert file_hall.ticket(ticket)["recalls"] == 0
    assert audit(file_hall) == []


def test_a_day_with_every_kind_of_event_agrees(file_hall: Hall) -> None:
    hall = file_hall
    for counter in "12":
        hall.open(counter)
    tickets = [hall.issue() for _ in range(9)]
    hall.next()
    hall.at("1", "recall")
    hall.at("1", "hold")
    hall.next()
    hall.at("1", "no-show")
    hall.attend(tickets[1], "readmit")
    hall.on(tickets[0], "resume")
    hall.on(tickets[0], "reclassify", service="chung-thuc")
    hall.on(tickets[0], "procedures", procedures=[{"code": "1.001193"}])
    hall.on(tickets[0], "transfer", to={"counter": "2"}, return_to_me=True)
    hall.next("2")
    hall.at("2", "complete")
    hall.next("1", previous=None)
    hall.undo("1")
    hall.next("1")
    hall.next("1", previous="requeue")
    hall.at("1", "complete")
    done = next(event.ticket for event in hall.log() if event.type == "completed")
    hall.attend({"id": done}, "rate", stars=5)
    hall.attend(tickets[8], "amend", service="bao-tro", priority_class="merit")
    hall.do(lambda unit: letting_pass.let_pass(unit, tickets[6]["id"], count=1))
    hall.attend(tickets[7], "cancel")
    hall.attend(tickets[6], "print_outcome", outcome="unknown")
    hall.attend(tickets[6], "reprint")
    hall.do(lambda unit: fleet.heartbeat(unit, device="kiosk-01", role="kiosk"))
    hall.do(lambda unit: helping.print_at(unit, tickets[6]["id"], device="kiosk-01", reprint=True))
    for decision in helping.DECISIONS:
        claimed = hall.issue(priority_class="elderly")
        hall.do(lambda unit, claimed=claimed, decision=decision: helping.priority(unit, claimed["id"], decision=decision))  # type: ignore[misc]
    hall.attend(tickets[6], "annotate", text="phiếu bị rách")
    hall.next("1")
    hall.next("2")
    hall.at("2", "serve")
    hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(hall.store, SITE)
    hall.configure(policy={"leftovers": "carry"})
    hall.issue()
    hall.clock.at_ms += 24 * 3_600_000
    days.turn(hall.store, SITE)
    seen = {event.type for event in hall.log()}
    assert set(TRANSITIONS) - {"arrived", "moved", "voided"} <= seen
    assert audit(hall) == []


def test_the_same_on_postgresql(hall: Hall) -> None:
    a_day(hall, 7, 120)
    assert audit(hall) == []
    assert audit(hall, "2026-11-23") == []


# A ticket like another, under another id and number, waiting for nobody's counter and without a page.
GHOST = {"id": "'ghost'", "number": "444", "label": "'A444'", "state": "'waiting'", "counter": "NULL", "token_hash": "NULL"}
NAMES = [column.name for column in metadata.tables["ticket"].columns]
COPIED = f"({', '.join(NAMES)}) SELECT {', '.join(GHOST.get(name, name) for name in NAMES)}"
SHORTER = """replace(steps, '"wait_ms":60000', '"wait_ms":1000')"""
FOREIGN = """replace(data, '"lang":"vi"', '"lang":"en"')"""
LIES: dict[str, tuple[str, str]] = {
    "a state changed": ("UPDATE ticket SET state = 'cancelled' WHERE label = 'A003'", "ticket-state: A003"),
    "a number changed": ("UPDATE ticket SET number = 555 WHERE label = 'A003'", "ticket-number: A003"),
    "a label changed": ("UPDATE ticket SET label = 'A999' WHERE label = 'A003'", "ticket-label: A003"),
    "a place in the queue moved": ("UPDATE ticket SET effective_at = 1 WHERE label = 'A003'", "ticket-effective_at: A003"),
    "a ticket removed": ("DELETE FROM ticket WHERE label = 'A003'", "ticket-lost: A003"),
    "a ticket invented": (
        f"INSERT INTO ticket {COPIED} FROM ticket WHERE label = 'A003'",
        "ticket-unasked: A444",
    ),
    "a wait made shorter": (f"UPDATE ticket SET steps = {SHORTER}", "step-wait: step 1 of A001"),
    "a rating made better": ("UPDATE ticket SET rating = 5 WHERE label = 'A001'", "ticket-rating: A001"),
    "an event rewritten": (f"UPDATE event SET data = {FOREIGN} WHERE seq = 5", "log-hash: row 5"),
    "an event taken out": ("DELETE FROM event WHERE seq = 6", "log-gap: rows 6 to 6"),
    "an event moved in time": ("UPDATE event SET at = at - 86400000 WHERE seq = 7", "log-time: row 7"),
    "the end of the log hidden": ("UPDATE site SET seq = seq - 1", "site-end"),
    "a counter opened in silence": ("UPDATE counter SET state = 'open' WHERE code = '5'", "counter-state: 5"),
    "a number that would come again": ("UPDATE series_counter SET last_number = 1", "number-again: series A"),
    "a seal forged": ("UPDATE seal SET digest = 'x'", "seal-broken"),
    "a seal removed": ("DELETE FROM seal", "seal-lost"),
    "an answer forgotten": ("DELETE FROM request WHERE request_id = 'kiosk-1'", "answer-lost: command 'kiosk-1'"),
    "an answer replaced": (
        "UPDATE request SET body = replace(body, 'A001', 'A007') WHERE request_id = 'kiosk-1'",
        "answer-other: command 'kiosk-1'",
    ),
}


def test_a_number_that_two_people_held_on_one_day_is_named(file_hall: Hall) -> None:
    hall = file_hall
    hall.configure(policy={"leftovers": "carry"})
    hall.issue()
    hall.clock.at_ms = MORNING + 24 * 3_600_000
    days.turn(hall.store, SITE)
    hall.store.write(SITE, lambda repository: repository.memo.__setitem__(("carried", SITE), ("2026-11-24", frozenset())))
    assert hall.issue()["label"] == "A001"
    assert audit(hall) == ["number-twins: A001 was issued on 2026-11-24 while that of 2026-11-23 was still good"]


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_named(file_hall: Hall, lie: str) -> None:
    hall = file_hall
    hall.issue(request_id="kiosk-1")
    for _ in range(3):
        hall.issue()
    hall.open()
    hall.clock.forward(60)
    hall.next()
    hall.next()
    hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(hall.store, SITE)
    assert audit(hall) == []
    connection = raw(hall)
    for trigger in ("event_no_update", "event_no_delete"):
        connection.execute(f"DROP TRIGGER {trigger}")  # whoever forges a log does not stop at a trigger
    connection.execute(LIES[lie][0])
    assert any(found.startswith(LIES[lie][1]) for found in audit(hall)), audit(hall)


def test_a_figure_that_was_published_wrongly_is_named(file_hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first implementation itself is what errs here."""
    from queue_server.domain import metrics

    a_day(file_hall, 3, 80)
    honest = metrics.Spread.add
    monkeypatch.setattr(metrics.Spread, "add", lambda self, duration: honest(self, duration - 1 if duration else 0))
    assert any(found.startswith("figure-wait.sum_ms") for found in audit(file_hall))
