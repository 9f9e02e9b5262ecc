"""Calendars with what is cut out of them, half-days, capacity, the cap of a priority, and numbers good for another day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain import calendar, capacity
from queue_server.domain.calendar import Calendar, Closure
from queue_server.domain.capacity import Room
from queue_server.domain.config import parse
from queue_server.domain.effects import issue
from queue_server.domain.metrics import figures
from queue_server.domain.ticket import apply, fold
from tests.domain.test_rules import HOURS, MINUTE, at
from tests.domain.test_ticket import event, issued

MONDAY, TUESDAY, WEDNESDAY = "2026-11-23", "2026-11-24", "2026-11-25"
WHOLE = Calendar(dict.fromkeys(range(1, 8), ((7 * 60, 17 * 60),)))


# ---------------------------------------------------------------- what is cut out of a day
def test_an_absence_is_cut_out_of_the_day_it_falls_on_and_of_no_other() -> None:
    morning, afternoon = (7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)
    away = replace(HOURS, closures=(Closure(MONDAY, MONDAY, 0, 720), Closure("2026-11-26", "2026-11-27")))
    assert away.windows(MONDAY) == (afternoon,)
    assert away.windows(WEDNESDAY) == (morning, afternoon)
    assert away.windows("2026-11-26") == away.windows("2026-11-27") == ()
    assert calendar.available_from(away, at(f"{MONDAY}T08:00:00"), 420) == at(f"{MONDAY}T13:30:00")
    assert calendar.next_opening(away, at(f"{WEDNESDAY}T17:00:00"), 420) == at("2026-11-30T07:00:00")


def test_an_absence_in_the_middle_leaves_both_ends() -> None:
    assert replace(WHOLE, closures=(Closure(MONDAY, MONDAY, 600, 660),)).windows(MONDAY) == ((420, 600), (660, 1020))
    assert replace(Calendar(), closures=(Closure(MONDAY, MONDAY, 720, 1440),)).windows(MONDAY) == ((0, 720),)


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=4), st.integers(0, 1439))
def test_a_minute_is_open_where_no_closure_covers_it(cuts: list[tuple[int, int]], minute: int) -> None:
    closures = tuple(Closure(MONDAY, MONDAY, begin, end) for begin, end in cuts if begin < end)
    found = replace(WHOLE, closures=closures)
    wanted = 420 <= minute < 1020 and not any(each.begin <= minute < each.end for each in closures)
    assert calendar.is_open(found, calendar.midnight_ms(MONDAY, 420) + minute * MINUTE, 420) == wanted


def test_a_temporary_service_ends_at_its_instant_and_stays_ended() -> None:
    one = {"code": "seal", "name": "Con dấu", "series": "X", "temporary": True, "until": f"{TUESDAY}T16:30:00+07:00"}
    config = parse({"name": "N", "services": [one, {"code": "one", "name": "Một", "series": "A"}], "counters": []})
    assert config.calendar_of("seal").windows(MONDAY) == ((0, 1440),)
    assert config.calendar_of("seal").windows(TUESDAY) == ((0, 16 * 60 + 30),)
    assert calendar.next_opening(config.calendar_of("seal"), at(f"{TUESDAY}T16:30:00"), 420) is None
    assert config.planned("seal") == config.calendar_of("one") == Calendar()


# ---------------------------------------------------------------- halves and closings
def test_noon_parts_the_day() -> None:
    assert [calendar.half_of(at(f"{MONDAY}T{time}"), 420) for time in ("00:00:00", "11:59:59", "12:00:00", "23:59:59")] == [
        "am", "am", "pm", "pm",
    ]  # fmt: skip


def test_the_next_half_day_is_noon_or_the_next_opening() -> None:
    assert calendar.next_half(WHOLE, at(f"{MONDAY}T09:00:00"), 420) == at(f"{MONDAY}T12:00:00")
    assert calendar.next_half(HOURS, at(f"{MONDAY}T09:00:00"), 420) == at(f"{MONDAY}T13:30:00")
    assert calendar.next_half(HOURS, at(f"{MONDAY}T14:00:00"), 420) == at(f"{WEDNESDAY}T07:00:00")
    assert calendar.next_day_opening(Calendar(), MONDAY, 420) == calendar.midnight_ms(TUESDAY, 420)


def test_a_day_closes_with_its_last_window() -> None:
    assert calendar.closing(HOURS, at(f"{MONDAY}T09:00:00"), 420) == at(f"{MONDAY}T17:00:00")
    assert calendar.closing(HOURS, at(f"{TUESDAY}T09:00:00"), 420) is None
    assert calendar.open_ms(HOURS, at(f"{MONDAY}T11:00:00"), at(f"{MONDAY}T14:00:00"), 420) == 60 * MINUTE
    assert calendar.open_ms(HOURS, at(f"{MONDAY}T14:00:00"), at(f"{MONDAY}T11:00:00"), 420) == 0


# ---------------------------------------------------------------- capacity
HOUR = 60 * MINUTE
CALLS = [10 * HOUR - n * 5 * MINUTE for n in range(9)]  # one every five minutes
ROOM = Room(ahead=5, recent_calls=CALLS, callers=2, open_counters=2, prior_gap_s=300, left_ms=HOUR)


def test_what_the_pace_can_serve_fits_and_more_does_not() -> None:
    """One call in five minutes: six are served in half an hour, and within the hour even at the slow end of the range."""
    assert capacity.verdict(ROOM) == "fits"
    assert capacity.verdict(replace(ROOM, left_ms=40 * MINUTE)) == "may_not_be_served"
    assert capacity.verdict(replace(ROOM, left_ms=30 * MINUTE)) == "may_not_be_served"
    assert capacity.verdict(replace(ROOM, left_ms=30 * MINUTE - 1)) == "capacity_full"


def test_fewer_counters_than_made_the_calls_serve_fewer() -> None:
    assert capacity.verdict(replace(ROOM, open_counters=1)) == "may_not_be_served"
    assert capacity.verdict(replace(ROOM, open_counters=1, left_ms=HOUR - 1)) == "capacity_full"
    assert capacity.verdict(replace(ROOM, open_counters=0, left_ms=HOUR - 1)) == "capacity_full"
    assert capacity.verdict(replace(ROOM, open_counters=8, left_ms=20 * MINUTE)) == "fits"


def test_an_assumed_pace_warns_and_refuses_nobody() -> None:
    assert capacity.verdict(replace(ROOM, recent_calls=(), left_ms=1)) == "may_not_be_served"
    assert capacity.verdict(replace(ROOM, recent_calls=())) == "fits"


@given(st.integers(0, 60), st.integers(0, 8), st.integers(0, 4 * HOUR), st.integers(0, 4 * HOUR))
def test_more_time_never_turns_anybody_away(ahead: int, open_counters: int, left: int, more: int) -> None:
    order = ("capacity_full", "may_not_be_served", "fits")
    room = replace(ROOM, ahead=ahead, open_counters=open_counters, left_ms=left)
    assert order.index(capacity.verdict(room)) <= order.index(capacity.verdict(replace(room, left_ms=left + more)))


# ---------------------------------------------------------------- the cap of a priority
@pytest.mark.parametrize(
    ("calls", "cap", "share"),
    [
        ({"elderly": 3, None: 7}, 30, 30),
        ({"elderly": 3, None: 7}, 31, None),
        ({"elderly": 3, None: 7}, None, None),
        ({"elderly": 9}, 30, None),  # too few calls to speak of a share
        ({"elderly": 1, "merit": 5, None: 4}, 10, 10),
        ({None: 20}, 1, None),
        ({}, 1, None),
    ],
)
def test_a_class_that_has_had_its_share_waits(calls: dict[str | None, int], cap: int | None, share: int | None) -> None:
    assert capacity.over_cap(calls, "elderly", cap) == share


# ---------------------------------------------------------------- good for another day
def test_a_carried_number_begins_a_new_wait_and_keeps_the_old_one_apart() -> None:
    before = apply(apply(issued(), event("called", 2)), event("held", 3))
    after = apply(before, event("carried", 4))
    assert (after.state, after.label, after.business_day, after.carried_to) == ("waiting", "A007", MONDAY, TUESDAY)
    assert (after.effective_at, after.arrived_from, after.available_from, after.credits) == (50_000, 90_000, 90_000, {"carried": 40})
    assert (after.counter, after.called_at, after.last_called_at, after.serving_at, after.held_until, after.recalls) == (*[None] * 5, 0)
    first, second = after.steps
    assert (first.outcome, first.ended_at, first.held_at, first.machine_closed, first.first_called_at) == (
        "carried",
        1040,
        None,
        True,
        1020,
    )
    assert (second.n, second.service, second.available_from, second.first_called_at) == (2, "one", 90_000, None)


def test_the_figures_count_who_was_carried_once_and_put_no_night_into_a_wait() -> None:
    ticket = fold([event("issued", 1), event("carried", 2), event("called", 3, wait_ms=7000)])
    assert ticket is not None
    found = figures([ticket])
    assert (found.counts["carried"], found.counts["issued"], found.counts["transfers"]) == (1, 1, 0)
    assert (found.steps["wait"].n, found.steps["wait"].sum_ms) == (1, 7000)
    assert figures([issued()]).counts["carried"] == 0


def test_a_number_counts_where_it_was_taken_and_an_arrival_where_it_came_from() -> None:
    ticket = fold([event("issued", 1, half="am"), event("amended", 2)])
    assert ticket is not None
    assert (ticket.service, ticket.taken_for, ticket.half) == ("other", "one", "am")
    assert issue(replace(event("issued", 1), type="arrived")).taken_for == ""
