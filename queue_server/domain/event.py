"""One row of the site's log, its canonical form and the hash that chains it to the row before.

Positions are `EPOCH-SEQ`; `seq` never restarts, `epoch` rises when a copy of the log takes over. The chain runs within
one business day, so that old days may be dropped while the seals of the others still verify.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

# Families beside the ticket's own events; a reader skips a type that it does not know.
FAMILIES = ("counter", "day", "site", "config", "lease", "notice", "outage", "device", "appointment", "help", "hall")


@dataclass(frozen=True, slots=True)
class Event:
    """A change that happened. `at` is site time in Unix milliseconds (never earlier than the row before); `subject`
    is `ticket:ID`, `counter:CODE`, `day:DATE` …; `cmd` the request id of the command that caused it; `data` holds
    integers, text, booleans, null, lists and objects only, so that its canonical form is exact."""

    site: str
    epoch: int
    seq: int
    at: int
    type: str
    subject: str
    business_day: str
    cmd: str
    actor: str
    config_version: int
    data: dict[str, Any] = field(default_factory=dict)
    ticket: str | None = None
    label: str | None = None
    service: str | None = None
    counter: str | None = None
    hash: str = ""


HASHED = (
    "site", "epoch", "seq", "at", "type", "subject", "business_day", "cmd", "actor", "config_version",
    "data", "ticket", "label", "service", "counter",
)  # fmt: skip


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_columns = attrgetter(*HASHED)


def canonical(value: Any) -> str:
    """Canonical JSON (RFC 8785) of a value without floating-point numbers and with ASCII member names, for which
    sorted keys and minimal separators are exactly the standard's form."""
    return _CANONICAL.encode(value)


def chain_hash(previous: str, event: Event) -> str:
    """SHA-256 over the previous row's hash (empty at the start of a day) and this row, as 64 hex digits."""
    body = canonical(dict(zip(HASHED, _columns(event), strict=True)))
    return hashlib.sha256(f"{previous}{body}".encode()).hexdigest()


def position(epoch: int, seq: int) -> str:
    """`EPOCH-SEQ`."""
    return f"{epoch}-{seq}"
