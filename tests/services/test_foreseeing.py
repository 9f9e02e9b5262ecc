"""Waits are foreseen beside the hall's work, looked up by whoever issues a number, kept in the log and judged when the call comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from queue_server.services import accuracy, foreseeing, foresight, queries
from queue_server.services.foresight import Wait
from tests.hall import SITE, Hall

HOURS = {"office": {"weekly": {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)}}}
A_WAIT = Wait(600, 900, 1200, "what_if", "what-if-64/3", None, {"what_if": (700, 900, 1100), "call_gap": (540, 900, 1350)}, 5, 150.0)


def look(hall: Hall, mind: foreseeing.Mind) -> foresight.Foresight:
    foreseeing.look(hall.store, mind, now=hall.clock.at_ms)
    with hall.store.read() as reader:
        found = foresight.newest(reader, SITE, hall.clock.at_ms)
    assert found is not None
    return found


def one_service(hall: Hall, **more: Any) -> None:
    """One counter, one service."""
    service = {"code": "ho-tich", "name": "Hộ tịch", "series": "A", **more}
    hall.configure(
        calendars=HOURS, services=[service], counters=[{"code": "1", "name": "Quầy 1"}], help_service=None, dossier_steps={}, policy={}
    )


def busy(hall: Hall, mind: foreseeing.Mind, people: int = 4, visit_s: int = 300) -> None:
    """One counter at work, `people` in line, after a few visits of `visit_s` that the estimate could learn from."""
    hall.open("1")
    for _ in range(people):
        hall.issue()
    for _ in range(8):
        hall.next("1")
        look(hall, mind)
        hall.issue()
        hall.clock.forward(visit_s)


def test_a_number_carries_what_was_foreseen_and_the_log_keeps_what_both_ways_said(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind)
    kept = look(hall, mind).newcomers["ho-tich", False]
    told = hall.issue()
    assert told["estimate"] == {name: getattr(kept, name) for name in ("low_s", "mid_s", "high_s", "basis", "model")}
    assert told["estimate"]["basis"] == "what_if"
    in_log = hall.log()[-1].data["estimate"]
    assert set(in_log["raw"]) == {"call_gap", "what_if"}
    assert 0 < in_log["low_s"] <= in_log["mid_s"] <= in_log["high_s"]
    assert told["ahead"] == kept.ahead == 4


def test_who_comes_after_the_last_look_is_told_more_and_who_waits_less_when_somebody_is_called(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind)
    look(hall, mind)
    waits = [hall.issue()["estimate"]["mid_s"] for _ in range(4)]
    assert waits == sorted(set(waits))
    last = hall.issue()
    before = hall.ticket(last)["estimate"]["mid_s"]
    hall.next("1")
    assert hall.ticket(last)["estimate"]["mid_s"] < before


def test_a_free_counter_is_no_wait_whatever_was_foreseen(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind, people=0)
    look(hall, mind)
    while hall.next("1") is not None:
        hall.clock.forward(1)
    assert hall.issue()["estimate"] == {"low_s": 0, "high_s": 0, "basis": "no_wait"}


def test_what_is_old_is_not_told(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind)
    look(hall, mind)
    hall.clock.forward(foresight.FRESH_MS / 1000 + 1)
    assert "model" not in hall.issue()["estimate"]
    assert hall.look(queries.kiosk_home)["services"][0]["estimate"] is None
    assert foreseeing.due(mind, mind.seen, hall.clock.at_ms)


def test_past_a_break_a_time_of_day_is_told(hall: Hall) -> None:
    one_service(hall, calendar="office")
    mind = foreseeing.Mind(SITE)
    hall.clock.forward(3.6 * 3600)  # 10:36
    busy(hall, mind, people=20, visit_s=300)
    look(hall, mind)
    told = hall.issue()["estimate"]
    assert told["from_at"][11:16] < told["to_at"][11:16]
    assert told["to_at"][11:16] >= "13:30"
    assert hall.log()[-1].data["estimate"]["clock_ms"][1] == hall.clock.at_ms + 1000 * told["high_s"]
    shown = hall.look(queries.board)
    assert shown["wait"]["from_at"] == shown["services"][0]["estimate"]["from_at"]


def test_the_same_log_looked_at_at_the_same_instants_gives_the_same_waits(hall: Hall) -> None:
    one_service(hall)
    one, other = foreseeing.Mind(SITE), foreseeing.Mind(SITE)
    busy(hall, one)
    first = look(hall, one)
    other.learned, other.cursor = None, 0
    assert look(hall, other).line.keys() == first.line.keys()
    assert look(hall, one).newcomers == first.newcomers


def test_what_was_told_is_learned_from_and_learned_again_at_a_start(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind)
    for _ in range(6):
        look(hall, mind)
        hall.issue()
        hall.clock.forward(240)
        hall.next("1")
    look(hall, mind)
    assert mind.learned is not None
    fed = mind.learned.calibrators["what_if"].fed
    assert fed >= 5
    anew = foreseeing.Mind(SITE)
    look(hall, anew)
    assert anew.learned is not None
    assert anew.learned.calibrators["what_if"].fed == fed
    assert anew.learned.times.services["ho-tich"].seconds.count == mind.learned.times.services["ho-tich"].seconds.count


def test_what_pages_showed_goes_into_the_log_once_a_quarter_of_an_hour(hall: Hall) -> None:
    one_service(hall)
    mind, twin = foreseeing.Mind(SITE), foreseeing.Mind(SITE)
    busy(hall, mind)
    look(hall, mind), look(hall, twin)
    hall.clock.forward(600)
    for _ in range(3):
        hall.clock.forward(10)
        found = look(hall, mind)
        look(hall, twin)
        foreseeing.sample(hall.store, mind, now=hall.clock.at_ms)
        foreseeing.sample(hall.store, twin, now=hall.clock.at_ms)
    samples = [event for event in hall.log() if event.type == accuracy.SHOWN]
    wait = found.newcomers["ho-tich", False]
    assert len(samples) == 1
    assert set(samples[0].data["services"]) == {"ho-tich"}
    assert samples[0].data["services"]["ho-tich"][1] >= wait.low_s


def test_the_day_says_how_true_its_waits_were(hall: Hall) -> None:
    one_service(hall)
    mind = foreseeing.Mind(SITE)
    busy(hall, mind)
    for _ in range(4):
        hall.next("1")
        hall.clock.forward(200)
    with hall.store.read() as reader:
        found = accuracy.day(reader, SITE, "2026-11-23")
        told = [each for _, each in accuracy.told(reader, SITE, "2026-11-23")]
    whole = found["told"]["all"]
    assert whole["n"] == len([each for each in told if each.basis != "no_wait"]) > 5
    assert whole["covered"] + whole["early"] + whole["late"] == whole["n"]
    assert found["told"]["by_service"]["ho-tich"]["n"] == whole["n"]
    assert accuracy.of_service(found, "ho-tich")["told"]["all"] == whole


# ---------------------------------------------------------------- moving a wait on
@pytest.mark.parametrize("ahead", range(12))
def test_more_people_ahead_never_make_a_wait_shorter(ahead: int) -> None:
    here, behind = foresight.moved_on(A_WAIT, ahead), foresight.moved_on(A_WAIT, ahead + 1)
    assert here is not None
    assert behind is not None
    assert (here.low_s, here.mid_s, here.high_s) <= (behind.low_s, behind.mid_s, behind.high_s)
    assert here.low_s <= here.mid_s <= here.high_s


def test_a_wait_past_a_break_moves_its_clock_too_and_no_wait_is_not_stretched() -> None:
    past = replace(A_WAIT, clock=(1_000_000, 2_000_000))
    moved = foresight.moved_on(past, 7)
    assert moved is not None
    assert moved.clock == (1_300_000, 2_300_000)
    assert foresight.moved_on(replace(A_WAIT, basis="no_wait", mid_s=0), 6) is None
