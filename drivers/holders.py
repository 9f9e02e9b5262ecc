"""Who else has a device open, and which programs known to take devices are running: read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
GRABBERS = {
    "ModemManager": "systemctl mask --now ModemManager",
    "brltty": "apt-get purge brltty",
    "ipp-usb": "systemctl mask --now ipp-usb",
    "cupsd": "systemctl mask --now cups",
}


@dataclass(frozen=True)
class Holder:
    pid: int
    name: str


def holders(node: str, proc: Path = PROC) -> list[Holder]:
    """Processes with `node` open, as far as we may look into them."""
    wanted = os.path.realpath(node)
    found = []
    for pid in _pids(proc):
        try:
            links = [os.readlink(entry.path) for entry in os.scandir(proc / str(pid) / "fd")]
        except OSError:
            continue  # gone meanwhile, or another account's
        if wanted in links:
            found.append(Holder(pid, _name(proc, pid)))
    return found


def running(names: set[str], proc: Path = PROC) -> set[str]:
    return {name for pid in _pids(proc) if (name := _name(proc, pid)) in names}


def _pids(proc: Path) -> Iterator[int]:
    for entry in proc.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _name(proc: Path, pid: int) -> str:
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return "?"
