"""Panels and keypads through the service as a process: its calls, its stream, `drivers test`, and one line of `doctor` for each fault."""

from __future__ import annotations

import json
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
from drivers.sim.line_wire import PtyLine, TcpLine
from tests.drivers.scenarios.line import keypad, led

Until = Callable[..., Any]
pytestmark = pytest.mark.slow("starts the service once and switches every fault of a panel and of a keypad on and off")


class Machine:
    """A panel and a keypad on one serial line, a Modbus panel behind TCP, and the service that owns them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "drivers.sock"
        self.panel, self.pad, self.far = led("ascii-xor"), keypad("enq-key", address=11), led("modbus-ascii")
        self.wires = (PtyLine([self.panel, self.pad], folder / "line"), TcpLine([self.far], "127.0.0.1", 0))
        for wire in self.wires:
            threading.Thread(target=wire.run, daemon=True).start()
        (folder / "drivers.toml").write_text(
            f'[bus.hall]\nport = "serial:{folder}/line?baud=9600"\n'
            '[slot.led-1]\nbus = "hall"\ndriver = "led-panel"\nprotocol = "ascii-xor"\nrefresh_s = 0.3\n'
            '[slot.keypad-1]\nbus = "hall"\naddress = 11\ndriver = "call-keypad"\nprotocol = "enq-key"\n'
            f'[slot.led-2]\nport = "tcp://{self.wires[1].address}"\ndriver = "led-panel"\nprotocol = "modbus-ascii"\n'
        )
        command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--json", "--config", str(folder / "drivers.toml")]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--socket", str(self.socket), "--state", str(folder / "state")], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline())["slots"] == ["led-1", "keypad-1", "led-2"]

    def client(self) -> DriversClient:
        return DriversClient(self.socket)

    def slot(self, role: str) -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = next(slot for slot in client.status()["slots"] if slot["role"] == role)
            return found

    def command(self, *arguments: str) -> tuple[int, Any]:
        result = CliRunner().invoke(drivers, [*arguments, "--socket", str(self.socket), "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, json.loads(result.stdout)

    def findings(self, role: str) -> list[str]:
        _, told = self.command("doctor", "--config", str(self.folder / "drivers.toml"))
        return [one["check"] for one in told["findings"] if one["slot"] == role]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        for wire in self.wires:
            wire.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("line"))
    yield made
    made.close()


def test_a_panel_shows_what_it_is_told(machine: Machine, until: Until) -> None:
    with machine.client() as client:
        until(lambda: machine.panel.rows == ["  --"] and machine.far.rows == ["  --"], "idle faces")
        assert client.show("led-1", ["A045"], blink=True) == {
            "slot": "led-1",
            "outcome": "shown",
            "code": "ok",
            "detail": "",
            "rows": ["A045"],
        }
        assert (machine.panel.rows, machine.panel.blink) == (["A045"], True)
        assert client.show("led-2", ["A046"])["outcome"] == "shown"
        assert client.show("keypad-1", ["45"])["rows"] == ["  45"]
    said = machine.slot("led-1")
    assert {key: said[key] for key in ("bus", "protocol", "address", "digits", "confirms")} == {
        "bus": "hall", "protocol": "ascii-xor", "address": 1, "digits": 4, "confirms": True,
    }  # fmt: skip


NONSENSE: list[Any] = [
    *([], {}, {"rows": "A"}, {"rows": [1]}, {"rows": ["A"] * 9}, {"rows": ["A" * 65]}),
    *(
        {"rows": ["A"], **more}
        for more in ({"blink": 1}, {"hold_s": 0}, {"hold_s": True}, {"colour": "red"}, {"slot": 1}, {"slot": "led-7"})
    ),
]


@pytest.mark.parametrize("body", NONSENSE, ids=str)
def test_nonsense_is_refused(machine: Machine, body: Any) -> None:
    with machine.client() as client, pytest.raises(DriversError) as refused:
        client._call("POST", "/v1/led", body)
    assert refused.value.code in ("malformed", "invalid", "no_led")


def test_a_key_comes_out_of_the_stream(machine: Machine, until: Until) -> None:
    heard: list[dict[str, Any]] = []

    def take() -> None:
        with machine.client() as client:
            for event, data in client.events():
                heard.append({"event": event, **data})
                if event == "key":
                    return

    listener = threading.Thread(target=take, daemon=True)
    listener.start()
    until(lambda: heard, "the stream is open")
    machine.pad.press("recall")
    until(lambda: heard[-1]["event"] == "key", "the key")
    assert heard[-1] == {"event": "key", "slot": "keypad-1", "address": 11, "key": "recall", "code": "32"}


def test_drivers_test_tries_panels_and_keypads(machine: Machine, until: Until) -> None:
    code, told = machine.command("test", "led")
    assert (code, told["ok"]) == (0, True)
    assert (machine.panel.rows, machine.far.rows) == (["8888"], ["8888"])
    asked = machine.pad.taken
    pressing = threading.Event()

    def press() -> None:
        while not pressing.wait(0.1):  # a person presses when asked to; the command opens its stream first
            machine.pad.press("next")

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    code, told = machine.command("test", "keypad", "--wait", "20")
    pressing.set()
    thread.join(5)
    assert (code, told["slot"], told["key"]) == (0, "keypad-1", "next")
    until(lambda: machine.pad.taken > asked and not machine.pad.look()["waiting"], "the keypad has said all")


# What a device with a line of its own is told is in test_doctor.py; these share a line, and each is told for itself.
CASES = [
    ("led-1", "silent", "timeout"),
    ("led-1", "nak", "refused"),
    ("led-1", "slow", "slow"),
    ("keypad-1", "garbage", "garbled"),
    ("keypad-1", "slow", "slow"),
    ("keypad-1", "unplug", "timeout"),
]


@pytest.mark.parametrize(("role", "fault", "expected"), CASES)
def test_doctor_tells_each_fault_in_one_line(machine: Machine, until: Until, role: str, fault: str, expected: str) -> None:
    station = {"led-1": machine.panel, "keypad-1": machine.pad}[role]
    until(lambda: machine.slot(role)["code"] == "ok", "well before")
    station.faults = {fault}
    try:
        if role != "keypad-1":
            with machine.client() as client:
                client.show(role, ["A001"])
        until(lambda: machine.findings(role) == [expected], f"{expected}, not {machine.findings(role)}")
    finally:
        station.faults = set()


def test_the_log_says_nothing_unfinished(machine: Machine) -> None:
    assert "Traceback" not in (machine.folder / "log").read_text()
