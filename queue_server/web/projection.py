"""What a stream shows of a row of the log: everything to programs and people, a few public fields to a board.

Holds the two projections, the zone of a row, and the encoding, done once per row whoever listens. A board never learns
actor, data or codes of dossiers; it reads a label, a counter, a zone and a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from queue_server.contract import position, sse, times
from queue_server.contract.position import Position
from queue_server.services import queries

PUBLIC = ("type", "epoch", "seq", "at", "label", "counter", "zone", "service")
# Nothing of these for a board: an alarm is silent, who called for help or booked is nobody's affair there, nor what is broken.
PRIVATE = ("counter.alarm", "help.", "appointment.", "alert.")


@dataclass(frozen=True, slots=True)
class Frame:
    """One row, encoded for both kinds of reader."""

    epoch: int
    seq: int
    zone: str | None
    full: bytes
    public: bytes
    of_device: bool = False

    def seen_by(self, public: bool, zone: str | None) -> bytes:
        """The bytes for a reader; nothing where the row belongs to another zone. Rows of no zone concern everyone."""
        if zone is not None and self.zone is not None and self.zone != zone:
            return b""
        return self.public if public else self.full


@dataclass
class Zones:
    """Which zone a row belongs to: its counter's, else its service's. Read once per version of the configuration."""

    version: int = -1
    counters: Mapping[str, str | None] = field(default_factory=dict)
    services: Mapping[str, str | None] = field(default_factory=dict)

    def learn(self, reader: Any, site: str, version: int, now_ms: int) -> None:
        if version == self.version:
            return
        self.counters = {row["code"]: row.get("zone") for row in queries.counters(reader, site, now=now_ms)["counters"]}
        self.services = {row["code"]: row.get("zone") for row in queries.kiosk_home(reader, site, now=now_ms)["services"]}
        self.version = version

    def of(self, row: Mapping[str, Any]) -> str | None:
        counter, service = row.get("counter"), row.get("service")
        if counter is not None:
            return self.counters.get(counter)
        return row["data"].get("zone") or (self.services.get(service) if service is not None else None)


def frames_of(store: Any, site: str, after: int, limit: int, zones: Zones, now_ms: int) -> list[Frame]:
    """Up to `limit` rows after a sequence number, read and encoded (called on a reader's thread)."""
    with store.read() as reader:
        rows = queries.events(reader, site, after=Position(None, after), limit=limit)["events"]
        if rows:
            zones.learn(reader, site, rows[-1]["config_version"], now_ms)
        return [_frame({**row, "zone": zones.of(row)}) for row in rows]


def snapshot_of(store: Any, site: str, zone: str | None, now_ms: int) -> tuple[dict[str, Any], int]:
    """What a board shows now, and the sequence number up to which it does."""
    with store.read() as reader:
        board = queries.board(reader, site, zone=zone, now=now_ms)
        return {**board, "now": times.encode(now_ms)}, position.decode(board["position"]).seq


def _frame(row: dict[str, Any]) -> Frame:
    place = position.encode(row["epoch"], row["seq"])
    public = {name: row[name] for name in PUBLIC if row.get(name) is not None}
    if row["data"].get("entered_late"):
        public["type"] = "told_late"  # nobody is called now: a board must neither ring nor show it
    shown = b"" if row["type"].startswith(PRIVATE) else sse.encode("log", public, id=place)
    return Frame(row["epoch"], row["seq"], row["zone"], sse.encode("log", row, id=place), shown, row["type"].startswith("device."))
