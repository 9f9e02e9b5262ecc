"""Staffing advice from a site's own days: what is learned of them, what is said where there is little, and nothing in the event loop."""

from __future__ import annotations

import pytest

from queue_server.domain import calendar
from queue_server.services import advising
from queue_server.staffing.centre import play
from queue_server.staffing.draw import draw
from queue_server.staffing.invent import invent
from queue_server.web.adviser import Adviser
from queue_server.web.pages.manager_staffing import shown
from tests.hall import SITE, Hall
from tests.staffing.made import DAYS, OFFSET_MIN, config_of, known_from, learned, tickets_of
from tests.web.helpers import until
from toiluot_edge import setup_log

TRUTH = invent(41, visits=150, posts=5, services=4)


def test_what_nine_days_teach_is_near_what_is_true() -> None:
    known = learned(TRUTH, 9, 900)
    assert (known.basis, known.days) == ("days", 9)
    assert known.centre.opening == TRUTH.opening
    assert known.centre.visits == pytest.approx(TRUTH.visits, rel=0.15)
    assert [post.skills for post in known.centre.posts] == [post.skills for post in TRUTH.posts]
    for k, work in enumerate(TRUTH.services):
        taken = known.centre.services[k]
        if sum(row[k] for row in TRUTH.rates) > 20:  # a day: over two hundred visits were seen
            assert taken.mean_s == pytest.approx(work.mean_s + TRUTH.habits.walk_s, rel=0.3)
    assert known.centre.habits.priority_p == pytest.approx(TRUTH.habits.priority_p + TRUTH.habits.appointment_p, abs=0.06)
    assert 0.05 <= known.centre.habits.day_sd <= 0.3
    assert max(known.usual.values()) <= len(TRUTH.posts)


def test_a_weekday_of_its_own_moves_the_plan_and_one_such_day_moves_it_little() -> None:
    config = config_of(TRUTH)
    facts = [advising.facts_of(tickets_of(TRUTH, play(TRUTH, 7), DAYS[0]), day, OFFSET_MIN) for day in DAYS[:4]]
    busy = advising.facts_of(tickets_of(TRUTH, play(TRUTH, draw(TRUTH, 7, factor=2.0)), DAYS[0]), "2026-11-20", OFFSET_MIN)
    known = known_from(TRUTH, config, [], [busy, *facts])  # planned is a Friday, as the busy day was
    mean = sum(one.people for one in (busy, *facts)) / 5
    assert mean < known.centre.visits < busy.people


def test_little_history_is_said() -> None:
    config = config_of(TRUTH)
    nothing = known_from(TRUTH, config, [], [])
    assert nothing.basis == "nothing"
    today = advising.facts_of(tickets_of(TRUTH, play(TRUTH, 3), "2026-11-26"), "2026-11-26", OFFSET_MIN)
    first = known_from(TRUTH, config, [], [], today)
    assert first.basis == "today"
    assert first.centre.visits > 0
    told = {"state": "too_little", "history": {"basis": "days", "days": 2, "people": 300}, "plan": None, "live": None}
    assert shown(told, config, 0)["rests_on"].startswith("Mới có 2 ngày dữ liệu")


def test_the_day_planned_is_today_until_the_house_closes() -> None:
    config = config_of(TRUTH)
    friday = calendar.midnight_ms("2026-11-27", OFFSET_MIN)
    assert advising.planned_day(config, friday + 9 * 3_600_000) == "2026-11-27"
    assert advising.planned_day(config, friday + 18 * 3_600_000) == "2026-11-30"  # a Monday


def test_a_voided_number_counts_for_nobody() -> None:
    tickets = tickets_of(TRUTH, play(TRUTH, 3), DAYS[0])
    assert advising.facts_of(tickets, DAYS[0], OFFSET_MIN).people == len(tickets)


def settled(adviser: Adviser, more: int = 0) -> dict[str, object]:
    """Asked again until it has been reckoned."""
    told: dict[str, object] = {}

    def done() -> bool:
        told.update(adviser.ask(SITE, more))
        reckoned = bool(told["live"]) and told["state"] != "reckoning"
        return reckoned and bool(told["surge"] or not more or told["state"] != "ready")

    until(done, 90)
    return told


def test_a_hall_without_history_is_told_so_and_what_one_counter_more_does(file_hall: Hall) -> None:
    hall = file_hall
    hall.open("1")
    for _ in range(12):
        hall.issue()
    hall.clock.forward(60)
    adviser = Adviser(hall.store, hall.clock, setup_log("test"))
    try:
        assert adviser.ask(SITE)["state"] == "reckoning"  # nobody who asks waits
        told = settled(adviser)
        assert told["state"] == "too_little"
        opening = told["live"]["opening"]  # type: ignore[index]
        assert opening[0]["saved_min"] > 0
        assert opening[0]["after_s"][1] < opening[0]["before_s"][1]
        assert "1" not in opening[0]["counters"]
    finally:
        adviser.stop()
        adviser.join()


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.slow("a plan and a surge, each reckoned by a process of its own")
def test_a_first_day_gives_a_plan_and_a_surge_from_a_process_of_its_own(file_hall: Hall) -> None:
    hall = file_hall
    hall.open("1")
    hall.open("2")
    for n in range(45):
        hall.issue()
        hall.clock.forward(90)
        hall.next(str(1 + n % 2))
    adviser = Adviser(hall.store, hall.clock, setup_log("test"))
    try:
        told = settled(adviser, 60)
        assert told["state"] == "ready"
        assert told["history"]["basis"] == "today"  # type: ignore[index]
        assert told["surge"]["visits"] == told["visits"] + 60  # type: ignore[index, operator]
        assert told["plan"]["half_hours"]  # type: ignore[index]
        assert "roster" not in told["plan"]  # type: ignore[operator]
    finally:
        adviser.stop()
        adviser.join()
