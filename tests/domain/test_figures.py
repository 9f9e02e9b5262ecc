"""Days, order, waits and figures at their edges, by numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queue_server.domain import calendar, metrics, numbering, routing, waiting
from queue_server.domain.calendar import Calendar
from queue_server.domain.counter import Counter
from queue_server.domain.event import Event
from queue_server.domain.metrics import Days, Figures, Spread, figures
from queue_server.domain.ticket import apply
from queue_server.domain.visit import Step, Ticket
from tests.domain.test_effects import CALLED, GONE, HELD, SERVING, STEP, WAITING
from tests.domain.test_rules import HOURS, MINUTE, at, waiting_ticket

MONDAY = "2026-11-23"


# ---------------------------------------------------------------- days and hours
def test_midnight_is_where_the_offset_puts_it() -> None:
    assert calendar.midnight_ms("1970-01-02", 420) == 61_200_000
    assert calendar.midnight_ms("1970-01-02", -60) == 90_000_000
    assert calendar.business_day(-1, 0) == "1969-12-31"


def test_the_windows_of_a_day() -> None:
    morning, afternoon = (420, 690), (810, 1020)
    assert HOURS.windows(MONDAY) == (morning, afternoon)
    assert HOURS.windows("2026-11-24") == ()  # an exception
    assert HOURS.windows("2026-11-22") == ()  # a Sunday
    assert Calendar().windows(MONDAY) == ((0, 1440),)
    assert Calendar(exceptions={MONDAY: (morning,)}).windows(MONDAY) == (morning,)
    assert next(calendar.spans(HOURS, MONDAY, 420)) == (at("2026-11-23T07:00:00"), at("2026-11-23T11:30:00"))


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    def opened(text: str) -> bool:
        return calendar.is_open(HOURS, at(text), 420)

    assert opened("2026-11-23T07:00:00")
    assert opened("2026-11-23T11:29:59")
    assert not opened("2026-11-23T06:59:59")
    assert not opened("2026-11-23T11:30:00")
    assert opened("2026-11-23T13:30:00")
    assert calendar.available_from(HOURS, at("2026-11-23T11:30:00"), 420) == at("2026-11-23T13:30:00")
    assert calendar.available_from(HOURS, at("2026-11-22T09:00:00"), 420) is None


def test_the_next_opening_is_later_than_now_and_not_beyond_the_horizon() -> None:
    assert calendar.next_opening(HOURS, at("2026-11-23T07:00:00"), 420) == at("2026-11-23T13:30:00")
    assert calendar.next_opening(HOURS, at("2026-11-23T06:59:00"), 420) == at("2026-11-23T07:00:00")
    assert calendar.next_opening(HOURS, at("2026-11-23T17:00:00"), 420, days=3) == at("2026-11-25T07:00:00")
    assert calendar.next_opening(HOURS, at("2026-11-23T17:00:00"), 420, days=2) is None
    once = Calendar({7: ()}, {"2027-01-21": ((0, 60),)})  # the 60th day, counted from this one
    assert calendar.next_opening(once, at("2026-11-23T17:00:00"), 420) == at("2027-01-21T00:00:00")
    never = Calendar({7: ()}, {"2027-01-22": ((0, 60),)})
    assert calendar.next_opening(never, at("2026-11-23T17:00:00"), 420) is None


def test_closed_time_at_its_edges() -> None:
    def closed(a: str, b: str) -> int:
        return calendar.closed_ms(HOURS, at(a), at(b), 420)

    assert closed("2026-11-23T11:00:00", "2026-11-23T11:30:00") == 0
    assert closed("2026-11-23T11:30:00", "2026-11-23T13:30:00") == 120 * MINUTE
    assert closed("2026-11-23T06:00:00", "2026-11-23T06:30:00") == 30 * MINUTE
    assert closed("2026-11-23T12:00:00", "2026-11-23T12:00:00") == 0
    assert closed("2026-11-23T12:00:00", "2026-11-23T11:59:00") == 0
    assert calendar.closed_ms(HOURS, at("2026-11-23T12:00:00"), at("2026-11-23T12:00:00") + 1, 420) == 1


# ---------------------------------------------------------------- numbers
@pytest.mark.parametrize(("last", "following"), [(0, 1), (698, 699), (699, 1000), (700, 1000), (998, 1000), (999, 1000), (1000, 1001)])
def test_the_band_is_skipped(last: int, following: int) -> None:
    assert numbering.next_ordinary(last) == following


@pytest.mark.parametrize(("highest", "counted"), [(0, 200), (499, 699), (500, 1000), (699, 1199), (1000, 1200), (700, 900)])
def test_the_jump(highest: int, counted: int) -> None:
    assert numbering.jump(highest) == counted


@pytest.mark.parametrize(("lost_h", "counted"), [(0, 300), (1, 500), (2, 1000), (3, 1200)])
def test_the_jump_grows_with_the_hours_of_which_nothing_is_known(lost_h: int, counted: int) -> None:
    assert numbering.jump(100, lost_h) == counted


@pytest.mark.parametrize(("last", "counted"), [(0, 799), (699, 799), (700, 800), (899, 999), (950, 999), (999, 999)])
def test_the_jump_of_the_band_ends_with_the_band(last: int, counted: int) -> None:
    assert numbering.jump_reserved(last) == counted


# ---------------------------------------------------------------- order
def test_credits_are_seconds_and_add_up() -> None:
    assert routing.effective(10_000, {"priority": 3, "transfer": 2}) == 5_000
    assert routing.effective(10_000, {}) == 10_000


def test_a_number_nobody_seems_to_hold_is_behind_everyone_else() -> None:
    desk = Counter("S", "3", "open", services=("one",))
    doubtful, later = replace(waiting_ticket(1, 500), doubt=True), waiting_ticket(2, 900)
    assert routing.choose([doubtful, later], desk) is later
    assert routing.choose([doubtful], desk) is doubtful


def test_of_two_who_came_together_the_first_issued_is_first() -> None:
    desk = Counter("S", "3", "open", services=("one",))
    first, second = waiting_ticket(1, 500), waiting_ticket(2, 500)
    assert routing.choose([second, first], desk) is first
    assert routing.key(first) == (False, 500, 1)


@pytest.mark.parametrize("state", ["called", "serving", "held", "completed"])
def test_only_who_waits_is_called(state: str) -> None:
    desk = Counter("S", "3", "open", services=("one",))
    assert routing.eligible(replace(waiting_ticket(1, 0), state=state), desk) is False
    assert routing.eligible(replace(waiting_ticket(1, 0, for_counter="3"), state=state), desk) is False


def test_the_reason_in_full() -> None:
    many = replace(waiting_ticket(1, 9_000), credits={"transfer": 2, "appointment": 0, "priority": 5}, effective_at=2_000, for_counter="7")
    assert routing.reason(many) == {
        "rule": "arrival+priority+transfer", "arrived_from": 9_000, "credits": {"transfer": 2, "priority": 5}, "effective_at": 2_000,
        "for_counter": "7", "let_pass": 0,
    }  # fmt: skip
    assert routing.reason(replace(many, credits=None))["rule"] == "arrival"


# ---------------------------------------------------------------- waits
def test_the_learned_gap_is_a_mean_with_the_prior_counted_four_times() -> None:
    assert waiting.learned_gap_ms((), 300) == (300_000, False)
    assert waiting.learned_gap_ms((5_000,), 300) == (300_000, False)
    assert waiting.learned_gap_ms((160_000, 100_000, 0), 10) == ((40_000 + 160_000) // 6, True)
    longest = 30 * 60_000
    assert waiting.learned_gap_ms((longest, 0), 300) == ((4 * 300_000 + longest) // 5, True)
    assert waiting.learned_gap_ms((longest + 1, 0), 300) == (300_000, False)
    assert waiting.learned_gap_ms((7, 7), 1) == (800, True)
    assert waiting.learned_gap_ms((0, 1), 1) == (1_000, False)  # out of order: says nothing


@pytest.mark.parametrize(
    ("low", "high", "rounded"),
    [
        (59, 61, (0, 120)),
        (60, 60, (60, 60)),
        (600, 601, (600, 900)),
        (601, 900, (600, 900)),
        (599, 600, (540, 600)),
        (599.5, 599.5, (540, 600)),
        (0, 0, (0, 0)),
    ],
)
def test_rounding_outward(low: float, high: float, rounded: tuple[int, int]) -> None:
    assert waiting.round_outward(low, high) == rounded


def test_a_wait_in_full() -> None:
    assert waiting.View(0, False, (), 300).opens_in_s == 0
    assert waiting.estimate(waiting.View(0, False, (), 100)) == waiting.Estimate(60, 180, "prior")
    assert waiting.estimate(waiting.View(0, True, (), 100, 45)) == waiting.Estimate(45, 45, "no_wait")
    assert waiting.estimate(waiting.View(1, True, (), 100, 30)) == waiting.Estimate(150, 330, "prior")
    assert waiting.estimate(waiting.View(0, False, (60_000, 0), 60)).basis == "call_gap"
    assert waiting.Estimate(1, 2, "x").as_data() == {"low_s": 1, "high_s": 2, "basis": "x"}


# ---------------------------------------------------------------- figures
def spread(*durations: int) -> Spread:
    made = Spread()
    for duration in durations:
        made.add(duration)
    return made


def test_a_spread_in_full() -> None:
    assert spread(999, 1_500, 1_999, 4_000).as_data() == {
        "n": 4, "sum_ms": 8_498, "mean_s": 2, "p50_s": 1, "p90_s": 4, "p95_s": 4, "max_s": 4, "histogram": {"0": 1, "1": 2, "4": 1},
    }  # fmt: skip
    empty = {"n": 0, "sum_ms": 0, "mean_s": None, "p50_s": None, "p90_s": None, "p95_s": None, "max_s": None}
    assert (Spread().brief(), Spread().as_data()) == (empty, empty | {"histogram": {}})
    assert (Spread().percentile(50), Spread().percentiles((50, 95)), Spread().up_to(9)) == (None, [None, None], 0)
    assert [spread(999, 1_000, 1_999, 3_000).up_to(s) for s in (0, 1, 2, 3)] == [1, 3, 3, 4]
    assert [spread(*(1_000 * n for n in range(1, 101))).percentile(p) for p in (0, 1, 50, 90, 95, 100)] == [1, 1, 50, 90, 95, 100]
    many = spread(*(1_000 * n for n in range(1, 1_001)))
    assert [many.as_data()[name] for name in ("p50_s", "p90_s", "p95_s")] == [500, 900, 950]


@pytest.mark.parametrize(("durations", "mean"), [((499,), 0), ((500,), 1), ((1_499,), 1), ((1_500,), 2), ((1_000, 2_000), 2)])
def test_the_mean_is_rounded_once_and_half_up(durations: tuple[int, ...], mean: int) -> None:
    assert spread(*durations).as_data()["mean_s"] == mean


def test_a_set_of_tickets_in_full() -> None:
    done = replace(SERVING, state="completed", steps=(replace(STEP, ended_at=1_060, outcome="done"),), voided=True)
    sent_on = replace(WAITING, steps=(replace(STEP, ended_at=1_050, outcome="transferred", machine_closed=True), Step(2, "two", 1_050)))
    late = replace(done, voided=False, machine_closed=True, steps=(replace(STEP, ended_at=1_060, entered_late=True),))
    figures = metrics.figures([done, sent_on, late, WAITING, CALLED, GONE, HELD])
    body = figures.as_data()
    assert body["counts"] == {
        "issued": 7, "arrived": 0, "called": 6, "served": 2, "no_show": 1, "cancelled": 0, "expired": 0, "moved": 0, "recalls": 6,
        "transfers": 1,
        "abandoned": 0, "machine_closed": 1, "entered_late": 1, "voided": 1, "carried": 0,
        "priority": 7, "priority_confirmed": 0, "priority_refused": 0,
    }  # fmt: skip
    assert body["now"] == {"waiting": 2, "called": 1, "serving": 0, "held": 1}
    assert [(body[name]["n"], body[name]["sum_ms"]) for name in ("wait", "over_breaks", "before_opening")] == [
        (4, 80),
        (4, 12),
        (4, 16),
    ]  # the void one and the late one are in none
    assert body["service_time"]["n"] == 0
    assert set(body) == {
        "counts", "now", "marks", "wait", "wait_estimated", "before_opening", "over_breaks", "unserved", "unserved_estimated",
        "call_to_arrival", "service_time", "on_hold", "sojourn", "shares", "visit",
    }  # fmt: skip


@pytest.mark.parametrize("state", ["completed", "no_show", "cancelled", "expired", "moved"])
def test_each_way_to_end_is_counted_under_its_name(state: str) -> None:
    body = metrics.figures([replace(WAITING, state=state)]).as_data()
    ended = {name: body["counts"][name] for name in ("served", "no_show", "cancelled", "expired", "moved")}
    assert ended == dict.fromkeys(ended, 0) | {"served" if state == "completed" else state: 1}
    assert body["counts"]["abandoned"] == (state in ("cancelled", "expired"))


def test_sets_merge_into_what_the_whole_would_give() -> None:
    tickets = [WAITING, CALLED, GONE, HELD, SERVING, replace(WAITING, state="expired", voided=True)]
    for cut in range(len(tickets) + 1):
        merged: Figures = metrics.figures(tickets[:cut])
        merged.merge(metrics.figures(tickets[cut:]))
        assert merged.as_data() == metrics.figures(tickets).as_data()


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({}, 15), ({"outcome": "transferred"}, 15), ({"outcome": "no_show"}, None), ({"outcome": "cancelled"}, None),
        ({"last_called_at": 1041}, None), ({"last_called_at": 1040}, 15), ({"last_called_at": None}, 15),
        ({"held_ms": 21}, 0), ({"held_ms": 19}, 1), ({"started_at": None}, None), ({"ended_at": None}, None),
        ({"start_inferred": True}, None), ({"machine_closed": True}, None), ({"entered_late": True}, None),
    ],
)  # fmt: skip
def test_service_time_is_what_somebody_saw(changes: dict[str, int | None], served: int | None) -> None:
    assert metrics.service_ms(replace(replace(STEP, ended_at=1_060, outcome="done"), **changes)) == served  # type: ignore[arg-type]


def test_a_ticket_from_another_site_arrived_here_and_was_not_issued() -> None:
    counts = figures([arrived_at("other")]).as_data()["counts"]
    assert (counts["issued"], counts["arrived"]) == (0, 1)


def arrived_at(site: str) -> Ticket:
    data = {
        "series": "A", "number": 7, "business_day": "2026-11-23", "issued_at": 1000, "available_from": 5000, "arrived_from": 2000,
        "effective_at": 2000, "credits": {}, "moved_from": site,
    }  # fmt: skip
    event = Event("S", 1, 9, 6000, "arrived", "ticket:t", "2026-11-23", "move:t:3", "system:server", 1, data, "t", "A007", "one")
    ticket = apply(None, event)
    assert (ticket.arrived_from, ticket.available_from, ticket.steps[0].available_from, ticket.moved_from) == (2000, 5000, 5000, site)
    return ticket


def test_time_of_counters_is_added_up_apart() -> None:
    rows = [
        {"counter": "1", "state": "wrapping_up", "began_at": 1000, "ended_at": 61_000},
        {"counter": "1", "state": "paused", "began_at": 100_000, "ended_at": 400_000},
        {"counter": "2", "state": "wrapping_up", "began_at": 0, "ended_at": 30_500},
    ]
    days = Days()
    for row in rows:
        days.add_spell(row)
    told = days.as_data()
    assert (told["wrap_up"]["n"], told["wrap_up"]["sum_ms"], told["wrap_up"]["mean_s"]) == (2, 90_500, 45)
    assert (told["paused"]["n"], told["paused"]["sum_ms"]) == (1, 300_000)
    spent = {code: {name: row[name] for name in row if name.startswith(("wrap_up", "paused"))} for code, row in told["by_counter"].items()}
    assert spent == {
        "1": {"wrap_up_n": 1, "wrap_up_ms": 60_000, "paused_n": 1, "paused_ms": 300_000},
        "2": {"wrap_up_n": 1, "wrap_up_ms": 30_500, "paused_n": 0, "paused_ms": 0},
    }
    assert Days().as_data()["wrap_up"]["n"] == 0


def test_what_was_decided_of_a_priority_is_counted() -> None:
    looked_at = [replace(WAITING, priority_check=decision) for decision in ("confirmed", "refused", "refused", None)]
    counts = figures(looked_at).as_data()["counts"]
    assert (counts["priority_confirmed"], counts["priority_refused"]) == (1, 2)


def test_counters_of_two_sites_are_two_counters() -> None:
    one, other = (metrics.days_of([GONE], [row], offset_min=0) for row in (spell("3", 1), spell("3", 2)))
    both = one.at_site("S")
    both.merge(other.at_site("T"))
    rows = both.as_data()["by_counter"]
    assert {code: (row["issued"], row["wait"]["n"], row["paused_ms"]) for code, row in rows.items()} == {
        "S/3": (1, 1, 1), "T/3": (1, 1, 2),
    }  # fmt: skip
    assert (both.whole().counts["issued"], both.by_half_hour()["00:00"].counts["issued"]) == (2, 2)


def spell(counter: str, long_ms: int) -> dict[str, int | str]:
    return {"counter": counter, "state": "paused", "began_at": 0, "ended_at": long_ms}


def test_visits_are_grouped_by_whatever_one_asks() -> None:
    found = metrics.grouped([WAITING, CALLED, GONE], lambda ticket: ticket.state)
    assert {state: each.counts["issued"] for state, each in found.items()} == {"waiting": 1, "called": 1, "no_show": 1}


@pytest.mark.parametrize(
    ("at_ms", "offset_min", "half"),
    [
        (0, 0, "00:00"),
        (1_799_999, 0, "00:00"),
        (1_800_000, 0, "00:30"),
        (0, 420, "07:00"),
        (61_200_000 - 1, 420, "23:30"),
        (0, -60, "23:00"),
    ],
)
def test_half_hours_are_local(at_ms: int, offset_min: int, half: str) -> None:
    assert metrics.half_hour(at_ms, offset_min) == half


@pytest.mark.parametrize(("ahead_ms", "moved"), [(0, False), (2_000, False), (-2_000, False), (2_001, True), (-2_001, True)])
def test_a_clock_may_be_two_seconds_off(ahead_ms: int, moved: bool) -> None:
    alone = replace(GONE, lease="l", clock_synced=True, issued_device_at=GONE.issued_at + ahead_ms)
    body = figures([alone]).as_data()
    assert (body["marks"]["clock_moved"], body["marks"]["wait_estimated"], body["wait_estimated"]["n"]) == (moved, moved, moved)
    assert figures([replace(alone, clock_synced=None)]).as_data()["wait_estimated"]["n"] == 1
    assert figures([replace(alone, lease=None)]).as_data()["marks"]["clock_moved"] == 0


def test_shares_in_full() -> None:
    wait, gone = spread(900_999, 901_000, 0), spread(900_999, 901_000)
    assert metrics.shares({"wait": wait, "unserved": gone}, (900,)) == [
        {"target_s": 900, "within": 2, "of": 4, "unserved_over": 1, "permille": 500}
    ]
    known = {"wait": wait, "unserved": gone, "wait_estimated": spread(0), "unserved_estimated": spread(901_000)}
    assert metrics.shares(known, (900,)) == [{"target_s": 900, "within": 1, "of": 2, "unserved_over": 0, "permille": 500}]
    assert [each["permille"] for each in metrics.shares({"wait": spread(0, 2_000, 2_000)}, (0, 1, 2))] == [333, 333, 1000]
    assert metrics.shares({"wait": spread(0, 0, 2_000)}, (1,))[0]["permille"] == 667
    assert metrics.shares({}, (900,)) == [{"target_s": 900, "within": 0, "of": 0, "unserved_over": 0, "permille": None}]
