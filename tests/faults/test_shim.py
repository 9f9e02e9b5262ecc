"""The tools are tried before they are believed: the disk that forgets forgets just what was not flushed, the slow one is
slow, and SQLite with less care than ours loses what it acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import power_cut, shim
from tests.faults.power_cut import Lost
from tests.faults.writer import COMMITS

HOUSE = Path(__file__).parents[2]
BEFORE = b"A" * 6000
DIE = "\nimport signal; os.kill(os.getpid(), signal.SIGKILL)\n"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The folder that forgets."""
    made = tmp_path / "disk"
    made.mkdir()
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(library: Path, disk: Path, state: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a piece of Python on the forgetful disk; `path` is a flushed file of its own."""

    def go(code: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | shim.forgetful(library, disk, state)
        (disk / "file").write_bytes(BEFORE)
        head = f"import os\npath = {str(disk / 'file')!r}\n"
        return subprocess.run([sys.executable, "-S", "-c", head + code], env=environment, capture_output=True, text=True, check=False)

    return go


CHANGES = {
    "overwritten": "fd = os.open(path, os.O_RDWR); os.pwrite(fd, b'B' * 100, 50)",
    "appended": "fd = os.open(path, os.O_WRONLY | os.O_APPEND); os.write(fd, b'B' * 9000); os.write(fd, b'C')",
    "written in order": "fd = os.open(path, os.O_RDWR); os.write(fd, b'B' * 7000); os.write(fd, b'C' * 7000)",
    "beyond the end": "fd = os.open(path, os.O_RDWR); os.pwrite(fd, b'B', 20_000)",
    "cut": "fd = os.open(path, os.O_RDWR); os.ftruncate(fd, 10)",
    "lengthened": "fd = os.open(path, os.O_RDWR); os.ftruncate(fd, 50_000)",
    "cut, then written": "fd = os.open(path, os.O_RDWR); os.ftruncate(fd, 10); os.pwrite(fd, b'B' * 50, 5)",
    "emptied by opening": "file = open(path, 'wb'); file.write(b'B' * 300); file.flush(); fd = file.fileno()",
    "beside a folder": "os.chdir(os.path.dirname(path)); fd = os.open('file', os.O_RDWR | os.O_TRUNC); os.write(fd, b'B')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_not_flushed_is_gone(run: Callable[..., object], disk: Path, state: Path, change: str) -> None:
    run(CHANGES[change] + DIE)
    assert (disk / "file").read_bytes() != BEFORE
    assert power_cut.play(disk, state).changes > 0
    assert (disk / "file").read_bytes() == BEFORE
    assert power_cut.play(disk, state) == Lost(0, 0)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("flush", ["fsync", "fdatasync"])
def test_what_was_flushed_stays(run: Callable[..., object], disk: Path, state: Path, change: str, flush: str) -> None:
    run(f"{CHANGES[change]}\nos.{flush}(fd)\n" + DIE)
    after = (disk / "file").read_bytes()
    assert after != BEFORE
    assert power_cut.play(disk, state) == Lost(0, 0)
    assert (disk / "file").read_bytes() == after


def test_a_flush_speaks_for_its_own_file_and_for_what_was_before_it(run: Callable[..., object], disk: Path, state: Path) -> None:
    code = """
fd, other = os.open(path, os.O_RDWR), os.open(path + '2', os.O_RDWR | os.O_CREAT)
os.write(other, b'never flushed'); os.pwrite(fd, b'first', 0); os.fsync(fd); os.pwrite(fd, b'later', 0)
"""
    run(code + DIE)
    power_cut.play(disk, state)
    assert (disk / "file").read_bytes()[:5] == b"first"
    assert (disk / "file2").read_bytes() == b""  # its name stays: that is not modelled


def test_a_record_cut_short_by_the_kill_is_left_alone(run: Callable[..., object], disk: Path, state: Path) -> None:
    run("fd = os.open(path, os.O_RDWR); os.pwrite(fd, b'B' * 100, 0); os.pwrite(fd, b'C' * 100, 0)" + DIE)
    journal = state / "file.undo"
    os.truncate(journal, journal.stat().st_size - 30)
    (disk / "file").write_bytes(b"B" * 100 + BEFORE[100:])  # the second write never began
    assert power_cut.play(disk, state).changes == 1
    assert (disk / "file").read_bytes() == BEFORE


def test_threads_lose_nothing_they_flushed(run: Callable[..., subprocess.CompletedProcess[str]], disk: Path, state: Path) -> None:
    code = """
import signal, sys, threading
fd = os.open(path, os.O_RDWR)
def work(n):
    for value in range(1, 200):
        os.pwrite(fd, bytes([value]) * 700, 700 * n)
        os.fsync(fd)
        os.write(1, f'{n} {value}\\n'.encode())
        if n == 0 and value == 60: os.kill(os.getpid(), signal.SIGKILL)
for n in range(4): threading.Thread(target=work, args=(n,)).start()
"""
    told = dict(line.split() for line in run(code).stdout.splitlines())
    power_cut.play(disk, state)
    text = (disk / "file").read_bytes()
    assert int(told["0"]) == 60
    assert all(set(text[700 * int(n) : 700 * int(n) + 700]) <= {int(value), int(value) + 1} for n, value in told.items())


def test_the_shims_blind_spots_end_the_process_instead_of_passing_unseen(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    died = run("fd = os.open(path, os.O_RDWR); os.writev(fd, [b'past', b'it'])")
    assert died.returncode < 0
    assert "writev on a watched file is not modelled" in died.stderr


def test_the_slow_disk_takes_five_milliseconds_more_for_each_flush(library: Path, tmp_path: Path) -> None:
    code = f"import os\nfd = os.open({str(tmp_path / 'x')!r}, os.O_RDWR | os.O_CREAT)\nfor _ in range(10): os.fsync(fd); os.fdatasync(fd)"
    began = time.monotonic()
    subprocess.run([sys.executable, "-S", "-c", code], env=os.environ | shim.slow(library, 5000), check=True)
    assert time.monotonic() - began >= 20 * 0.005


# ---------------------------------------------------------------- SQLite on the disk that forgets
def commit(library: Path, disk: Path, state: Path, synchronous: str, until: str) -> int:
    """Run the writing program until it has said a word, kill it; how many commits it has acknowledged."""
    command = [sys.executable, "-m", "tests.faults.writer", str(disk / "site.db"), synchronous]
    environment = os.environ | shim.forgetful(library, disk, state)
    with subprocess.Popen(command, cwd=HOUSE, env=environment, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [next(writer.stdout).strip()]
        while said[-1] != until:
            said.append(next(writer.stdout).strip())
        writer.kill()
        said += writer.stdout.read().split()
    return len([word for word in said if word != "open"])


def kept(path: Path) -> list[int]:
    """The rows in the file, found whole."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        there = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'told'").fetchone()[0]
        return [row[0] for row in connection.execute("SELECT n FROM told ORDER BY n")] if there else []
    finally:
        connection.close()


@pytest.mark.parametrize("until", ["7", "23", "open"])
def test_our_commits_survive_a_power_cut(library: Path, disk: Path, state: Path, until: str) -> None:
    told = commit(library, disk, state, "FULL", until)
    power_cut.play(disk, state)
    assert kept(disk / "site.db")[:told] == list(range(told))


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_with_less_care_acknowledged_commits_are_lost(library: Path, disk: Path, state: Path, synchronous: str) -> None:
    told = commit(library, disk, state, synchronous, str(COMMITS - 1))
    lost = power_cut.play(disk, state)
    assert lost.changes > 0
    connection = sqlite3.connect(disk / "site.db")
    try:
        rows = connection.execute("SELECT n FROM told").fetchall()
    except sqlite3.DatabaseError:  # OFF may lose the table or the whole file
        rows = []
    finally:
        connection.close()
    assert len(rows) < told


def test_our_commits_survive_whatever_order_the_disk_wrote_the_rest_in(library: Path, disk: Path, state: Path, tmp_path: Path) -> None:
    told = commit(library, disk, state, "FULL", "open")
    survived = 0
    for seed in range(25):
        again, journals = tmp_path / f"disk{seed}", tmp_path / f"state{seed}"
        shutil.copytree(disk, again)
        shutil.copytree(state, journals)
        survived += power_cut.play(again, journals, random.Random(seed)).survived
        assert kept(again / "site.db") == list(range(told))
    assert survived > 0
