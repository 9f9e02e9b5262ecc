"""The next two hours: who is expected follows from the same weekday before, or from the last hour, and says which."""

from __future__ import annotations

from queue_server.services import days, foreseeing, outlook
from tests.hall import SITE, Hall

WEEK_S = 7 * 86_400


def busy_hour(hall: Hall, people: int) -> None:
    """Somebody of each of two services every few minutes, one counter at work."""
    for _ in range(people):
        hall.issue("ho-tich")
        hall.clock.forward(3600 / people)
        hall.next()


def test_without_a_day_before_the_last_hour_s_pace_is_kept_and_said(hall: Hall) -> None:
    hall.open()
    busy_hour(hall, 12)
    told = hall.look(outlook.of_site)
    assert [each["people"] for each in told["windows"]] == [6, 6, 6, 6]
    assert told["rests_on"]["dates"] == []
    assert told["rests_on"]["learned"] is False
    assert told["rests_on"]["counters"] == 1
    assert all(each["low_s"] <= each["mid_s"] <= each["high_s"] for each in told["windows"])


def test_the_same_weekday_before_is_what_is_expected_in_proportion_to_today(hall: Hall) -> None:
    hall.open()
    busy_hour(hall, 40)  # 07:00 to 08:00
    busy_hour(hall, 20)
    first_day = "2026-11-23"
    hall.clock.forward(WEEK_S - 2 * 3600)
    assert days.turn(hall.store, SITE)
    hall.open()
    busy_hour(hall, 40)  # a day like the one before
    told = hall.look(outlook.of_site)
    assert told["rests_on"]["dates"] == [first_day]
    assert 95 <= told["rests_on"]["factor_percent"] <= 105
    assert [each["people"] for each in told["windows"]] == [10, 10, 0, 0]
    assert told["windows"][3]["mid_s"] is None


def test_the_hall_that_was_pictured_and_learned_last_is_played_on(hall: Hall) -> None:
    hall.open()
    busy_hour(hall, 12)
    foreseeing.look(hall.store, foreseeing.Mind(SITE), now=hall.clock.at_ms)
    told = hall.look(outlook.of_site)
    assert told["rests_on"]["learned"] is True
    assert hall.look(outlook.of_site) is told, "kept for half a minute"
    hall.clock.forward(31)
    assert hall.look(outlook.of_site)["made_at"] != told["made_at"]


def test_a_house_without_anybody_is_told_nothing(hall: Hall) -> None:
    told = hall.look(outlook.of_site)
    assert [(each["people"], each["mid_s"]) for each in told["windows"]] == [(0, None)] * 4
