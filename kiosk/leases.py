"""Leased numbers on the kiosk's disk: taken, given out once, settled; and the last tickets a server acknowledged.

Lives in the spool's file, so that "this number is given" and "print this slip" are one transaction. What may be given stands in
`offline`; asking the server is `keeper`'s affair.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import offline
from kiosk.ids import uuid7
from kiosk.offline import Anchor, Lease, Number
from kiosk.spool import Also, Json, Spool
from toiluot_edge import boot_s

BATCH = 50
SYNCED = Path("/run/systemd/timesync/synchronized")
CORRECTED_MS = 2_000
TOLD = ("ticket_id", "number", "service", "issued_at", "priority_class", "lang", "token")  # of a ticket, to a server that takes over


def machine_boot() -> str:
    """Which start of this machine it is."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Leases:
    """Safe to share between threads, as the spool is. A number is free while it has no `device_seq`, given while it is here with
    one, and gone once the server has taken it."""

    def __init__(self, spool: Spool, *, boot_id: str | None = None, boot_s: Callable[[], float] = boot_s) -> None:
        self._spool, self._boot_s = spool, boot_s
        self.boot_id = machine_boot() if boot_id is None else boot_id
        told = self.kept("anchor")
        self._anchor = Anchor(**told) if told else None
        self.epoch = int(self.kept("epoch") or 0)

    # ------------------------------------------------------------ what is kept between starts
    def kept(self, name: str) -> Any:
        with self._spool.reading() as db:
            row = db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def keep(self, name: str, value: Any) -> None:
        with self._spool.writing() as db:
            _keep(db, name, value)

    # ------------------------------------------------------------ time
    def heard(self, server_ms: int) -> None:
        """The server told its time. On disk only where it says something new."""
        before, at_s = self.now_ms(), self._boot_s()
        if before is None or abs(before - server_ms) > CORRECTED_MS:
            self._anchor = Anchor(server_ms, at_s, self.boot_id)
            self.keep("anchor", vars(self._anchor))

    def now_ms(self) -> int | None:
        return offline.now_ms(self._anchor, self.boot_id, self._boot_s())

    # ------------------------------------------------------------ numbers
    def take(self, answer: Json, epoch: int, expires_ms: int) -> None:
        """A lease as the server answered it. What can never be given any more leaves the disk."""
        lease = (str(answer["id"]), str(answer["series"]), expires_ms, epoch, self.boot_id)
        entries = [(one["ticket_id"], answer["id"], one["number"], one["label"], one["token"]) for one in answer["entries"]]
        with self._spool.writing() as db:
            db.execute("INSERT OR IGNORE INTO leases VALUES (?, ?, ?, ?, ?)", lease)
            db.executemany("INSERT OR IGNORE INTO numbers (ticket_id, lease, number, label, token) VALUES (?, ?, ?, ?, ?)", entries)
            self._forget(db, [one.id for one in self._leases(db) if not self._usable(one)])

    def burn(self) -> None:
        """Nothing more from any lease: something about this disk or these numbers is not as it should be."""
        with self._spool.writing() as db:
            self._forget(db, [one.id for one in self._leases(db)])

    def free(self) -> dict[str, int]:
        """How many numbers may be given now, by series."""
        found: dict[str, int] = {}
        with self._spool.reading() as db:
            for lease in self._leases(db):
                if self._usable(lease):
                    count = db.execute("SELECT count(*) FROM numbers WHERE lease = ? AND device_seq IS NULL", (lease.id,)).fetchone()[0]
                    found[lease.series] = found.get(lease.series, 0) + count
        return {series: count for series, count in found.items() if count}

    def next(self, series: str) -> Number | None:
        """The number that is given next. It stays free until `giving` is on disk."""
        wanted = "SELECT lease, number, label, ticket_id, token FROM numbers WHERE lease = ? AND device_seq IS NULL ORDER BY number LIMIT 1"
        with self._spool.reading() as db:
            for lease in self._leases(db):
                if lease.series == series and self._usable(lease) and (row := db.execute(wanted, (lease.id,)).fetchone()):
                    return Number(*row)
        return None

    def giving(self, number: Number, told: Json) -> Also:
        """What to write, in one transaction with the slip or the report that follows: this number is given. `told` is what the
        server will be told of it."""

        def write(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT value FROM kept WHERE name = 'device_seq'").fetchone()
            seq = int(row[0]) + 1 if row else 1
            _keep(db, "device_seq", seq)
            body = {**told, "device_seq": seq, "boot_id": self.boot_id, "clock_synced": SYNCED.exists()}
            given = db.execute(
                "UPDATE numbers SET device_seq = ?, body = ? WHERE ticket_id = ? AND device_seq IS NULL",
                (seq, json.dumps(body, ensure_ascii=False), number.ticket_id),
            )
            if given.rowcount != 1:
                raise sqlite3.IntegrityError("this number is given already")

        return write

    # ------------------------------------------------------------ settling
    def batch(self) -> tuple[str, str, list[Json]] | None:
        """The oldest given numbers of one lease: request id, lease and what to tell. The same again until it is settled."""
        with self._spool.writing() as db:
            rows = db.execute(
                "SELECT ticket_id, lease, body, batch, token FROM numbers WHERE device_seq IS NOT NULL ORDER BY device_seq"
            ).fetchall()
            if not rows:
                return None
            lease, request_id = rows[0][1], rows[0][3]
            chosen = [row for row in rows if row[3] == request_id and row[1] == lease][:BATCH]
            if request_id is None:
                request_id = f"settle:{chosen[0][0]}"
                db.executemany("UPDATE numbers SET batch = ? WHERE ticket_id = ?", [(request_id, row[0]) for row in chosen])
        return request_id, lease, [{**json.loads(row[2]), "token": row[4]} for row in chosen]

    def split(self, told: list[Json]) -> None:
        """The server will not take these together: each by itself next time."""
        with self._spool.writing() as db:
            db.executemany("UPDATE numbers SET batch = ? WHERE ticket_id = ?", [(uuid7(0), one["ticket_id"]) for one in told])

    def settled(self, told: list[Json], refused: dict[str, str], at_ms: int) -> None:
        """What the server has judged leaves; `refused` (ticket → why) is set aside for the technician, without its body."""
        with self._spool.writing() as db:
            for one in told:
                ticket_id = one["ticket_id"]
                db.execute("DELETE FROM numbers WHERE ticket_id = ?", (ticket_id,))
                if ticket_id in refused:
                    db.execute(
                        "INSERT OR REPLACE INTO refused VALUES (?, 'settle', ?, ?, ?)", (ticket_id, ticket_id, refused[ticket_id], at_ms)
                    )
                else:
                    _acknowledge(db, _plain(one))

    # ------------------------------------------------------------ what a server acknowledged
    def acknowledging(self, ticket: Json) -> Also:
        """An online ticket, kept as a server that takes over must be told of it. Nothing of a person, not even the hash."""
        token = str(ticket.get("url") or "").rpartition("/t/")[2]
        told = {**{name: ticket.get(name) for name in TOLD}, "ticket_id": ticket["id"], "token": token}
        return lambda db: _acknowledge(db, {name: value for name, value in told.items() if value})

    def outcome(self, ticket_id: str, outcome: str) -> Also:
        """What became of its slip is told with it."""

        def write(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT told FROM acknowledged WHERE ticket_id = ?", (ticket_id,)).fetchone()
            if row:
                told = json.dumps({**json.loads(row[0]), "print": outcome}, ensure_ascii=False)
                db.execute("UPDATE acknowledged SET told = ? WHERE ticket_id = ?", (told, ticket_id))

        return write

    def acknowledged(self, day: str) -> list[Json]:
        """The last tickets of a day (`2026-11-21`), oldest first."""
        with self._spool.reading() as db:
            rows = db.execute("SELECT told FROM acknowledged ORDER BY place").fetchall()
        told = [json.loads(row[0]) for row in rows]
        return [one for one in told if str(one.get("issued_at"))[:10] == day and one.get("number")]

    def began_epoch(self, epoch: int, day: str) -> None:
        """The server is another one now: leases of the old epoch give nothing more, and what the old one acknowledged is to be
        told again. The first epoch ever heard is no change."""
        with self._spool.writing() as db:
            if self.epoch and (told := self.acknowledged(day)):
                _keep(db, "restate", {"epoch": epoch, "tickets": told})
            _keep(db, "epoch", epoch)
            self.epoch = epoch
            self._forget(db, [one.id for one in self._leases(db) if one.epoch < epoch])

    # ------------------------------------------------------------ inside
    def _usable(self, lease: Lease) -> bool:
        return offline.usable(lease, self.now_ms(), self.epoch, self.boot_id)

    def _leases(self, db: sqlite3.Connection) -> list[Lease]:
        return [Lease(*row) for row in db.execute("SELECT id, series, expires_ms, epoch, boot_id FROM leases ORDER BY id").fetchall()]

    def _forget(self, db: sqlite3.Connection, leases: list[str]) -> None:
        """Given numbers stay until they are settled: the lease's name is with each."""
        for lease in leases:
            db.execute("DELETE FROM numbers WHERE lease = ? AND device_seq IS NULL", (lease,))
            db.execute("DELETE FROM leases WHERE id = ?", (lease,))


def _keep(db: sqlite3.Connection, name: str, value: Any) -> None:
    db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))


def _plain(told: Json) -> Json:
    return {name: told[name] for name in TOLD if told.get(name)}


def _acknowledge(db: sqlite3.Connection, told: Json) -> None:
    db.execute(
        "INSERT OR REPLACE INTO acknowledged (ticket_id, told) VALUES (?, ?)", (told["ticket_id"], json.dumps(told, ensure_ascii=False))
    )
    db.execute(
        "DELETE FROM acknowledged WHERE place NOT IN (SELECT place FROM acknowledged ORDER BY place DESC LIMIT ?)", (offline.RESTATED,)
    )
