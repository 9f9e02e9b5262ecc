"""A log to read from, as the server would serve it, and the mock dossier system as a real process.

Events are made through the domain's own tables, so that what the feed folds has really happened to a ticket.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from queue_server.client import Client
from queue_server.contract import position, times
from queue_server.domain.event import Event
from queue_server.domain.ticket import apply, difference
from queue_server.domain.visit import Ticket
from queue_server.dossier import mock as mock_system
from queue_server.dossier.adapters.rest import Rest
from queue_server.dossier.files import State
from queue_server.dossier.mock import Faults
from queue_server.dossier.mock_store import Store
from queue_server.dossier.partner import partner as partner_at
from queue_server.dossier.payload import Names
from queue_server.dossier.worker import Worker
from toiluot_edge import SystemClock

START_MS = times.decode("2026-11-23T07:30:00+07:00")
HOUSE = Path(__file__).parents[2]
TOILUOT = [sys.executable, "-m", "toiluot"]


class Log:
    """A site's log in memory: events go in through the domain, come out as the wire shows them."""

    def __init__(self, site: str = "PHUONG-1", epoch: int = 1) -> None:
        self.site, self.epoch, self.at = site, epoch, START_MS
        self.events: list[dict[str, Any]] = []
        self.tickets: dict[str, Ticket] = {}
        self.before: dict[str, Ticket] = {}

    @property
    def seq(self) -> int:
        return self.events[-1]["seq"] if self.events else 0

    def add(self, ticket: str, kind: str, data: dict[str, Any] | None = None, *, counter: str | None = None, after_ms: int = 0) -> None:
        self.at += after_ms
        now = self.tickets.get(ticket)
        event = Event(
            site=self.site, epoch=self.epoch, seq=self.seq + 1, at=self.at, type=kind, subject=f"ticket:{ticket}",
            business_day="2026-11-23", cmd=f"c{self.seq + 1}", actor="test", config_version=1, data=data or {}, ticket=ticket,
            label=now.label if now else f"A{len(self.tickets) + 1:03}", service=now.service if now else "chung-thuc",
            counter=counter or (now.counter if now else None),
        )  # fmt: skip
        if now is not None:
            self.before[ticket] = now
        self.tickets[ticket] = apply(now, event)
        row = {name: getattr(event, name) for name in event.__slots__}
        self.events.append({**row, "at": times.encode(event.at)})

    def issue(self, ticket: str, **data: Any) -> None:
        number = len(self.tickets) + 1
        base = {
            "business_day": "2026-11-23",
            "series": "A",
            "number": number,
            "issued_at": self.at,
            "available_from": self.at,
            "effective_at": self.at,
        }
        self.add(ticket, "issued", {**base, "channel": "in_person", "quantity": 1, **data})

    def call(self, ticket: str, counter: str = "1", after_ms: int = 60_000) -> None:
        step = self.tickets[ticket].steps[-1]
        wait_ms = max(0, self.at + after_ms - step.available_from)
        self.add(ticket, "called", {"wait_ms": wait_ms, "over_breaks_ms": 0}, counter=counter, after_ms=after_ms)

    def visit(self, ticket: str, **data: Any) -> None:
        """A whole ordinary visit."""
        self.issue(ticket, **data)
        self.call(ticket)
        self.add(ticket, "serving_started", after_ms=5_000)
        self.add(ticket, "completed", {"outcome": "done"}, after_ms=120_000)

    def close_day(self) -> None:
        """The end of the day, as the server writes it."""
        row = {"site": self.site, "epoch": self.epoch, "seq": self.seq + 1, "at": times.encode(self.at), "type": "day.closed"}
        more = {"subject": "day:2026-11-23", "business_day": "2026-11-23", "actor": "system", "cmd": "close", "config_version": 1}
        self.events.append({**row, **more, "data": {"day": "2026-11-23"}})

    def undo(self, ticket: str) -> None:
        self.add(ticket, "undone", {"restore": difference(self.tickets[ticket], self.before[ticket])}, after_ms=1_000)


class LogServer:
    """The far end of `/events`: what the feed's contract promises of a server, over a real socket."""

    def __init__(self, log: Log) -> None:
        self.log, self.continues_after, self.kind = log, 0, "live"
        self.beats: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.done: list[dict[str, Any]] = []
        self.figures: dict[str, dict[str, Any]] = {}
        self.broken = False
        app = Flask("log-server")
        app.add_url_rule("/api/v1/events", view_func=self._events)
        app.add_url_rule("/api/v1/kiosk/home", view_func=lambda: jsonify({"site": {"code": log.site, "kind": self.kind}}))
        app.add_url_rule("/api/v1/devices/heartbeat", view_func=self._beat, methods=["POST"])
        app.add_url_rule("/api/v1/devices/orders/<order>/done", view_func=self._done, methods=["POST"])
        app.add_url_rule("/api/v1/metrics/day", view_func=self._day)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _events(self) -> Any:
        after = position.decode(request.args["after"])
        if after.epoch is not None and after.epoch < self.log.epoch and after.seq > self.continues_after:
            body = {"code": "epoch_changed", "epoch": self.log.epoch, "continues_after": self.continues_after}
            return jsonify(body), 409
        found = [event for event in self.log.events if event["seq"] > after.seq][: int(request.args["limit"])]
        return jsonify({"events": found, "position": position.encode(self.log.epoch, self.log.seq), "site": self.log.site})

    def _beat(self) -> Any:
        self.beats.append(request.get_json())
        return jsonify({"ok": True, "orders": self.orders})

    def _done(self, order: str) -> Any:
        self.done.append({"order": order, **request.get_json()})
        self.orders = [each for each in self.orders if each["id"] != order]
        return jsonify({})

    def _day(self) -> Any:
        return (jsonify({"code": "busy"}), 503) if self.broken else jsonify(self.day(request.args["date"]))

    def day(self, date: str) -> dict[str, Any]:
        """The figures of a day as `/metrics/day` has them; what a test says of it, and nothing else happened."""
        spread: dict[str, Any] = {"n": 0, "sum_ms": 0, "mean_s": None, "p50_s": None, "p90_s": None, "p95_s": None, "histogram": {}}
        spreads = dict.fromkeys(("wait", "before_opening", "over_breaks", "service_time"), spread)
        told = self.figures.get(date, {})
        counts = {"issued": len(self.log.tickets), **told.get("counts", {})}
        head = {"site": self.log.site, "date": date, "position": position.encode(self.log.epoch, self.log.seq)}
        return {**head, **spreads, **told, "counts": counts, "by_service": {"chung-thuc": counts}}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mock:
    """The mock dossier system as its own process."""

    def __init__(self, folder: Path) -> None:
        self._command = [*TOILUOT, "dossier", "mock", "--json", "--journal", str(folder / "journal.jsonl")]
        self._port, self.site = 0, ""
        self._baseline: dict[str, int] = {}
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([*self._command, "--bind", f"127.0.0.1:{self._port}"], cwd=HOUSE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self._process.stdout.readline())
        self._port = int(self.addresses["page"].rstrip("/").rpartition(":")[2])

    def stop(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def faults(self, **wanted: Any) -> None:
        assert httpx.post(self.addresses["faults"], json=wanted).status_code == 200

    def fresh(self, site: str) -> None:
        """Look at this site only, count from here, all faults off."""
        self.site, self._baseline = site, {}
        self._baseline = self.tally()
        self.faults(**asdict(Faults()))

    def accepted(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = httpx.get(self.addresses["page"] + "records?all=1").json()["records"]
        return [row for row in rows if row["MaDiemTiepNhan"] == self.site]

    def tally(self) -> dict[str, int]:
        found: dict[str, int] = httpx.get(self.addresses["page"] + "records").json()["tally"]
        return {name: count - self._baseline.get(name, 0) for name, count in found.items()}


def until(what: Callable[[], Any], within_s: float = 120.0) -> Any:
    """The first true answer of `what`; an AssertionError with the last one after the deadline."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: last answer {answer!r}"
        pause.wait(0.02)
    return answer


@pytest.fixture(name="until")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Log:
    return Log("S" + hashlib.sha256(request.node.name.encode()).hexdigest()[:8])


@pytest.fixture(scope="session")
def new_log() -> type[Log]:
    return Log


@pytest.fixture
def server(log: Log) -> Iterator[LogServer]:
    made = LogServer(log)
    yield made
    made.close()


@pytest.fixture(scope="session")
def one_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    made = Mock(tmp_path_factory.mktemp("mock"))
    yield made
    made.stop(signal.SIGTERM)


@pytest.fixture
def mock(one_mock: Mock, log: Log) -> Mock:
    """One process for all tests; each looks at its own site."""
    one_mock.fresh(log.site)
    return one_mock


class Played:
    """A dossier system of a given style on a real socket, in this process: the mock without its own process."""

    def __init__(self, like: str = "rest", journal: Path | None = None) -> None:
        self.mock = mock_system.Mock("toiluot-demo", "khong-phai-bi-mat", Store(journal), time.monotonic)
        self._server = make_server("127.0.0.1", 0, mock_system.flask_app(self.mock, like), threaded=True)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.base, self.token_url = f"{self.origin}/api", f"{self.origin}/oauth/token"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def faults(self) -> Faults:
        return self.mock.faults

    @property
    def store(self) -> Store:
        return self.mock.store

    def adapter(self, **limits: Any) -> Rest:
        return partner_at(self.base, self.token_url, "toiluot-demo", "khong-phai-bi-mat", **limits)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def played() -> Iterator[Callable[..., Played]]:
    """Makes dossier systems of a style; all are closed afterwards."""
    made: list[Played] = []

    def make(like: str = "rest", journal: Path | None = None) -> Played:
        made.append(Played(like, journal))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Silent:
    """A log that nobody reads."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **fields: None


@pytest.fixture
def feed(server: LogServer, played: Callable[..., Played], tmp_path: Path) -> Iterator[Near]:
    made = Near(server, played(), tmp_path / "state")
    yield made
    made.close()


class Near:
    """The worker in this process, over real sockets to both sides: one turn of its loop at a time, as `run` takes them."""

    def __init__(self, server: LogServer, partner: Played, folder: Path) -> None:
        self.server, self.partner, self.folder = server, partner, folder
        self.names = Names()
        self.client, self.adapter = Client(server.url, "a-key", timeout=30.0), partner.adapter()
        self.restart()

    def restart(self) -> None:
        """As after a kill: nothing but the folder is left."""
        self.state = State(self.folder)
        self.worker = Worker(self.client, self.adapter, self.state, SystemClock(), Silent(), names=self.names)

    def settle(self) -> None:
        """Turn until nothing is left to do."""
        while not self.worker.turn():
            pass

    def accepted(self) -> list[str]:
        return [f"{row['MaBanGhi']}:{row['PhienBan']}" for row in self.partner.store.accepted()]

    def close(self) -> None:
        self.client.close()
        self.adapter.close()


class Runner:
    """`toiluot dossier run` as its own process, started and killed at will."""

    def __init__(self, server: LogServer, mock: Mock, folder: Path) -> None:
        (folder / "key").write_text("a-key")
        (folder / "secret").write_text("khong-phai-bi-mat\n")
        self.state, self.stderr = folder / "state", folder / "run.log"
        options = {
            "--server": server.url, "--key-file": folder / "key", "--base": mock.addresses["base"], "--state": self.state, "--poll-s": 0.05,
            "--token-url": mock.addresses["token_url"], "--client-id": "toiluot-demo", "--client-secret-file": folder / "secret",
        }  # fmt: skip
        self._command = [*TOILUOT, "dossier", "run", "--json", *(str(part) for option in options.items() for part in option)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        with open(self.stderr, "ab") as err:
            self._process = subprocess.Popen([*self._command, *more], cwd=HOUSE, stdout=subprocess.PIPE, stderr=err, env=dict(os.environ))

    def stop(self, number: int = signal.SIGTERM) -> dict[str, Any]:
        if self._process is None:
            return {}
        self._process.send_signal(number)
        out, _ = self._process.communicate(timeout=60)
        self._process = None
        return dict(json.loads(out)) if out else {}

    def position(self) -> str:
        path = self.state / "cursor.json"
        return str(json.loads(path.read_text())["position"]) if path.exists() else "0"


@pytest.fixture
def runner(server: LogServer, mock: Mock, tmp_path: Path) -> Iterator[Runner]:
    made = Runner(server, mock, tmp_path)
    yield made
    made.stop(signal.SIGKILL)
