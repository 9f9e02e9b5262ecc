"""The demonstration's centre: which programs, with which addresses, keys and people, and when it is ready.

Builds nothing of the product: it starts `toiluot …` commands in a temporary folder and speaks to them over sockets.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from toiluot_edge import Clock

from . import lines
from .ports import HOST, Ports
from .processes import WITH_PARENT, Supervisor

SITE, NAME = "DEMO", "Trung tâm Phục vụ hành chính công phường Mẫu"
PREFIX, SOCKET = "toiluot-demo-", "drivers.sock"
SOCKET_BYTES = 107  # unix(7): 108 with the zero at the end
PASSWORD = "toi-luot-demo"  # of every demonstration account: told to whoever starts it, good on this machine only
ROLES = {
    "director": "Giám đốc mẫu",
    "deputy": "Phó giám đốc mẫu",
    "control": "Điều phối mẫu",
    "site_head": "Trưởng điểm mẫu",
    "clerk": "Cán bộ mẫu",
    "attendant": "Hướng dẫn viên mẫu",
    "technician": "Kỹ thuật viên mẫu",
    "auditor": "Kiểm tra viên mẫu",
}
KEYS = {
    "kiosk-01": "issue,read",
    "screen-01": "feed,read",
    "dossier-01": "feed,read",
    "clerks": "issue,call,read",
    "keypads": "call,read",
    "visitor": "issue,call,read,feed,admin",
}
READY_S = 40.0
LOOK_S = 0.1


class NotReady(Exception):
    """Something did not come up; the text names it and its last words."""


NAMES = ("kiosk", "board", "dossier", "look_up", "printer", "printer_page", "scanner_page", "counter_1_page", "counter_2", "counter_2_page")
# Dossiers that the mock knows; their codes are made up, and every other code of the right form has a made-up state there.
DOSSIERS = (
    {"code": "000.00.53.H48-261120-0001", "state": 9},
    {"code": "000.00.53.H48-261121-0002", "state": 4, "due": "2026-12-04"},
    {"code": "G09.20-20261122-0000003", "state": 5},
)


class Addresses:
    """Where everything listens: all on this machine only."""

    def __init__(self, server: int, ports: Ports) -> None:
        self._ports = {"server": server, **{name: ports.any() for name in NAMES}}

    def host(self, name: str) -> str:
        return f"{HOST}:{self._ports[name]}"

    def url(self, name: str) -> str:
        return f"http://{self.host(name)}"


def scratch() -> Path:
    """An empty folder for one centre: in /tmp where TMPDIR lies so deep that the name of a socket in it would not fit."""
    made = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(os.fsencode(made / SOCKET)) <= SOCKET_BYTES:
        return made
    made.rmdir()
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))


class Centre:
    """One centre, from an empty folder to nothing again. `ready_s`: how long each program may take to come up."""

    ready_s = READY_S

    def __init__(self, at: Addresses, clock: Clock, stop: Event, services: Sequence[Mapping[str, Any]], *, site_clock: str = "") -> None:
        self._clock, self._stop, self._services = clock, stop, services
        self.at = at
        self.folder = scratch()
        environment = {"TOILUOT_CLOCK": site_clock, "PYTHONUNBUFFERED": "1"}
        self.supervisor = Supervisor(self.folder / "log", clock, environment)
        self.made: dict[str, Any] = {}

    # ------------------------------------------------------------ starting
    def start(self) -> None:
        """Everything, in the order in which it is needed; returns when a person could use it."""
        setting_up = self._set_up()
        self._start_devices()
        self._start_dossier_system()
        self.made = self._set_up_result(setting_up)
        for name, key in self.made["keys"].items():
            self._write(f"{name}.key", key)
        key = self._write("look-up.key", secrets.token_urlsafe(24))
        look_up = ("--dossier", self.at.url("look_up"), "--dossier-key-file", str(key))
        self.supervisor.start("server", "server", "run", "--db", self._db(), "--bind", self.at.host("server"), *look_up)
        self._wait("server", lambda: self._answers(f"{self.at.url('server')}/readyz"))
        self._start_clients()
        self._wait("kiosk", lambda: self._kiosk_screen() == "home")
        self._wait("display", lambda: self._answers(self.at.url("board")))
        self._wait("dossier-mock", lambda: self._answers(self.at.url("dossier")))

    def _set_up(self) -> subprocess.Popen[bytes]:
        wishes = {
            "db": self._db(),
            "site": SITE,
            "name": NAME,
            "template": "ward",
            "public_url": self.at.url("server"),
            "services": list(self._services),
            "people": [{"login": role, "role": role, "name": name, "password": PASSWORD} for role, name in ROLES.items()],
            "keys": [{"name": name, "scope": scope} for name, scope in KEYS.items()],
        }
        path = self._write("wishes.json", json.dumps(wishes, ensure_ascii=False))
        command = [sys.executable, "-I", "-S", "-c", WITH_PARENT, str(os.getpid()), sys.executable, "-m", "queue_server.demo.prepare"]
        with open(path, "rb") as wished, open(self.folder / "log" / "prepare.log", "wb") as err:
            return subprocess.Popen(command, stdin=wished, stdout=subprocess.PIPE, stderr=err)

    def _set_up_result(self, setting_up: subprocess.Popen[bytes]) -> dict[str, Any]:
        try:
            out, _ = setting_up.communicate(timeout=self.ready_s)
        except subprocess.TimeoutExpired:
            setting_up.kill()
            out, _ = setting_up.communicate()
        if setting_up.returncode != 0:
            raise NotReady(f"the site could not be set up. Last words:\n{self.supervisor.last_words('prepare')}")
        made: dict[str, Any] = json.loads(out)
        return made

    def _start_devices(self) -> None:
        start = self.supervisor.start
        printer, page, glass = (self.at.host(name) for name in ("printer", "printer_page", "scanner_page"))
        start("sim-printer", "drivers", "sim", "printer", "--tcp", printer, "--http", page)
        start("sim-scanner", "drivers", "sim", "scanner", "--pty", str(self.folder / "scanner"), "--http", glass)
        serial = str(self.folder / "counter-1")
        line = ("drivers", "sim", "line", "--http")
        start("sim-counter-1", *line, self.at.host("counter_1_page"), "--pty", serial, *lines.COUNTER_1)
        start("sim-counter-2", *line, self.at.host("counter_2_page"), "--tcp", self.at.host("counter_2"), *lines.COUNTER_2)
        config = self._write(
            "drivers.toml",
            f'[slot.printer]\nport = "tcp://{printer}"\ndriver = "escpos"\n\n'
            f'[slot.reader]\nport = "serial:{self.folder}/scanner?baud=115200"\ndriver = "serial-scanner"\n'
            "repeat_s = 0.01\n\n"  # each press of the page's button is a card laid anew, not one that was left there
            + lines.drivers(serial, self.at.host("counter_2")),
        )
        start("drivers", "drivers", "serve", "--config", str(config), "--socket", self._socket(), "--state", str(self.folder / "drivers"))

    def _start_dossier_system(self) -> None:
        secret = secrets.token_urlsafe(18)
        self._write("dossier.secret", secret)
        known = self._write("dossiers.json", json.dumps(DOSSIERS))
        self.supervisor.start(
            *("dossier-mock", "dossier", "mock", "--bind", self.at.host("dossier")),
            *("--client-secret", secret, "--journal", str(self.folder / "dossier-mock.jsonl"), "--dossiers", str(known)),
        )

    def _start_clients(self) -> None:
        start, server = self.supervisor.start, ("--server", self.at.url("server"))
        start(
            *("kiosk", "kiosk", "run", *server, "--key-file", self._path("kiosk-01.key"), "--drivers", self._socket()),
            *("--bind", self.at.host("kiosk"), "--state", self._path("kiosk"), "--name", "kiosk-01"),
        )
        board = ("--key-file", self._path("screen-01.key"), "--bind", self.at.host("board"))
        first, second, *_ = self.made["counters"]
        devices = self._write("display.toml", lines.display(self._socket(), self._path("keypads.key"), first, second))
        start("display", "display", "run", *server, *board, "--devices", str(devices))
        partner = self.at.url("dossier")
        start(
            *("dossier", "dossier", "run", *server, "--key-file", self._path("dossier-01.key"), "--base", f"{partner}/api"),
            *("--token-url", f"{partner}/oauth/token", "--client-id", "toiluot-demo"),
            *("--client-secret-file", self._path("dossier.secret"), "--state", self._path("dossier"), "--poll-s", "0.5"),
            *("--bind", self.at.host("look_up"), "--look-up-key-file", self._path("look-up.key")),
        )

    # ------------------------------------------------------------ waiting
    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = self._clock.monotonic() + self.ready_s
        while not ready():
            self.supervisor.watch()
            if self._stop.wait(LOOK_S):
                raise NotReady("stopped while starting")
            if self._clock.monotonic() > deadline:
                raise NotReady(f"{name} did not come up in {self.ready_s:.0f} s. Its last words:\n{self.supervisor.last_words(name)}")

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _kiosk_screen(self) -> str:
        try:
            return str(httpx.get(f"{self.at.url('kiosk')}/api/state", timeout=2.0, trust_env=False).json()["screen"])
        except (httpx.HTTPError, ValueError, KeyError):
            return ""

    # ------------------------------------------------------------ what is told
    def facts(self) -> dict[str, Any]:
        """The one JSON object of the contract."""
        server = self.at.url("server")
        return {
            "server": server,
            "kiosk": f"{self.at.url('kiosk')}/",
            "board": f"{self.at.url('board')}/",
            "console": f"{server}/counter",
            "manager": f"{server}/manager",
            "attendant": f"{server}/attendant",
            "technician": f"{server}/technician",
            "dossier": f"{self.at.url('dossier')}/",
            "dossiers": [dict(each) for each in DOSSIERS],
            "api_key": self.made["keys"]["visitor"],
            "site": SITE,
            "counters": self.made["counters"],
            "services": self.made["services"],
            "logins": {role: {"user": role, "password": PASSWORD} for role in ROLES},
            "devices": {
                "printer": {"page": f"{self.at.url('printer_page')}/", "wire": f"tcp://{self.at.host('printer')}"},
                "scanner": {"page": f"{self.at.url('scanner_page')}/", "wire": f"serial:{self.folder}/scanner"},
                "counter_1": {"page": f"{self.at.url('counter_1_page')}/", "wire": f"serial:{self.folder}/counter-1"},
                "counter_2": {"page": f"{self.at.url('counter_2_page')}/", "wire": f"tcp://{self.at.host('counter_2')}"},
            },
            "board_token": self.made["board_token"],
            "processes": self.supervisor.pids(),
        }

    # ------------------------------------------------------------ ending
    def run(self) -> None:
        """Keep everything alive until it is time to stop."""
        while not self._stop.wait(LOOK_S):
            self.supervisor.watch()

    def close(self) -> None:
        self.supervisor.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------ inside
    def _db(self) -> str:
        return f"sqlite:///{self.folder}/site.db"

    def _socket(self) -> str:
        return str(self.folder / SOCKET)

    def _path(self, name: str) -> str:
        return str(self.folder / name)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path
