"""Backup while serving, restore under a new epoch: no number twice among all slips ever taken off the wire."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.recovery import backup, branches
from queue_server.services import leasing
from queue_server.storage import copying
from queue_server.storage.serving import Busy, serving
from queue_server.storage.store import Store, open_store
from tests.hall import SITE, Hall, HandClock

KIOSK, DESK = {"source": "kiosk"}, {"source": "desk"}


@pytest.fixture
def open_later(hall: Hall) -> Any:
    """Opens stores on the hall's own clock, so that a restore happens at the hall's time."""

    def opener(url: str) -> Store:
        return open_store(url, hall.clock)

    return opener


def reopened(hall: Hall) -> Hall:
    return Hall(open_store(hall.store.url, hall.clock), hall.clock, n=hall.n)


def restore(hall: Hall, file: Path, opener: Any) -> tuple[Hall, dict[str, Any]]:
    hall.store.close()
    body = backup.restore(file, hall.store.url, opener)
    return reopened(hall), body


def test_a_backup_is_a_whole_database_that_the_audit_can_read(hall: Hall, tmp_path: Path) -> None:
    issued = [hall.issue()["label"] for _ in range(5)]
    body = backup.back_up(hall.store.url, tmp_path / "b.sqlite3")
    assert body["sites"] == {SITE: "{}-{}".format(*hall.store.position(SITE))}
    assert (tmp_path / "b.sqlite3").stat().st_mode & 0o777 == 0o600
    copy = open_store(f"sqlite:///{tmp_path}/b.sqlite3", HandClock())
    try:
        assert compare.of_every_site(copy, compare.findings) == []
        with copy.read() as reader:
            assert [event.label for event in reader.events_after(SITE, 0, 1000) if event.type == "issued"] == issued
    finally:
        copy.close()


def test_a_backup_taken_in_the_middle_of_issuing_is_of_one_moment(hall: Hall, tmp_path: Path) -> None:
    stop = threading.Event()

    def issue_on() -> None:
        while not stop.is_set():
            hall.issue()

    issuing = threading.Thread(target=issue_on)
    issuing.start()
    try:
        for n in range(3):
            backup.back_up(hall.store.url, tmp_path / f"{n}.sqlite3")
    finally:
        stop.set()
        issuing.join()
    for n in range(3):
        copy = open_store(f"sqlite:///{tmp_path}/{n}.sqlite3", HandClock())
        assert compare.of_every_site(copy, compare.findings) == []
        copy.close()


def test_no_number_twice_after_a_restore(hall: Hall, tmp_path: Path, open_later: Any) -> None:
    """Backup at 09:00, 150 more by kiosk, desk and lease, restore, 300 more."""
    slips = [hall.issue(**KIOSK)["label"] for _ in range(40)]
    backup.back_up(hall.store.url, tmp_path / "nine.sqlite3")
    slips += [hall.issue(**(DESK if n % 3 else KIOSK))["label"] for n in range(130)]
    leased = hall.do(lambda unit: leasing.lease(unit, series="A", count=20))
    slips += [entry["label"] for entry in leased["entries"]]
    hall.clock.forward(600)
    later, body = restore(hall, tmp_path / "nine.sqlite3", open_later)
    slips += [later.issue(**KIOSK)["label"] for _ in range(300)]
    assert len(set(slips)) == len(slips) == 40 + 150 + 300
    assert body["sites"][SITE]["epoch"] == 2
    assert compare.of_every_site(later.store, compare.findings) == []
    later.store.close()


def test_a_damaged_database_tells_nothing_and_the_jump_is_wide_enough_without_it(file_hall: Hall, tmp_path: Path) -> None:
    slips = [file_hall.issue()["number"] for _ in range(10)]
    backup.back_up(file_hall.store.url, tmp_path / "b.sqlite3")
    slips += [file_hall.issue()["number"] for _ in range(150)]
    file_hall.store.close()
    path = tmp_path / "site.db"
    path.write_bytes(b"\0" * path.stat().st_size)
    path.with_name("site.db-wal").unlink(missing_ok=True)
    body = backup.restore(tmp_path / "b.sqlite3", file_hall.store.url, lambda url: open_store(url, file_hall.clock))
    assert body["sites"][SITE]["disowned"] == 0
    later = reopened(file_hall)
    slips += [later.issue()["number"] for _ in range(100)]
    assert len(set(slips)) == len(slips)
    later.store.close()


def test_what_the_backup_does_not_know_is_kept_for_a_person(hall: Hall, tmp_path: Path, open_later: Any) -> None:
    hall.issue()
    backup.back_up(hall.store.url, tmp_path / "b.sqlite3")
    lost = [hall.issue()["label"] for _ in range(3)]
    later, body = restore(hall, tmp_path / "b.sqlite3", open_later)
    rows = branches.listed(later.store, SITE)
    assert [row["label"] for row in rows if row["type"] == "issued"] == lost
    assert body["sites"][SITE]["disowned"] == len(rows)
    assert {row["epoch"] for row in rows} == {1}
    assert not [event for event in later.log() if event.label in lost]
    assert Path(body["kept"]).exists()
    later.store.close()


def test_a_running_server_is_not_restored_over(hall: Hall, tmp_path: Path, open_later: Any) -> None:
    backup.back_up(hall.store.url, tmp_path / "b.sqlite3")
    with serving(hall.store.url), pytest.raises(Busy, match="stop it first"):
        backup.restore(tmp_path / "b.sqlite3", hall.store.url, open_later)
    assert hall.store.position(SITE)[0] == 1


def test_two_servers_never_serve_one_file(file_hall: Hall) -> None:
    with serving(file_hall.store.url), pytest.raises(Busy, match="another server"), serving(file_hall.store.url):
        pass


@pytest.mark.parametrize("bad", ["text", "other", "torn"])
def test_what_is_no_backup_is_refused_before_anything_is_touched(hall: Hall, tmp_path: Path, open_later: Any, bad: str) -> None:
    file = tmp_path / "bad.sqlite3"
    if bad == "text":
        file.write_text("không phải bản sao lưu")
    elif bad == "other":
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE t (x)")
    else:
        backup.back_up(hall.store.url, file)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(copying.NotACopy):
        backup.restore(file, hall.store.url, open_later)
    assert hall.issue()["number"] == 1


def test_a_backup_that_fails_leaves_no_half_file(hall: Hall, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        backup.back_up(hall.store.url, tmp_path / "nowhere" / "b.sqlite3")
    assert [path.name for path in tmp_path.iterdir() if "b.sqlite3" in path.name] == []


def test_a_backup_moves_between_databases(hall: Hall, tmp_path: Path, cluster: Any, open_later: Any) -> None:
    first = hall.issue()
    backup.back_up(hall.store.url, tmp_path / "b.sqlite3")
    url = cluster.create(f"moved_{tmp_path.name.replace('-', '_')}")
    backup.restore(tmp_path / "b.sqlite3", url, open_later)
    moved = Hall(open_store(url, hall.clock), hall.clock, n=hall.n)
    assert moved.ticket(first)["label"] == first["label"]
    assert moved.issue()["number"] == 202
    assert compare.of_every_site(moved.store, compare.findings) == []
    moved.store.close()
