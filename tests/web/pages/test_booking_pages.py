"""What only a browser shows: a thumb books on a telephone, the holder of a slip lets others pass, four faces ask and thank."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[2] / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
SHOTS = os.environ.get("TOILUOT_SHOTS", "")


def look(page: Page, name: str) -> None:
    """No fault of accessibility and nothing wider than the screen; a picture where one is asked for."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], name
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name


@pytest.fixture
def booking(site: Site) -> Site:
    def change(document: dict[str, Any]) -> None:
        document["services"][0] |= {"slot_min": 30, "slot_seats": 2, "slot_days_ahead": 3, "calendar": "office"}
        document["services"][1] |= {"remote": True}
        week = {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 8)}
        document["calendars"] = {"office": {"weekly": week}}

    site.configure(change)
    return site


def test_booking_on_a_telephone_without_a_name(booking: Site, browsers: Browsers) -> None:
    page = browsers.page(phone=True)
    page.goto(f"/hen/{booking.code}")
    look(page, "hen-services")
    page.get_by_role("link", name="Hộ tịch").click()
    page.locator(".days a").last.click()
    look(page, "hen-times")
    page.locator(".time", has_text="09:00").click()
    page.get_by_label("Số điện thoại").fill("0912 345 678")
    page.get_by_role("button", name="Đặt lịch").click()
    expect(page.get_by_role("img", name="Mã QR của lịch hẹn")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("09:00")
    look(page, "appointment")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("Your appointment")).to_be_visible()
    page.get_by_text("Cancel this appointment", exact=True).click()
    page.get_by_role("button", name="Yes, cancel").click()
    expect(page.get_by_text("This appointment is cancelled")).to_be_visible()
    page.get_by_role("link", name="Book again").click()
    page.get_by_role("link", name="Certified copies").click()
    look(page, "hen-remote")


def test_the_holder_of_a_slip_lets_two_others_pass(site: Site, browsers: Browsers) -> None:
    client = site.client()
    mine, *others = (client.issue(rid("i"), service="ho-tich") for _ in range(4))
    page = browsers.page(phone=True)
    page.goto(mine["url"])
    expect(page.get_by_text("Bạn là người tiếp theo")).to_be_visible()
    page.get_by_text("Nhường lượt", exact=True).click()
    look(page, "let-pass")
    page.get_by_role("button", name="Nhường 2 người").click()
    expect(page.get_by_text("Còn 2 người trước bạn")).to_be_visible()
    order = [one["label"] for one in client.queue()["tickets"]]
    assert order == [others[0]["label"], others[1]["label"], mine["label"], others[2]["label"]]


def test_four_faces_ask_thank_and_rest(site: Site, browsers: Browsers) -> None:
    client = site.client()
    client.counter_command(rid("c"), "1", "open")
    client.issue(rid("i"), service="ho-tich")
    path = site.http().get("/api/v1/ratings/tablets").json()["tablets"][0]["url"]
    page = browsers.page()
    page.set_viewport_size({"width": 1024, "height": 600})
    page.goto(path)
    expect(page.get_by_text("Mời quý khách đánh giá sau khi làm xong")).to_be_visible()
    look(page, "rate-idle")
    ticket = client.next(rid("n"), "1")["ticket"]
    client.at_counter(rid("d"), "1", "complete")
    expect(page.get_by_role("button", name="Rất hài lòng")).to_be_visible()
    expect(page.locator("#label")).to_have_text(ticket["label"])
    look(page, "rate-asking")
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    page.get_by_role("button", name="Rất hài lòng").click()
    expect(page.get_by_text("Cảm ơn quý khách đã góp ý")).to_be_visible()
    look(page, "rate-thanks")
    expect(page.get_by_text("Mời quý khách đánh giá sau khi làm xong")).to_be_visible()
    assert client.ticket(ticket["id"])["rating"] == 4


def test_the_manager_sees_who_was_moved_and_why(site: Site, browsers: Browsers) -> None:
    client = site.client()
    client.counter_command(rid("c"), "1", "open")
    for _ in range(5):
        ticket = client.issue(rid("i"), service="ho-tich")
        client.call(rid("k"), "1", ticket["id"], "có con nhỏ")
        client.at_counter(rid("d"), "1", "complete")
    page = browsers.person("site_head")
    page.goto("/unusual")
    expect(page.get_by_text("Gọi ngoài thứ tự 5 lần")).to_be_visible()
    look(page, "unusual")
