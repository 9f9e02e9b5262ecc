"""A few lines of HTTP for the simulators' pages: GET and POST by path, JSON in and out. For a developer's machine only."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGES = Path(__file__).with_name("pages")
MAX_BODY_BYTES = 65_536


@dataclass(frozen=True)
class Reply:
    status: int
    kind: str
    body: bytes
    keep_s: int = 0


def as_json(data: Any, status: int = 200) -> Reply:
    return Reply(status, "application/json; charset=utf-8", json.dumps(data, ensure_ascii=False).encode())


def page(name: str) -> Reply:
    return Reply(200, "text/html; charset=utf-8", (PAGES / name).read_bytes())


Route = Callable[[str, str, Any], Reply | None]


def serve_http(address: str, route: Route) -> tuple[ThreadingHTTPServer, str]:
    """Start serving on `HOST:PORT` (port 0 for any). `route(method, path, body)` gives None for 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if size > MAX_BODY_BYTES:
                self.close_connection = True
                self._send(as_json({"error": "too large"}, 413))
                return
            try:
                body = json.loads(self.rfile.read(size) or b"{}")
            except ValueError:
                self._send(as_json({"error": "send JSON"}, 400))
                return
            self._answer(body)

        def _answer(self, body: Any) -> None:
            try:
                reply = route(self.command, self.path.split("?")[0], body)
            except ValueError as error:
                reply = as_json({"error": str(error)}, 422)
            self._send(reply or as_json({"error": "not found"}, 404))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Cache-Control", f"max-age={reply.keep_s}" if reply.keep_s else "no-store")
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are not worth a line, and a scan's body must never become one."""

    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="sim-http", daemon=True).start()
    return server, f"http://{host or '127.0.0.1'}:{server.server_address[1]}/"
