"""The people who guide the hall: help calls, slips at a chosen kiosk, priority by papers, a lost number, rush hour."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import days, fleet, hall_queries, helping, queries
from tests.hall import MORNING, SITE, Hall

MINUTE = 60


def beat(hall: Hall, device: str = "kiosk-01", role: str = "kiosk") -> None:
    hall.do(lambda unit: fleet.heartbeat(unit, device=device, role=role, slots=[{"role": "printer", "state": "ready", "code": "ok"}]))


def call(hall: Hall, place: str = "kiosk-01", **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: helping.call(unit, place=place, **fields))


def print_at(hall: Hall, ticket: dict[str, Any], device: str = "kiosk-01", **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: helping.print_at(unit, ticket["id"], device=device, **fields))


def errands(hall: Hall, device: str = "kiosk-01") -> dict[str, Any]:
    return hall.look(hall_queries.errands, device)


def refusal(act: Any) -> Refusal:
    with pytest.raises(Refusal) as no:
        act()
    return no.value


# ---------------------------------------------------------------- help calls
def test_a_call_is_open_until_somebody_comes_and_is_done(hall: Hall) -> None:
    made = call(hall, need="walk")
    assert (made["state"], made["kind"], made["place"], made["need"], made["counter"]) == ("open", "help", "kiosk-01", "walk", None)
    answered = hall.do(lambda unit: helping.answer(unit, made["id"]))
    assert (answered["state"], answered["answered_by"]) == ("answered", "key:clerk-1")
    assert [each["state"] for each in hall.look(hall_queries.calls)["calls"]] == ["answered"]
    assert errands(hall)["help"]["state"] == "answered"
    assert hall.do(lambda unit: helping.done(unit, made["id"]))["state"] == "done"
    assert hall.look(hall_queries.calls)["calls"] == []
    assert errands(hall)["help"] is None
    assert [event.type for event in hall.log() if event.type.startswith("help.")] == ["help.called", "help.answered", "help.done"]


def test_a_button_pressed_again_is_the_same_call(hall: Hall) -> None:
    first = call(hall)
    assert call(hall)["id"] == first["id"]
    assert call(hall, "kiosk-02")["id"] != first["id"]
    hall.do(lambda unit: helping.answer(unit, first["id"]))
    assert call(hall)["id"] != first["id"]  # somebody came, and help is wanted again


def test_who_answers_second_changes_nothing_and_a_done_call_is_not_answered(hall: Hall) -> None:
    made = call(hall)
    for _ in range(2):
        hall.do(lambda unit: helping.answer(unit, made["id"]))
        hall.clock.forward(1)
    for _ in range(2):
        hall.do(lambda unit: helping.done(unit, made["id"]))
    assert sum(event.type.startswith("help.") for event in hall.log()) == 3
    assert refusal(lambda: hall.do(lambda unit: helping.answer(unit, made["id"]))).code == "illegal_transition"
    assert refusal(lambda: hall.do(lambda unit: helping.done(unit, "nobody"))).code == "not_found"


def test_a_counter_may_call_too_and_a_silent_alarm_stands_among_the_calls_once(hall: Hall) -> None:
    hall.open("2")
    assert call(hall, "2")["counter"] == "2"
    hall.counter("2", "alarm")
    hall.counter("2", "alarm")
    kinds = [(each["kind"], each["place"], each["place_name"]) for each in hall.look(hall_queries.calls)["calls"]]
    assert kinds == [("help", "2", "Quầy 2"), ("alarm", "2", "Quầy 2")]
    alarm = hall.look(hall_queries.calls)["calls"][1]
    hall.do(lambda unit: helping.done(unit, alarm["id"]))
    assert [each["kind"] for each in hall.look(hall_queries.calls)["calls"]] == ["help"]


def test_the_next_day_begins_without_calls_slips_and_rush(hall: Hall) -> None:
    beat(hall)
    call(hall)
    print_at(hall, hall.issue())
    hall.do(lambda unit: helping.rush(unit, on=True))
    hall.clock.at_ms = MORNING + 24 * 3_600_000
    days.turn(hall.store, SITE)
    found = hall.look(hall_queries.hall)
    assert (found["calls"], found["rush"]["on"], errands(hall)["prints"]) == ([], False, [])


# ---------------------------------------------------------------- a slip at a chosen kiosk
def test_a_slip_is_wanted_at_one_kiosk_until_it_tells_what_became_of_it(hall: Hall) -> None:
    beat(hall)
    ticket = hall.issue(source="desk")
    job = print_at(hall, ticket)["job"]
    assert [(each["job"], each["reprint"], each["ticket"]["label"]) for each in errands(hall)["prints"]] == [(job, False, "A001")]
    assert errands(hall, "kiosk-02")["prints"] == []
    hall.attend(ticket, "print_outcome", outcome="printed", device="kiosk-01", job=job)
    assert errands(hall)["prints"] == []
    assert hall.ticket(ticket)["print"] == "printed"
    assert [(each["outcome"], each["late"]) for each in hall.look(hall_queries.prints_of, ticket["id"])] == [("printed", False)]


def test_asked_twice_it_is_one_slip_and_asked_elsewhere_it_is_that_one(hall: Hall) -> None:
    for device in ("kiosk-01", "kiosk-02"):
        beat(hall, device)
    ticket = hall.issue()
    first = print_at(hall, ticket)["job"]
    assert print_at(hall, ticket)["job"] == first
    second = print_at(hall, ticket, "kiosk-02")["job"]
    assert errands(hall)["prints"] == []
    assert [each["job"] for each in errands(hall, "kiosk-02")["prints"]] == [second]


def test_a_kiosk_that_was_away_does_not_print_for_people_who_have_gone(hall: Hall) -> None:
    beat(hall)
    ticket = hall.issue()
    print_at(hall, ticket)
    hall.clock.forward(hall_queries.GIVEN_OUT_MS / 1000)
    assert errands(hall)["prints"] == []
    assert [each["late"] for each in hall.look(hall_queries.prints_of, ticket["id"])] == [True]
    again = print_at(hall, ticket)["job"]
    assert [each["job"] for each in errands(hall)["prints"]] == [again]


def test_only_a_kiosk_prints(hall: Hall) -> None:
    beat(hall, "board-1", "board")
    ticket = hall.issue()
    for device in ("board-1", "nowhere"):
        assert refusal(lambda device=device: print_at(hall, ticket, device)).code == "not_found"  # type: ignore[misc]
    assert refusal(lambda: print_at(hall, {"id": "nobody"})).code == "not_found"


def test_printed_again_it_is_counted_and_a_doubtful_number_is_in_doubt_no_more(hall: Hall) -> None:
    beat(hall)
    ticket = hall.issue(source="kiosk")
    hall.attend(ticket, "print_outcome", outcome="unknown", detail="unseen no_answer")
    assert hall.ticket(ticket)["doubt"] == "unknown"
    print_at(hall, ticket, reprint=True)
    assert (hall.ticket(ticket)["doubt"], hall.ticket(ticket)["reprints"]) == (None, 1)
    assert errands(hall)["prints"][0]["reprint"] is True


def test_an_undo_at_a_counter_does_not_forget_a_slip_wanted_since(hall: Hall) -> None:
    beat(hall)
    hall.open()
    ticket = hall.issue()
    hall.next()
    print_at(hall, ticket, reprint=True)
    hall.undo()
    assert (hall.ticket(ticket)["state"], hall.ticket(ticket)["reprints"]) == ("waiting", 1)


# ---------------------------------------------------------------- priority by papers
def decide(hall: Hall, ticket: dict[str, Any], decision: str) -> dict[str, Any]:
    return hall.do(lambda unit: helping.priority(unit, ticket["id"], decision=decision))


def test_a_refused_priority_is_the_ordinary_place_and_counted(hall: Hall) -> None:
    first = hall.issue()
    hall.clock.forward(MINUTE)
    claimed = hall.issue(source="kiosk", priority_class="elderly")
    assert [each["label"] for each in hall.look(queries.queue)["tickets"]] == ["A002", "A001"]
    refused = decide(hall, claimed, "refused")
    assert (refused["priority_class"], refused["priority_check"]) == (None, "refused")
    assert [each["label"] for each in hall.look(queries.queue)["tickets"]] == ["A001", "A002"]
    hall.issue(priority_class="elderly")
    decide(hall, hall.issue(priority_class="merit"), "confirmed")
    counts = hall.look(queries.day_figures, "2026-11-23")["counts"]
    assert (counts["priority"], counts["priority_confirmed"], counts["priority_refused"]) == (2, 1, 1)
    assert refusal(lambda: decide(hall, first, "confirmed")).code == "illegal_transition"


def test_a_priority_is_refused_before_the_call_and_confirmed_until_the_end(hall: Hall) -> None:
    hall.open()
    claimed = hall.issue(priority_class="elderly")
    hall.next()
    assert refusal(lambda: decide(hall, claimed, "refused")).code == "illegal_transition"
    assert decide(hall, claimed, "confirmed")["priority_check"] == "confirmed"
    hall.undo()
    assert (hall.ticket(claimed)["state"], hall.ticket(claimed)["priority_check"]) == ("waiting", "confirmed")


def test_an_amended_class_is_a_decision_of_who_saw_the_papers(hall: Hall) -> None:
    ticket = hall.issue()
    hall.clock.forward(MINUTE)
    assert hall.attend(ticket, "amend", priority_class="merit")["priority_check"] == "confirmed"
    assert hall.attend(ticket, "amend", priority_class="none")["priority_check"] is None
    assert hall.ticket(ticket)["effective_at"] == ticket["effective_at"]


# ---------------------------------------------------------------- a lost number, rush hour, lights
def test_a_lost_number_is_found_by_service_and_about_when(hall: Hall) -> None:
    labels = {}
    for minutes in range(0, 60, 10):  # 07:00, 07:10 …
        labels[minutes] = hall.issue()["label"]
        hall.issue("dat-dai")
        hall.clock.forward(10 * MINUTE)
    found = hall.look(hall_queries.near, service="ho-tich", about="07:22")["tickets"]
    assert [each["label"] for each in found][:3] == [labels[20], labels[30], labels[10]]
    assert len(found) == 6
    assert refusal(lambda: hall.look(hall_queries.near, service="nothing", about="07:00")).code == "invalid"


def test_who_was_sent_on_is_found_by_the_service_the_number_was_taken_for(hall: Hall) -> None:
    ticket = hall.issue()
    hall.attend(ticket, "amend", service="dat-dai")
    assert [each["id"] for each in hall.look(hall_queries.near, service="dat-dai", about="07:00")["tickets"]] == [ticket["id"]]
    hall.open()
    other = hall.issue("chung-thuc")
    hall.next()
    called = next(each for each in (ticket, other) if hall.ticket(each)["state"] == "called")
    hall.on(called, "transfer", to={"service": "bao-tro"})
    for service in (called["service"] if called is other else "dat-dai", "bao-tro"):
        assert called["id"] in [each["id"] for each in hall.look(hall_queries.near, service=service, about="07:00")["tickets"]]


def test_rush_hour_is_told_to_kiosks_and_is_one_event_each_way(hall: Hall) -> None:
    assert hall.look(queries.kiosk_home)["rush"] is False
    for on in (True, True, False, False):
        hall.do(lambda unit, on=on: helping.rush(unit, on=on))  # type: ignore[misc]
        assert hall.look(queries.kiosk_home)["rush"] is on
    assert [event.type for event in hall.log() if event.type.startswith("hall.")] == ["hall.rush_started", "hall.rush_ended"]


def test_a_light_ages_while_its_machine_is_silent(hall: Hall) -> None:
    beat(hall)
    hall.clock.forward(101)
    beat(hall, "kiosk-02")
    lights = {each["device"]: (each["age_s"], each["trouble"] > 0) for each in hall.look(hall_queries.hall)["lights"]}
    assert lights == {"kiosk-01": (101, True), "kiosk-02": (0, False)}
