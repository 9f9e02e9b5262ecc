"""The mock dossier system: who gets in, what it takes, how it judges a repeat, and that its page is for people."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from queue_server.dossier.payload import Feed


@pytest.fixture
def record(log: Any) -> dict[str, Any]:
    log.visit("t1")
    feed = Feed()
    return next(record for event in log.events for record in feed.take(event))


@pytest.fixture
def http(mock: Any) -> httpx.Client:
    answer = httpx.post(mock.addresses["token_url"], data={"grant_type": "client_credentials"}, auth=("toiluot-demo", "khong-phai-bi-mat"))
    return httpx.Client(base_url=mock.addresses["base"], headers={"Authorization": f"Bearer {answer.json()['access_token']}"})


def test_a_token_is_needed_and_a_secret_for_the_token(mock: Any) -> None:
    base, token = mock.addresses["base"], mock.addresses["token_url"]
    assert httpx.post(f"{base}/queue-records/batch", json={"records": []}).status_code == 401
    assert httpx.post(token, data={"grant_type": "client_credentials"}, auth=("toiluot-demo", "sai")).status_code == 401
    form = {"grant_type": "client_credentials", "client_id": "toiluot-demo", "client_secret": "khong-phai-bi-mat"}
    assert httpx.post(token, data={**form, "grant_type": "password"}).status_code == 400
    assert httpx.post(token, data=form).json()["token_type"] == "Bearer"


def test_versions_rise_and_a_repeat_changes_nothing(http: httpx.Client, mock: Any, record: dict[str, Any]) -> None:
    def send(**changes: Any) -> dict[str, Any]:
        answer = http.post("/queue-records/batch", json={"records": [{**record, **changes}]})
        return dict(answer.json()["results"][0])

    assert send()["status"] == "accepted"
    assert (send()["status"], send()["code"]) == ("stale", "already_accepted")
    assert send(SoHoSo=9)["code"] == "version_conflict"
    assert send(PhienBan=3)["status"] == "accepted"
    assert (send(PhienBan=2)["status"], send(PhienBan=2)["code"]) == ("stale", "older_version")
    assert send(SoThuTu="")["code"] == "invalid"
    assert send(HoTen="ai đó")["status"] == "refused"
    assert mock.tally()["accepted"] == 2


def test_single_records_days_and_dossiers(http: httpx.Client, record: dict[str, Any]) -> None:
    path = f"/queue-records/{record['MaBanGhi']}"
    assert http.put(path, json=record, headers={"Idempotency-Key": f"{record['MaBanGhi']}:1"}).json()["status"] == "accepted"
    assert http.put(path, json=record).json()["status"] == "stale"
    assert http.put(path, json=record, headers={"Idempotency-Key": "x"}).status_code == 400
    assert http.put("/queue-records/A:b:1", json=record).status_code == 400
    assert http.put(path, json={**record, "SoHoSo": 0}).status_code == 422
    assert http.put("/queue-days/PHUONG-1/2026-11-23", json={"issued": 1}).status_code == 422
    found = http.get("/dossiers/000.00.53.H48-220921-0001").json()
    assert found == http.get("/dossiers/000.00.53.H48-220921-0001").json()
    assert 1 <= found["TrangThaiHoSo"] <= 10
    assert http.get("/dossiers/khong-co").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"records": 1}', b'{"records": null}', b"\xff"])
def test_bad_bytes_are_refused_in_words(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/queue-records/batch", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_odd_records_are_refused_one_by_one(http: httpx.Client, record: dict[str, Any]) -> None:
    answer = http.post("/queue-records/batch", json={"records": [1, None, {}, "x", record]})
    assert [result["status"] for result in answer.json()["results"]] == ["refused"] * 4 + ["accepted"]
    assert http.post("/queue-records/batch", json={"records": [record] * 501}).status_code == 413


def test_faults_are_set_by_json_and_by_the_page(mock: Any) -> None:
    mock.faults(slow_ms=5, refuse_fields=["x"])
    assert httpx.get(mock.addresses["faults"]).json()["slow_ms"] == 5
    answer = httpx.post(mock.addresses["faults"], data={"down": "on", "slow_ms": "abc", "refuse_procedures": "1.1, 2.2"})
    assert answer.status_code == 303
    found = httpx.get(mock.addresses["faults"]).json()
    assert (found["down"], found["slow_ms"], found["refuse_procedures"], found["refuse_fields"]) == (True, 0, ["1.1", "2.2"], [])
    assert httpx.post(mock.addresses["faults"], json={"nonsense": 1}).status_code == 422
    assert httpx.post(mock.addresses["faults"], json=[1]).status_code == 400


def test_the_page_lists_records_in_vietnamese(http: httpx.Client, mock: Any, record: dict[str, Any]) -> None:
    http.post("/queue-records/batch", json={"records": [record]})
    assert "Hệ thống hồ sơ (mô phỏng)" in httpx.get(mock.addresses["page"]).text
    table = httpx.get(mock.addresses["page"] + "table").text
    assert "A001" in table
    assert "xong" in table


def test_dossiers_can_be_told_by_hand(http: httpx.Client, mock: Any) -> None:
    rows = [{"code": "H48-TEST-1", "state": 9, "procedure": "1.001612", "due": "2026-12-01", "collect_at": "Quầy 1"}]
    assert httpx.post(mock.addresses["page"] + "dossiers", json=rows).status_code == 200
    told = http.get("/dossiers/H48-TEST-1").json()
    assert (told["TrangThaiHoSo"], told["MaTTHC"], told["NoiTraKetQua"]) == (9, "1.001612", "Quầy 1")
    for bad in ({"code": "x", "state": 11}, {"code": "x"}, 1, None):
        assert httpx.post(mock.addresses["page"] + "dossiers", json=[bad]).status_code == 422
