"""What the printer was about to do, written to disk before it does it.

Holds job ids, outcomes and how far each roll of paper is used, never a slip's content. A job found half-way after a crash
is `unknown` and stays so: only the job's state before the first byte decides, nothing is ever guessed or sent again.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from drivers.devices.odometer import Roll
from drivers.model import JobResult, Outcome
from toiluot_edge import SystemClock

KEPT_JOBS = 20_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  job_id TEXT PRIMARY KEY, step TEXT NOT NULL CHECK (step IN ('accepted', 'sending', 'done')),
  outcome TEXT, code TEXT NOT NULL DEFAULT 'ok', detail TEXT NOT NULL DEFAULT '', accepted_ms INTEGER NOT NULL, ended_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS roll (
  slot TEXT PRIMARY KEY, length_mm INTEGER NOT NULL, used_mm REAL NOT NULL, slips INTEGER NOT NULL, slip_mm REAL NOT NULL,
  assumed INTEGER NOT NULL
) STRICT;
"""


class Journal:
    """One SQLite file with full synchronisation. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5.0)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self.in_doubt = self._settle()

    def _settle(self) -> list[JobResult]:
        """Close what a crash left open: nothing was sent before `sending`, anything may have been after it."""
        left = self._db.execute("SELECT job_id, step FROM job WHERE step <> 'done' ORDER BY rowid").fetchall()
        settled = []
        for job_id, step in left:
            if step == "sending":
                result = JobResult(job_id, Outcome.UNKNOWN, "error", "the service ended while sending")
            else:
                result = JobResult(job_id, Outcome.NOT_SENT, "error", "the service ended before sending")
            self.done(result)
            settled.append(result)
        self._db.execute("DELETE FROM job WHERE rowid <= (SELECT max(rowid) FROM job) - ?", (KEPT_JOBS,))
        return settled

    def accept(self, job_id: str) -> JobResult | None:
        """Take a job in, or give back what became of it. An open job of the same id is the caller's to wait for."""
        with self._lock:
            known = self._find(job_id)
            if known is None:
                self._db.execute("INSERT OR IGNORE INTO job (job_id, step, accepted_ms) VALUES (?, 'accepted', ?)", (job_id, _now_ms()))
            return known

    def sending(self, job_id: str, slot: str = "", roll: Roll | None = None) -> None:
        """From here on nobody can know, until `done`. The paper it takes is counted in the same commit."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute(
                    "INSERT INTO job (job_id, step, accepted_ms) VALUES (?, 'sending', ?)"
                    " ON CONFLICT (job_id) DO UPDATE SET step = 'sending'",
                    (job_id, _now_ms()),
                )
                if roll is not None:
                    self._put_roll(slot, roll)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def roll(self, slot: str) -> Roll:
        with self._lock:
            row = self._db.execute("SELECT length_mm, used_mm, slips, slip_mm, assumed FROM roll WHERE slot = ?", (slot,)).fetchone()
        return Roll(row[0], row[1], row[2], row[3], bool(row[4])) if row else Roll()

    def keep_roll(self, slot: str, roll: Roll) -> None:
        with self._lock:
            self._put_roll(slot, roll)

    def _put_roll(self, slot: str, roll: Roll) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO roll (slot, length_mm, used_mm, slips, slip_mm, assumed) VALUES (?, ?, ?, ?, ?, ?)",
            (slot, roll.length_mm, roll.used_mm, roll.slips, roll.slip_mm, int(roll.assumed)),
        )

    def done(self, result: JobResult) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO job (job_id, step, outcome, code, detail, accepted_ms, ended_ms) VALUES (?1, 'done', ?2, ?3, ?4, ?5, ?5)"
                " ON CONFLICT (job_id) DO UPDATE SET step = 'done', outcome = ?2, code = ?3, detail = ?4, ended_ms = ?5",
                (result.job_id, str(result.outcome), result.code, result.detail, _now_ms()),
            )

    def slips_since(self, past_s: float) -> int:
        """How many slips went out in so many last seconds."""
        query = "SELECT count(*) FROM job WHERE outcome IN ('printed', 'sent_unconfirmed') AND accepted_ms > ?"
        with self._lock:
            return int(self._db.execute(query, (_now_ms() - int(past_s * 1000),)).fetchone()[0])

    def ended_in_doubt(self) -> bool:
        """Whether nobody knows what became of the last slip of which anything was sent: its strip may hang out of the printer."""
        query = "SELECT outcome FROM job WHERE step = 'done' AND outcome <> 'not_sent' ORDER BY rowid DESC LIMIT 1"
        with self._lock:
            last = self._db.execute(query).fetchone()
        return last is not None and str(last[0]) == "unknown"

    def find(self, job_id: str) -> JobResult | None:
        """The outcome of a finished job."""
        with self._lock:
            return self._find(job_id)

    def _find(self, job_id: str) -> JobResult | None:
        row = self._db.execute("SELECT outcome, code, detail FROM job WHERE job_id = ? AND step = 'done'", (job_id,)).fetchone()
        return JobResult(job_id, Outcome(row[0]), row[1], row[2]) if row else None

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _now_ms() -> int:
    return SystemClock().wall_ms()
