"""Simulated centre-days without a violation, the same day twice by one seed, and planted mistakes that must be found."""

from __future__ import annotations

import pytest

from tests.sim import planted_edges, planted_server, planted_takeover
from tests.sim.centre import SMALL, TINY, Plan, play
from tests.sim.checker import judge
from tests.sim.hunt import found
from tests.sim.planted import FAULTS, planted
from tests.sim.seeds import FOUND_BY, KEPT, SOUGHT

pytestmark = pytest.mark.timeout(600)  # a busy machine simulates a day in minutes
ROOMS = (planted_edges, planted_server, planted_takeover)
SAMPLE = range(1, 3)
SEVERAL = (pytest.mark.full, pytest.mark.slow("days until it is found"), pytest.mark.timeout(900))


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_day_on_which_everything_goes_wrong_loses_doubles_and_forgets_nobody(seed: int) -> None:
    day = play(seed, SMALL)
    assert judge(day) == []
    assert len(day.people) == SMALL.people


@pytest.mark.parametrize("seed", KEPT)
def test_a_day_that_once_went_wrong(seed: int) -> None:
    assert judge(play(seed, SMALL)) == []


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    first = play(2, TINY)
    assert first.digest == play(2, TINY).digest
    assert first.digest != play(3, TINY).digest
    assert first.crashes


def test_every_planted_mistake_is_looked_for() -> None:
    assert FOUND_BY.keys() | set(SOUGHT) == FAULTS.keys()
    assert not FOUND_BY.keys() & set(SOUGHT)
    assert len(FAULTS) >= 80


@pytest.mark.parametrize("name", FOUND_BY)
def test_a_planted_mistake_is_found_on_the_day_that_is_known_for_it(name: str) -> None:
    with planted(name):
        assert found(FOUND_BY[name]) != []


@pytest.mark.parametrize("name", [pytest.param(name, marks=SEVERAL) for name in SOUGHT])
def test_a_planted_mistake_is_found_within_a_dozen_days(name: str) -> None:
    with planted(name):
        assert any(found(seed) for seed in range(1, 13))


@pytest.mark.full
@pytest.mark.slow("a hundred days")
@pytest.mark.timeout(1800)
def test_a_hundred_centre_days() -> None:
    bad = {seed: wrong for seed in range(1000, 1100) if (wrong := judge(play(seed, Plan())))}
    assert bad == {}
