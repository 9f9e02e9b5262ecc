"""Plays the undo journals of shim.c after a process was killed: what it had not flushed is taken back.

By default everything is: the file stands as at its last flush. With a chance given, each unflushed change survives or
not, whole or torn at a sector, in any order, as a disk with a cache of its own would have it. Directory entries stay.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RECORD = struct.Struct("=II4Q")
MAGIC = 0x4F444E55
SECTOR = 512


@dataclass(frozen=True)
class Change:
    """One change that was not flushed: where, how long, and what stood there."""

    kind: str
    offset: int
    length: int
    size_before: int
    old: bytes


@dataclass(frozen=True)
class Lost:
    """What one power cut took: unflushed changes found, and how many of them survived it."""

    changes: int
    survived: int


def changes(journal: Path) -> Iterator[Change]:
    """The records of a journal. One that the kill cut short is the last, and its change never began."""
    text, at = journal.read_bytes(), 0
    while at + RECORD.size <= len(text):
        magic, kind, offset, length, before, size_before = RECORD.unpack_from(text, at)
        assert magic == MAGIC, f"{journal} is damaged at {at}"
        old = text[at + RECORD.size : at + RECORD.size + before]
        if len(old) < before:
            return
        yield Change(chr(kind), offset, length, size_before, old)
        at += RECORD.size + before


def play(below: Path, state: Path, chance: random.Random | None = None) -> Lost:
    """Cut the power: every watched file goes back to its last flush, then what `chance` lets survive is put on top."""
    found = survived = 0
    for journal in sorted(state.glob("*.undo")):
        path = below / journal.name.removesuffix(".undo").replace("%", "/")
        records = list(changes(journal))
        if records:
            with path.open("r+b", buffering=0) as file:
                new = _back(file.fileno(), records)
                survived += sum(_again(file.fileno(), record, text, chance) for record, text in new) if chance else 0
        found += len(records)
        os.truncate(journal, 0)
    return Lost(found, survived)


def _back(fd: int, records: list[Change]) -> list[tuple[Change, bytes]]:
    """Undo from the newest on; what is found in each place on the way is what that change had written. Oldest first."""
    new: list[tuple[Change, bytes]] = []
    for record in reversed(records):
        new.append((record, os.pread(fd, record.length, record.offset) if record.kind == "W" else b""))
        os.pwrite(fd, record.old, record.offset)
        os.ftruncate(fd, record.size_before)
    return new[::-1]


def _again(fd: int, record: Change, text: bytes, chance: random.Random) -> int:
    """Let one change survive, or half of it, or nothing."""
    fate = chance.random()
    if fate < 0.4:
        return 0
    if record.kind == "T":
        os.ftruncate(fd, record.length)
        return 1
    sectors = -(-len(text) // SECTOR)
    kept = text if fate < 0.8 else text[: SECTOR * chance.randrange(sectors)] if sectors else b""
    os.pwrite(fd, kept, record.offset)
    return int(bool(kept))
