"""A dossier program's look-up as the server meets it: a real HTTP server that answers, is silent, talks too much, stops and starts."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "khoá-tra-cứu".encode().hex()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asks hangs up when its time is over."""


class DossierEnd:
    """`known`: what is said of a code. `status`: instead of an answer. `silent`: nothing is said until it is set."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.status: int | None = None
        self.body: bytes | None = None
        self.asked: list[str] = []
        self.keys: set[str] = set()
        self.silent: threading.Event | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Also again, at the same address."""
        far = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None: ...

            def do_GET(self) -> None:
                far.answer(self)

        self._http = _Server(("127.0.0.1", self.port), Handler)
        self.port = int(self._http.server_address[1])
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def close(self) -> None:
        if self.silent:
            self.silent.set()
        self.stop()

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        code = call.path.removeprefix("/dossiers/")
        self.asked.append(code)
        self.keys.add(call.headers.get("Authorization", ""))
        if self.silent:
            self.silent.wait(60)
        known = self.known.get(code)
        status = self.status or (200 if known is not None else 404)
        body = self.body if self.body is not None else json.dumps(known if status == 200 else {"code": "no"}).encode()
        call.send_response(status)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)
