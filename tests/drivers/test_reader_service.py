"""Scanners behind `toiluot drivers serve`: every fault of the simulator is one line of `doctor`, and no card is in any log."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drivers.cli import drivers
from drivers.client import DriversClient, DriversError
from drivers.health import HINTS
from drivers.sim.scanner import SAMPLES, ScannerSim

Until = Callable[..., Any]
CARDS = [one.payload for one in SAMPLES if one.code in ("cccd", "cccd-old", "cancuoc")]
# What doctor says of each fault switch. The others are no faults of a scanner: it is read all the same.
TOLD = {
    "garbage": "scan_noise",
    "partial": "scan_noise",
    "wrong-encoding": "scan_charset",
    "prefix": "scan_prefix",
    "unplug": "absent",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScannerSim, Path]]:
    folder = tmp_path_factory.mktemp("reader")
    sim = ScannerSim(folder / "scanner")
    (folder / "drivers.toml").write_text(
        f'[slot.reader]\nport = "serial:{folder}/scanner"\ndriver = "serial-scanner"\nidle_s = 0.5\nrepeat_s = 0.01\n'
    )
    command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--config", str(folder / "drivers.toml"), "--json"]
    command += ["--socket", str(folder / "drivers.sock"), "--state", str(folder / "state")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["slots"] == ["reader"]
        yield sim, folder
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    sim.close()
    left = [path for path in folder.rglob("*") if path.is_file() and path.name != "drivers.toml"]
    for number in (card[:12] for card in CARDS):
        assert not any(number.encode() in path.read_bytes() for path in left)


def _doctor(folder: Path, *more: str) -> Any:
    command = ["doctor", "--config", str(folder / "drivers.toml"), "--socket", str(folder / "drivers.sock"), *more]
    return CliRunner().invoke(drivers, command)


@pytest.fixture(scope="module")
def heard(running: tuple[ScannerSim, Path]) -> list[dict[str, Any]]:
    """The cards told by the stream, as a kiosk hears them."""
    cards: list[dict[str, Any]] = []

    def listen() -> None:
        with contextlib.suppress(DriversError), DriversClient(running[1] / "drivers.sock") as client:
            for event, data in client.events():
                if event == "card":
                    cards.append(data)
                elif event == "snapshot":
                    there.set()

    there = threading.Event()
    threading.Thread(target=listen, daemon=True).start()
    assert there.wait(10)
    return cards


@pytest.mark.parametrize(("fault", "code"), TOLD.items())
def test_doctor_explains_each_fault_in_one_line(
    running: tuple[ScannerSim, Path], heard: list[dict[str, Any]], until: Until, fault: str, code: str
) -> None:
    sim, folder = running
    with DriversClient(folder / "drivers.sock") as client:

        def told() -> str:
            return str(client.status()["slots"][0]["code"])

        def lay(card: str) -> None:
            before = len(heard)
            if sim.scan(card):
                until(lambda: len(heard) > before, "an event")

        sim.faults = {fault}
        for card in CARDS:
            lay(card)
        until(lambda: told() == code, f"{code}, not {client.status()}")
        lines = [line for line in _doctor(folder).output.splitlines() if "[reader]" in line]
        assert len(lines) == 1
        assert HINTS[code][0] in lines[0]
        sim.faults = set()
        until(lambda: client.status()["slots"][0]["state"] in ("ready", "degraded"), "there again")
        for card in CARDS:
            lay(card)
        until(lambda: told() == "ok", "well again")


@pytest.mark.parametrize("fault", ["split", "slow", "no-end"])
def test_what_is_only_awkward_is_read_and_no_fault(
    running: tuple[ScannerSim, Path], heard: list[dict[str, Any]], until: Until, fault: str
) -> None:
    sim, _ = running
    sim.faults = {fault}
    before = len(heard)
    sim.scan(CARDS[0])
    until(lambda: len(heard) > before, "an event")
    assert heard[-1]["number"] == CARDS[0][:12]
    sim.faults = set()
