"""The technician's pages in a browser: the list and its filters, orders to one and to many, settings, a card, admitting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_server.contract.device import encode
from queue_server.domain.principal import SYSTEM
from queue_server.services import command, enrolling
from tests.web.helpers import Site, rid, until
from tests.web.pages.conftest import Browsers

AXE = next((Path(__file__).parents[2] / "vendor").rglob("axe*.js"))


def beat(site: Site, device: str, code: str = "ok", **more: Any) -> dict[str, Any]:
    printer = {"role": "printer", "state": "ready", "code": code, "paper_left": 300}
    answer = site.http("issue").post("/api/v1/devices/heartbeat", json={"device": device, "role": "kiosk", "slots": [printer], **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def clean(page: Page) -> None:
    """Nothing for axe, nothing wider than the window, no more nodes than a console may have."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("document.querySelectorAll('*').length") <= 1500
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].target.join(' ')))")
    page.evaluate("window.violations = []")  # what axe itself tries is no fault of the page
    assert found == []


def test_what_is_wrong_with_board_and_settings_is_said_with_what_to_do(browsers: Browsers, site: Site) -> None:
    beat(site, "kiosk-01", temperature_c=83, undervoltage={"now": False, "since_boot": True})
    beat(site, "kiosk-02", config={"version": 0, "drift": ["printer.profile"]})
    beat(site, "kiosk-03")
    page = browsers.person("technician")
    page.goto("/technician")
    rows = page.locator("[data-device]")
    assert [row.get_attribute("data-device") for row in rows.all()] == ["kiosk-01", "kiosk-02", "kiosk-03"]
    expect(rows.nth(0)).to_contain_text("Nóng 83 °C")
    expect(rows.nth(0)).to_contain_text("Đã thiếu điện từ lúc bật")
    expect(rows.nth(1)).to_contain_text("Cài đặt bị sửa tại máy")
    page.get_by_label("Tìm máy hoặc lỗi").fill("thieu dien")
    page.keyboard.press("Enter")
    expect(page.locator("[data-device]")).to_have_count(1)
    clean(page)


@pytest.mark.full
def test_two_hundred_machines_are_pages_of_few_nodes_on_a_desk_and_on_a_telephone(browsers: Browsers, site: Site) -> None:
    for n in range(200):
        beat(site, f"kiosk-{n:03d}", "paper_out" if n % 20 == 0 else "ok")
    for phone in (False, True):
        page = browsers.person("technician", phone=phone)
        page.goto("/technician")
        expect(page.locator("[data-device]")).to_have_count(25)
        clean(page)
        page.get_by_role("link", name="Trang 8").click()
        expect(page.locator('[data-device="kiosk-199"]')).to_be_visible()
        page.goto("/technician?show=bad")
        expect(page.locator("[data-device]")).to_have_count(10)


def test_one_order_to_many_shows_the_exact_list_and_goes_out_in_waves(browsers: Browsers, site: Site) -> None:
    for n in range(3):
        beat(site, f"kiosk-{n}")
    page = browsers.person("technician")
    page.goto("/technician")
    for n in (0, 2):
        page.get_by_label(f"Chọn kiosk-{n}").check()
    page.get_by_role("button", name="Ra lệnh…").click()
    expect(page.locator("#w-list")).to_have_text("kiosk-0, kiosk-2")
    page.get_by_label("Lệnh", exact=True).select_option("doctor")
    page.get_by_label("Mỗi đợt (máy)").fill("1")
    clean(page)
    page.get_by_role("button", name="Gửi lệnh cho các máy trên").click()
    expect(page.locator("[data-wave]")).to_contain_text("0 / 2")
    order = beat(site, "kiosk-0")["orders"][0]
    assert beat(site, "kiosk-2")["orders"] == []
    site.http("issue").post(f"/api/v1/devices/orders/{order['id']}/done", json={"request_id": rid(), "ok": False, "code": "no_printer"})
    expect(page.locator("[data-wave]")).to_contain_text("Đã dừng vì có máy không làm được")
    assert beat(site, "kiosk-2")["orders"] == []


def test_a_device_is_ordered_photographed_and_asked_twice_before_what_cannot_be_undone(browsers: Browsers, site: Site) -> None:
    beat(site, "kiosk-01")
    page = browsers.person("technician")
    page.goto("/technician/device/kiosk-01")
    page.get_by_role("button", name="Chụp màn hình").click()
    expect(page.locator('[data-state="open"]')).to_be_visible()
    order, kiosk = beat(site, "kiosk-01")["orders"][0], site.http("issue")
    kiosk.put(f"/api/v1/devices/orders/{order['id']}/file", content=page.screenshot(), headers={"Content-Type": "image/png"})
    kiosk.post(f"/api/v1/devices/orders/{order['id']}/done", json={"request_id": rid(), "ok": True})
    picture = page.locator(".shot img")
    expect(picture).to_be_visible()
    until(
        lambda: page.evaluate(
            "() => { const i = document.querySelector('.shot img'); return Boolean(i && i.complete && i.naturalWidth); }"
        ),
        20,
    )
    page.locator("summary", has_text="Lệnh khác").click()
    page.get_by_role("button", name="Khởi động lại máy").click()
    expect(page.get_by_role("dialog")).to_contain_text("Mất khoảng một phút.")
    page.get_by_role("button", name="Không", exact=True).click()
    assert beat(site, "kiosk-01")["orders"] == []
    expect(page.locator("#h-history")).to_be_visible()
    clean(page)


@pytest.mark.full
def test_settings_are_shown_machine_by_machine_before_they_hold_and_come_back(browsers: Browsers, site: Site) -> None:
    beat(site, "kiosk-01")
    page = browsers.person("technician")
    page.goto("/technician/settings")
    page.get_by_label("Độ dài cuộn giấy").fill("301")
    page.get_by_role("button", name="Xem trước…").click()
    expect(page.locator("#s-printer-paper_m")).to_be_focused()
    expect(page.locator(".field", has=page.locator("#s-printer-paper_m")).locator("[data-say]")).to_have_text("Ngoài khoảng cho phép.")
    for version, volume in ((1, "30"), (2, "70")):
        page.get_by_label("Độ dài cuộn giấy").fill(volume)
        page.get_by_role("button", name="Xem trước…").click()
        expect(page.locator("#on")).to_contain_text("kiosk-01")
        page.get_by_role("button", name="Lưu thành bản mới").click()
        expect(page.locator("#saved")).to_contain_text(f"Đã lưu bản {version}.")
    page.get_by_role("button", name="Lấy lại bản 1").click()
    expect(page.locator("#saved")).to_contain_text("lưu thành bản 3")
    expect(page.get_by_label("Độ dài cuộn giấy")).to_have_value("30")
    assert beat(site, "kiosk-01")["config_version"] == 3
    clean(page)


@pytest.mark.full
def test_the_wizard_makes_three_files_and_says_what_is_wrong_with_a_name(browsers: Browsers, site: Site) -> None:
    page = browsers.person("technician")
    page.goto("/technician/add")
    page.get_by_label("Tên máy").fill("Kiosk 7")
    page.get_by_role("button", name="Tạo tệp cho thẻ").click()
    expect(page.locator(".field", has=page.locator("#c-name")).locator("[data-say]")).to_have_text("Chưa đúng cách viết.")
    page.get_by_label("Tên máy").fill("kiosk-07")
    page.get_by_label("Mã dùng một lần trong thẻ").check()
    page.get_by_role("button", name="Tạo tệp cho thẻ").click()
    link = page.get_by_role("link", name="Tải user-data")
    expect(link).to_be_visible()
    with page.expect_download() as saved:
        link.click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert text.startswith("#cloud-config\n")
    assert json.dumps("kiosk-07") in text
    assert "tlj_" in text
    clean(page)
    page.reload()
    keys = page.get_by_role("region", name="Mã dùng một lần còn hiệu lực")
    expect(keys).to_contain_text("kiosk-07")
    clean(page)
    keys.get_by_role("button", name="Thu hồi mã của kiosk-07").click()
    expect(keys.get_by_role("status")).to_have_text("Đã thu hồi.")
    page.reload()
    expect(page.get_by_role("heading", name="Mã dùng một lần còn hiệu lực")).to_have_count(0)


@pytest.mark.full
def test_a_waiting_machine_is_admitted_by_comparing_four_words(browsers: Browsers, site: Site) -> None:
    key = encode(bytes(range(32)))
    facts = {"hardware": {"serial": "1000000012345678", "model": "Raspberry Pi 4"}, "address": "10.0.0.9", "join_key": None}
    asked = command.beat(
        site.store, site.code, SYSTEM, lambda unit: enrolling.ask(unit, public_key=key, role="kiosk", name="kiosk-09", **facts)
    )
    page = browsers.person("technician")
    page.goto("/technician")
    row = page.locator("[data-enrolment]")
    expect(row).to_contain_text(" · ".join(asked["words"]))
    expect(row).to_contain_text("Raspberry Pi 4")
    row.get_by_role("button", name="Nhận…").click()
    page.get_by_role("button", name="Nhận máy").click()
    expect(page.locator("#accept [data-say]")).to_contain_text("So bốn chữ")
    page.get_by_label("Tôi đang đứng trước máy và bốn chữ giống nhau").check()
    clean(page)
    page.get_by_role("button", name="Nhận máy").click()
    expect(row).to_have_count(0)
    page.goto("/technician/device/kiosk-09")
    expect(page.locator("#h-key")).to_be_visible()
    page.get_by_role("button", name="Tạm ngừng…").click()
    page.get_by_role("button", name="Làm", exact=True).click()
    expect(page.get_by_role("button", name="Cho hoạt động lại")).to_be_visible()
