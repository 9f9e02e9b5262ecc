"""The audit of sent records: two derivations that share no code agree on any day, and every planted lie is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.audit import sent
from queue_server.cli import server
from queue_server.contract.position import Position
from queue_server.dossier.mock_store import Store
from queue_server.dossier.payload import Feed, Names
from queue_server.services import days, helping, queries, stating
from tests.audit.test_audit import a_day
from tests.hall import MORNING, SITE, Hall

NAMES: dict[str, Any] = {"unit": "H48.53", "fields": {"ho-tich": "G15-TP01"}, "procedures": {"dat-dai": "2.000815"}}
Records = list[dict[str, Any]]


def taken_by_partner(hall: Hall, **names: Any) -> Records:
    """What the feed said of the log and the mock dossier system took, in order of arrival."""
    feed, partner = Feed(Names(trial=True, **names)), Store()
    with hall.store.read() as reader:
        events = queries.events(reader, SITE, after=Position(None, 0), limit=100_000)["events"]
    for event in events:
        for record in feed.take(event):
            assert partner.put(json.loads(json.dumps(record)))["status"] == "accepted"
    return partner.accepted()


def findings(hall: Hall, records: Records, **names: Any) -> list[str]:
    with hall.store.read() as reader:
        return sent.findings(reader, SITE, records, names)


@pytest.mark.parametrize("seed", range(8))
def test_an_honest_day_of_any_kind_was_sent_as_the_log_yields_it(file_hall: Hall, seed: int) -> None:
    a_day(file_hall, seed, 200)
    file_hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(file_hall.store, SITE)
    records = taken_by_partner(file_hall, **NAMES)
    assert len(records) > 5
    assert findings(file_hall, records, **NAMES) == []


def told_day(hall: Hall) -> Records:
    """Served with all that can be told, sent on, absent and let in again, taken back, rated, corrected."""
    for counter in "12":
        hall.open(counter)
    first = hall.issue(priority_class="elderly", quantity=2, dossier_code="000.00.53.H48-260921-0001")
    second, third = hall.issue(), hall.issue("dat-dai")
    hall.attend(second, "amend", priority_class="merit", quantity=3)
    hall.clock.forward(61.5)
    hall.next()
    hall.clock.forward(7)
    hall.at("1", "serve")
    hall.on(first, "hold")
    hall.clock.forward(30)
    hall.on(first, "resume")
    hall.on(first, "procedures", procedures=[{"code": "1.001193"}, {"dossier_code": "000.00.53.H48-260921-0002"}])
    hall.clock.forward(90)
    hall.on(first, "complete", outcome="incomplete", dossier_code="000.00.53.H48-260921-0003")
    hall.attend(first, "rate", stars=4)
    hall.next()
    hall.clock.forward(3)
    hall.on(second, "transfer", to={"service": "kinh-doanh"})
    hall.undo()
    hall.at("1", "no-show")
    hall.attend(second, "readmit")
    hall.next("2")
    hall.next("2")
    assert hall.ticket(third)["state"] == "called"
    claimed = hall.issue("kinh-doanh", priority_class="merit")
    hall.do(lambda unit: helping.priority(unit, claimed["id"], decision="refused"))
    hall.attend(claimed, "cancel")
    many = hall.issue(quantity=5)
    hall.open("3")
    hall.next("3")
    hall.at("3", "serve")
    hall.clock.forward(9)
    hall.on(many, "complete", "3", more=2, dossier_code="g09.20-20260921-0000004")
    hall.next("3")
    hall.on(many, "complete", "3")
    return taken_by_partner(hall)


def test_a_day_with_everything_that_can_be_told(file_hall: Hall) -> None:
    records = told_day(file_hall)
    assert findings(file_hall, records) == []
    assert {record["KetQuaLuot"] for record in records} >= {"chua_du_ho_so", "chuyen_quay", "mo_lai", "vang"}
    assert max(record["PhienBan"] for record in records) >= 3
    assert any(len(record["DanhSachMaHoSo"]) == 3 and record["MaTTHC"] == "1.001193" for record in records)
    assert [each["LoaiUuTien"] for each in records if each["KetQuaLuot"] == "huy"] == [None]  # asked for and refused
    assert [each["SoHoSo"] for each in records if each["SoThuTu"] == "A003" and each["KetQuaLuot"] in ("chuyen_quay", "xong")] == [3, 2]


Lie = Callable[[Records], Any]


def says(field: str, value: Any) -> Lie:
    return lambda records: records[0].update({field: value})


LIES: dict[str, tuple[Lie, str]] = {
    "a wait made shorter": (says("ThoiGianChoGiay", 1), "sent-ThoiGianChoGiay: "),
    "a service made longer": (says("ThoiGianPhucVuGiay", 9_999), "sent-ThoiGianPhucVuGiay: "),
    "a start moved": (says("ThoiDiemBatDau", "2026-11-23T07:00:00+07:00"), "sent-ThoiDiemBatDau: "),
    "another result": (says("KetQuaLuot", "xong"), "sent-KetQuaLuot: "),
    "another counter": (says("MaQuay", "9"), "sent-MaQuay: "),
    "a dossier left out": (says("DanhSachMaHoSo", []), "sent-DanhSachMaHoSo: "),
    "a priority taken away": (says("LoaiUuTien", None), "sent-LoaiUuTien: "),
    "a rehearsal told as real": (says("DuLieuThuNghiem", False), "sent-DuLieuThuNghiem: "),
    "a procedure guessed": (says("MaTTHC", "2.000815"), "sent-MaTTHC: "),
    "another place in the log": (says("ThuTuNhatKy", 1), "sent-ThuTuNhatKy: "),
    "a field too many": (says("HoTen", "x"), "sent-HoTen: "),
    "a field too few": (lambda records: records[0].pop("SoThuTu"), "sent-SoThuTu: "),
    "a record withheld": (lambda records: records.pop(0), "sent-missing: "),
    "a record taken twice": (lambda records: records.append(records[-1]), "sent-twice: "),
    "a version nobody is owed": (lambda records: records.append(records[-1] | {"PhienBan": 99}), "sent-unasked: "),
    "a visit invented": (lambda records: records.append(records[0] | {"MaBanGhi": f"{SITE}:ghost:1"}), "sent-unasked: "),
    "an old version laid over a new one": (lambda records: records.append(records.pop(0)), "sent-order: "),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_named(file_hall: Hall, lie: str) -> None:
    records = copy.deepcopy(told_day(file_hall))
    plant, named = LIES[lie]
    plant(records)
    found = findings(file_hall, records)
    assert any(each.startswith(named) for each in found), found


def test_the_feed_that_errs_is_named(file_hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first derivation itself is what errs here: time away counted as service."""
    from queue_server.dossier import fold

    honest = fold._held
    monkeypatch.setitem(fold.EFFECTS, "held", lambda visit, step, event, at: honest(visit, step, event, at - 5_000))
    assert any(each.startswith("sent-ThoiGianPhucVuGiay") for each in findings(file_hall, told_day(file_hall)))


def test_other_sites_records_are_not_this_sites_affair(file_hall: Hall) -> None:
    records = told_day(file_hall)
    assert findings(file_hall, [*records, records[0] | {"MaDiemTiepNhan": "W2"}]) == []


# ---------------------------------------------------------------- files and the command
def written(path: Path, records: Records, form: str) -> Path:
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text(lines if form == "lines" else json.dumps({"records": records, "tally": {}}, indent=1), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["lines", "object"])
def test_the_command_names_what_is_missing_and_takes_what_was_set_aside(file_hall: Hall, tmp_path: Path, form: str) -> None:
    records = told_day(file_hall)
    taken = written(tmp_path / "sent", records[1:], form)
    run = CliRunner().invoke(server, ["audit", "--db", file_hall.store.url, "--sent", str(taken)])
    assert run.exit_code == 1
    assert f"{SITE}: sent-missing: {records[0]['MaBanGhi']}" in run.output
    aside = tmp_path / "refused.jsonl"
    aside.write_text(json.dumps({"key": "k", "status": 422, "code": "x", "detail": "", "record": records[0]}) + "\n")
    names = tmp_path / "names.json"
    names.write_text("{}")
    whole = ["audit", "--db", file_hall.store.url, "--sent", str(aside), "--sent", str(taken), "--names", str(names)]
    run = CliRunner().invoke(server, whole)
    assert (run.exit_code, run.output.strip()) == (0, "no findings")


@pytest.mark.parametrize("text", ["nonsense", '{"records": [1]}', '{"MaBanGhi": "x"}'])
def test_a_file_of_something_else_is_refused_in_words(file_hall: Hall, tmp_path: Path, text: str) -> None:
    (tmp_path / "sent").write_text(text)
    run = CliRunner().invoke(server, ["audit", "--db", file_hall.store.url, "--sent", str(tmp_path / "sent")])
    assert run.exit_code == 2
    assert "sent: " in run.output


def test_what_was_told_afterwards_is_marked_and_is_no_duration(file_hall: Hall) -> None:
    """By voice and from the paper book: nobody observed when, so the partner's means must not count it."""
    file_hall.open()
    by_voice, seen = file_hall.issue(), file_hall.issue()
    file_hall.clock.forward(1800)
    at = file_hall.clock.at_ms
    file_hall.do(lambda unit: stating.tick(unit, "1", ticket=by_voice["id"], stated_at=at, what="completed"))
    slip = {"series": "A", "number": 900, "service": "ho-tich", "issued_at": at, "outcome": "completed", "ended_at": at}
    file_hall.do(lambda unit: stating.paper(unit, **slip))
    file_hall.next()
    file_hall.at("1", "serve")
    file_hall.at("1", "complete")
    records = taken_by_partner(file_hall)
    assert findings(file_hall, records) == []
    marks = {r["SoThuTu"]: (r["BatDauSuyRa"], r["ThoiGianChoGiay"], r["ThoiGianPhucVuGiay"], r["KetQuaLuot"]) for r in records}
    assert marks == {"A001": (True, None, None, "xong"), "A900": (True, None, None, "xong"), seen["label"]: (False, 1800, 0, "xong")}
