"""What the database itself refuses, and what the one writer promises."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from queue_server.domain import routing
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal
from queue_server.domain.visit import Ticket
from queue_server.services import issuing
from queue_server.storage import bookings, statements
from queue_server.storage.repository import Repository
from queue_server.storage.rows import counter_of, counter_row, event_of, event_row, ticket_of, ticket_row
from queue_server.storage.sql import Statement
from queue_server.storage.store import conninfo, is_sqlite, migrate, open_store, sqlite_path
from queue_server.storage.tables import metadata
from tests.domain.test_ticket import event, issued
from tests.hall import SITE, Hall

REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError, psycopg.errors.RaiseException)


def raw(hall: Hall) -> Any:
    """A connection past everything of ours: what remains is what the database itself refuses."""
    if is_sqlite(hall.store.url):
        return sqlite3.connect(sqlite_path(hall.store.url), isolation_level=None)
    return psycopg.connect(conninfo(hall.store.url), autocommit=True)


# ---------------------------------------------------------------- constraints
@pytest.mark.parametrize("sql", ["UPDATE event SET actor = 'x'", "DELETE FROM event", "UPDATE event SET data = '{}' WHERE seq = 1"])
def test_the_log_is_append_only(hall: Hall, sql: str) -> None:
    hall.issue()
    with pytest.raises(REFUSED, match="append-only"):
        raw(hall).execute(sql)


def test_retention_may_drop_old_days_through_its_window_and_no_others(hall: Hall) -> None:
    hall.issue()
    hall.clock.forward(86_400)
    hall.issue()
    connection = raw(hall)
    connection.execute(f"INSERT INTO retention VALUES ('{SITE}', '2026-11-24')")
    connection.execute("DELETE FROM event WHERE business_day < '2026-11-24'")
    with pytest.raises(REFUSED, match="append-only"):
        connection.execute("DELETE FROM event")


def second(ticket: Ticket, **changes: object) -> Ticket:
    return replace(ticket, id="other", issued_seq=99, token_hash=None, **changes)  # type: ignore[arg-type]


def test_no_number_twice_a_day(hall: Hall) -> None:
    mine = hall.issue()

    def twice(repository: Repository) -> None:
        found = repository.ticket(SITE, mine["id"])
        assert found is not None
        repository.add_ticket(second(found), None)

    with pytest.raises(REFUSED, match="number"):
        hall.store.write(SITE, twice)


def test_no_two_people_at_one_counter(hall: Hall) -> None:
    first, other = hall.issue(), hall.issue()
    hall.open()
    hall.next()
    assert first["id"] != other["id"]
    with pytest.raises(REFUSED):
        raw(hall).execute(f"UPDATE ticket SET state = 'serving', counter = '1' WHERE id = '{other['id']}'")


@pytest.mark.parametrize("change", ["state = 'lost'", "print = 'maybe'", "state = 'called', counter = NULL", "number = 0", "rating = 9"])
def test_states_are_checked_by_the_database_too(hall: Hall, change: str) -> None:
    hall.issue()
    with pytest.raises(REFUSED):
        raw(hall).execute(f"UPDATE ticket SET {change}")


def test_the_migrations_make_exactly_the_tables(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)
    with create_engine(database_url.replace("postgresql:", "postgresql+psycopg:")).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_no_statement_binds_a_name_of_its_own() -> None:
    made = [value for value in (*vars(statements).values(), *vars(bookings).values()) if isinstance(value, Statement)]
    made += [statements.next_for(2), statements.ahead_of(2), statements.behind(2), statements.recent_calls(2)]
    assert len(made) > 50
    for statement in made:
        for dialect in ("sqlite", "postgresql"):
            assert "param_" not in statement.text(dialect)


def test_a_database_is_a_file_or_postgresql() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://x/y", "site.db"):
        with pytest.raises(ValueError, match=r"file|supported|no database URL"):
            open_store(url)
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
CODES = st.sampled_from(["ho-tich", "dat-dai", "chung-thuc"])
VISITS = st.tuples(CODES, st.sampled_from([None, "elderly"]), st.integers(0, 900), st.booleans())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VISITS, max_size=12))
def test_the_index_and_the_rule_choose_the_same_person(hall: Hall, people: list[tuple[str, str | None, int, bool]]) -> None:
    for service, priority, gap_s, late in people:
        hall.clock.forward(gap_s)
        made = hall.issue(service, priority_class=priority)
        if late:
            hall.attend(made, "print_outcome", outcome="not_sent", detail="late")
    for served in (("ho-tich",), ("dat-dai", "chung-thuc"), ("ho-tich", "dat-dai", "chung-thuc")):
        desk = Counter(SITE, "1", "open", services=served)
        with hall.store.read() as reader:
            waiting = reader.waiting(SITE)
            assert [t.id for t in waiting] == [t.id for t in sorted(waiting, key=routing.key)]
            assert reader.next_for(SITE, "1", served) == routing.choose(waiting, desk)
            mine = [t for t in waiting if t.service in served]
            for place, each in enumerate(mine):
                assert reader.count_ahead(SITE, served, each.effective_at, each.issued_seq, each.doubt) == place


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


def test_another_process_that_writes_is_waited_for(file_hall: Hall) -> None:
    other = raw(file_hall)
    other.execute("BEGIN IMMEDIATE")
    answer: list[str] = []
    thread = threading.Thread(target=lambda: answer.append(file_hall.issue()["label"]))
    thread.start()
    other.execute("COMMIT")
    thread.join()
    assert answer == ["A001"]


def until_refused(hall: Hall) -> None:
    for _ in range(500):
        hall.issue()


def test_a_full_disk_is_told_to_whoever_asked_and_the_writer_lives_on(file_hall: Hall) -> None:
    connection = raw(file_hall)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    file_hall.store.write(SITE, lambda r: r._sql._run(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(sqlite3.OperationalError, match="full"):
        until_refused(file_hall)
    before = len(file_hall.log())
    file_hall.store.write(SITE, lambda r: r._sql._run("PRAGMA max_page_count = 1000000").fetchone())
    file_hall.issue()
    assert [e.seq for e in file_hall.log()] == list(range(1, before + 2))


def test_what_was_accepted_is_finished_and_what_comes_after_the_end_is_told(file_hall: Hall) -> None:
    begun, may_end = threading.Event(), threading.Event()
    answers: list[str] = []

    def slow(repository: Repository) -> str:
        begun.set()
        may_end.wait(5)
        return "done"

    threads = [threading.Thread(target=lambda: answers.append(file_hall.store.write(SITE, slow))) for _ in range(3)]
    threads[0].start()
    assert begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(5)
    file_hall.store.close()
    assert answers == ["done"] * 3
    with pytest.raises(sqlite3.OperationalError, match="closed"):
        file_hall.store.write(SITE, slow)


def test_everything_is_flushed_before_it_is_answered(file_hall: Hall) -> None:
    assert file_hall.store.write(SITE, lambda r: r._sql._run("PRAGMA synchronous").fetchone()[0]) == 2  # FULL
    assert raw(file_hall).execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_commits_wake_whoever_listens_in_every_process(hall: Hall) -> None:
    """The second store stands for another process: the command line on a file, a second server on PostgreSQL."""
    other = open_store(hall.store.url, hall.clock)
    own, foreign = threading.Event(), threading.Event()
    hall.store.on_commit(own.set)
    other.on_commit(foreign.set)
    try:
        own.wait(0.3)  # the listener's first wake, which every start gives
        own.clear()
        foreign.clear()
        hall.issue()
        assert own.wait(5)
        assert foreign.wait(5)
    finally:
        other.close()


def test_a_timed_job_is_alone(hall: Hall) -> None:
    other = open_store(hall.store.url, hall.clock)
    try:
        with hall.store.alone("day-close") as first, other.alone("day-close") as second:
            assert first
            assert second is is_sqlite(hall.store.url)  # on a file there is one server, so nobody to share with
        with other.alone("day-close") as again:
            assert again
    finally:
        other.close()
