"""Runs inside the tree, by Debian's own Python: a site, a key, a server, a number; then one line of JSON about it.

Holds what a person would do by hand after `apt install`, and asks the server for what must be so with Debian's libraries.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

DB = "sqlite:////var/lib/toiluot/server/site.db"
BASE = "http://127.0.0.1:8080"
READY_S = 90.0


def toiluot(*words: str) -> list[str]:
    return ["runuser", "-u", "toiluot-server", "--", "toiluot", "server", *words, "--db", DB]


def told(*words: str) -> str:
    return subprocess.run(toiluot(*words), check=True, text=True, stdout=subprocess.PIPE).stdout


def ask(path: str, key: str = "", **body: object) -> tuple[int, Any]:
    request = urllib.request.Request(BASE + path, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
    except OSError:
        return 0, {}


def raw(lines: bytes) -> str:
    """The status line for a request that no client would send."""
    with socket.create_connection(("127.0.0.1", 8080), 10) as line:
        line.sendall(lines)
        return line.recv(200).split(b"\r\n")[0].decode()


def main(again: bool) -> dict[str, object]:
    if not again:
        told("init", "--site", "H05-01", "--name", "Phường Ví Dụ", "--template", "ward", "--kind", "training")
    key = told("api-key", "create", "--name", f"kiosk-{time.time_ns()}", "--scope", "issue,read").split()[-1]
    server = subprocess.Popen(toiluot("run", "--bind", "127.0.0.1:8080"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + READY_S
    while ask("/readyz")[0] != 200 and server.poll() is None and time.monotonic() < until:
        select.select([], [], [], 0.2)
    try:
        services = ask("/api/v1/services", key)[1]["services"]
        codes = [each["code"] for each in sorted(services, key=lambda each: not each["open"])]
        status, answer = ask("/api/v1/tickets", key, request_id=f"first-{time.time_ns()}", service=codes[0])
        return {
            "open": services[0]["open"] if codes else None,
            "status": status,
            "answer": answer,
            "blank_before_colon": raw(b"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n"),
            "two_lengths": raw(b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            "check": told("check"),
        }
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    print(json.dumps(main(again="--again" in sys.argv)))
