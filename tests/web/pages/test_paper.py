"""Slips of the paper book are entered one after another, with stated times, and each only once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.helpers import Site
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser


def test_three_actions_enter_a_slip_and_the_next_number_is_ready(browsers: Browsers, site: Site) -> None:
    page = browsers.person("attendant")
    page.goto("/attendant")
    page.get_by_role("link", name="Nhập sổ phiếu giấy").click()
    page.locator("#issued").fill("00:00")
    page.get_by_text("Hộ tịch").click()
    page.get_by_role("button", name="Đã xong").click()
    expect(page.locator("#entered tr")).to_have_count(1)
    expect(page.locator("#label")).to_have_value("A901")
    page.get_by_role("button", name="Vắng mặt").click()
    expect(page.locator("#entered tr").first).to_contain_text("A901")
    page.locator("#label").fill("A900")
    page.get_by_role("button", name="Còn chờ").click()
    expect(page.locator("#say")).to_contain_text("A900 của ngày này đã nhập rồi")
    events = [event for event in site.client().events(after="0", limit=1000)["events"] if event["label"] in ("A900", "A901")]
    assert [event["type"] for event in events] == ["issued", "called", "completed", "issued", "called", "no_show"]
    assert all(event["data"]["entered_late"] for event in events)
    assert {event["data"].get("source", "desk") for event in events} == {"desk"}
