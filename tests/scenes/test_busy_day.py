"""The 1,222-visit day at twenty desks where everything happens: the log adds up, nobody is lost, nothing is told twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.audit.compare import findings as audit
from tests.replay.day import SITE
from tests.replay.test_day import FULL_DAY, visits
from tests.scenes.account import findings
from tests.scenes.busy_clerk import AFTER, CHANCES
from tests.scenes.busy_day import BusyDay, played

CLERKS = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has that: this day is about what happens, `tests/faults` about what is on disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def check(day: BusyDay, count: int) -> None:
    assert len(day.tickets) == count
    assert findings(day.log, day.tickets, day.partner.latest()) == []
    assert day.partner.tally()["refused"] == day.partner.tally()["stale"] == day.refused == 0
    with day.store.read() as reader:
        assert audit(reader, SITE) == []


def _digest(folder: Path, name: str, seed: int, count: int, clerks: int) -> str:
    (folder / name).mkdir()
    with played(folder / name, visits(FULL_DAY)[:count], seed, clerks) as day:
        return day.digest


def _tampered(day: BusyDay) -> None:
    """A log that does not add up is found: the account is no rubber stamp."""
    records, log = day.partner.latest(), day.log
    for kind in ("issued", "called", "completed", "undone", "transferred", "resumed", "readmitted"):
        without = [row for row in log if row is not next(each for each in log if each.type == kind)]
        assert findings(without, day.tickets, records), f"a missing {kind} was not seen"
    twice = next(row for row in log if row.type == "called")
    assert findings([*log, twice], day.tickets, records)
    assert findings(log, day.tickets, records[1:])
    assert findings(log, day.tickets, [*records, records[0]])
    assert findings(log, [*day.tickets, "nobody"], records)


@pytest.mark.slow("a hundred and twenty people and what happens to them")
def test_a_cut_day_adds_up(folder: Path) -> None:
    with played(folder, visits(FULL_DAY)[:120], seed=11, clerks=5) as day:
        check(day, 120)
        _tampered(day)


@pytest.mark.slow("three small days")
def test_the_same_seed_is_the_same_day_and_another_another(folder: Path) -> None:
    first, second, other = (_digest(folder, name, seed, 15, 3) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == second
    assert first != other


@pytest.mark.full
@pytest.mark.slow("1,222 people at twenty desks, twice")
@pytest.mark.timeout(1200)
def test_the_whole_day_twice(folder: Path) -> None:
    (folder / "first").mkdir()
    with played(folder / "first", visits(FULL_DAY), seed=11, clerks=CLERKS) as day:
        check(day, FULL_DAY)
        assert {*CHANCES, *AFTER, "plain", "cancelled"} <= set(day.done), "everything there is happened"
        first = day.digest
    assert _digest(folder, "second", 11, FULL_DAY, CLERKS) == first
