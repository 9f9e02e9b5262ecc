"""The hours to come: more people or fewer counters mean a longer wait; nobody expected means no wait is told."""

from __future__ import annotations

from queue_server.estimating import coming
from queue_server.estimating.scene import OPEN, Desk, InLine, Scene, ServiceModel

NOW = 1_795_392_000_000
HALF = 30 * 60_000
SPANS = [(NOW + n * HALF, NOW + (n + 1) * HALF) for n in range(4)]


def hall(counters: int, waiting: int = 0) -> Scene:
    desks = [Desk(str(n), OPEN, ("a", "b"), freed_at_ms=NOW) for n in range(counters)]
    line = [InLine(f"t{n}", "a", NOW - n, NOW - n) for n in range(waiting, 0, -1)]
    return Scene(NOW, {"a": ServiceModel(300.0, visits=200), "b": ServiceModel(600.0, visits=200)}, desks, line)


def middles(scene: Scene, people: float) -> list[int]:
    found = coming.outlook(scene, [(span, {"a": people / 2, "b": people / 2}) for span in SPANS], seed=1)
    return [each.mid_s for each in found if each.mid_s is not None]


def test_the_same_hall_is_told_the_same() -> None:
    expected = [(span, {"a": 10.0}) for span in SPANS]
    assert coming.outlook(hall(2, 5), expected, seed=3) == coming.outlook(hall(2, 5), expected, seed=3)


def test_too_few_counters_make_a_line_that_grows_and_enough_do_not() -> None:
    short, enough = middles(hall(2), 20), middles(hall(8), 20)
    assert short == sorted(short)
    assert short[-1] > 1200
    assert max(enough) < 120


def test_who_waits_already_is_before_those_who_come() -> None:
    assert middles(hall(2, 30), 8)[0] > middles(hall(2), 8)[0] + 1800


def test_every_range_is_in_order_and_names_its_services() -> None:
    for each in coming.outlook(hall(3, 10), [(span, {"a": 6.0, "b": 3.0}) for span in SPANS], seed=2):
        assert each.low_s is not None
        assert each.mid_s is not None
        assert each.high_s is not None
        assert 0 <= each.low_s <= each.mid_s <= each.high_s
        assert set(each.services or ()) <= {"a", "b"}
        assert each.people == 9.0


def test_nobody_expected_is_no_wait_told() -> None:
    assert coming.outlook(hall(1), [(SPANS[0], {})]) == [coming.Window(SPANS[0], 0)]
    assert coming.outlook(hall(1), []) == []


def test_a_crush_is_foreseen_in_proportion_and_not_one_by_one() -> None:
    (found,) = coming.outlook(hall(2), [(SPANS[0], {"a": 5000.0})], seed=1)
    assert found.people == 5000.0
    assert found.high_s is not None
