"""The commands a technician types, against a server that really runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOILUOT = (sys.executable, "-m", "toiluot")


def toiluot(*arguments: str, fails: int = 0) -> Any:
    done = subprocess.run([*TOILUOT, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == fails, done.stderr
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/site.db"
    toiluot("server", "init", "--db", made, "--site", "W1", "--kind", "demo")
    return made


@pytest.fixture
def running(url: str) -> Iterator[str]:
    process = subprocess.Popen(
        [*TOILUOT, "server", "run", "--db", url, "--bind", "127.0.0.1:0", "--json"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["server"]
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def test_a_backup_of_a_running_server_and_no_restore_over_it(running: str, url: str, tmp_path: Path) -> None:
    file = f"{tmp_path}/b.sqlite3"
    body = toiluot("server", "backup", "--db", url, file, "--json")
    assert body["sites"]["W1"].startswith("1-")
    assert os.stat(file).st_mode & 0o077 == 0
    said = toiluot("server", "restore", file, "--db", url, fails=2)
    assert "stop it first" in said
    assert "another server" in toiluot("server", "run", "--db", url, "--bind", "127.0.0.1:0", fails=2)


def test_a_restore_begins_an_epoch_and_says_what_to_expect(url: str, tmp_path: Path) -> None:
    file = f"{tmp_path}/b.sqlite3"
    toiluot("server", "backup", "--db", url, file)
    body = toiluot("server", "restore", file, "--db", url, "--json")
    assert body["sites"]["W1"]["epoch"] == 2
    assert Path(body["kept"]).exists()
    assert toiluot("server", "audit", "--db", url, "--json") == {"findings": []}
    assert toiluot("server", "branches", "--db", url, "--json") == {"rows": []}
    assert "epoch 3" in toiluot("server", "restore", file, "--db", url)  # an epoch is never used twice, however old the backup


def test_text_is_no_backup(url: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("…")
    assert "cannot be read as a backup" in toiluot("server", "restore", f"{tmp_path}/x", "--db", url, fails=2)
