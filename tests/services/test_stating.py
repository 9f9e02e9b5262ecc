"""What happened without the server is told afterwards: lawful, marked, out of every mean, and never against the log."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.audit.compare import findings
from queue_server.domain.errors import Refusal
from queue_server.services import command, issuing, leasing, queries, stating
from tests.hall import CLERK, MORNING, SITE, Hall

DAY = "2026-11-23"


def tick(hall: Hall, ticket: dict[str, Any], what: str, counter: str = "1", at: int | None = None, request_id: str | None = None) -> Any:
    stated = hall.clock.at_ms if at is None else at
    return hall.do(lambda unit: stating.tick(unit, counter, ticket=ticket["id"], stated_at=stated, what=what), request_id)


def paper(hall: Hall, number: int = 900, **fields: Any) -> Any:
    given = {"series": "A", "number": number, "service": "ho-tich", "issued_at": hall.clock.at_ms} | fields
    return hall.do(lambda unit: stating.paper(unit, **given))


def figures(hall: Hall) -> dict[str, Any]:
    return hall.look(queries.day_figures, DAY)


def audit(hall: Hall) -> list[str]:
    with hall.store.read() as reader:
        return findings(reader, SITE)


def refused(hall: Hall, *args: Any, **fields: Any) -> dict[str, Any]:
    before = len(hall.log())
    with pytest.raises(Refusal) as no:
        tick(hall, *args, **fields)
    assert len(hall.log()) == before
    return {"code": no.value.code} | no.value.detail


def test_a_morning_called_by_voice_arrives_in_order_and_is_in_no_mean(hall: Hall) -> None:
    hall.open()
    people = [hall.issue() for _ in range(4)]
    hall.next()
    hall.clock.forward(600)
    cut = hall.clock.at_ms
    hall.clock.forward(1800)  # the server is away; then everything arrives at once
    tick(hall, people[0], "completed", at=cut)
    tick(hall, people[1], "called", at=cut + 60_000)
    tick(hall, people[1], "completed", at=cut + 300_000)
    tick(hall, people[2], "called", at=cut + 310_000)
    tick(hall, people[2], "no_show", at=cut + 400_000)
    tick(hall, people[3], "called", at=cut + 410_000)
    assert [hall.ticket(each)["state"] for each in people] == ["completed", "completed", "no_show", "called"]
    told = [event for event in hall.log() if event.data.get("entered_late")]
    assert [event.data["stated_at"] - cut for event in told] == [0, 60_000, 300_000, 310_000, 400_000, 410_000]
    assert {event.at for event in told} == {hall.clock.at_ms}
    shown = figures(hall)
    assert (shown["counts"]["entered_late"], shown["counts"]["called"], shown["counts"]["served"]) == (4, 4, 2)
    assert (shown["wait"]["n"], shown["service_time"]["n"]) == (0, 0)
    assert audit(hall) == []


def test_an_ordinary_visit_is_still_measured_beside_them(hall: Hall) -> None:
    hall.open()
    late, seen = hall.issue(), hall.issue()
    tick(hall, late, "completed")
    hall.clock.forward(60)
    hall.next()
    hall.at("1", "serve")
    hall.clock.forward(30)
    hall.at("1", "complete")
    shown = figures(hall)
    assert (shown["wait"]["n"], shown["wait"]["sum_ms"]) == (1, 60_000)
    assert (shown["service_time"]["n"], shown["service_time"]["sum_ms"]) == (1, 30_000)
    assert hall.ticket(seen)["state"] == "completed"


@pytest.mark.parametrize("what", ["completed", "no_show"])
def test_whoever_was_never_told_to_be_called_is_called_first(hall: Hall, what: str) -> None:
    ticket = hall.issue()
    assert tick(hall, ticket, what)["state"] == what
    assert [event.type for event in hall.log() if event.ticket == ticket["id"]] == ["issued", "called", what]


def test_what_the_log_has_already_is_left_as_it_is(hall: Hall) -> None:
    hall.open()
    ticket = hall.issue()
    hall.next()
    before = len(hall.log())
    assert tick(hall, ticket, "called")["state"] == "called"
    assert len(hall.log()) == before
    hall.at("1", "complete")
    before = len(hall.log())
    assert tick(hall, ticket, "completed")["state"] == "completed"
    assert len(hall.log()) == before


def test_the_same_tick_sent_twice_happens_once(hall: Hall) -> None:
    hall.open()
    ticket = hall.issue()
    at = hall.clock.at_ms
    first = tick(hall, ticket, "completed", at=at, request_id="tick-1")
    length = len(hall.log())
    assert tick(hall, ticket, "completed", at=at, request_id="tick-1") == first
    assert len(hall.log()) == length


def test_somebody_else_called_them_meanwhile_and_the_teller_is_told(hall: Hall) -> None:
    hall.open("2")
    ticket = hall.issue()
    hall.next("2")
    told = refused(hall, ticket, "called", "1")
    assert told == {"code": "illegal_transition", "command": "called", "state": "called", "counter": "2", "label": "A001"}
    hall.at("2", "complete")
    assert refused(hall, ticket, "no_show", "1")["state"] == "completed"


def test_one_who_is_being_served_is_not_absent_and_who_is_absent_was_not_served(hall: Hall) -> None:
    hall.open()
    ticket = hall.issue()
    hall.next()
    hall.at("1", "serve")
    assert refused(hall, ticket, "no_show")["state"] == "serving"
    hall.at("1", "complete")
    assert refused(hall, ticket, "no_show")["state"] == "completed"


def test_a_desk_where_somebody_stands_takes_nobody_from_the_queue(hall: Hall) -> None:
    hall.open()
    there, other = hall.issue(), hall.issue()
    hall.next()
    for what in stating.TICKS:
        assert refused(hall, other, what) == {
            "code": "illegal_transition", "command": what, "state": "another", "counter": "1", "label": there["label"],
        }  # fmt: skip


def test_nobody_is_left_standing_at_a_closed_counter(hall: Hall) -> None:
    ticket = hall.issue()
    assert refused(hall, ticket, "called")["code"] == "counter_closed"
    assert tick(hall, ticket, "completed")["state"] == "completed"


@pytest.mark.parametrize(("stated_s", "kept_s"), [(-60, 0), (30, 30), (9999, 100)])
def test_a_stated_time_lies_between_the_number_and_now(hall: Hall, stated_s: int, kept_s: int) -> None:
    ticket = hall.issue()
    hall.clock.forward(100)
    tick(hall, ticket, "completed", at=MORNING + stated_s * 1000)
    assert {event.data["stated_at"] - MORNING for event in hall.log() if event.data.get("entered_late")} == {kept_s * 1000}


def test_a_visit_that_goes_on_elsewhere_goes_on(hall: Hall) -> None:
    ticket = hall.do(lambda unit: issuing.issue(unit, tasks=["ho-tich", "dat-dai"]))
    hall.open(services=["ho-tich"])
    assert tick(hall, ticket, "completed")["state"] == "waiting"
    steps = [event for event in hall.log() if event.type == "transferred"]
    assert steps[0].data["service"] == "dat-dai"
    assert audit(hall) == []


# ---------------------------------------------------------------- the paper book
def test_a_slip_of_the_book_is_entered_with_its_times_and_is_in_no_mean(hall: Hall) -> None:
    hall.clock.forward(7200)
    done = paper(hall, 900, issued_at=MORNING + 600_000, outcome="completed", ended_at=MORNING + 900_000, counter="2")
    absent = paper(hall, 901, issued_at=MORNING + 700_000, outcome="no_show")
    assert (done["label"], done["state"], done["source"], done["counter"]) == ("A900", "completed", "desk", "2")
    assert (absent["state"], absent["counter"]) == ("no_show", "paper-book")
    events = [event for event in hall.log() if event.ticket == done["id"]]
    assert [(event.type, event.data["stated_at"] - MORNING) for event in events] == [
        ("issued", 600_000), ("called", 900_000), ("completed", 900_000),
    ]  # fmt: skip
    shown = figures(hall)
    assert (shown["counts"]["entered_late"], shown["counts"]["served"], shown["wait"]["n"], shown["service_time"]["n"]) == (2, 1, 0, 0)
    assert audit(hall) == []


def test_a_desk_where_somebody_stands_is_not_disturbed_by_a_slip(hall: Hall) -> None:
    hall.open("2")
    there = hall.issue()
    hall.next("2")
    slip = paper(hall, outcome="completed", counter="2")
    assert (slip["counter"], slip["estimate"]["low_s"] >= 0, hall.ticket(there)["state"]) == ("paper-book", True, "called")
    assert audit(hall) == []


def test_one_who_still_waits_is_called_by_the_time_on_the_slip(hall: Hall) -> None:
    hall.clock.forward(600)
    hall.issue()
    slip = paper(hall, 905, issued_at=MORNING + 60_000)
    hall.open()
    called = hall.next()
    assert called is not None
    assert called["label"] == slip["label"] == "A905"


def test_a_slip_of_yesterday_is_kept_and_waits_for_nobody(hall: Hall) -> None:
    hall.issue()
    hall.clock.forward(86_400)
    slip = paper(hall, 900, issued_at=MORNING + 60_000)
    assert (slip["state"], slip["business_day"]) == ("expired", DAY)
    assert audit(hall) == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"number": 899}, "/number"), ({"number": 1000}, "/number"), ({"issued_at": MORNING + 1}, "/issued_at"),
     ({"issued_at": MORNING - 8 * 86_400_000}, "/issued_at"), ({"service": "dat-dai", "series": "X"}, "/service")],
)  # fmt: skip
def test_what_no_book_can_say_is_refused(hall: Hall, fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refusal) as no:
        paper(hall, **fields)
    assert no.value.detail["errors"][0]["pointer"] == pointer


def test_a_slip_is_entered_once(hall: Hall) -> None:
    paper(hall)
    with pytest.raises(Refusal) as no:
        paper(hall)
    assert (no.value.code, no.value.detail["label"]) == ("conflict", "A900")


def test_no_lease_ever_holds_a_number_of_the_book(hall: Hall) -> None:
    numbers = []
    for _ in range(2):
        numbers += [entry["number"] for entry in hall.do(lambda unit: leasing.lease(unit, series="A", count=100))["entries"]]
    assert (min(numbers), max(numbers)) == (700, 899)
    with pytest.raises(Refusal):
        hall.do(lambda unit: leasing.lease(unit, series="A", count=1))


def test_a_late_word_is_refused_to_nobody_by_its_form(hall: Hall) -> None:
    order = command.Command("again", SITE, CLERK, "test", "x")
    ticket = hall.issue()
    first = command.run(hall.store, order, lambda unit: stating.tick(unit, "1", ticket=ticket["id"], stated_at=MORNING, what="completed"))
    assert first.body["steps"][0]["entered_late"] is True
