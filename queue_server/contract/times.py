"""Instants on the wire: RFC 3339 in Vietnamese time (+07:00), and back to Unix milliseconds.

Holds two conversions. It reads no clock and knows no business day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

VIETNAM = timezone(timedelta(hours=7))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")


@lru_cache(maxsize=1024)
def encode(at_ms: int) -> str:
    """`2026-11-23T07:05:09.120+07:00`; whole seconds carry no fraction."""
    moment = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(VIETNAM)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")


def decode(text: str) -> int:
    """Unix milliseconds of an RFC 3339 time with an offset; ValueError for anything else."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("not an RFC 3339 time with an offset")
    try:
        # An offset at the edge of the calendar overflows in the subtraction: to the caller that is one more bad time.
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as beyond:
        raise ValueError("out of the calendar") from beyond
