"""What a site teaches: the same facts give the same state, priors fade, and the model that was better here is the one that is shown."""

from __future__ import annotations

import json
from math import exp

import pytest

from queue_server.estimating.call_gap import Pace, said
from queue_server.estimating.facts import Absent, Called, Fact, Paused, Served, Taken
from queue_server.estimating.learned import Learned, fold, pinball
from queue_server.estimating.scene import CALL_GAP, WHAT_IF, Raw
from tests.estimating.halls import MINUTE, NOW, desk, hall

HALF_HOUR = 30 * MINUTE


def called(n: int, gap_s: int = 120, waited_s: float = 900.0, raw: dict[str, Raw] | None = None, day: str = "1") -> Called:
    at = NOW + n * gap_s * 1000
    return Called(at, day, "A", "Q1", at - HALF_HOUR, waited_s, ("A", "B"), raw or {})


def test_the_same_facts_the_same_state_through_plain_data_at_any_point() -> None:
    facts: list[Fact] = []
    raw = {WHAT_IF: Raw(300, 700, 1200), CALL_GAP: Raw(200, 500, 900)}
    for n in range(60):
        at = NOW + n * 120_000
        facts += [
            Taken(at, "A", privileged=n % 5 == 0),
            called(n, raw=raw, day=str(n // 20)),
            Served(at + 90_000, "A", "Q1", 90.0, 1 + n % 2),
        ]
        facts += [Absent(at + 95_000, "A", "Q1", 800.0, 40.0), Paused(at + 100_000, "Q1", 300.0)]
    whole = fold(facts)
    for cut in (0, 1, 77, 200):
        resumed = Learned.from_data(json.loads(json.dumps(fold(facts[:cut]).as_data())))
        assert resumed is not None
        for fact in facts[cut:]:
            resumed.tell(fact)
        assert resumed.as_data() == whole.as_data()
    assert Learned.from_data(whole.as_data() | {"version": 0}) is None, "of another version: made again from the log"


def test_an_assumption_counts_as_four_visits_and_fades() -> None:
    learned = Learned()
    assert learned.times.model("A", 600.0).mean_s == 600.0
    for _ in range(4):
        learned.tell(Served(NOW, "A", "Q1", 300.0))
    assert learned.times.model("A", 600.0).mean_s == pytest.approx(450.0)
    for _ in range(400):
        learned.tell(Served(NOW, "A", "Q1", 300.0))
    assert learned.times.model("A", 600.0).mean_s == pytest.approx(303, abs=1)
    assert learned.times.model("A", 600.0).log_sd < 0.1
    learned.tell(Served(NOW, "A", "Q1", 0.5))  # a key pressed twice
    learned.tell(Served(NOW, "A", "Q1", 9 * 3600.0))  # a key forgotten
    assert learned.times.services["A"].seconds.mean == pytest.approx(300)


def test_a_slow_counter_is_known_as_such_after_some_visits() -> None:
    learned = Learned()
    for _ in range(60):
        learned.tell(Served(NOW, "A", "Q1", 200.0))
        learned.tell(Served(NOW, "A", "Q2", 400.0))
    fast, slow = learned.times.factor("Q1"), learned.times.factor("Q2")
    assert fast < 1 < slow
    assert slow / fast == pytest.approx(2 * exp(0), rel=0.25)
    assert learned.times.factor("new") == 1.0
    scene = learned.completed(hall([desk(1), desk(2)]))
    assert [one.factor for one in scene.desks] == [fast, slow]


def test_privileged_people_of_the_last_hour_are_the_rate_to_come() -> None:
    learned = Learned()
    for minutes in (-70, -50, -10):
        learned.tell(Taken(NOW + minutes * MINUTE, "A", privileged=True))
    learned.tell(Taken(NOW, "A"))
    assert learned.completed(hall([])).overtaking == {"A": 2.0}


def test_turnover_only_where_the_next_one_was_waiting_already() -> None:
    learned = Learned()
    learned.tell(Served(NOW, "A", "Q1", 100.0))
    learned.tell(Called(NOW + 30_000, "1", "A", "Q1", NOW - MINUTE, 90.0))
    assert (learned.times.turnover.count, learned.times.turnover.mean) == (1.0, 30.0)
    learned.tell(Served(NOW + MINUTE, "A", "Q1", 30.0))
    learned.tell(Called(NOW + 2 * MINUTE, "1", "A", "Q1", NOW + 2 * MINUTE, 0.0))
    assert learned.times.turnover.count == 1.0


def test_gaps_are_learned_while_people_queue_and_not_otherwise() -> None:
    pace = Pace()
    pace.called(NOW, NOW)
    pace.called(NOW + 10 * MINUTE, NOW + 9 * MINUTE)  # came after the call before: the desk stood idle between
    assert (pace.count, pace.gap_s(NOW, 300)) == (0.0, 300.0)
    for n in range(1, 9):
        pace.called(NOW + (10 + 2 * n) * MINUTE, NOW)
    # Usual: (4 × 300 + 8 × 120) / 12 = 180; today: (4 × 180 + 8 × 120) / 12 = 140.
    assert pace.gap_s(NOW + 30 * MINUTE, 300) == pytest.approx(140)
    assert pace.gap_s(NOW + 24 * 60 * MINUTE, 300) == pytest.approx(180)
    pace.called(NOW + 200 * MINUTE, NOW)  # over a break: says nothing of pace
    assert pace.count == 8.0
    assert said(3, 140.0) == Raw(336, 560, 840)
    assert Pace.from_data(json.loads(json.dumps(pace.as_data()))) == pace


def test_a_call_teaches_every_service_that_shares_the_desks() -> None:
    learned = fold([called(n) for n in range(5)])
    assert learned.learned_pace("B")
    assert not learned.learned_pace("C")
    assert learned.gap_s("B", NOW + 10 * MINUTE, 300) < 300


@pytest.mark.parametrize(("what_if_s", "gap_s", "ahead"), [(880, 500, WHAT_IF), (300, 890, CALL_GAP), (880, 890, WHAT_IF)])
def test_the_model_that_was_better_here_is_shown(what_if_s: int, gap_s: int, ahead: str) -> None:
    learned = Learned()
    assert learned.ahead == WHAT_IF
    raw = {basis: Raw(mid // 2, mid, mid * 3 // 2) for basis, mid in ((WHAT_IF, what_if_s), (CALL_GAP, gap_s))}
    for n in range(60):
        learned.tell(called(n, raw=raw))
    assert learned.ahead == ahead


def test_only_who_queued_and_was_called_is_scored() -> None:
    learned = fold([called(n) for n in range(20)])
    assert all(one.fed == 0 for one in learned.calibrators.values())
    learned.tell(called(20, raw={CALL_GAP: Raw(200, 500, 900)}))
    assert (learned.calibrators[CALL_GAP].fed, learned.calibrators[WHAT_IF].fed) == (1, 0)
    assert learned.losses[CALL_GAP].count == 0, "losses are compared over the same people"


def test_pinball_by_hand() -> None:
    # Low end 100 at 10 %: 0.1 × 50; middle 120: 0.5 × 30; high end 200: 0.1 × 50. Together 25, a third of it.
    assert pinball((100, 120, 200), 150) == pytest.approx(25 / 3)
    assert pinball((150, 150, 150), 150) == 0


def test_long_waits_lose_more_people_and_long_pauses_are_not_pauses() -> None:
    learned = Learned()
    for n in range(200):
        long = n % 2 == 0
        if long and n % 4 == 0:
            learned.tell(Absent(NOW, "A", "Q1", 5000.0, 50.0))
        else:
            learned.tell(Served(NOW, "A", "Q1", 300.0, waited_s=5000.0 if long else 60.0))
    factors = learned.times.absent_factors()
    assert factors[0] < 1 < factors[3]
    learned.tell(Paused(NOW, "Q1", 3 * 3600.0))
    learned.tell(Paused(NOW, "Q1", 300.0, day_over=True))
    assert learned.times.pause.count == 0
    learned.tell(Paused(NOW, "Q1", 300.0))
    assert learned.times.pause.count == 1
