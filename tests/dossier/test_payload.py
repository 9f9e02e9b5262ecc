"""What a record says: every field by example, every change as a higher version, and agreement with the domain's own fold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.contract import times
from queue_server.domain.metrics import service_ms
from queue_server.domain.ticket import TRANSITIONS
from queue_server.dossier.fold import instant
from queue_server.dossier.mock_store import faults_of
from queue_server.dossier.payload import EPOCH_VERSIONS, KEEP_DAYS, Feed, Names, idempotency_key


def records(log: Any, feed: Feed | None = None) -> list[dict[str, Any]]:
    feed = feed or Feed()
    return [record for event in log.events for record in feed.take(event)]


def test_a_step_told_afterwards_says_so_and_a_later_one_does_not(log: Any) -> None:
    log.issue("t1")
    log.add("t1", "called", {"wait_ms": 9_000_000, "over_breaks_ms": 0, "entered_late": True}, counter="1")
    log.add("t1", "transferred", {"service": "ho-tich", "effective_at": log.at, "credits": {}}, after_ms=1_000)
    log.call("t1", counter="2")
    log.add("t1", "serving_started", after_ms=5_000)
    log.add("t1", "completed", {"outcome": "done"}, after_ms=7_000)
    first, second = records(log, Feed.from_data(json.loads(json.dumps(Feed().as_data()))))
    assert (first["BatDauSuyRa"], first["ThoiGianChoGiay"], first["ThoiGianPhucVuGiay"]) == (True, None, None)
    assert (second["BatDauSuyRa"], second["ThoiGianChoGiay"], second["ThoiGianPhucVuGiay"]) == (False, 60, 7)
    assert faults_of(first) == []


def test_a_plain_visit_is_one_record_with_every_field(log: Any) -> None:
    log.visit("t1", dossier_code="000.00.53.H48-220921-0001", quantity=2, priority_class="cao-tuoi", before_opening_ms=1_900)
    (record,) = records(log, Feed(Names(unit="H48.53", fields={"chung-thuc": "G15-TP01"}, procedures={"chung-thuc": "2.000815"})))
    assert record == {
        "MaBanGhi": f"{log.site}:t1:1",
        "KyNhatKy": 1,
        "ThuTuNhatKy": 4,
        "PhienBan": 1,
        "MaDonVi": "H48.53",
        "MaDiemTiepNhan": log.site,
        "NgayLamViec": "2026-11-23",
        "MaLuot": "t1",
        "BuocThu": 1,
        "SoThuTu": "A001",
        "MaQuay": "1",
        "MaLinhVuc": "G15-TP01",
        "MaTTHC": "2.000815",
        "SoHoSo": 2,
        "DanhSachMaHoSo": ["000.00.53.H48-220921-0001"],
        "KenhThucHien": "truc_tiep",
        "LoaiUuTien": "cao-tuoi",
        "ThoiDiemLaySo": "2026-11-23T07:30:00+07:00",
        "ThoiDiemGoi": "2026-11-23T07:31:00+07:00",
        "ThoiDiemBatDau": "2026-11-23T07:31:05+07:00",
        "ThoiDiemKetThuc": "2026-11-23T07:33:05+07:00",
        "ThoiGianChoGiay": 60,
        "ChoTruocGioMoGiay": 1,
        "ChoQuaNghiGiay": 0,
        "ThoiGianPhucVuGiay": 120,
        "BatDauSuyRa": False,
        "DongTuDong": False,
        "KetQuaLuot": "xong",
        "MucDoHaiLong": None,
        "DuLieuThuNghiem": False,
    }
    assert faults_of(record) == []
    assert idempotency_key(record) == f"{log.site}:t1:1:1"


@pytest.mark.parametrize(
    ("kind", "data", "outcome"),
    [
        ("completed", {"outcome": "incomplete"}, "chua_du_ho_so"),
        ("completed", {"outcome": "referred"}, "huong_dan_noi_khac"),
        ("completed", {"outcome": "left"}, "bo_ve"),
        ("completed", {"outcome": "refused_service"}, "tu_choi"),
        ("completed", {"outcome": "not_needed"}, "khong_can"),
        ("no_show", {}, "vang"),
        ("cancelled", {}, "huy"),
        ("moved", {}, "chuyen_diem"),
        ("closed_by_system", {}, "vang"),
    ],
)
def test_every_end_has_its_word(log: Any, kind: str, data: dict[str, Any], outcome: str) -> None:
    log.issue("t1")
    log.call("t1")
    log.add("t1", kind, data, after_ms=9_000)
    (record,) = records(log)
    assert record["KetQuaLuot"] == outcome
    assert record["DongTuDong"] is (kind == "closed_by_system")
    assert faults_of(record) == []


def test_never_called_means_no_wait_and_no_counter(log: Any) -> None:
    log.issue("t1")
    log.add("t1", "expired", after_ms=3_600_000)
    (record,) = records(log)
    assert (record["ThoiGianChoGiay"], record["ThoiDiemGoi"], record["MaQuay"], record["KetQuaLuot"]) == (None, None, None, "het_ngay")


def test_an_inferred_start_says_so(log: Any) -> None:
    log.issue("t1")
    log.call("t1")
    log.add("t1", "completed", {"outcome": "done", "start_inferred": True}, after_ms=30_999)
    (record,) = records(log)
    assert record["BatDauSuyRa"] is True
    assert record["ThoiDiemBatDau"] == record["ThoiDiemGoi"]
    assert record["ThoiGianPhucVuGiay"] == 30


def test_a_transfer_is_two_records_and_time_away_is_not_service(log: Any) -> None:
    log.issue("t1")
    log.call("t1")
    log.add("t1", "serving_started")
    moved = {"service": "ho-tich", "effective_at": log.at, "credits": {}}
    log.add("t1", "transferred", moved, after_ms=10_000)
    log.call("t1", "2", after_ms=30_000)
    log.add("t1", "held", after_ms=1_000)
    log.add("t1", "resumed", after_ms=600_000)
    log.add("t1", "held", after_ms=5_000)
    log.add("t1", "resumed", after_ms=300_000)
    log.add("t1", "completed", {"outcome": "done", "dossier_code": "G09.20-20260609-0000001"}, after_ms=7_000)
    first, second = records(log)
    assert (first["MaBanGhi"], first["KetQuaLuot"], first["MaQuay"]) == (f"{log.site}:t1:1", "chuyen_quay", "1")
    assert (second["MaBanGhi"], second["MaLinhVuc"], second["MaQuay"]) == (f"{log.site}:t1:2", "ho-tich", "2")
    assert second["ThoiGianChoGiay"] == 30
    assert second["ThoiGianPhucVuGiay"] == 12  # 5 s and 7 s at the counter; away before and during is neither wait nor service
    assert second["DanhSachMaHoSo"] == ["G09.20-20260609-0000001"]


def test_a_correction_raises_the_version_and_silence_does_not(log: Any) -> None:
    log.visit("t1")
    log.add("t1", "print_outcome", {"outcome": "printed"})
    log.add("t1", "rated", {"stars": 5})
    log.add("t1", "rated", {"stars": 5})
    log.add("t1", "annotated", {"procedures": [{"code": "2.000815", "dossier_code": "000.00.53.H48-220921-0001"}]})
    log.add("t1", "corrected", {"service": "ho-tich"})
    log.add("t1", "voided")
    found = records(log)
    assert [record["PhienBan"] for record in found] == [1, 2, 3, 4, 5]
    assert {record["MaBanGhi"] for record in found} == {f"{log.site}:t1:1"}
    assert found[1]["MucDoHaiLong"] == 5
    assert (found[2]["MaTTHC"], found[2]["DanhSachMaHoSo"]) == ("2.000815", ["000.00.53.H48-220921-0001"])
    assert (found[3]["MaLinhVuc"], found[4]["KetQuaLuot"]) == ("ho-tich", "vo_hieu")
    assert [record["ThuTuNhatKy"] for record in found] == [4, 6, 8, 9, 10]


def test_a_readmission_withdraws_and_then_corrects(log: Any) -> None:
    log.issue("t1")
    log.call("t1")
    log.add("t1", "no_show", after_ms=60_000)
    log.add("t1", "readmitted", {"effective_at": log.at, "credits": {}}, after_ms=60_000)
    log.call("t1", "3")
    log.add("t1", "serving_started")
    log.add("t1", "completed", {"outcome": "done"}, after_ms=60_000)
    found = records(log)
    assert [(record["PhienBan"], record["KetQuaLuot"]) for record in found] == [(1, "vang"), (2, "mo_lai"), (3, "xong")]
    assert found[1]["ThoiDiemKetThuc"] is None
    assert [record["ThoiGianChoGiay"] for record in found] == [60, 60, 60]  # a later call does not restart the wait


def test_undo_withdraws_what_was_said(log: Any) -> None:
    log.visit("t1")
    log.undo("t1")
    log.add("t1", "completed", {"outcome": "incomplete"}, after_ms=60_000)
    assert [(record["PhienBan"], record["KetQuaLuot"]) for record in records(log)] == [(1, "xong"), (2, "mo_lai"), (3, "chua_du_ho_so")]


def test_a_class_changed_later_does_not_touch_an_earlier_step(log: Any) -> None:
    log.issue("t1")
    log.call("t1")
    log.add("t1", "transferred", {"service": "ho-tich", "effective_at": log.at, "credits": {}})
    log.add("t1", "amended", {"to": {"priority_class": "mang-thai"}})
    log.add("t1", "cancelled")
    first, second = records(log)
    assert (first["LoaiUuTien"], second["LoaiUuTien"]) == (None, "mang-thai")


def test_versions_of_a_new_epoch_stand_above(new_log: Any) -> None:
    log = new_log(epoch=2)
    log.visit("t1")
    assert records(log)[0]["PhienBan"] == EPOCH_VERSIONS + 1


def test_unknown_events_and_unknown_tickets_are_passed_over(log: Any) -> None:
    log.visit("t1")
    feed = Feed()
    strange = {**log.events[0], "type": "sung_to", "data": {}}
    house = {**log.events[0], "type": "day.opened", "ticket": None, "data": {}}
    stranger = {**log.events[1], "ticket": "never-seen"}
    assert [feed.take(event) for event in (strange, house, stranger)] == [[], [], []]
    assert len(records(log, feed)) == 1


def test_old_tickets_are_forgotten(log: Any) -> None:
    log.visit("t1")
    feed = Feed()
    records(log, feed)
    later = {**log.events[0], "ticket": "t2", "business_day": "2026-12-31", "data": log.events[0]["data"]}
    feed.take(later)
    assert list(feed.visits) == ["t2"]
    assert KEEP_DAYS < 38
    assert feed.take({**log.events[-1], "type": "rated", "data": {"stars": 1}}) == []
    assert feed.forgotten == 1


def test_schema_and_record_name_the_same_fields(log: Any) -> None:
    log.visit("t1")
    (record,) = records(log)
    assert [faults_of({key: value for key, value in record.items() if key != name}) != [] for name in record] == [True] * len(record)
    assert faults_of({**record, "HoTen": "ai đó"}) != []
    assert faults_of({**record, "ThoiDiemGoi": "2026-11-23T00:31:00Z"}) != []


# ---------------------------------------------------------------- against the domain
def lawful(log: Any, ticket: str) -> list[str]:
    state = log.tickets[ticket].state
    return sorted(kind for kind, (sources, _) in TRANSITIONS.items() if state in sources)


def data_for(kind: str, log: Any, ticket: str, n: int) -> dict[str, Any]:
    """Lawful data for an event of this kind."""
    step = log.tickets[ticket].steps[-1]
    place = {"service": f"s{n % 3}", "effective_at": log.at, "credits": {}}
    return {
        "called": {"wait_ms": max(0, log.at - step.available_from), "over_breaks_ms": n % 5 * 100},
        "amended": {"to": {"priority_class": f"p{n % 3}"} if n % 2 else {"service": f"s{n % 3}"}},
        "transferred": place | ({"quantity": n % 4 + 1, "rule": "dossier_limit", "arrived_from": log.at} if n % 4 == 0 else {}),
        "let_passed": {"effective_at": log.at, "count": 1},
        "carried": {"to_day": "2026-11-24", "available_from": log.at + 60_000, "machine_closed": True} | place,
        "print_wanted": {"job": f"j{n}", "device": "kiosk-01", "reprint": n % 2 == 0},
        "priority_refused": place,
        "completed": {"outcome": "done", "start_inferred": n % 2 == 0, "dossier_code": f"A-20260609-{n:04}" if n % 3 == 0 else None},
        "readmitted": place,
        "rated": {"stars": n % 5 + 1},
        "annotated": {"procedures": [{"code": f"1.{n:06}"}]} if n % 2 else {"text": "ok"},
        "corrected": {"service": f"s{n % 3}"},
        "print_outcome": {"outcome": "printed"},
        "closed_by_system": {"machine_closed": True, "start_inferred": n % 2 == 0},
    }.get(kind, {})


@settings(max_examples=120, deadline=None)
@given(moves=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 999), st.integers(0, 5_000_000)), max_size=25))
def test_the_last_version_says_what_the_domain_knows(new_log: Any, moves: list[tuple[int, int, int]]) -> None:
    """Two folds written apart agree: after any lawful life the last version of each record is the domain's step."""
    log = new_log()
    log.issue("t1")
    for choice, n, pause_ms in moves:
        kinds = lawful(log, "t1")
        kind = kinds[choice % len(kinds)]
        log.at += pause_ms
        if kind != "undone":
            log.add("t1", kind, data_for(kind, log, "t1", n), counter=f"{n % 4}" if kind == "called" else None)
        elif "t1" in log.before:
            log.undo("t1")
    feed = Feed()
    last: dict[int, dict[str, Any]] = {}
    for record in records(log, feed):
        assert faults_of(record) == []
        assert record["PhienBan"] == last.get(record["BuocThu"], {"PhienBan": 0})["PhienBan"] + 1
        last[record["BuocThu"]] = record
    ticket = log.tickets["t1"]
    for step in ticket.steps:
        if step.ended_at is None:
            assert step.n not in last or last[step.n]["KetQuaLuot"] in ("mo_lai", "vo_hieu")
            continue
        record = last[step.n]
        assert instant(record["ThoiDiemKetThuc"]) == step.ended_at
        assert record["ThoiGianChoGiay"] == (None if step.wait_ms is None else step.wait_ms // 1000)
        assert (record["MaQuay"], record["MaLinhVuc"]) == (step.counter, step.service)
        observed = service_ms(step)
        assert observed is None or record["ThoiGianPhucVuGiay"] == observed // 1000
        assert (record["BatDauSuyRa"], record["DongTuDong"]) == (step.start_inferred, step.machine_closed)
    again = Feed.from_data(json.loads(json.dumps(feed.as_data())))
    assert again.as_data() == feed.as_data()


@given(st.integers(0, 4_000_000_000_000))
def test_instants_read_both_ways(at_ms: int) -> None:
    assert instant(times.encode(at_ms)) == at_ms
    assert instant(at_ms) == at_ms
