"""Units of work that share a commit: each keeps its own fault, the rows held in memory follow, and nothing is left waiting."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import access, command, issuing
from queue_server.storage.groups import GROUP, Groups, Job
from queue_server.storage.repository import Repository
from queue_server.storage.store import conninfo, is_sqlite
from tests.hall import CLERK, SITE, Hall

BROKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)


def together(hall: Hall, works: list[Callable[[Repository], Any]]) -> list[Any]:
    """What becomes of these when they are sure to share a group: the first holds the writer until all are queued."""
    held, free = threading.Event(), threading.Event()

    def first(repository: Repository) -> None:
        held.set()
        assert free.wait(10)

    futures = [hall.store.submit(SITE, first)]
    assert held.wait(10)
    futures += [hall.store.submit(SITE, work) for work in works]
    free.set()
    return [future.exception(10) or future.result() for future in futures[1:]]


def number(request: str) -> Callable[[Repository], Any]:
    order = command.Command(request, SITE, CLERK, "test", request)
    return lambda repository: command._once(order, lambda unit: issuing.issue(unit, service="ho-tich"), 201, repository)


def refused(request: str) -> Callable[[Repository], Any]:
    """A use-case that has taken a number before it is refused."""

    def use_case(unit: Any) -> dict[str, Any]:
        issuing.issue(unit, service="ho-tich")
        unit.finish()
        raise Refusal("not_found")

    order = command.Command(request, SITE, CLERK, "test", request)
    return lambda repository: command._once(order, use_case, 201, repository)


def doubled(repository: Repository) -> None:
    """What the database itself refuses."""
    row = {
        "id": "one", "name": "x", "key_hash": "x", "scopes": "[]", "sites": "[]", "created_at": 0, "expires_at": None, "revoked_at": None,
    }  # fmt: skip
    repository.add_key(row)
    repository.add_key(row)
    repository.keys()  # on PostgreSQL, a fault comes out of the next thing that is waited for


def test_each_keeps_its_own_fault_and_numbers_have_no_gap(hall: Hall) -> None:
    outcomes = together(hall, [number("a"), refused("b"), number("c"), doubled, number("d"), number("a")])
    labels = [outcome.body["label"] if isinstance(outcome, command.Answer) else type(outcome) for outcome in outcomes]
    assert labels[:3] == ["A001", Refusal, "A002"]
    assert issubclass(labels[3], BROKEN)
    assert labels[4:] == ["A003", "A001"]
    assert outcomes[5].replayed
    assert [event.seq for event in hall.log()] == list(range(1, len(hall.log()) + 1))
    assert hall.issue()["label"] == "A004"


def test_a_fault_at_the_very_end_of_a_unit_is_that_unit_s(hall: Hall) -> None:
    """Nothing is waited for after the second key: on PostgreSQL the fault shows in a neighbour or at the commit."""

    def late(repository: Repository) -> None:
        for _ in range(2):
            access.create_key(Fixed(repository), name="x", scopes=["read"], sites=[SITE])

    class Fixed(Repository):
        """A repository whose chance always falls the same way."""

        __slots__ = ()

        def __init__(self, of: Repository) -> None:
            super().__init__(of._sql, of.now_ms, lambda size: bytes(size), of.memo)

    outcomes = together(hall, [number("a"), late, number("b")])
    assert isinstance(outcomes[1], BROKEN)
    assert [outcomes[n].body["label"] for n in (0, 2)] == ["A001", "A002"]
    assert hall.issue()["label"] == "A003"


def test_a_lost_line_is_told_to_whoever_was_on_it_and_the_next_are_served(hall: Hall) -> None:
    if is_sqlite(hall.store.url):
        hall.issue()
        return  # a file has no line

    def cut(repository: Repository) -> None:
        with psycopg.connect(conninfo(hall.store.url), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        repository.keys()

    outcomes = together(hall, [number("a"), cut, number("b")])
    assert all(isinstance(outcome, psycopg.OperationalError) for outcome in outcomes[:2])
    assert outcomes[2].body["label"] == "A001"
    assert hall.issue()["label"] == "A002"


def test_keys_take_turns_and_everything_accepted_is_finished() -> None:
    seen: list[tuple[str, int]] = []

    def carry(key: str, jobs: Iterator[Job]) -> None:
        group = list(jobs)
        seen.append((key, len(group)))
        for job in group:
            job.done.set_result(job.work(None))  # type: ignore[arg-type]

    groups = Groups(2, carry)
    futures = [groups.submit(str(n % 3), lambda _, n=n: n) for n in range(3 * GROUP)]
    groups.close()
    assert [future.result(0) for future in futures if future is not None] == list(range(3 * GROUP))
    assert sum(size for _, size in seen) == 3 * GROUP
    assert max(size for _, size in seen) <= GROUP
    assert groups.submit("0", lambda _: 1) is None


@pytest.mark.parametrize("between", ["next", "serve", "open", "nothing"])
def test_a_remembered_pace_is_what_would_be_looked_up(hall: Hall, between: str) -> None:
    """The estimate of a number rests on the pace of this moment, whatever happened since the number before."""
    hall.open("1")
    hall.issue()
    hall.next("1")
    hall.clock.forward(120)
    for _ in range(3):
        hall.issue()
    hall.clock.forward(60)
    match between:
        case "next":
            hall.next("1")
        case "serve":
            hall.at("1", "serve")
        case "open":
            hall.open("2")
    remembered = hall.issue()["estimate"]
    with hall.store.read() as reader:
        reader.memo.clear()
    assert hall.issue()["estimate"]["basis"] == remembered["basis"]
    with hall.store.read() as reader:
        found = issuing.pace(reader, SITE, hall_config(reader), "ho-tich", hall.clock.at_ms)
        kept = reader.memo["pace", SITE][1]["ho-tich"]
    assert (list(kept.recent_calls), kept.free_counter) == (list(found.recent_calls), found.free_counter)


def hall_config(reader: Any) -> Any:
    from queue_server.services.unit import Configs

    return Configs.of(reader, reader.site(SITE))
