"""At the counter: one key calls the next person, nobody is called twice, and the last command can be taken back."""

from __future__ import annotations

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import queries
from tests.hall import Hall


def code(no: pytest.ExceptionInfo[Refusal]) -> str:
    return no.value.code


def test_next_ends_with_the_person_there_and_calls_the_oldest(hall: Hall) -> None:
    first, second = hall.issue(), hall.issue("dat-dai")
    hall.open()
    assert hall.next()["label"] == first["label"]
    assert hall.next()["label"] == second["label"]
    done = hall.ticket(first)
    assert (done["state"], done["steps"][0]["start_inferred"]) == ("completed", True)
    assert hall.next() is None
    assert hall.ticket(second)["state"] == "completed"


def test_next_on_condition_is_refused_where_a_screen_was_quicker(hall: Hall) -> None:
    first, second = hall.issue(), hall.issue()
    hall.open()
    assert hall.next(if_ticket="nobody")["id"] == first["id"]
    for stale in ("nobody", second["id"]):
        with pytest.raises(Refusal) as no:
            hall.next(if_ticket=stale)
        assert code(no) == "illegal_transition"
    assert hall.ticket(first)["state"] == "called"
    assert hall.next(if_ticket=first["id"])["id"] == second["id"]


def test_two_counters_never_get_one_person(hall: Hall) -> None:
    issued = {hall.issue()["id"] for _ in range(6)}
    for counter in "123":
        hall.open(counter)
    called = [hall.next(counter)["id"] for counter in "123123"]
    assert set(called) == issued
    assert len(called) == 6


def test_previous_says_how_the_person_there_ended(hall: Hall) -> None:
    absent, back, done = hall.issue(), hall.issue(), hall.issue()
    hall.open()
    hall.next()
    hall.next(previous="no_show")
    assert hall.ticket(absent)["state"] == "no_show"
    assert hall.next(previous="requeue")["id"] == back["id"]  # put back with the time kept: still the oldest
    hall.next(previous="completed")
    assert hall.ticket(back)["state"] == "completed"
    assert hall.ticket(done)["state"] == "called"


def test_a_closed_or_paused_counter_calls_nobody(hall: Hall) -> None:
    hall.issue()
    with pytest.raises(Refusal) as no:
        hall.next()
    assert code(no) == "counter_closed"
    hall.open()
    hall.counter("1", "pause", reason="giải lao")
    with pytest.raises(Refusal) as no:
        hall.next()
    assert (code(no), no.value.detail["state"]) == ("counter_closed", "paused")
    hall.counter("1", "resume")
    assert hall.next() is not None


def test_a_counter_that_wraps_up_is_open_again_when_it_calls(hall: Hall) -> None:
    hall.issue()
    hall.open()
    hall.counter("1", "wrap-up")
    assert hall.next() is not None
    assert hall.look(queries.counter, "1")["state"] == "open"


def test_taken_counters_ask_before_they_move(hall: Hall) -> None:
    hall.open()
    with pytest.raises(Refusal) as no:
        hall.open()
    assert (code(no), no.value.detail["yours"]) == ("counter_taken", True)
    assert hall.open(take_over=True)["state"] == "open"


def test_a_counter_with_someone_there_cannot_close(hall: Hall) -> None:
    hall.issue()
    hall.open()
    hall.next()
    with pytest.raises(Refusal) as no:
        hall.counter("1", "close")
    assert code(no) == "illegal_transition"
    hall.at("1", "complete")
    assert hall.counter("1", "close")["state"] == "closed"


def test_a_chosen_person_is_called_with_a_reason_in_the_log(hall: Hall) -> None:
    hall.issue()
    chosen = hall.issue()
    hall.open()
    from queue_server.services import calling

    hall.do(lambda unit: calling.call_chosen(unit, "1", ticket=chosen["id"], reason="người khuyết tật"))
    event = hall.log()[-1]
    assert (event.type, event.label, event.data["rule"], event.data["reason"]) == ("called", chosen["label"], "chosen", "người khuyết tật")
    with pytest.raises(Refusal) as no:
        hall.do(lambda unit: calling.call_chosen(unit, "1", ticket=chosen["id"], reason="again"))
    assert code(no) == "illegal_transition"


def test_hold_keeps_the_person_with_the_counter_and_next_passes_by(hall: Hall) -> None:
    away, other = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "hold")
    assert hall.next()["id"] == other["id"]
    with pytest.raises(Refusal) as no:
        hall.on(away, "resume")
    assert code(no) == "illegal_transition"  # the desk is busy
    hall.at("1", "complete")
    assert hall.on(away, "resume")["state"] == "serving"


def test_a_counter_acts_only_on_its_own_people(hall: Hall) -> None:
    mine = hall.issue()
    hall.open("1")
    hall.open("2")
    hall.next("1")
    with pytest.raises(Refusal) as no:
        hall.on(mine, "complete", counter="2")
    assert (code(no), no.value.detail["counter"]) == ("illegal_transition", "1")


def test_a_keypad_with_a_stale_screen_is_refused(hall: Hall) -> None:
    first, _ = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    hall.next()
    with pytest.raises(Refusal) as no:
        hall.at("1", "recall", if_ticket=first["id"])
    assert (code(no), no.value.detail["state"]) == ("illegal_transition", "another")


def test_transfer_keeps_the_arrival_and_returns_to_whoever_asked(hall: Hall) -> None:
    traveller = hall.issue("ho-tich")
    hall.issue("dat-dai")
    hall.open("1", services=["ho-tich"])
    hall.open("2", services=["dat-dai"])
    hall.next("1")
    moved = hall.on(traveller, "transfer", to={"service": "dat-dai"}, return_to_me=True)
    assert (moved["state"], moved["service"], [step["outcome"] for step in moved["steps"]]) == ("waiting", "dat-dai", ["transferred", None])
    assert hall.next("2")["id"] == traveller["id"]  # came first, so is first there too
    back = hall.at("2", "complete")
    assert (back["state"], back["service"], back["for_counter"]) == ("waiting", "ho-tich", "1")
    assert hall.next("1")["id"] == traveller["id"]
    assert hall.at("1", "complete")["state"] == "completed"


def test_several_services_in_one_visit_go_on_where_the_desk_does_not_serve(hall: Hall) -> None:
    ticket = hall.issue(None, tasks=["ho-tich", "dat-dai", "chung-thuc"])
    hall.open("1", services=["ho-tich", "chung-thuc"])
    hall.open("2", services=["dat-dai"])
    hall.next("1")
    assert hall.at("1", "complete")["service"] == "dat-dai"
    assert hall.next("2")["id"] == ticket["id"]
    assert hall.at("2", "complete")["state"] == "completed"


def test_amending_keeps_the_arrival_and_moves_the_priority(hall: Hall) -> None:
    hall.issue()
    hall.clock.forward(60)
    late = hall.issue("dat-dai")
    changed = hall.attend(late, "amend", service="ho-tich", priority_class="elderly", reason="bấm nhầm")
    assert (changed["label"], changed["service"], changed["issued_at"]) == (late["label"], "ho-tich", late["issued_at"])
    queue = hall.look(queries.queue)["tickets"]
    why = queue[0]["reason"]
    assert (queue[0]["id"], why["rule"], why["credits_s"]) == (late["id"], "arrival+priority", {"priority": 1800})
    assert hall.attend(late, "amend", priority_class="none")["priority_class"] is None
    assert hall.look(queries.queue)["tickets"][1]["id"] == late["id"]


def test_an_absent_person_comes_back_by_the_stated_rule_and_in_time(hall: Hall) -> None:
    absent, other = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "no-show")
    hall.clock.forward(300)
    assert hall.attend(absent, "readmit")["state"] == "waiting"
    assert [t["id"] for t in hall.look(queries.queue)["tickets"]] == [other["id"], absent["id"]]
    hall.next()
    hall.next(previous="no_show")
    hall.at("1", "no-show")
    hall.clock.forward(3600)
    with pytest.raises(Refusal) as no:
        hall.attend(absent, "readmit")
    assert code(no) == "readmit_too_late"


def test_a_class_given_to_someone_who_came_back_counts_from_then(hall: Hall) -> None:
    absent = hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "no-show")
    hall.clock.forward(300)
    waited = hall.issue()
    hall.clock.forward(300)
    hall.attend(absent, "readmit")
    hall.attend(absent, "amend", priority_class="none")
    assert [t["id"] for t in hall.look(queries.queue)["tickets"]] == [waited["id"], absent["id"]]


def test_the_console_knows_what_is_lawful(hall: Hall) -> None:
    assert hall.look(queries.counter, "1")["lawful"] == ["open", "alarm"]
    hall.open()
    assert {"close", "pause", "next", "call"} <= set(hall.look(queries.counter, "1")["lawful"])
    hall.issue()
    hall.next()
    lawful = set(hall.look(queries.counter, "1")["lawful"])
    assert {"recall", "serve", "no-show", "next", "undo"} <= lawful
    assert not lawful & {"close", "call", "open"}
    hall.at("1", "serve")
    assert not {"recall", "no-show", "serve"} & set(hall.look(queries.counter, "1")["lawful"])


# ---------------------------------------------------------------- undo
def test_undo_takes_back_the_whole_command(hall: Hall) -> None:
    first, second = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "serve")
    before = hall.ticket(first)
    hall.next(request_id="F2")
    undone = hall.undo()
    assert undone["undone"] == "F2"
    assert hall.ticket(first) == before
    waiting = hall.ticket(second)
    assert (waiting["state"], waiting["called_at"], waiting["steps"][0]["first_called_at"]) == ("waiting", None, None)
    assert [event.type for event in hall.log()][-4:] == ["completed", "called", "undone", "undone"]
    assert hall.next()["id"] == second["id"]


def test_undo_is_offered_for_seconds_and_for_an_absence_for_minutes(hall: Hall) -> None:
    hall.issue()
    hall.open()
    hall.next()
    hall.clock.forward(11)
    with pytest.raises(Refusal) as no:
        hall.undo()
    assert code(no) == "undo_too_late"
    hall.at("1", "no-show")
    hall.clock.forward(599)
    assert hall.undo()["tickets"][0]["state"] == "called"


def test_undo_is_not_possible_once_others_have_built_on_it(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open("1")
    hall.open("2")
    hall.next("1")
    hall.at("1", "no-show", request_id="gone")
    hall.attend(ticket, "readmit")
    hall.next("2")
    with pytest.raises(Refusal) as no:
        hall.undo("1", cmd="gone")
    assert code(no) == "undo_overtaken"
    assert hall.ticket(ticket)["counter"] == "2"


def test_undo_never_puts_a_second_person_at_the_desk(hall: Hall) -> None:
    hall.issue()
    hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "no-show", request_id="gone")
    hall.next()
    with pytest.raises(Refusal) as no:
        hall.undo(cmd="gone")
    assert code(no) == "undo_overtaken"


def test_undo_puts_nobody_at_a_closed_counter(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "no-show", request_id="gone")
    hall.counter("1", "close")
    with pytest.raises(Refusal) as no:
        hall.undo(cmd="gone")
    assert code(no) == "counter_closed"
    hall.open()
    assert hall.undo(cmd="gone")["tickets"][0]["id"] == ticket["id"]


def test_a_slip_printed_meanwhile_survives_the_undo(hall: Hall) -> None:
    ticket = hall.issue(source="kiosk")
    hall.open()
    hall.next()
    hall.attend(ticket, "print_outcome", outcome="printed")
    hall.undo()
    after = hall.ticket(ticket)
    assert (after["state"], after["print"]) == ("waiting", "printed")


@pytest.mark.parametrize("detail", ["late", "unseen no_answer"])
def test_a_number_that_nobody_holds_is_called_after_everyone_else(hall: Hall, detail: str) -> None:
    """Not printed and on no screen: it keeps its effective time, stands last, and says so; nobody is called twice for it."""
    nobodys = hall.issue(source="kiosk")
    hall.attend(nobodys, "print_outcome", outcome="unknown", detail=detail)
    others = [hall.issue(), hall.issue()]
    hall.open()
    rows = hall.look(queries.queue)["tickets"]
    assert [row["id"] for row in rows] == [others[0]["id"], others[1]["id"], nobodys["id"]]
    assert [row["doubt"] for row in rows] == [None, None, "unknown"]
    assert rows[2]["effective_at"] == nobodys["effective_at"]
    assert [(hall.next() or {})["id"] for _ in range(3)] == [others[0]["id"], others[1]["id"], nobodys["id"]]


@pytest.mark.parametrize(("act", "fields"), [("print_outcome", {"outcome": "printed"}), ("reprint", {})])
def test_whoever_shows_a_doubtful_number_has_the_place_back(hall: Hall, act: str, fields: dict[str, str]) -> None:
    first = hall.issue(source="kiosk")
    hall.attend(first, "print_outcome", outcome="not_sent", detail="late")
    hall.issue()
    hall.attend(first, act, **fields)
    hall.open()
    assert (hall.next() or {})["id"] == first["id"]


@pytest.mark.parametrize("detail", ["shown", "shown paper_out", None])
def test_a_number_that_was_read_on_the_screen_is_held_by_somebody(hall: Hall, detail: str | None) -> None:
    first = hall.issue(source="kiosk")
    hall.attend(first, "print_outcome", outcome="not_sent", detail=detail)
    hall.issue()
    hall.open()
    assert (hall.next() or {})["id"] == first["id"]


def test_an_undone_call_leaves_what_is_known_of_the_slip(hall: Hall) -> None:
    first = hall.issue(source="kiosk")
    hall.open()
    hall.next()
    hall.attend(first, "print_outcome", outcome="not_sent", detail="late")
    hall.undo()
    assert hall.ticket(first)["doubt"] == "not_sent"


def test_a_recall_does_not_stand_in_the_way_of_taking_the_call_back(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "recall")
    hall.undo()
    assert (hall.ticket(ticket)["state"], hall.ticket(ticket)["recalls"]) == ("waiting", 0)


def test_undo_twice_and_undo_of_nothing_are_too_late(hall: Hall) -> None:
    hall.issue()
    hall.open()
    hall.next(request_id="F2")
    hall.undo()
    for cmd in (None, "F2", "never"):
        with pytest.raises(Refusal) as no:
            hall.undo(cmd=cmd)
        assert code(no) in ("undo_too_late", "undo_overtaken")
