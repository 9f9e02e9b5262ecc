"""How many counters stood open, from the rows of the log."""

from __future__ import annotations

from typing import Any

from queue_server.domain import online, presence
from queue_server.domain.event import Event
from queue_server.domain.visit import Step, Ticket


def row(at: int, counter: str, what: str) -> Event:
    values: dict[str, Any] = dict.fromkeys(Event.__dataclass_fields__, "") | {"data": {}, "seq": at, "epoch": 1, "config_version": 1}
    return Event(**values | {"site": "W1", "at": at, "type": f"counter.{what}", "counter": counter, "subject": f"counter:{counter}"})


DAY = [row(10, "1", "opened"), row(10, "2", "opened"), row(20, "1", "paused"), row(30, "1", "resumed"), row(40, "2", "wrapping_up")]


def test_the_level_changes_with_each_counter_and_once_per_instant() -> None:
    assert presence.levels(DAY, 100) == [(10, 2), (20, 1), (30, 2), (40, 1), (100, 0)]
    assert presence.levels([*DAY, row(50, "1", "closed"), row(60, "2", "closed")], 100) == [(10, 2), (20, 1), (30, 2), (40, 1), (50, 0)]
    assert presence.levels([], 100) == []


def test_the_most_of_a_stretch_counts_the_level_it_begins_with() -> None:
    found = presence.levels(DAY, 100)
    assert [presence.most(found, a, b) for a, b in ((0, 10), (0, 11), (15, 19), (20, 30), (20, 31), (90, 200), (100, 200))] == [
        0,
        2,
        2,
        1,
        2,
        1,
        0,
    ]


def visit(name: str, service: str, *codes: str, called: bool = True, voided: bool = False) -> Ticket:
    step = Step(1, service, 0, first_called_at=5 if called else None, procedures=tuple({"code": code} for code in codes))
    return Ticket(name, "W1", "2026-11-23", "A", 1, "A001", service, "completed", 0, 1, 0, 0, 0, (step,), voided=voided)


def test_visits_that_need_not_have_been_are_counted_by_what_was_done_in_them() -> None:
    marks = {"ho-tich": "full", "1.01": "no_form", "1.02": "partial"}
    tickets = [
        visit("a", "ho-tich"), visit("b", "ho-tich", "1.01"), visit("c", "dat-dai", "1.01", "1.02"), visit("d", "dat-dai"),
        visit("e", "ho-tich", called=False), visit("f", "ho-tich", voided=True),
    ]  # fmt: skip
    told = online.chances(tickets, marks)
    assert {name: told[name] for name in ("visits", "full", "partial", "no_form", "not_marked")} == {
        "visits": 4, "full": 1, "partial": 1, "no_form": 2, "not_marked": 1,
    }  # fmt: skip
    assert told["by_code"] == [
        {"code": "1.01", "mark": "no_form", "visits": 2},
        {"code": "1.02", "mark": "partial", "visits": 1},
        {"code": "ho-tich", "mark": "full", "visits": 1},
    ]
