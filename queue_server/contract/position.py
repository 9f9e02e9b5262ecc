"""A place in a site's log: `EPOCH-SEQ`, on the wire also a bare `SEQ`.

Holds the value and its text form. What a position means (an epoch that ended, a branch) is judged where the log is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SHAPE = re.compile(r"(?:(\d{1,9})-)?(\d{1,18})")


class Position(NamedTuple):
    """`epoch` is None where the reader gave a bare sequence number: it trusts the log it reads."""

    epoch: int | None
    seq: int

    def __str__(self) -> str:
        return f"{self.seq}" if self.epoch is None else f"{self.epoch}-{self.seq}"


def decode(text: str) -> Position:
    """`3-1204`, `1204` or `0`; ValueError for anything else."""
    found = _SHAPE.fullmatch(text) if text.isascii() else None
    if found is None:
        raise ValueError("a position is EPOCH-SEQ or a sequence number")
    return Position(None if found[1] is None else int(found[1]), int(found[2]))


def encode(epoch: int, seq: int) -> str:
    return f"{epoch}-{seq}"
