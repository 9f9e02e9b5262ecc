"""Nothing happens at import: no file is written, no socket made, no thread or process started, no environment changed.

Every module is imported in one fresh interpreter whose audit hook reports what happens meanwhile.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
WATCH = """
import importlib, json, os, pkgutil, sys, threading
import numpy  # puts a word for its own library into the environment while it loads, and takes it out again
happened, at = [], ""
LOUD = {"socket.bind", "socket.connect", "subprocess.Popen", "os.system", "os.fork", "os.posix_spawn", "sqlite3.connect", "os.mkdir",
         "os.remove", "os.rename", "os.putenv", "tempfile.mkstemp", "tempfile.mkdtemp",
         "_thread.start_new_thread", "_thread.start_joinable_thread"}
def hook(event, args):
    written = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if at and (written or event in LOUD):
        happened.append([at, event, repr(args)[:200]])
sys.addaudithook(hook)
names = ["toiluot", "toiluot_edge", "toiluot_guard"]
for room in ("drivers", "queue_server", "kiosk", "display"):
    names += [room] + [found.name for found in pkgutil.walk_packages([room], room + ".") if "migrations" not in found.name]
for at in names:
    importlib.import_module(at)
print(json.dumps({"names": names, "happened": happened, "threads": threading.active_count()}))
"""


def test_importing_every_module_does_nothing() -> None:
    result = subprocess.run([sys.executable, "-B", "-c", WATCH], cwd=HOUSE, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr[-2000:]
    seen = json.loads(result.stdout.splitlines()[-1])
    assert seen["happened"] == []
    assert seen["threads"] == 1
    assert result.stderr == ""
    assert len(seen["names"]) > 20


def test_the_hook_would_notice() -> None:
    loud = WATCH.replace("importlib.import_module(at)", "import socket; socket.socket().bind(('127.0.0.1', 0)); open('/dev/null', 'w')", 1)
    result = subprocess.run([sys.executable, "-B", "-c", loud], cwd=HOUSE, capture_output=True, text=True, check=True, timeout=60)
    events = {event for _, event, _ in json.loads(result.stdout.splitlines()[-1])["happened"]}
    assert events == {"socket.bind", "open"}
