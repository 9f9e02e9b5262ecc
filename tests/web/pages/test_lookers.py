"""The pages that look: technician, manager and attendant on a real hall."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser


def _beat(site: Site, device: str, code: str, *, waiting: int = 0, **slot: Any) -> None:
    state = "ready" if code in ("ok", "paper_low") else "degraded"
    printer = {"role": "printer", "state": state, "code": code, **slot}
    beat = {"device": device, "role": "kiosk", "version": "0.1.0", "uptime_s": 60, "slots": [printer], "spool": {"waiting": waiting}}
    site.client().heartbeat(beat | {"errors": [{"code": code, "count": 2}] if code != "ok" else []})


def test_the_technician_sees_the_kiosk_out_of_paper_first(browsers: Browsers, site: Site) -> None:
    _beat(site, "kiosk-01", "ok")
    _beat(site, "kiosk-02", "paper_out", waiting=3, hint={"vi": "Mở nắp, thay cuộn giấy mới."})
    _beat(site, "kiosk-03", "paper_low", paper_left=40)
    page = browsers.person("technician")
    page.goto("/technician")
    rows = page.locator("[data-device]")
    assert [row.get_attribute("data-device") for row in rows.all()] == ["kiosk-02", "kiosk-03", "kiosk-01"]
    expect(rows.first).to_contain_text("hết giấy")
    expect(rows.first).to_contain_text("Mở nắp, thay cuộn giấy mới.")
    expect(rows.first).to_contain_text("paper_out × 2")
    expect(rows.first.locator("td").nth(5)).to_have_text("3")
    expect(rows.nth(1)).to_contain_text("40 phiếu")
    expect(rows.nth(2)).to_contain_text("Tốt")
    _beat(site, "kiosk-02", "ok")
    expect(page.locator('[data-device="kiosk-02"]')).to_have_attribute("data-tone", "good")


def test_last_seen_ages_on_screen(browsers: Browsers, site: Site) -> None:
    _beat(site, "kiosk-01", "ok")
    page = browsers.person("technician")
    page.clock.install()
    page.goto("/technician")
    cell = page.locator("[data-age]")
    expect(cell).to_have_text(re.compile("giây trước"))
    page.route("**/technician/devices", lambda route: route.abort())
    page.clock.fast_forward("02:05")
    expect(cell).to_have_text("2 phút trước")


def test_the_manager_sees_the_hall_change(browsers: Browsers, site: Site) -> None:
    client = site.client()
    for _ in range(3):
        client.issue(rid(), service="ho-tich")
    page = browsers.person("director")
    page.goto("/manager")
    tiles = page.locator("#live .tile")
    expect(tiles.filter(has_text="Đang chờ")).to_contain_text("3")
    expect(page.locator("[data-alert=bad]")).to_contain_text("3 người chờ nhưng chưa có quầy nào mở. Mở một quầy nhận việc này.")
    client.counter_command(rid(), "3", "open")
    client.next(rid(), "3")
    expect(tiles.filter(has_text="Đang chờ")).to_contain_text("2")
    expect(tiles.filter(has_text="Đã gọi")).to_contain_text("1")
    expect(page.locator("#live tr", has_text="Quầy 3")).to_contain_text("A001")
    expect(page.locator("[data-alert]")).to_have_count(0)


def test_the_attendant_issues_one_number_even_if_the_answer_is_lost(browsers: Browsers, site: Site) -> None:
    page = browsers.person("attendant")
    page.goto("/attendant")
    lost: list[str] = []

    def lose_the_first(route: Any) -> None:
        lost.append(route.request.post_data_json["request_id"])
        if len(lost) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/tickets*", lose_the_first)
    page.locator("#issue").get_by_label("Hộ tịch").check()
    page.locator("#issue").get_by_label("Khó đi lại").check()
    page.locator("#issue .primary").click()
    expect(page.locator("#made-card .big")).to_have_text("A001")
    expect(page.locator("#queue .row")).to_have_count(1)
    expect(page.locator("#queue .row")).to_contain_text("Khó đi lại")
    assert lost[0] == lost[1]
    ticket = site.client().queue()["tickets"][0]
    assert (ticket["source"], ticket["needs"]) == ("desk", ["walk"])
