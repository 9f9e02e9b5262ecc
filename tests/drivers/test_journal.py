"""What was about to happen is on disk before it happens; what is in doubt stays in doubt."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from drivers.devices.journal import KEPT_JOBS, Journal
from drivers.model import JobResult, Outcome


def test_a_job_in_doubt_after_a_crash_is_unknown_and_one_not_begun_is_not_sent(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs")
    assert journal.in_doubt == []
    for job in ("waiting", "sending", "done"):
        assert journal.accept(job) is None
    journal.sending("sending")
    journal.done(JobResult("done", Outcome.PRINTED))
    journal.close()  # nothing more is written at the end than a crash would leave
    again = Journal(tmp_path / "jobs")
    assert {one.job_id: one.outcome for one in again.in_doubt} == {"waiting": Outcome.NOT_SENT, "sending": Outcome.UNKNOWN}
    assert again.accept("sending") == JobResult("sending", Outcome.UNKNOWN, "error", "the service ended while sending")
    assert again.accept("done") == JobResult("done", Outcome.PRINTED)
    again.close()
    third = Journal(tmp_path / "jobs")
    assert third.in_doubt == []
    assert third.find("sending") is not None
    third.close()


def test_a_slip_whose_end_nobody_knows_is_remembered_until_one_came_out(tmp_path: Path) -> None:
    for outcome, doubt in (("unknown", True), ("not_sent", True), ("printed", False), ("not_sent", False), ("sent_unconfirmed", False)):
        journal = Journal(tmp_path / "jobs")
        journal.done(JobResult(f"{outcome}, {doubt}", Outcome(outcome)))
        journal.close()
        again = Journal(tmp_path / "jobs")
        assert again.ended_in_doubt() is doubt
        again.close()


def test_every_step_is_on_disk_when_the_call_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs")
    journal.accept("one")
    journal.sending("one")
    with sqlite3.connect(tmp_path / "jobs") as other:
        assert other.execute("SELECT step FROM job").fetchall() == [("sending",)]
    other.close()
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.close()


def test_the_journal_holds_ids_and_outcomes_alone_and_stays_small(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs")
    columns = [row[1] for row in journal._db.execute("PRAGMA table_info(job)")]
    assert columns == ["job_id", "step", "outcome", "code", "detail", "accepted_ms", "ended_ms"]
    journal._db.execute("BEGIN")
    journal._db.executemany("INSERT INTO job (job_id, step, accepted_ms) VALUES (?, 'done', 0)", [(str(n),) for n in range(KEPT_JOBS + 50)])
    journal._db.execute("COMMIT")
    journal.close()
    again = Journal(tmp_path / "jobs")
    assert again._db.execute("SELECT count(*) FROM job").fetchone() == (KEPT_JOBS,)
    again.close()
