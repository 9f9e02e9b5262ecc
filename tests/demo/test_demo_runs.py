"""Demonstrations with their people: a killed one leaves no orphan, misuse is told, a replayed day is accounted for."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HOUSE = Path(__file__).parents[2]
WEEK = HOUSE / "queue_server" / "demo" / "data" / "warsaw-week.csv"


@pytest.mark.slow("starts a centre and lets its people work until the dossier system has heard of some")
def test_people_come_and_nothing_survives_a_killed_parent(
    start: Callable[..., Any], until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    demo = start("--speed", "300", "--seed", "3")
    until(lambda: demo.records(), within_s=40)
    assert demo.slips()["printed"] >= 1
    clerks = {counter["code"]: counter["state"] for counter in demo.api("/counters")["counters"]}
    assert {clerks[code] for code in demo.facts["counters"][3:]} == {"open"}
    assert {clerks[code] for code in demo.facts["counters"][:3]} == {"closed"}
    demo.process.kill()
    demo.process.wait(10)
    until(lambda: not any(alive(pid) for pid in demo.pids()))


def cut(folder: Path, visits: int) -> Path:
    path = folder / "cut.csv"
    path.write_text("".join(WEEK.read_text("utf-8").splitlines(keepends=True)[: visits + 1]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("visits", "speed"),
    [
        pytest.param(5, "500", marks=pytest.mark.slow("plays five visits through the whole line")),
        pytest.param(40, "200", marks=[pytest.mark.full, pytest.mark.slow("plays forty visits through the whole line")]),
    ],
)
def test_a_replayed_day_accounts_for_every_visit(start: Callable[..., Any], tmp_path: Path, visits: int, speed: str) -> None:
    demo = start("--replay", str(cut(tmp_path, visits)), "--speed", speed)
    out, _ = demo.process.communicate(timeout=110)
    found = json.loads(out)
    assert found["findings"] == []
    assert [found[name] for name in ("visits", "numbered", "printed", "called", "recorded")] == [visits] * 5
    assert demo.process.returncode == 0


def told(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "toiluot", "demo", "--no-browser", *arguments],
        cwd=HOUSE, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_misuse_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("at,service,card\n2026-01-01T07:00:00,chung-thuc,\n")
    (tmp_path / "odd.csv").write_text("at,service,card\n2026-01-01T07:00:00+07:00,bay-len-trang,\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cases = {
            ("--replay", str(tmp_path / "none.csv")): (2, "none.csv"),
            ("--replay", str(tmp_path / "bad.csv")): (2, "visit 1"),
            ("--replay", str(tmp_path / "odd.csv")): (2, "bay-len-trang"),
            ("--port", str(taken.getsockname()[1])): (1, "đang được dùng"),
            ("--speed", "0"): (2, "speed"),
        }
        for arguments, (code, words) in cases.items():
            found, text = told(*arguments)
            assert (found, words in text) == (code, True), text
            assert "Traceback" not in text


@pytest.fixture
def shallow() -> Iterator[Path]:
    """A temporary folder whose path is short: the demonstration leaves a deep one for /tmp (test_parts holds that)."""
    with tempfile.TemporaryDirectory(prefix="tl-", dir="/tmp") as folder:
        yield Path(folder)


def test_signals_stop_a_starting_demo(shallow: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "toiluot", "demo", "--no-browser"],
        cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"TMPDIR": str(shallow), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    while not list(shallow.glob("toiluot-demo-*/log")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert list(shallow.glob("toiluot-demo-*")) == []
