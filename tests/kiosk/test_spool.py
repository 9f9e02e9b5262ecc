"""The spool outlives the process: what was written is there after a kill, what was settled is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.ids import uuid7, uuid7_from
from kiosk.spool import KEPT_WANTED, Command, PrintIntent, Spool

WRITER = """
import sys
from pathlib import Path
from kiosk.spool import Command, PrintIntent, Spool
spool = Spool(Path(sys.argv[1]))
for number in range(100000):
    spool.add(Command(f"r{number}", "issue", f"t{number}", {"service": "ho-tich"}, number))
    if number % 3 == 1:
        spool.answered(f"r{number}", PrintIntent(f"t{number}", {"id": f"t{number}"}, "vi", False, number))
    print(number, flush=True)
"""


def command(number: int, call: str = "issue") -> Command:
    return Command(f"r{number}", call, f"t{number}", {"service": "ho-tich"}, number)


def test_nothing_written_is_lost_by_kill_9(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "spool")], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    last = -1
    for line in writer.stdout:
        last = int(line)
        if last >= 60:
            break
    writer.kill()
    last = max([last, *(int(line) for line in writer.stdout.read().splitlines() if line.isdigit())])
    writer.stdout.close()
    writer.wait()
    spool = Spool(tmp_path / "spool")
    ids = {one.ticket_id for one in spool.pending()} | {one.ticket_id for one in spool.intents()}
    assert {f"t{number}" for number in range(last + 1)} <= ids
    settled = {f"t{number}" for number in range(last + 1) if number % 3 == 1}
    assert settled <= {one.ticket_id for one in spool.intents()}
    assert not settled & {one.ticket_id for one in spool.pending()}
    spool.close()


def test_a_wanted_slip_is_taken_on_once_even_after_it_was_printed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    wanted = PrintIntent("j1", {"id": "t1"}, "vi", False, 1)
    assert [spool.want(wanted), spool.want(wanted)] == [True, False]
    assert [one.job_id for one in spool.intents()] == ["j1"]
    spool.printed("j1", command(1, "print_outcome"))
    spool.close()
    spool = Spool(tmp_path / "spool")
    assert (spool.want(wanted), spool.intents(), spool.was_wanted("j1"), spool.was_wanted("t1")) == (False, [], True, False)
    spool.close()


def test_of_wanted_slips_the_newest_are_known(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    with spool.writing() as db:
        db.executemany("INSERT INTO wanted VALUES (?, ?)", [(f"old{n}", n) for n in range(KEPT_WANTED)])
    assert spool.want(PrintIntent("new", {"id": "t1"}, "vi", False, 1))
    assert [spool.was_wanted(job) for job in ("old0", "old1", "new")] == [False, True, True]
    spool.close()


def test_an_answer_and_its_consequence_are_one_act(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.add(command(1))
    with pytest.raises(TypeError):
        spool.answered("r1", PrintIntent("t1", {"id": object()}, "vi", False, 1))  # what cannot be written takes nothing away
    assert [one.request_id for one in spool.pending()] == ["r1"]
    spool.answered("r1", command(2, "print_outcome"))
    assert [one.call for one in spool.pending()] == ["print_outcome"]
    spool.close()


def test_order_lanes_and_repeats(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number, call in enumerate(["issue", "print_outcome", "issue", "reprint"]):
        spool.add(command(number, call))
    spool.add(command(0))
    assert [one.request_id for one in spool.pending()] == ["r0", "r1", "r2", "r3"]
    assert [one.request_id for one in spool.pending(issue=True)] == ["r0", "r2"]
    assert spool.waiting() == 4
    spool.refuse("r2", "quota_full", 5)
    spool.add(command(9))
    assert [one.request_id for one in spool.pending()] == ["r0", "r1", "r3", "r9"]
    spool.close()


def test_the_file_forgets_what_is_settled(tmp_path: Path) -> None:
    """A keyed hash leaves the disk with its command, not only the index."""
    spool = Spool(tmp_path / "spool")
    spool.add(Command("r1", "issue", "t1", {"holder_key": "cafe" * 16}, 1))
    spool.answered("r1")
    spool.close()
    assert b"cafecafe" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_disk_settings(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)
    spool.close()


def test_ids_are_version_7_and_in_order_of_time() -> None:
    first, second = uuid7_from(1_795_000_000_000, 2**74 - 1), uuid7_from(1_795_000_000_001, 0)
    assert first < second
    assert (first[14], first[19]) == ("7", "b")
    assert len({uuid7(5) for _ in range(1000)}) == 1000
