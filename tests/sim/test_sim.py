"""Simulated centre-days without a violation, the same day twice by one seed, days that once went wrong."""

from __future__ import annotations

import pytest

from tests.sim.centre import SMALL, TINY, Plan, play
from tests.sim.checker import judge
from tests.sim.seeds import KEPT, KEPT_WHOLE

pytestmark = pytest.mark.timeout(600)  # a busy machine simulates a day in minutes
SAMPLE = range(1, 3)


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_day_on_which_everything_goes_wrong_loses_doubles_and_forgets_nobody(seed: int) -> None:
    day = play(seed, SMALL)
    assert judge(day) == []
    assert len(day.people) == SMALL.people


@pytest.mark.parametrize("seed", KEPT)
def test_a_day_that_once_went_wrong(seed: int) -> None:
    assert judge(play(seed, SMALL)) == []


@pytest.mark.slow("a whole day")
def test_a_whole_day_that_once_went_wrong() -> None:
    assert judge(play(KEPT_WHOLE[0], Plan())) == []


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    first = play(2, TINY)
    assert first.digest == play(2, TINY).digest
    assert first.digest != play(3, TINY).digest
    assert first.crashes


@pytest.mark.full
@pytest.mark.slow("a hundred days")
@pytest.mark.timeout(3600)
def test_a_hundred_centre_days() -> None:
    assert set(KEPT_WHOLE) <= set(range(1000, 1100))
    bad = {seed: wrong for seed in range(1000, 1100) if (wrong := judge(play(seed, Plan())))}
    assert bad == {}
