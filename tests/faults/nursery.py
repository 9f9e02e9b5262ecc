"""A process that has everything imported and forks one server after another: run as a program by `kills.py`.

Orders come as lines on stdin, answers go as lines to stdout. `start` forks a server on the database and answers `ready`
once it serves; `kill` ends it with SIGKILL and answers `dead`. The listening socket stays open here, so that a client
that dials meanwhile waits for the next server instead of being refused.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from queue_server.bootstrap import build
from queue_server.storage import sqlite
from toiluot_edge import listen, serve


def adjust(pragmas: tuple[str, ...]) -> None:
    """Each connection with these pragmas after its own: checkpoints at every turn, or the control that must fail."""
    own = sqlite.connect

    def connect(path: str, *, read_only: bool = False) -> sqlite3.Connection:
        connection = own(path, read_only=read_only)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    sqlite.connect = connect


def main(url: str, warm_url: str, *pragmas: str) -> None:
    adjust(pragmas)
    sock = listen("127.0.0.1:0")
    warm(warm_url)
    _tell(f"http://127.0.0.1:{sock.getsockname()[1]}")
    child = 0
    for order in sys.stdin:
        if order == "start\n":
            child = _fork(url, sock)
        elif order == "kill\n":
            _end(child)
            child = 0
            _tell("dead")
    if child:
        _end(child)


def _fork(url: str, sock: socket.socket) -> int:
    """A new server; told to whoever asked once it serves."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        serve_on(url, sock, lambda: os.write(write, b"1"))
    os.close(write)
    _tell("ready" if os.read(read, 1) else "failed")
    os.close(read)
    return child


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def warm(url: str) -> None:
    """What is imported late is imported now, and once; nothing stays open and no thread stays behind."""
    own = build(url)
    own.flask.test_client().get("/readyz")
    own.close()
    config = uvicorn.Config(own.application, lifespan="off", log_config=None)
    config.load()
    config.get_loop_factory()


def serve_on(url: str, sock: socket.socket, ready: Callable[[], object]) -> NoReturn:
    """The same steps as `toiluot server run`, and never back to the caller."""
    status = 1
    try:
        own = build(url)

        def serving() -> None:
            own.start()
            ready()

        serve(own.application, sock, on_ready=serving, on_stop=own.stop, own_date=True)
        own.close()
        status = 0
    finally:
        os._exit(status)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
