"""Mistakes planted in the product that the checker must find, each on the day known for it, and those days without a mistake.

Holds no search: that is `python -m tests.sim.hunt`. A mistake that stands in `SOUGHT` is a gap that docs/reliability.md names,
and fails nothing here.
"""

from __future__ import annotations

import pytest

from tests.sim import planted_edges, planted_server, planted_takeover
from tests.sim.hunt import found
from tests.sim.planted import FAULTS, planted
from tests.sim.seeds import FOUND_BY, SOUGHT

pytestmark = pytest.mark.timeout(600)  # a busy machine simulates a day in minutes
ROOMS = (planted_edges, planted_server, planted_takeover)
OFTEN = 7  # every so many of them in `make test`, all of them in `make verify`
MOST = 100  # days in which each must be found
DAYS = sorted(set(FOUND_BY.values()))


def finds(known: int) -> bool:
    """On the day that is known for it, or, where the days have changed since, on one of the hundred that are promised."""
    return any(found(seed) for seed in (known, *range(1, MOST + 1)))


def test_every_planted_mistake_has_its_day_or_is_looked_for() -> None:
    assert FOUND_BY.keys() | set(SOUGHT) == FAULTS.keys()
    assert not FOUND_BY.keys() & set(SOUGHT)
    assert len(FAULTS) >= 80
    assert len(FOUND_BY) >= 40


@pytest.mark.parametrize("name", list(FOUND_BY)[3::OFTEN])
def test_a_planted_mistake_is_found_on_the_day_that_is_known_for_it(name: str) -> None:
    with planted(name):
        assert finds(FOUND_BY[name])


@pytest.mark.full
@pytest.mark.parametrize("name", [name for n, name in enumerate(FOUND_BY) if n % OFTEN != 3])
def test_every_other_planted_mistake_as_well(name: str) -> None:
    with planted(name):
        assert finds(FOUND_BY[name])


@pytest.mark.parametrize("seed", [DAYS[0], *(pytest.param(day, marks=pytest.mark.full) for day in DAYS[1:])])
def test_nothing_is_found_on_those_days_without_a_mistake(seed: int) -> None:
    assert found(seed) == []
