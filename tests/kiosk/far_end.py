"""Far ends of the kiosk's two wires: a queue server over HTTP and a drivers' service over a Unix socket.

They speak the documented messages and have fault switches. Real sockets, real processes' worth of trouble: connections
cut before and after the ticket was made, slow answers, a printer without paper.
"""

from __future__ import annotations

import json
import queue
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NOW = "2026-11-21T07:42:10+07:00"

WARD = [
    ("ho-tich", "Hộ tịch", "Civil status", "A", 6, True),
    ("chung-thuc", "Chứng thực", "Certification", "C", 12, True),
    ("dat-dai", "Đất đai, xây dựng", "Land and building", "H", 3, True),
    ("bao-tro", "Bảo trợ xã hội, người có công", "Social support", "K", 4, True),
    ("kinh-doanh", "Hộ kinh doanh", "Household business", "L", 0, False),
    ("nhan-ket-qua", "Nhận kết quả (có giấy hẹn)", "Collect a result", "M", 2, True),
]


def home(services: list[tuple[str, str, str, str, int, bool]] | None = None, **settings: Any) -> dict[str, Any]:
    listed = [
        {
            "code": code,
            "name": vi,
            "names": {"vi": vi, "en": en},
            "series": series,
            "zone": "Khu A, tầng 1",
            "open": is_open,
            "next_open_at": None if is_open else "2026-11-21T13:30:00+07:00",
            "waiting": waiting,
            "estimate": {"low_s": 60 * waiting, "high_s": 300 * waiting + 300, "basis": "call_gap"},
        }
        for code, vi, en, series, waiting, is_open in (services if services is not None else WARD)
    ]
    desk = {"code": "huong-dan", "name": "Bàn hướng dẫn", "names": {"vi": "Bàn hướng dẫn", "en": "Help desk"}, "series": "N", "open": True}
    return {
        "site": {"code": "LVT", "name": "Trung tâm Phục vụ hành chính công phường Lang Biang – Đà Lạt", "kind": "demo", "public_url": ""},
        "services": [*listed, {**desk, "zone": "Sảnh chính", "waiting": 1, "next_open_at": None, "estimate": None}],
        "help_service": "huong-dan",
        "languages": ["vi", "en"],
        "priority_classes": [
            {"code": "elderly", "names": {"vi": "Người từ 60 tuổi", "en": "Aged 60 or over"}, "from_age": 60},
            {"code": "disability", "names": {"vi": "Người khuyết tật", "en": "Persons with disabilities"}},
            {"code": "pregnant", "names": {"vi": "Phụ nữ mang thai", "en": "Pregnant women"}},
        ],
        "settings": {"no_paper": "show", "number_shown_s": 10, "idle_s": 60, "same_card_s": 60, **settings},
    }


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    far: Any

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def say(self, status: int, body: dict[str, Any] | None, **headers: str) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def do_GET(self) -> None:
        self.far.get(self)

    def do_POST(self) -> None:
        self.far.post(self)


class QueueServer:
    """Issues tickets once per request id, like the contract; remembers everything it was told."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.version = 0
        self.beats: list[dict[str, Any]] = []
        self.reset()
        handler = type("Handler", (_Handler,), {"far": self})
        self.http = _Quiet(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def reset(self) -> None:
        """As on the first morning."""
        self.home: dict[str, Any] = home()
        self.version += 1
        self.tickets: dict[str, dict[str, Any]] = {}  # by request id
        self.bodies: list[dict[str, Any]] = []
        self.outcomes: list[tuple[str, dict[str, Any]]] = []
        self.reprints: list[str] = []
        self.down = False  # hangs up before doing anything
        self.lose_answer = 0  # so many tickets are made and then not told
        self.refuse: tuple[int, dict[str, Any]] | None = None
        self.gate: threading.Event | None = None  # where set, issuing waits for it
        self.public_url = ""
        self.leasing, self.reserved = False, 700
        self.settled: list[dict[str, Any]] = []
        self.wanted: list[dict[str, Any]] = []  # slips wanted at this kiosk, told until the test takes them away
        self.help: dict[str, Any] | None = None
        self.helps: list[dict[str, Any]] = []
        self.appointments: dict[str, str] = {}  # service by code
        self.asked: list[tuple[str, str, dict[str, Any]]] = []  # what holders of slips wanted: token, command, body
        self.dossiers: dict[str, dict[str, Any] | None] = {}  # what is told of a code; None: nobody answers
        self.silence: threading.Event | None = None  # where set, a dossier's answer waits for it
        self.looked_up: list[str] = []
        self.slips: dict[str, dict[str, Any]] = {}  # what the citizen's page tells, by token

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def change_home(self, body: dict[str, Any]) -> None:
        with self.lock:
            self.home, self.version = body, self.version + 1

    def get(self, call: _Handler) -> None:
        if self.down:
            call.hang_up()
        elif call.path.startswith("/api/v1/kiosk/home"):
            tag = f'"{self.version}"'
            same = call.headers.get("If-None-Match") == tag
            call.say(304 if same else 200, None if same else self.home, ETag=tag)
        elif call.path.endswith("/errands"):
            call.say(200, {"prints": self.wanted, "help": self.help})
        elif call.path.startswith("/api/v1/dossiers/"):
            self.dossier(call, call.path.rsplit("/", 1)[1])
        elif call.path.startswith("/t/"):
            known = self.slips.get(call.path.removeprefix("/t/").removesuffix(".json"))
            call.say(200 if known else 404, known or {"code": "not_found"})
        else:
            call.say(404, {"code": "not_found"})

    def post(self, call: _Handler) -> None:
        body = call.body()
        if self.down:
            call.hang_up()
        elif call.path == "/api/v1/tickets":
            self.issue(call, body)
        elif call.path == "/api/v1/devices/heartbeat":
            self.beats.append(body)
            call.say(200, {"ok": True, "now": NOW})
        elif call.path == "/api/v1/leases":
            self.lease(call, body)
        elif call.path.endswith("/settle"):
            with self.lock:
                self.settled += body["tickets"]
            call.say(200, {"tickets": [{"ticket_id": one["ticket_id"], "result": "settled"} for one in body["tickets"]]})
        elif call.path == "/api/v1/help-calls":
            with self.lock:
                self.helps.append(body)
                self.help = {"id": "h1", "state": "open"}
            call.say(201, self.help)
        elif call.path.endswith("/check-in"):
            service = self.appointments.get(call.path.split("/")[-2])
            self.issue(call, body | {"service": service}) if service else call.say(404, {"code": "not_found"})
        elif call.path.startswith("/t/"):
            _, _, token, act = call.path.split("/")
            self.asked.append((token, act, body))
            self.slips[token] |= {"state": "cancelled", "may_let_pass": False, "may_cancel": False} if act == "cancel" else {"ahead": 6}
            call.say(*self.refuse) if self.refuse else call.say(200, self.slips[token])
        elif call.path.endswith(("/cancel", "/day-key")):
            call.say(404, {"code": "not_found"})
        else:
            ticket_id, act = call.path.split("/")[-2:]
            with self.lock:
                self.outcomes.append((ticket_id, body)) if act == "print-outcome" else self.reprints.append(ticket_id)
            call.say(200, {"id": ticket_id})

    def dossier(self, call: _Handler, code: str) -> None:
        self.looked_up.append(code)
        if self.silence:
            self.silence.wait(20)
        if code not in self.dossiers:
            call.say(404, {"code": "dossier_unknown"})
        elif (known := self.dossiers[code]) is None:
            call.say(503, {"code": "dossier_silent"})
        else:
            call.say(200, known)

    def lease(self, call: _Handler, body: dict[str, Any]) -> None:
        """Numbers from 700 on, each once; none where the test has not asked for them."""
        if not self.leasing:
            call.say(409, {"code": "quota_full"})
            return
        with self.lock:
            first, lease = self.reserved, f"lease-{self.reserved}"
            self.reserved += body["count"]
        numbers = range(first, first + body["count"])
        entries = [
            {"number": n, "label": f"{body['series']}{n}", "ticket_id": f"leased-{n}", "token": f"tok{n}-AbCdEfGhIjKlMnOp"} for n in numbers
        ]
        call.say(200, {"id": lease, "series": body["series"], "expires_at": "2026-11-22T00:00:00+07:00", "entries": entries})

    def issue(self, call: _Handler, body: dict[str, Any]) -> None:
        if self.gate:
            self.gate.wait(20)
        with self.lock:
            self.bodies.append(body)
            if self.refuse:
                status, problem = self.refuse
                call.say(status, {"title": "refused", **problem})
                return
            known = self.tickets.get(body["request_id"])
            ticket = known or self._ticket(body)
            self.tickets[body["request_id"]] = ticket
            lost = self.lose_answer > 0
            self.lose_answer -= lost
        if lost:
            call.hang_up()
        else:
            call.say(200 if known else 201, ticket)

    def _ticket(self, body: dict[str, Any]) -> dict[str, Any]:
        service = next(one for one in self.home["services"] if one["code"] == body["service"])
        number = 105 + len(self.tickets)
        return {
            "id": body["ticket_id"],
            "number": number,
            "label": f"{service['series']}{number:03d}",
            "service": service["code"],
            "zone": service["zone"],
            "state": "waiting",
            "priority_class": body.get("priority_class"),
            "ahead": service["waiting"],
            "estimate": {"low_s": 1260, "high_s": 1740, "basis": "call_gap"},
            "issued_at": NOW,
            "url": f"{self.public_url}/t/{'k7Qm2xV9bT4wZ1nR8sY5cA'}",
        }


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hangs up is part of the tests."""


class DriversService:
    """Prints each job id once onto `paper`; `lay_card` puts a card message on every open stream."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.streams: list[queue.Queue[tuple[str, dict[str, Any]] | None]] = []
        self.listening = threading.Event()
        self.reset()
        self.open()

    def reset(self) -> None:
        self.paper: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.outcome: dict[str, Any] = {"outcome": "printed", "code": "ok", "detail": ""}
        self.slot: dict[str, Any] = {"role": "printer", "state": "ready", "code": "ok", "device": "simulated", "width_dots": 576}
        self.lose_answer = False
        self.gate: threading.Event | None = None

    def open(self) -> None:
        handler = type("Handler", (_Handler,), {"far": self, "address_string": lambda _: "unix"})
        self.http = _UnixServer(str(self.path), handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        for stream in list(self.streams):
            stream.put(None)
        self.http.shutdown()
        self.http.server_close()
        self.path.unlink(missing_ok=True)
        self.listening.clear()

    def tell(self, event: str, data: dict[str, Any]) -> None:
        assert self.listening.wait(10)
        for stream in list(self.streams):
            stream.put((event, data))

    def lay_card(self, number: str, birth_year: int = 1990) -> None:
        self.tell("card", {"kind": "id_card", "number": number, "birth_year": birth_year})

    def printer_is(self, code: str, state: str = "ready") -> None:
        self.slot = {**self.slot, "code": code, "state": state}
        self.tell("health", self.slot)

    def get(self, call: _Handler) -> None:
        if call.path == "/v1/stream":
            self._stream(call)
        elif call.path.startswith("/v1/jobs/"):
            known = self.jobs.get(call.path.rsplit("/", 1)[1])
            call.say(200 if known else 404, known or {"code": "not_found"})
        else:
            call.say(200, {"slots": [self.slot]})

    def _stream(self, call: _Handler) -> None:
        call.send_response(200)
        call.send_header("Content-Type", "text/event-stream")
        call.send_header("Connection", "close")
        call.end_headers()
        mine: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        mine.put(("snapshot", {"slots": [self.slot]}))
        self.streams.append(mine)
        self.listening.set()
        try:
            while (item := mine.get()) is not None:
                call.wfile.write(f"event: {item[0]}\ndata: {json.dumps(item[1])}\n\n".encode())
                call.wfile.flush()
        finally:
            self.streams.remove(mine)
            call.close_connection = True

    def press(self, key: str) -> None:
        self.tell("key", {"slot": "tactile", "address": "", "key": key})

    def plug(self, plugged: bool) -> None:
        self.tell("jack", {"slot": "tactile", "plugged": plugged})

    def words(self) -> str:
        """What the headphones say now: the last words and what was added to them."""
        heard = ""
        for one in list(self.said):
            now = ". ".join(part["text"] for part in one["parts"])
            heard = f"{heard}. {now}" if one["append"] else now
        return heard

    def post(self, call: _Handler) -> None:
        job = call.body()
        if call.path == "/v1/say":
            self.said.append(job)
            call.say(200, {"slot": "speech"})
            return
        if self.gate:
            self.gate.wait(20)
        with self.lock:
            answer = self.jobs.get(job["job_id"])
            if answer is None:
                answer = {"job_id": job["job_id"], **self.outcome}
                self.jobs[job["job_id"]] = answer
                if answer["outcome"] != "not_sent":
                    self.paper.append(job)
        if self.lose_answer:
            call.hang_up()
        else:
            call.say(200, answer)


def until(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    """The condition's first true value; asks often, gives up loudly."""
    import time

    end = time.monotonic() + timeout_s
    tick = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < end, f"not so within {timeout_s} s"
        tick.wait(0.02)
    return value
