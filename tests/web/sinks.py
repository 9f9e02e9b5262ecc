"""Two far ends for alerts: an HTTP server that keeps what it is sent, and a mail server that speaks just enough SMTP (RFC 5321, 3207)."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class _Sink:
    server: socketserver.BaseServer

    def __enter__(self) -> Any:
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(10)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])  # type: ignore[index]


class HttpSink(_Sink):
    """`answers` are the statuses of the next requests, then 204. `seen` holds (path, headers, body)."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.seen = list(answers), []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None: ...

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.seen.append((self.path, dict(self.headers), body))
                status = sink.answers.pop(0) if sink.answers else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"http://127.0.0.1:{sink.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class MailSink(_Sink):
    """`letters` are (from, to, text); `talks` what was said, so that a test sees whether a password crossed a plain line."""

    def __init__(self, cert: str = "", key: str = "", *, refuse: int = 0) -> None:
        self.letters: list[tuple[str, list[str], str]] = []
        self.talks: list[tuple[bool, str]] = []
        self.refuse = refuse
        sink, context = self, None
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Talk(sink, self.request, context).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

        self.server = Server(("127.0.0.1", 0), Handler)


class _Talk:
    def __init__(self, sink: MailSink, line: socket.socket, context: ssl.SSLContext | None) -> None:
        self.sink, self.line, self.context, self.safe = sink, line, context, False
        self.file = line.makefile("rb")
        self.sender, self.to = "", []

    def say(self, text: str) -> None:
        self.line.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.line.settimeout(20)
        self.say("220 sink ESMTP")
        while raw := self.file.readline():
            words = raw.decode().strip()
            self.sink.talks.append((self.safe, words))
            if not self.answer(words, words.split(" ")[0].upper()):
                return

    def answer(self, words: str, verb: str) -> bool:
        if verb == "EHLO":
            offered = ["sink", "AUTH PLAIN"] if self.safe or self.context is None else ["sink", "STARTTLS"]
            self.say("\r\n".join(f"250{'-' if n + 1 < len(offered) else ' '}{word}" for n, word in enumerate(offered)))
        elif verb == "STARTTLS" and self.context is not None:
            self.say("220 go ahead")
            self.line = self.context.wrap_socket(self.line, server_side=True)
            self.file, self.safe = self.line.makefile("rb"), True
        elif verb == "AUTH":
            self.say("235 welcome")
        elif verb == "MAIL":
            self.sender = words.split("<")[1].split(">")[0]
            self.say("250 ok")
        elif verb == "RCPT":
            self.to.append(words.split("<")[1].split(">")[0])
            self.say("250 ok")
        elif verb == "DATA":
            self.take()
        else:
            self.say("221 bye" if verb == "QUIT" else "250 ok")
        return verb != "QUIT"

    def take(self) -> None:
        if self.sink.refuse:
            self.sink.refuse -= 1
            self.say("451 try again later")
            return
        self.say("354 end with a full stop")
        rows = []
        while (row := self.file.readline().decode()).rstrip("\r\n") != ".":
            rows.append(row)
        self.sink.letters.append((self.sender, self.to, "".join(rows)))
        self.say("250 taken")
