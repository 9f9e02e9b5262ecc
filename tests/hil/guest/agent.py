"""The guest's end of the rig's line: one JSON object a line over a virtio-serial port.

    {"cmd": "...", "timeout": 60, "put": {"path": "base64"}}  ->  {"rc": 0, "out": "..."}

Runs as root in a guest that nobody else reaches. Holds no knowledge of what it is told to run.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import evdev  # noqa: F401 - imported early so that they are in the snapshot's page cache
import pyudev  # noqa: F401
import serial  # noqa: F401

PORT = "/dev/virtio-ports/rig.0"


def obey(order: dict[str, Any]) -> dict[str, Any]:
    for name, content in order.get("put", {}).items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
    try:
        told = subprocess.run(
            order["cmd"], shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=order.get("timeout", 60), check=False
        )
    except subprocess.TimeoutExpired as late:
        return {"rc": -1, "out": (late.stdout or b"").decode("utf-8", "replace") + "\n(time is up)"}
    return {"rc": told.returncode, "out": told.stdout.decode("utf-8", "replace")}


def say(fd: int, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]


def main() -> None:
    fd = os.open(PORT, os.O_RDWR)
    heard, nothing = b"", threading.Event()
    say(fd, {"hello": 1})
    while True:
        piece = os.read(fd, 65536)
        if not piece:  # nobody on the host's side
            nothing.wait(0.05)
            continue
        heard += piece
        while b"\n" in heard:
            line, heard = heard.split(b"\n", 1)
            say(fd, obey(json.loads(line)))


if __name__ == "__main__":
    main()
