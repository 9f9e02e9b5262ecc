"""The worker on real sockets: every record once and in order, whatever the partner, the line or the power does."""

from __future__ import annotations

import json
import random
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from queue_server.dossier.files import State

Until = Callable[..., Any]


def keys(records: list[dict[str, Any]]) -> list[str]:
    return [f"{record['MaBanGhi']}:{record['PhienBan']}" for record in records]


def expected(log: Any, *steps: int) -> list[str]:
    """The records of whole visits `v0 v1 …` in order."""
    return [f"{log.site}:v{n}:1:1" for n in range(*steps)]


def test_records_arrive_in_order_and_the_cursor_follows(server: Any, mock: Any, runner: Any, until: Until) -> None:
    for n in range(300):
        server.log.visit(f"v{n}")
    server.kind = "demo"
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    assert keys(mock.accepted()) == expected(server.log, 300)
    assert {record["DuLieuThuNghiem"] for record in mock.accepted()} == {True}
    server.log.add("v3", "rated", {"stars": 4})
    until(lambda: mock.tally()["accepted"] == 301)
    assert keys(mock.accepted())[-1] == f"{server.log.site}:v3:1:2"
    assert runner.stop()["sent"] == 301
    assert mock.tally()["stale"] == 0


def test_it_waits_for_a_partner_that_does_not_answer(server: Any, mock: Any, runner: Any, until: Until) -> None:
    def waits() -> int:
        return int(runner.stderr.read_text().count('"event": "waiting"'))

    none: dict[str, Any] = {"down": False, "status": 0}
    mock.faults(down=True)
    runner.start()
    troubles: tuple[dict[str, Any], ...] = ({"down": True}, {"status": 503}, {"status": 429}, {"status": 408})
    for n, fault in enumerate(troubles):
        mock.faults(**(none | fault))
        place, before = runner.position(), waits()
        server.log.visit(f"v{n}")
        until(lambda before=before: waits() > before)
        assert (runner.position(), mock.tally()["accepted"]) == (place, n)
        mock.faults(down=False, status=0)
        until(lambda n=n: mock.tally()["accepted"] == n + 1)
    assert not (runner.state / "refused.jsonl").exists()


def test_an_expired_token_is_fetched_again(server: Any, mock: Any, runner: Any, until: Until) -> None:
    server.log.visit("v0")
    runner.start()
    until(lambda: mock.tally()["accepted"] == 1)
    mock.faults(expire_tokens=1)
    server.log.visit("v1")
    until(lambda: mock.tally()["accepted"] == 2)
    assert "waiting" not in runner.stderr.read_text()


def test_a_partner_that_never_takes_our_token_is_waited_for(server: Any, mock: Any, runner: Any, until: Until) -> None:
    mock.faults(expire_tokens=2)
    server.log.visit("v0")
    runner.start()
    until(lambda: "does not accept our token" in runner.stderr.read_text())
    until(lambda: mock.tally()["accepted"] == 1)


def test_an_answer_lost_after_acceptance_is_no_second_record(server: Any, mock: Any, runner: Any, until: Until) -> None:
    mock.faults(drop_answers=1)
    for n in range(5):
        server.log.visit(f"v{n}")
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    assert keys(mock.accepted()) == expected(server.log, 5)
    assert mock.tally()["stale"] == 5


def test_a_refused_record_is_set_aside_with_the_partners_words(server: Any, mock: Any, runner: Any, until: Until) -> None:
    mock.faults(refuse_procedures=["1.000001"])
    for n in range(3):
        server.log.visit(f"v{n}")
    server.log.add("v1", "annotated", {"procedures": [{"code": "1.000001"}]})
    server.log.visit("v3")
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    (row,) = [json.loads(line) for line in (runner.state / "refused.jsonl").read_text("utf-8").splitlines()]
    assert (row["key"], row["code"]) == (f"{server.log.site}:v1:1:2", "unknown_procedure")
    assert row["detail"] == "không có thủ tục 1.000001"
    assert keys(mock.accepted()) == expected(server.log, 4)
    until(lambda: any(beat["slots"][0]["state"] == "degraded" for beat in server.beats))


def test_a_batch_refused_as_a_whole_is_taken_apart(server: Any, mock: Any, runner: Any, until: Until) -> None:
    mock.faults(status=422)
    for n in range(3):
        server.log.visit(f"v{n}")
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    rows = [json.loads(line) for line in (runner.state / "refused.jsonl").read_text("utf-8").splitlines()]
    assert [row["key"] for row in rows] == expected(server.log, 3)
    assert {(row["status"], row["code"]) for row in rows} == {(422, "on_purpose")}


def test_a_full_disk_is_waited_out(server: Any, mock: Any, runner: Any, until: Until) -> None:
    """The place cannot be kept: the program stays, says so, and goes on when there is room. Records are told again, and taken once."""
    runner.state.mkdir(exist_ok=True)
    place = runner.state / "cursor.part"
    place.symlink_to("/dev/full")
    server.log.visit("v0")
    runner.start()
    until(lambda: any(beat["slots"][0]["state"] == "backoff" for beat in server.beats))
    assert keys(mock.accepted()) == expected(server.log, 1)
    place.unlink()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    assert keys(mock.accepted()) == expected(server.log, 1)


def test_a_refused_record_that_did_not_fit_leaves_no_half_line(tmp_path: Path) -> None:
    state, (soft, hard) = State(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    state.set_aside("a", {"n": 1}, 200, "c", "d", "2026-11-23T07:00:00+07:00")
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "refused.jsonl").stat().st_size + 5, hard))
    try:
        with pytest.raises(OSError, match="large"):
            state.set_aside("b", {"n": 2}, 200, "c", "d", "2026-11-23T07:00:00+07:00")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [row["key"] for row in state.refused()] == ["a"]
    state.set_aside("b", {"n": 2}, 200, "c", "d", "2026-11-23T07:00:00+07:00")
    assert [row["key"] for row in State(tmp_path).refused()] == ["a", "b"]


def test_after_a_restart_it_goes_on_where_it_was_and_remembers_open_tickets(server: Any, mock: Any, runner: Any, until: Until) -> None:
    server.log.visit("v0")
    server.log.issue("v1", priority_class="cao-tuoi")
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    runner.stop()
    server.log.call("v1")
    server.log.add("v1", "completed", {"outcome": "done", "start_inferred": True}, after_ms=60_000)
    server.log.add("v0", "rated", {"stars": 2})
    runner.start()
    until(lambda: mock.tally()["accepted"] == 3)
    assert keys(mock.accepted()) == [f"{server.log.site}:v0:1:1", f"{server.log.site}:v1:1:1", f"{server.log.site}:v0:1:2"]
    assert mock.accepted()[1]["LoaiUuTien"] == "cao-tuoi"
    assert mock.tally()["stale"] == 0


def test_a_checkpoint_stands_in_for_the_events_before_it(server: Any, mock: Any, runner: Any, until: Until) -> None:
    for n in range(4):
        server.log.visit(f"v{n}")
    for _ in range(2100):
        server.log.add("v0", "reprinted")
    runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}")
    runner.stop()
    place = json.loads((runner.state / "cursor.json").read_text())
    assert [path.name for path in runner.state.glob("feed-*.json")] == [place["checkpoint"]]
    server.log.add("v3", "rated", {"stars": 5})
    before = server.log.events[0]
    server.log.events[0] = {**before, "type": "sung_to"}  # whoever read the log from its beginning would now lose v0
    server.log.add("v0", "rated", {"stars": 5})
    runner.start()
    until(lambda: mock.tally()["accepted"] == 6)
    assert keys(mock.accepted())[-2:] == [f"{server.log.site}:v3:1:2", f"{server.log.site}:v0:1:2"]


def test_a_log_that_continues_under_a_new_epoch_is_followed(server: Any, mock: Any, runner: Any, until: Until) -> None:
    log = server.log
    log.visit("v0")
    kept = log.seq
    ticket = dict(log.tickets)
    log.visit("v1")
    runner.start()
    until(lambda: runner.position() == f"1-{log.seq}")
    # Restored to the state after v0: what came later is gone, and v1 happens anew in another way.
    del log.events[kept:]
    log.tickets, log.epoch, server.continues_after = ticket, 2, kept
    log.issue("v1")
    log.add("v1", "cancelled", after_ms=1_000)
    until(lambda: runner.position() == f"2-{log.seq}")
    assert keys(mock.accepted()) == [f"{log.site}:{key}" for key in ("v0:1:1", "v1:1:1", "v0:1:1001", "v1:1:1001")]
    assert mock.accepted()[-1]["KetQuaLuot"] == "huy"


def test_what_was_told_of_rows_that_never_happened_is_put_right(server: Any, mock: Any, runner: Any, until: Until) -> None:
    log = server.log
    log.visit("v0")
    kept, ticket = log.seq, dict(log.tickets)
    log.undo("v0")
    log.add("v0", "completed", {"outcome": "referred"}, after_ms=60_000)
    runner.start()
    until(lambda: runner.position() == f"1-{log.seq}")
    ended = [(record["PhienBan"], record["KetQuaLuot"]) for record in mock.accepted()]
    assert ended == [(1, "xong"), (2, "mo_lai"), (3, "huong_dan_noi_khac")]
    # The backup knows the first ending alone, and nobody touches this ticket any more.
    del log.events[kept:]
    log.tickets, log.epoch, server.continues_after = ticket, 2, kept
    log.issue("v1")
    until(lambda: runner.position() == f"2-{log.seq}")
    right = mock.accepted()[-1]
    assert (right["PhienBan"], right["KetQuaLuot"], right["ThoiDiemKetThuc"]) == (1001, "xong", mock.accepted()[0]["ThoiDiemKetThuc"])
    runner.stop()
    runner.start()
    log.add("v0", "rated", {"stars": 4})
    until(lambda: runner.position() == f"2-{log.seq}")
    assert [record["PhienBan"] for record in mock.accepted()] == [1, 2, 3, 1001, 1002], "what was told again is remembered"


def test_a_state_folder_of_another_site_is_refused(server: Any, mock: Any, runner: Any, until: Until) -> None:
    server.log.visit("v0")
    runner.start()
    until(lambda: runner.position() != "0")
    runner.stop()
    server.log.site += "2"
    server.log.visit("v1")
    runner.start()
    until(lambda: "belongs to site" in runner.stderr.read_text())
    assert mock.tally()["records"] == 1


def test_names_that_the_log_does_not_know_come_from_a_file(server: Any, mock: Any, runner: Any, until: Until, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text("[]")
    runner.start("--names", str(names))
    until(lambda: "not the names of a site" in runner.stderr.read_text())
    runner.stop()
    names.write_text(json.dumps({"unit": "H48.53", "fields": {"chung-thuc": "G15-TP01"}, "procedures": {"chung-thuc": "2.000815"}}))
    server.log.visit("v0")
    runner.start("--names", str(names))
    (record,) = until(mock.accepted)
    assert (record["MaDonVi"], record["MaLinhVuc"], record["MaTTHC"]) == ("H48.53", "G15-TP01", "2.000815")


def test_nothing_of_a_person_and_no_secret_is_written(server: Any, mock: Any, runner: Any, until: Until, tmp_path: Path) -> None:
    mock.faults(status=400)
    server.log.visit("v0")
    runner.start()
    until(lambda: runner.position() != "0")
    runner.stop()
    written = "".join(path.read_text() for path in (*runner.state.iterdir(), runner.stderr))
    assert "khong-phai-bi-mat" not in written
    assert "a-key" not in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    "visits",
    [
        pytest.param(10, marks=pytest.mark.slow("kills the worker twice and the mock once while visits happen")),
        pytest.param(80, marks=[pytest.mark.full, pytest.mark.slow("sixteen kills of the worker, eight of the mock")]),
    ],
)
def test_killed_at_any_moment_each_record_is_accepted_once(server: Any, mock: Any, runner: Any, until: Until, visits: int) -> None:
    dice = random.Random(7)  # also kills the shared mock: its journal brings everything back
    mock.faults(slow_ms=30)
    runner.start()
    for n in range(visits):
        server.log.visit(f"v{n}")
        if n % 5 == 4:
            target = mock.tally()["accepted"] + dice.randrange(1, 4)
            until(lambda wanted=min(target, n + 1): mock.tally()["accepted"] >= wanted)
            runner.stop(signal.SIGKILL)
            if n % 10 == 9:
                mock.stop(signal.SIGKILL)
                mock.start()
                mock.faults(slow_ms=30, drop_answers=dice.randrange(2))
            runner.start()
    until(lambda: runner.position() == f"1-{server.log.seq}", within_s=60)
    assert keys(mock.accepted()) == expected(server.log, visits)
