"""Outages and open data over the wire: who may mark, one outage for many presses, files with their types, and what any page may read."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.web.helpers import Site, rid


def mark(http: httpx.Client, **fields: Any) -> httpx.Response:
    return http.post("/api/v1/outages", json={"request_id": rid(), "system": "ho_tich"} | fields)


@pytest.mark.parametrize(("scope", "allowed"), [("issue", True), ("call", True), ("manage", True), ("read", False), ("feed", False)])
def test_who_may_mark(site: Site, scope: str, allowed: bool) -> None:
    assert (mark(site.http(scope)).status_code == 201) is allowed


def test_a_program_and_a_person_mark_one_outage_and_either_ends_it(site: Site) -> None:
    program, browser = site.http("call"), site.signed_in("attendant")
    first = mark(program, note="timeout").json()
    same = mark(browser).json()
    assert (same["id"], same["note"], same["started_by"][:4]) == (first["id"], "timeout", "key:")
    home = site.http("read").get("/api/v1/kiosk/home").json()
    assert [each["name"] for each in home["outages"]] == ["Hộ tịch"]
    assert "started_by" not in home["outages"][0]
    ended = browser.post("/api/v1/outages/ho_tich/end", json={"request_id": rid()})
    assert (ended.status_code, ended.json()["running"]) == (200, False)
    assert program.post("/api/v1/outages/ho_tich/end", json={"request_id": rid()}).status_code == 404
    assert site.http("read").get("/api/v1/kiosk/home").json()["outages"] == []


def test_a_correction_is_the_managers_and_says_what_it_lacks(site: Site) -> None:
    made = mark(site.http("call")).json()
    path, manager = f"/api/v1/outages/{made['id']}/correct", site.signed_in("site_head")
    assert site.signed_in("attendant").post(path, json={"request_id": rid(), "withdrawn": True, "reason": "nhầm"}).status_code == 403
    assert manager.post(path, json={"request_id": rid(), "reason": "nhầm"}).status_code == 422
    gone = manager.post(path, json={"request_id": rid(), "withdrawn": True, "reason": "nhầm"})
    assert (gone.status_code, gone.json()["withdrawn"]) == (200, True)
    assert manager.get("/api/v1/outages").json()["outages"] == []


def test_a_month_leaves_as_a_table_and_as_a_workbook(site: Site) -> None:
    mark(site.http("call"))
    http = site.http("read")
    table = http.get("/api/v1/outages/export.csv")
    assert (table.status_code, table.headers["Content-Type"].split(";")[0]) == (200, "text/csv")
    assert table.headers["Content-Disposition"].startswith("attachment")
    assert table.text.splitlines()[1].startswith(f"outage,{site.code},")
    book = http.get("/api/v1/outages/export.xlsx")
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book.content)).namelist()
    assert http.get("/api/v1/outages/export.csv?month=2026-13").status_code == 422


def test_open_data_is_for_everybody_and_says_when_nothing_is_new(site: Site) -> None:
    nobody = site.nobody()
    for path, kind in (("/open-data/waits.csv?site=FIRST", "text/csv"), ("/open-data/places.json", "application/json")):
        answer = nobody.get(path, headers={"Origin": "https://tinh.example"})
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, kind)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in answer.headers
    first = nobody.get("/open-data/waits.csv?site=FIRST")
    again = nobody.get("/open-data/waits.csv?site=FIRST", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert nobody.get("/open-data/waits.csv?site=NOWHERE").status_code == 404
    assert nobody.get("/open-data/waits.csv?from=yesterday").status_code == 422


def test_where_it_is_quiet_is_a_page_of_everybody_without_a_script(site: Site) -> None:
    page = site.nobody().get("/noi-vang")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert site.nobody().get("/noi-vang?lang=en").text.count("Where it is quiet now") == 2


def test_staff_pages_have_one_button_per_system(site: Site) -> None:
    browser = site.signed_in("site_head")
    assert browser.get("/outages/panel").text.count("Báo gián đoạn") == 4
    mark(browser)
    panel = browser.get("/outages/panel").text
    assert (panel.count("Báo gián đoạn"), panel.count("Đã dùng lại được")) == (3, 1)
    assert "Người Thử" not in panel
    dialogs = browser.get("/counter/1/dialogs").text
    assert 'hx-get="/outages/panel" hx-target="this"' in dialogs  # the place of the dialogs themselves is not to be replaced
    month = browser.get("/manager/outages").text
    assert "/correct" in month
    assert "export.csv?month=" in month
