"""The manager's settings: each in plain words, previewed, stored as one version, refused at its field; a rush served in a minute."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_server.web.pages import policy_words
from queue_server.web.pages.policy_words import SECTIONS
from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers
from tests.web.pages.test_clean import findings_of

NODES = "() => document.querySelectorAll('*').length"


def settings(site: Site) -> dict[str, Any]:
    answer = site.http().get("/api/v1/config")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def preview(page: Page) -> None:
    page.get_by_role("button", name="Xem trước…").click()
    expect(page.get_by_role("button", name="Lưu", exact=True)).to_be_visible()


@pytest.mark.browser
def test_a_setting_is_previewed_stored_and_refused_at_its_field(browsers: Browsers, site: Site) -> None:
    page = browsers.person("site_head")
    page.goto("/manager")
    page.get_by_role("link", name="Cài đặt").click()
    expect(page.locator("h1")).to_have_text("Cài đặt")
    page.get_by_label("Cộng khi chuyển quầy").fill("15")
    page.get_by_label("Số chưa gọi khi hết ngày").select_option("carry")
    page.get_by_label("Mốc thời gian chờ").fill("10, 20")
    preview(page)
    expect(page.locator("#changes li").first).to_contain_text("được xếp như đến sớm hơn 15 phút")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("Đã lưu")
    held = settings(site)["document"]["policy"]
    assert (held["transfer_credit_s"], held["leftovers"], held["targets_s"]) == (900, "carry", [600, 1200])
    page.get_by_label("Vắng mặt rồi quay lại").fill("99999999")
    page.get_by_role("button", name="Xem trước…").click()
    field = page.get_by_label("Vắng mặt rồi quay lại")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.locator(".setting", has=field).locator("[data-say]")).to_have_text("Số này ngoài khoảng cho phép.")
    assert page.evaluate(NODES) <= 1500
    assert findings_of(page) == []


@pytest.mark.browser
def test_an_absence_a_calendar_and_a_rush_are_made_without_a_restart(browsers: Browsers, site: Site) -> None:
    page = browsers.person("site_head")
    page.goto("/manager/policy")
    page.get_by_role("button", name="Thêm lịch…").click()
    page.get_by_label("Tên lịch").fill("hanh-chinh")
    page.get_by_role("button", name="Thêm", exact=True).click()
    expect(page.get_by_role("group", name="hanh-chinh")).to_be_visible()
    page.get_by_role("group", name="hanh-chinh").get_by_label("Ngày riêng").fill("2030-02-06: nghỉ\n2030-02-13: 07:00-11:30")
    first = page.locator("fieldset.service").first
    first.get_by_role("button", name="Cán bộ vắng…").click()
    page.get_by_label("Từ ngày").fill("2030-01-02")
    page.get_by_label("Đến hết ngày").fill("2030-01-03")
    page.get_by_label("Lý do").fill("Đi tập huấn")
    page.get_by_role("button", name="Thêm", exact=True).click()
    expect(first.locator("li")).to_contain_text("Vắng 02/01/2030 đến 03/01/2030: Đi tập huấn")
    preview(page)
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("Đã lưu")
    document = settings(site)["document"]
    assert document["services"][0]["absent"] == [{"from": "2030-01-02", "to": "2030-01-03", "note": "Đi tập huấn"}]
    assert document["calendars"]["hanh-chinh"]["exceptions"] == {"2030-02-06": [], "2030-02-13": [["07:00", "11:30"]]}
    page.get_by_label("Tên việc").fill("Cấp lại con dấu")
    page.get_by_label("Mã (chữ không dấu)").fill("con-dau")
    page.get_by_label("Quầy 1", exact=True).check()
    page.get_by_role("button", name="Mở việc này").click()
    expect(page.locator("#saved")).to_contain_text("Đã mở: Cấp lại con dấu")
    assert site.client().issue(rid(), service="con-dau")["label"] == "X001"
    assert findings_of(page) == []
    page.get_by_role("button", name="Kết thúc Cấp lại con dấu").click()
    expect(page.locator("p.surge")).to_have_count(0)
    assert site.http().post("/api/v1/tickets", json={"request_id": rid(), "service": "con-dau"}).json()["code"] == "service_closed"


def test_every_setting_of_the_policy_has_words_and_every_word_a_setting() -> None:
    from queue_server.services.policies import OF_POLICY

    told = [one for _, _, settings_of in SECTIONS for one in settings_of]
    assert {one.name for one in told} == set(OF_POLICY)
    assert set(policy_words.CHOICES) == {one.name for one in told if one.unit == "word"}
    for name, words in policy_words.WORDS.items():
        assert set(policy_words.CHOICES[name]) == set(words)
    for one in told:
        assert ("{v}" in one.effect) is (one.unit != "flag"), one.name
        assert re.match(r"\w", one.title)
