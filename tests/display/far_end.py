"""The server's end of the wire, small and plain, as its own process: tests freeze it, kill it and start it again.

It speaks the contract's `/api/v1/stream`, `/api/v1/board` and `/b/{token}/`, keeps its log in a file as a server keeps its
database, and is told what happens in the hall by `POST /hall`. Standard library only: it shares no line with the display.
"""

from __future__ import annotations

import argparse
import json
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".woff2": "font/woff2",
    ".wav": "audio/wav",
    ".svg": "image/svg+xml",
}
PUBLIC = ("type", "epoch", "seq", "at", "label", "counter", "zone", "service")


def now(age_s: float = 0.0) -> str:
    return (datetime.now(timezone(timedelta(hours=7))) - timedelta(seconds=age_s)).isoformat(timespec="milliseconds")


class Hall:
    """The log and what follows from it."""

    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        self.path, self.options, self.changed = path, options, threading.Condition()
        self.opened: list[str] = []
        self.state: dict[str, Any] = {"seq": 0, "rows": [], "calls": [], "waiting": 0}
        if path.exists():
            self.state = json.loads(path.read_text(encoding="utf-8"))

    def do(self, order: dict[str, Any]) -> None:
        """One thing that happens: `{type, label, counter, age_s?, unseen?}`; `unseen` changes the board and tells no row."""
        at, calls = now(order.get("age_s", 0)), self.state["calls"]
        label, counter, kind = order.get("label"), order.get("counter"), order["type"]
        with self.changed:
            self.state["seq"] += 1
            known = next((c for c in calls if c["label"] == label), None)
            if kind == "issued":
                self.state["waiting"] += 1
            elif kind == "called":
                self.state["waiting"] = max(0, self.state["waiting"] - 1)
                name = order.get("counter_name") or f"Quầy {counter}"
                call = {"label": label, "counter": counter, "counter_name": name, "zone": "", "called_at": at}
                calls.insert(0, {**call, "last_called_at": at, "recalls": 0, "state": "called"})
            elif kind == "recalled" and known:
                calls.remove(known)
                calls.insert(0, {**known, "last_called_at": at, "recalls": known["recalls"] + 1})
            elif kind == "serving_started" and known:
                known["state"] = "serving"
            elif kind in ("completed", "no_show", "held", "undone") and known:
                calls.remove(known)
            row = {
                "type": kind,
                "epoch": 1,
                "seq": self.state["seq"],
                "at": at,
                "label": label,
                "counter": counter,
                "zone": "",
                "service": "A",
            }
            if not order.get("unseen"):
                self.state["rows"].append(
                    {**row, "site": "P1", "actor": "person:LAN", "cmd": "c1", "data": {"dossier_code": "H00.11.22-250101-0001"}}
                )
            self.path.write_text(json.dumps(self.state), encoding="utf-8")
            self.changed.notify_all()

    def board(self) -> dict[str, Any]:
        return {
            "site": "P1",
            "name": self.options.name,
            "zone": "",
            "position": f"1-{self.state['seq']}",
            "waiting": self.state["waiting"],
            "calls": self.state["calls"],
            "services": [{"name": "Hộ tịch", "waiting": self.state["waiting"]}],
            "settings": {"stale_after_s": self.options.stale, "dead_after_s": self.options.dead} if self.options.stale else {},
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hall: Hall

    def log_message(self, *_: Any) -> None:
        """Tests read the display's log, not this one's."""

    def answer(self, status: int, body: Any, kind: str = "application/json", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hall.do(json.loads(body))
        self.answer(200, {})

    def allowed(self) -> bool:
        options = self.hall.options
        return self.headers.get("Authorization") == f"Bearer {options.key}" or f"board={options.token}" in (
            self.headers.get("Cookie") or ""
        )

    def do_GET(self) -> None:
        path, token = urlsplit(self.path).path, self.hall.options.token
        if path == "/opened":
            return self.answer(200, self.hall.opened)
        if path == f"/b/{token}":
            return self.answer(303, b"", Location=f"/b/{token}/")
        if path == f"/b/{token}/stream":
            return self.stream()
        if path.startswith(f"/b/{token}/"):
            return self.page(path.removeprefix(f"/b/{token}/"))
        if not self.allowed():
            return self.answer(401, {"code": "unauthenticated"}, "application/problem+json")
        if path == "/api/v1/stream":
            return self.stream()
        if path == "/api/v1/board":
            return self.answer(200, self.hall.board())
        return self.answer(404, {"code": "not_found"}, "application/problem+json")

    def page(self, rest: str) -> None:
        web = Path(self.hall.options.web)
        file = web / rest if rest else web / "templates/board.html"
        if not file.is_file():
            return self.answer(404, {"code": "not_found"})
        return self.answer(
            200,
            file.read_bytes(),
            TYPES.get(file.suffix, "text/plain"),
            Set_Cookie=f"board={self.hall.options.token}; Path=/; HttpOnly",
            Content_Security_Policy="default-src 'self'",
        )

    def stream(self) -> None:
        hall = self.hall
        after = (self.headers.get("Last-Event-ID") or "1-0").rpartition("-")[2]
        hall.opened.append(self.headers.get("Last-Event-ID") or "")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with hall.changed:
            self.frame("snapshot", hall.board(), retry=True)
            sent = hall.state["seq"] if hall.options.no_replay else int(after)
        while True:
            with hall.changed:
                hall.changed.wait_for(lambda seen=sent: hall.state["seq"] > seen, timeout=hall.options.beat)
                rows = [row for row in hall.state["rows"] if row["seq"] > sent]
                seq = hall.state["seq"]
            for row in rows:
                # A key sees whole events, a board cookie the public fields only.
                whole = self.headers.get("Authorization")
                self.frame("log", row if whole else {name: row[name] for name in PUBLIC}, ident=f"1-{row['seq']}")
            if not rows:
                self.frame("hb", {"seq": seq, "epoch": 1, "now": now()})
            sent = seq

    def frame(self, event: str, data: Any, ident: str = "", *, retry: bool = False) -> None:
        lines = (["retry: 1500", ""] if retry else []) + ([f"id: {ident}"] if ident else [])
        text = "\n".join([*lines, f"event: {event}", f"data: {json.dumps(data, ensure_ascii=False)}", "", ""])
        self.wfile.write(text.encode())
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """A reader that went away is no news."""


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--port", type=int, required=True)
    flags.add_argument("--file", type=Path, required=True)
    flags.add_argument("--beat", type=float, default=0.2)
    flags.add_argument("--stale", type=float, default=0.0)
    flags.add_argument("--dead", type=float, default=0.0)
    flags.add_argument("--key", default="tl_secret")
    flags.add_argument("--token", default="TOKEN")
    flags.add_argument("--name", default="Trung tâm Phục vụ hành chính công phường Đông Hà")
    flags.add_argument("--web", default="")
    flags.add_argument("--no-replay", action="store_true")
    options = flags.parse_args()
    Handler.hall = Hall(options.file, options)
    Server(("127.0.0.1", options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
