"""The day report: its figures are those of /metrics/day, its files open, and no text in them becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest

from queue_server.web.pages import manager_range, report_files, report_tables
from tests.web.helpers import Site, rid

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVIL = '=HYPERLINK("http://x.example","Hộ tịch")'


@pytest.fixture
def day(site: Site) -> dict[str, Any]:
    """A few visits of two services, and the figures that the contract gives of them."""
    client = site.client()
    for n in range(5):
        client.issue(rid(), service="ho-tich" if n < 3 else "dat-dai", channel="post" if n == 4 else "in_person")
    client.counter_command(rid(), "3", "open")
    for _ in range(3):
        client.next(rid(), "3")
        client.at_counter(rid(), "3", "serve")
    today = client.queue()["tickets"][0]["business_day"]
    figures: dict[str, Any] = client.metrics_day(today)
    return figures


def rows_of(site: Site) -> list[list[str]]:
    """The CSV as a program reads it."""
    return list(csv.reader(io.StringIO(site.signed_in("director").get("/report/file.csv").content.decode("utf-8-sig"))))


PARTS = {"Theo việc": "by_service", "Theo quầy": "by_counter", "Theo kênh": "by_channel", "Theo giờ lấy số": "by_half_hour"}


def test_every_row_says_what_metrics_day_says(site: Site, day: dict[str, Any]) -> None:
    rows = rows_of(site)
    facts = {row[1]: row[2] for row in rows if row and row[0] == "Báo cáo"}
    assert facts["Mã kiểm (SHA-256)"] == day["digest"]
    assert facts["Vị trí nhật ký"] == day["position"]
    heads = [row for row in rows if row and row[0] == "Bảng"][1:]
    names = heads[0][1:]
    whole = dict(zip(names, next(row for row in rows if row[:2] == ["Cả ngày", "Cả ngày"])[1:], strict=True))
    assert [whole[name] for name in ("Lấy số", "Đã gọi", "Xong", "Lượt chờ")] == ["5", "3", "2", "3"]
    assert [int(whole[name]) for name in ("Lấy số", "Đã gọi", "Xong")] == [day["counts"][name] for name in ("issued", "called", "served")]
    assert int(whole["Chờ trung bình (giây)"]) == day["wait"]["mean_s"]
    assert float(whole["Trong 15 phút (%)"]) * 10 == day["shares"][0]["permille"]
    for title, part in PARTS.items():
        told = [dict(zip(names, row[1:], strict=True)) for row in rows if row and row[0] == title]
        assert sorted(int(row["Đã gọi"]) for row in told) == sorted(each["called"] for each in day[part].values()), title
        assert sum(int(row["Lượt chờ"]) for row in told) == day["wait"]["n"], title


def test_the_page_the_file_and_the_workbook_say_the_same(site: Site, day: dict[str, Any]) -> None:
    director = site.signed_in("director")
    page, file = director.get("/report").text, director.get("/report/file.html")
    for told in (page, file.text):
        assert day["digest"] in told
        assert re.search(r"<dt>Lượt lấy số</dt><dd>5</dd>", told)
        assert told.count('<svg class="plot"') == 4
    assert "attachment" in file.headers["content-disposition"]
    assert not re.search(r'(?:src|href)="', file.text), "a file must open on a disk without a network"
    book = zipfile.ZipFile(io.BytesIO(director.get("/report/file.xlsx").content))
    cells = ElementTree.fromstring(book.read("xl/worksheets/sheet2.xml")).iter(f"{SHEET}c")
    numbers = [cell.findtext(f"{SHEET}v") for cell in cells if cell.get("t") is None and cell.findtext(f"{SHEET}v") is not None]
    assert numbers[:3] == ["5", "3", "2"]


def test_a_day_without_anybody_and_a_day_that_is_none(site: Site) -> None:
    director = site.signed_in("director")
    assert re.search(r"<dt>Lượt lấy số</dt><dd>0</dd>", director.get("/report?day=2026-01-05").text)
    for odd in ("gestern", "9999-12-31", "0001-01-01", "2026-02-30"):
        assert director.get("/report", params={"day": odd}).status_code == 200, odd
    assert site.signed_in("clerk").get("/report").status_code == 403
    assert site.signed_in("clerk").get("/report/file.csv").status_code == 403


@pytest.mark.parametrize("text", [EVIL, "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "  =1", "\n=1"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert str(report_files.harmless(text)).startswith("'")


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert [report_files.harmless(cell) for cell in ("Hộ tịch", "1-5", "", -5, None)] == ["Hộ tịch", "1-5", "", -5, None]


def test_a_service_that_is_named_like_a_formula_does_no_harm_in_any_file(site: Site) -> None:
    site.configure(lambda document: document["services"][0].update(name=EVIL))
    site.client().issue(rid(), service=next(iter(site.client().services()["services"]))["code"])
    director = site.signed_in("director")
    assert f"'{EVIL}" in {cell for row in rows_of(site) for cell in row}
    book = zipfile.ZipFile(io.BytesIO(director.get("/report/file.xlsx").content))
    sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    assert "<script" not in director.get("/report/file.html").text
    assert "HYPERLINK(&#34;http" in director.get("/report").text


def test_what_could_have_been_done_online_is_counted_by_procedure_or_service(site: Site) -> None:
    site.configure(lambda document: document.update(online={"ho-tich": "full", "1.000894": "no_form"}))
    client = site.client()
    for service in ("ho-tich", "ho-tich", "dat-dai"):
        client.issue(rid(), service=service)
    client.counter_command(rid(), "3", "open")
    for n in range(3):
        called = client.next(rid(), "3")["ticket"]
        client.at_counter(rid(), "3", "serve")
        if n == 1:
            client.on_ticket(rid(), called["id"], "procedures", counter="3", procedures=[{"code": "1.000894"}])
    rows = rows_of(site)
    told = [row[1:] for row in rows if row and row[0] == "Có thể đã làm trực tuyến"]
    assert told[:4] == [
        ["Trực tuyến toàn trình", "", "1"], ["Trực tuyến một phần", "", "0"],
        ["Chưa có biểu mẫu điện tử", "", "1"], ["Chưa đánh dấu", "", "1"],
    ]  # fmt: skip


def test_every_table_has_a_name_that_a_sheet_may_have(site: Site, day: dict[str, Any]) -> None:
    names = zipfile.ZipFile(io.BytesIO(site.signed_in("director").get("/report/file.xlsx").content)).read("xl/workbook.xml").decode()
    assert names.count("<sheet ") == 9
    assert report_tables.MARKS["no_form"]


def test_a_week_is_the_sum_that_the_contract_gives(site: Site, day: dict[str, Any]) -> None:
    today = day["date"]
    asked = {"from": today, "to": today}
    told = site.http("read").get("/api/v1/metrics/range", params=asked).json()
    director = site.signed_in("director")
    page = director.get("/manager/range", params=asked).text
    assert told["digest"] in page
    assert re.search(r"<dt>Lượt lấy số</dt><dd>5</dd>", page)
    rows = list(csv.reader(io.StringIO(director.get("/manager/range/file.csv", params=asked).content.decode("utf-8-sig"))))
    assert [row[1:4] for row in rows if row and row[0] in ("Cả thời gian", "Từng ngày")] == [["Cả thời gian", "5", "3"], [today, "5", "3"]]
    assert director.get("/manager/range/file.xlsx", params=asked).content.startswith(b"PK")
    assert site.signed_in("clerk").get("/manager/range").status_code == 403


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("", "", ("2026-11-23", "2026-11-25")),
        ("2026-11-01", "2026-11-30", ("2026-11-01", "2026-11-25")),
        ("2026-01-01", "2026-11-20", ("2026-10-21", "2026-11-20")),
        ("2026-11-20", "2026-11-19", ("2026-11-23", "2026-11-25")),
        ("0001-01-01", "0001-01-02", ("2026-11-23", "2026-11-25")),
        ("x", "2026-11-19", ("2026-11-23", "2026-11-25")),
    ],
)
def test_days_that_may_be_asked_for(first: str, last: str, expected: tuple[str, str]) -> None:
    assert manager_range.days_of({"from": first, "to": last}, "2026-11-25") == expected


def test_weeks_and_months_to_choose_from_have_their_own_lengths() -> None:
    told = {each["name"]: (each["first"], each["last"]) for each in manager_range.choices("2026-03-02")}
    assert told == {
        "Tuần này": ("2026-03-02", "2026-03-02"), "Tuần trước": ("2026-02-23", "2026-03-01"),
        "Tháng này": ("2026-03-01", "2026-03-02"), "Tháng trước": ("2026-02-01", "2026-02-28"),
    }  # fmt: skip
