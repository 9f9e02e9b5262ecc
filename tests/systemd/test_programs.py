"""Every program, started with its unit's own command line, says READY, beats, and stops when asked.

The server is reached by nobody here: a kiosk, a board, a feed and the drivers must come up without it. The sandbox around
the programs is not here (test_units.py judges it as text).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from toiluot import main

SYSTEMD = Path(__file__).parents[2] / "systemd"
PROGRAMS = ["server", "drivers", "kiosk", "display", "dossier"]
READY_S, BEAT_S, STOP_S = 20.0, 10.0, 15.0


def settings(program: str) -> dict[str, str]:
    shipped = SYSTEMD / f"etc/{program}.env"
    if not shipped.exists():
        return {}
    lines = [line for line in shipped.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def command_line(program: str, tree: Path, changed: dict[str, str]) -> list[str]:
    """The unit's ExecStart as systemd would run it, with its folders moved under `tree`."""
    unit = (SYSTEMD / f"units/toiluot-{program}.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    values = settings(program) | changed
    words: list[str] = []
    for word in line.split():
        whole = re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], word)
        words += shlex.split(values[word[1:]]) if re.fullmatch(r"\$\w+", word) else [whole]
    moved = [re.sub(r"%d|/etc/toiluot|/var/lib/toiluot|/run/toiluot", str(tree), word) for word in words]
    # The unit's port may be in use on this machine; which one it is does not matter here.
    return [re.sub(r"^127\.0\.0\.1:\d+$", "127.0.0.1:0", word) for word in moved]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for /etc/toiluot, /var/lib/toiluot and /run/toiluot at once."""
    folder = tmp_path_factory.mktemp("t")
    for name in ("kiosk.key", "display.key", "dossier.key", "dossier.secret", "server.crt", "server.tls.key"):
        (folder / name).write_text("tl_not-a-key\n")
    for name in ("device.key", "device.json", "counter"):  # as systemd hands over what is not there (SetCredential=)
        (folder / name).write_text("\n")
    shutil.copy(SYSTEMD / "etc/drivers.toml", folder)
    for name in ("server", "drivers", "kiosk", "display", "dossier"):
        (folder / name).mkdir()
    return folder


def changed(tree: Path) -> dict[str, str]:
    nobody = "http://127.0.0.1:9"  # the discard port: refused at once
    return {
        "TOILUOT_DB": f"sqlite:///{tree}/server/site.db",
        "TOILUOT_BIND": "127.0.0.1:0",
        "TOILUOT_SERVER": nobody,
        "TOILUOT_DOSSIER_BASE": nobody,
        "TOILUOT_DOSSIER_TOKEN_URL": nobody,
    }


def examples(program: str) -> dict[str, str]:
    """The switches that the settings file proposes in a comment."""
    shipped = SYSTEMD / f"etc/{program}.env"
    text = shipped.read_text(encoding="utf-8") if shipped.exists() else ""
    return {name: given for given, name in re.findall(r"for example: (--.*)\n(TOILUOT_\w+)=$", text, re.MULTILINE)}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("proposed", [False, True], ids=["as-shipped", "as-proposed"])
def test_the_command_line_is_one_that_the_program_takes(tree: Path, program: str, proposed: bool) -> None:
    words = command_line(program, tree, changed(tree) | (examples(program) if proposed else {}))
    assert words[0] == "/usr/bin/toiluot"
    group, name, rest = words[1], words[2], words[3:]
    with main.make_context("toiluot", [group]) as outer:
        programs = main.get_command(outer, group)
        assert isinstance(programs, click.Group)
        command = programs.get_command(outer, name)
        assert command is not None
        assert command.make_context(name, rest, parent=outer)


class Started:
    """A running program and the socket on which it speaks to systemd."""

    def __init__(self, program: str, tree: Path) -> None:
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(tree / f"{program}.notify"))
        environment = os.environ | {"NOTIFY_SOCKET": str(tree / f"{program}.notify"), "PYTHONDONTWRITEBYTECODE": "1"}
        words = [sys.executable, "-m", "toiluot", *command_line(program, tree, changed(tree))[1:]]
        self.output = (tree / f"{program}.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(words, env=environment, stdout=self.output, stderr=self.output)
        self.said = ""

    def hears(self, word: str, within_s: float) -> bool:
        """Whether the word is said in time; of a dead program only what it had said is heard."""
        deadline = time.monotonic() + within_s
        while word not in self.said and (left := deadline - time.monotonic()) > 0:
            dead = self.process.poll() is not None
            self.ear.settimeout(min(left, 0.5))
            try:
                self.said += self.ear.recv(4096).decode() + "\n"
            except TimeoutError:
                if dead:
                    break
        return word in self.said

    def log(self) -> str:
        self.output.seek(0)
        return self.output.read()[-3000:]


@pytest.fixture(scope="module")
def running(tree: Path) -> Iterator[dict[str, Started]]:
    database = ["--db", changed(tree)["TOILUOT_DB"]]
    setup = [sys.executable, "-m", "toiluot", "server", "init", *database, "--site", "T01", "--kind", "training"]
    subprocess.run(setup, check=True, capture_output=True, timeout=30)
    started = {program: Started(program, tree) for program in PROGRAMS}
    yield started
    for each in started.values():
        each.process.kill()
        each.process.wait()
        each.output.close()
        each.ear.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_says_ready_and_beats_without_a_server_and_stops_when_asked(running: dict[str, Started], program: str) -> None:
    one = running[program]
    assert one.hears("READY=1", READY_S), one.log()
    assert one.hears("WATCHDOG=1", BEAT_S), one.log()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(STOP_S) == 0, one.log()
    assert one.hears("STOPPING=1", 1.0), one.log()
    assert "Traceback" not in one.log()
