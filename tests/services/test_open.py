"""What anybody may read: waits of days that are over in groups large enough, and each site as it is now, or that nobody knows."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import configuring, counters, open_data, open_places, outages
from queue_server.web.pages import open_places as page
from tests.hall import SITE, Hall, make_hall

OFFICE = {"weekly": {str(day): [["07:30", "11:30"], ["13:00", "17:00"]] for day in range(1, 6)}}


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return make_hall(f"sqlite:///{tmp_path}/site.db")


def table(hall: Hall, **asked: Any) -> tuple[list[str], list[dict[str, str]]]:
    with hall.store.read() as reader:
        text = open_data.waits_csv(reader, **{"site": None, "first": None, "last": None} | asked, now=hall.clock.at_ms)
    lines = text.splitlines()
    notes = [line for line in lines if line.startswith("#")]
    return notes, list(csv.DictReader(io.StringIO("\n".join(lines[len(notes) :]))))


def visits(hall: Hall, n: int, service: str = "ho-tich", wait_s: int = 120) -> None:
    for _ in range(n):
        hall.issue(service)
        hall.clock.forward(wait_s)
        hall.next("1", previous="completed")


def site_now(hall: Hall) -> dict[str, Any]:
    with hall.store.read() as reader:
        reader.memo.pop("open-places", None)
        found: dict[str, Any] = open_places.of_server(reader, now=hall.clock.at_ms)["sites"][0]
    return found


def test_groups_below_five_are_put_together_or_left_out_and_today_is_not_told(hall: Hall) -> None:
    hall.open("1")
    visits(hall, 6)  # 07:00 to 07:12
    hall.clock.forward(1800)
    visits(hall, 3)
    visits(hall, 4, "chung-thuc")
    assert table(hall)[1] == []
    hall.clock.forward(24 * 3600)
    hall.run(lambda unit: {})
    notes, rows = table(hall)
    assert "5" in notes[2]
    assert [(row["service"], row["from"], row["to"], row["people"], row["wait_mean_s"]) for row in rows] == [
        ("ho-tich", "07:00", "08:00", "9", "120"),
    ]
    assert (rows[0]["kind"], rows[0]["wait_p90_s"]) == ("demo", "")
    assert table(hall, site=SITE, first="2026-11-23", last="2026-12-31")[1] == rows
    assert table(hall, last="2026-11-22")[1] == []


def test_a_tail_is_told_of_twenty_and_more(hall: Hall) -> None:
    hall.open("1")
    visits(hall, 21, wait_s=60)
    hall.clock.forward(24 * 3600)
    hall.run(lambda unit: {})
    assert [row["wait_p90_s"] for row in table(hall)[1]] == ["60"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"site": "NOWHERE"}, "not_found"),
        ({"first": "2026-13-01"}, "invalid"),
        ({"first": "2026-01-01"}, "invalid"),
        ({"last": "0001-01-01"}, "invalid"),
    ],
)
def test_what_cannot_be_told_is_refused(hall: Hall, asked: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as no:
        table(hall, **asked)
    assert no.value.code == code


def test_a_site_with_people_and_counters_tells_its_wait_by_service(hall: Hall) -> None:
    assert site_now(hall)["state"] == "unstaffed"
    hall.open("1")
    hall.do(lambda unit: counters.command(unit, "2", "open", services=["chung-thuc"]))
    assert site_now(hall)["wait"] == {"low_s": 0, "high_s": 0}
    hall.next("1")
    hall.issue()
    hall.next("1")
    for _ in range(4):
        hall.issue()
    found = site_now(hall)
    told = found["services"][0]  # the configuration's first: hộ tịch
    assert (found["state"], found["waiting"], told["waiting"]) == ("open", 4, 4)
    assert told["wait"]["high_s"] > 0
    assert page.site_view(found, "vi", "2026-11-23")["waiting"] == "4 người đang chờ"


def test_a_site_that_nobody_has_heard_of_tells_no_figure(hall: Hall) -> None:
    hall.open("1")
    hall.issue()
    hall.clock.forward(16 * 60)
    found = site_now(hall)
    assert (found["state"], found["waiting"], found["wait"], found["services"]) == ("silent", None, None, [])
    said = page.site_view(found, "vi", "2026-11-23")["said"]
    assert said == "Chưa có tin mới từ 07:00 hôm nay: không rõ bây giờ thế nào"


def test_a_closed_site_says_when_it_opens(hall: Hall) -> None:
    document = configuring.current(hall.store, SITE)["document"]
    for service in document["services"]:
        service["calendar"] = "office"
    hall.configure(services=document["services"], calendars={"office": OFFICE})
    found = site_now(hall)
    assert (found["state"], found["opens_at"]) == ("closed", "2026-11-23T07:30:00+07:00")
    hall.clock.forward(12 * 3600)
    said = page.site_view(site_now(hall), "vi", "2026-11-23")["said"]
    assert said == "Đang đóng cửa, mở lại 07:30 Thứ Ba, 24/11"
    assert page.site_view(site_now(hall), "en", "2026-11-23")["said"] == "Closed, opens 07:30 Tuesday, 24/11"


def test_what_is_out_stands_there_and_nobody_is_named(hall: Hall) -> None:
    hall.open("1")
    hall.do(lambda unit: outages.start(unit, system="ho_tich", note="Nguyễn Văn A báo"))
    found = site_now(hall)
    assert page.site_view(found, "vi", "2026-11-23")["out"] == "Hộ tịch đang gián đoạn: vẫn lấy số được"
    assert "Nguyễn" not in str(found)
    assert "clerk" not in str(found)


def test_a_page_of_everybody_is_made_once_in_ten_seconds(hall: Hall) -> None:
    with hall.store.read() as reader:
        first = open_places.of_server(reader, now=hall.clock.at_ms)
        assert open_places.of_server(reader, now=hall.clock.at_ms + 9_999) is first
        assert open_places.of_server(reader, now=hall.clock.at_ms + 10_000) is not first
