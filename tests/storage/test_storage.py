"""What the database itself refuses, and what the one writer promises."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from queue_server.domain import routing
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal
from queue_server.domain.ticket import Ticket
from queue_server.services import issuing
from queue_server.storage import statements
from queue_server.storage.repository import Repository
from queue_server.storage.rows import counter_of, counter_row, event_of, event_row, ticket_of, ticket_row
from queue_server.storage.sql import Statement
from queue_server.storage.store import migrate, open_store, sqlite_path
from queue_server.storage.tables import metadata
from tests.domain.test_ticket import event, issued
from tests.hall import SITE, Hall


def raw(hall: Hall) -> sqlite3.Connection:
    return sqlite3.connect(sqlite_path(hall.store.url), isolation_level=None)


# ---------------------------------------------------------------- constraints
@pytest.mark.parametrize("sql", ["UPDATE event SET actor = 'x'", "DELETE FROM event", "UPDATE event SET data = '{}' WHERE seq = 1"])
def test_the_log_is_append_only(hall: Hall, sql: str) -> None:
    hall.issue()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw(hall).execute(sql)


def test_retention_may_drop_old_days_through_its_window_and_no_others(hall: Hall) -> None:
    hall.issue()
    hall.clock.forward(86_400)
    hall.issue()
    connection = raw(hall)
    connection.execute("INSERT INTO retention VALUES (?, '2026-11-24')", (SITE,))
    connection.execute("DELETE FROM event WHERE business_day < '2026-11-24'")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM event")


def second(ticket: Ticket, **changes: object) -> Ticket:
    return replace(ticket, id="other", issued_seq=99, token_hash=None, **changes)  # type: ignore[arg-type]


def test_no_number_twice_a_day(hall: Hall) -> None:
    mine = hall.issue()

    def twice(repository: Repository) -> None:
        found = repository.ticket(SITE, mine["id"])
        assert found is not None
        repository.add_ticket(second(found), None)

    with pytest.raises(sqlite3.IntegrityError, match="number"):
        hall.store.write(SITE, twice)


def test_no_two_people_at_one_counter(hall: Hall) -> None:
    first, other = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    assert first["id"] != other["id"]
    with pytest.raises(sqlite3.IntegrityError):
        raw(hall).execute("UPDATE ticket SET state = 'serving', counter = '1' WHERE id = ?", (other["id"],))


@pytest.mark.parametrize("change", ["state = 'lost'", "print = 'maybe'", "state = 'called', counter = NULL", "number = 0", "rating = 9"])
def test_states_are_checked_by_the_database_too(hall: Hall, change: str) -> None:
    hall.issue()
    with pytest.raises(sqlite3.IntegrityError):
        raw(hall).execute(f"UPDATE ticket SET {change}")


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    migrate(url)
    migrate(url)
    with create_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_no_statement_binds_a_name_of_its_own() -> None:
    made = [value for value in vars(statements).values() if isinstance(value, Statement)]
    made += [statements.next_for(2), statements.ahead_of(2), statements.recent_calls(2)]
    assert len(made) > 50
    for statement in made:
        for dialect in ("sqlite", "postgresql"):
            assert "param_" not in statement.text(dialect)


def test_only_files_are_taken_for_a_database() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://x/y"):
        with pytest.raises(ValueError, match=r"file|supported"):
            sqlite_path(url)
    with pytest.raises(FileNotFoundError, match="server init"):
        open_store("sqlite:////nonexistent/site.db")


# ---------------------------------------------------------------- rows
def test_rows_give_back_what_was_put() -> None:
    ticket = replace(issued(), needs=("see",), estimate={"low_s": 1, "high_s": 2, "basis": "prior"}, clock_synced=True, counter="3")
    assert ticket_of(ticket_row(ticket)) == ticket
    desk = Counter(SITE, "1", "open", "key:x", ("a", "b"), 1, 2)
    assert counter_of(counter_row(desk)) == desk
    assert event_of(event_row(event("called", 2))) == event("called", 2)


# ---------------------------------------------------------------- order
VISITS = st.tuples(st.sampled_from(["ho-tich", "dat-dai", "chung-thuc"]), st.sampled_from([None, "elderly"]), st.integers(0, 900))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VISITS, max_size=12))
def test_the_index_and_the_rule_choose_the_same_person(hall: Hall, people: list[tuple[str, str | None, int]]) -> None:
    for service, priority, gap_s in people:
        hall.clock.forward(gap_s)
        hall.issue(service, priority_class=priority)
    for served in (("ho-tich",), ("dat-dai", "chung-thuc"), ("ho-tich", "dat-dai", "chung-thuc")):
        desk = Counter(SITE, "1", "open", services=served)
        with hall.store.read() as reader:
            waiting = reader.waiting(SITE)
            assert [t.id for t in waiting] == [t.id for t in sorted(waiting, key=routing.key)]
            assert reader.next_for(SITE, "1", served) == routing.choose(waiting, desk)


# ---------------------------------------------------------------- the one writer
def test_one_failure_does_not_undo_its_neighbours(hall: Hall) -> None:
    """Many at once, some refused, some broken: the rest stands, and the log has no gap."""
    outcomes: list[object] = []
    barrier = threading.Barrier(12)

    def work(n: int) -> None:
        barrier.wait()
        try:
            if n % 3 == 0:
                outcomes.append(hall.store.write(SITE, lambda repository: 1 / 0))
            else:
                service = "nope" if n % 3 == 1 else "ho-tich"
                outcomes.append(hall.run(lambda unit: issuing.issue(unit, service=service), f"w{n}").body["label"])
        except (Refusal, ZeroDivisionError) as failed:
            outcomes.append(type(failed).__name__)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["A001", "A002", "A003", "A004"] + ["Refusal"] * 4 + ["ZeroDivisionError"] * 4
    assert [e.seq for e in hall.log()] == list(range(1, len(hall.log()) + 1))


def test_another_process_that_writes_is_waited_for(hall: Hall) -> None:
    other = raw(hall)
    other.execute("BEGIN IMMEDIATE")
    answer: list[str] = []
    thread = threading.Thread(target=lambda: answer.append(hall.issue()["label"]))
    thread.start()
    other.execute("COMMIT")
    thread.join()
    assert answer == ["A001"]


def until_refused(hall: Hall) -> None:
    for _ in range(500):
        hall.issue()


def test_a_full_disk_is_told_to_whoever_asked_and_the_writer_lives_on(hall: Hall) -> None:
    connection = raw(hall)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    hall.store.write(SITE, lambda r: r._sql._run(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(sqlite3.OperationalError, match="full"):
        until_refused(hall)
    before = len(hall.log())
    hall.store.write(SITE, lambda r: r._sql._run("PRAGMA max_page_count = 1000000").fetchone())
    hall.issue()
    assert [e.seq for e in hall.log()] == list(range(1, before + 2))


def test_everything_is_flushed_before_it_is_answered(hall: Hall) -> None:
    assert hall.store.write(SITE, lambda r: r._sql._run("PRAGMA synchronous").fetchone()[0]) == 2  # FULL
    assert raw(hall).execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_commits_wake_whoever_listens(hall: Hall) -> None:
    woken = threading.Event()
    hall.store.on_commit(woken.set)
    hall.issue()
    assert woken.wait(5)
