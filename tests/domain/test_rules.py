"""Numbers, days, order, waits and figures: the small rules, by property and by example."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain import calendar, metrics, numbering, routing, waiting
from queue_server.domain.calendar import Calendar
from queue_server.domain.counter import Counter
from queue_server.domain.ticket import fold
from queue_server.domain.visit import Ticket
from tests.domain.test_ticket import event, issued

HOURS = Calendar(dict.fromkeys(range(1, 6), ((7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60))), {"2026-11-24": ()})
MINUTE = 60_000
MORNING = 1_795_392_000_000  # Monday 2026-11-23 07:00:00 +07:00, which is midnight UTC


def at(text: str) -> int:
    return int(datetime.fromisoformat(text + "+07:00").timestamp() * 1000)


# ---------------------------------------------------------------- numbers
def test_ordinary_numbers_run_from_1_and_skip_the_reserve_band() -> None:
    numbers, last = [], 0
    for _ in range(800):
        last = numbering.next_ordinary(last)
        numbers.append(last)
    assert numbers == [*range(1, 700), *range(1000, 1101)]


@given(st.integers(0, 5000).filter(lambda n: not 700 <= n <= 999))
def test_a_jump_goes_past_anything_printed_and_never_lands_in_the_band(highest: int) -> None:
    following = numbering.next_ordinary(numbering.jump(highest))
    assert following > highest + 200 - 1
    assert not 700 <= following <= 999


def test_labels_have_at_least_three_digits() -> None:
    assert [numbering.label("A", n) for n in (1, 45, 699, 1000)] == ["A001", "A045", "A699", "A1000"]


# ---------------------------------------------------------------- days and hours
@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_the_business_day_is_the_local_date(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    found = calendar.business_day(int(aware.timestamp() * 1000), 420)
    assert found == aware.astimezone(timezone(timedelta(hours=7))).date().isoformat()


def test_seven_in_the_morning_is_not_a_new_day() -> None:
    assert calendar.business_day(MORNING - 1, 420) == calendar.business_day(MORNING, 420) == "2026-11-23"
    midnight = calendar.midnight_ms("2026-11-23", 420)
    assert calendar.business_day(midnight - 1, 420) == "2026-11-22"
    assert calendar.business_day(midnight, 420) == "2026-11-23"


def test_who_comes_early_waits_from_the_opening() -> None:
    assert calendar.available_from(HOURS, at("2026-11-23T05:30:00"), 420) == at("2026-11-23T07:00:00")
    assert calendar.available_from(HOURS, at("2026-11-23T09:00:00"), 420) == at("2026-11-23T09:00:00")
    assert calendar.available_from(HOURS, at("2026-11-23T12:00:00"), 420) == at("2026-11-23T13:30:00")
    assert calendar.available_from(HOURS, at("2026-11-23T17:00:00"), 420) is None


def test_exceptions_replace_the_week_and_the_next_opening_skips_them() -> None:
    assert not calendar.is_open(HOURS, at("2026-11-24T09:00:00"), 420)
    assert calendar.next_opening(HOURS, at("2026-11-23T17:00:00"), 420) == at("2026-11-25T07:00:00")


def test_no_calendar_is_always_open() -> None:
    assert calendar.is_open(Calendar(), at("2026-11-22T03:00:00"), 420)
    assert calendar.closed_ms(Calendar(), at("2026-11-22T03:00:00"), at("2026-11-24T03:00:00"), 420) == 0


def test_the_lunch_break_inside_a_wait_is_told_apart() -> None:
    assert calendar.closed_ms(HOURS, at("2026-11-23T11:00:00"), at("2026-11-23T14:00:00"), 420) == 120 * MINUTE
    over_a_day_off = 7 * 60 + 24 * 60 + 7 * 60  # from 17:00, the day without opening, and until 07:00
    assert calendar.closed_ms(HOURS, at("2026-11-23T16:30:00"), at("2026-11-25T07:30:00"), 420) == over_a_day_off * MINUTE


# ---------------------------------------------------------------- order
def waiting_ticket(seq: int, arrived: int, credit_s: int = 0, service: str = "one", for_counter: str | None = None) -> Ticket:
    credits = {"priority": credit_s} if credit_s else {}
    return replace(
        issued(), id=f"t{seq}", issued_seq=seq, arrived_from=arrived, credits=credits, service=service, for_counter=for_counter,
        effective_at=routing.effective(arrived, credits),
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 10_000_000), st.sampled_from([0, 1800])), min_size=1, max_size=60))
def test_priority_overtakes_only_within_its_credit(people: list[tuple[int, int]]) -> None:
    tickets = [waiting_ticket(n, arrived, credit) for n, (arrived, credit) in enumerate(people)]
    order = sorted(tickets, key=routing.key)
    for place, later in enumerate(order):
        for earlier in order[place + 1 :]:
            # `later` is called before `earlier` although they came after: only a credit can do that, and only so far.
            assert later.arrived_from - earlier.arrived_from <= 1000 * (later.credits or {}).get("priority", 0)


def test_a_counter_takes_its_own_services_and_those_sent_to_it() -> None:
    desk = Counter("S", "3", "open", services=("one",))
    other, mine, sent_elsewhere = waiting_ticket(1, 0, service="two"), waiting_ticket(2, 5), waiting_ticket(3, 1, for_counter="4")
    sent_here = waiting_ticket(4, 6, service="two", for_counter="3")
    assert routing.choose([other, mine, sent_elsewhere, sent_here], desk) is mine
    assert routing.choose([other, sent_elsewhere, sent_here], desk) is sent_here
    assert routing.choose([other, sent_elsewhere], desk) is None


def test_the_reason_names_the_rules_that_moved_a_place() -> None:
    why = routing.reason(waiting_ticket(1, 2_000_000, 1800))
    assert (why["rule"], why["credits"], why["effective_at"]) == ("arrival+priority", {"priority": 1800}, 200_000)


# ---------------------------------------------------------------- waits
def test_no_wait_when_a_counter_stands_free() -> None:
    assert waiting.estimate(waiting.View(0, True, (), 300)).as_data() == {"low_s": 0, "high_s": 0, "basis": "no_wait"}


def test_before_anything_is_learned_the_prior_speaks_and_says_so() -> None:
    found = waiting.estimate(waiting.View(3, False, (), 300))
    assert (found.basis, found.low_s, found.high_s) == ("prior", 600, 1800)


def test_a_learned_gap_outweighs_the_prior() -> None:
    calls = [MORNING - n * 60_000 for n in range(20)]
    slow = waiting.estimate(waiting.View(9, False, (), 900))
    fast = waiting.estimate(waiting.View(9, False, calls, 900))
    assert fast.basis == "call_gap"
    assert fast.high_s < slow.low_s


@given(st.integers(0, 400), st.booleans(), st.lists(st.integers(0, 10**9), max_size=20), st.integers(1, 3600), st.integers(0, 10_000))
def test_a_range_is_a_range_and_more_people_never_shorten_it(ahead: int, free: bool, calls: list[int], prior: int, opens: int) -> None:
    calls = sorted(calls, reverse=True)
    here = waiting.estimate(waiting.View(ahead, free, calls, prior, opens))
    behind = waiting.estimate(waiting.View(ahead + 1, free, calls, prior, opens))
    assert opens <= here.low_s <= here.high_s
    assert here.low_s <= behind.low_s
    assert here.high_s <= behind.high_s


# ---------------------------------------------------------------- figures
@given(st.lists(st.integers(0, 10**7), max_size=80), st.integers(0, 80))
def test_spreads_merge_exactly_in_any_split(durations: list[int], cut: int) -> None:
    whole, left, right = metrics.Spread(), metrics.Spread(), metrics.Spread()
    for n, duration in enumerate(durations):
        whole.add(duration)
        (left if n < cut else right).add(duration)
    right.merge(left)
    assert right.as_data() == whole.as_data()
    if durations:
        ranked = sorted(d // 1000 for d in durations)
        assert whole.percentile(90) == ranked[-(-90 * len(ranked) // 100) - 1]


def test_what_nobody_observed_stays_out_of_the_means() -> None:
    seen = fold([event("issued", 1), event("called", 2), event("serving_started", 3), event("completed", 9, start_inferred=False)])
    inferred = fold([event("issued", 1), event("called", 2), event("completed", 9)])
    closed = fold([event("issued", 1), event("called", 2), event("serving_started", 3), event("closed_by_system", 9, machine_closed=True)])
    figures = metrics.figures(t for t in (seen, inferred, closed) if t is not None)
    service = figures.steps["service_time"]
    assert (service.n, service.sum_ms, figures.steps["wait"].n) == (1, 60, 3)
    assert (figures.counts["served"], figures.counts["machine_closed"]) == (3, 1)


@pytest.mark.parametrize("state", ["waiting", "called"])
def test_counts_of_a_day_add_up(state: str) -> None:
    log = [event("issued", 1)] + ([event("called", 2)] if state == "called" else [])
    ticket = fold(log)
    assert ticket is not None
    body = metrics.figures([ticket]).as_data()
    assert (body["counts"]["issued"], body["counts"]["called"], body["now"][state]) == (1, int(state == "called"), 1)
