"""Where each role may go, and what everybody else is told: log-in, pages by role, errors in words."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from queue_server.domain.principal import PERSON_ROLES, ROLES
from queue_server.web.pages.people import STARTS
from queue_server.web.pages.table import PAGES
from tests.web.helpers import PASSWORD, Site
from tests.web.pages.conftest import Browsers

OPEN = [page for page in PAGES if page.needs and page.method == "GET" and page.name != "start"]


def _get(browser: httpx.Client, path: str) -> httpx.Response:
    return browser.get(path.replace("{counter}", "3"), headers={"Accept": "text/html"})


@pytest.mark.parametrize("role", PERSON_ROLES)
def test_every_role_opens_its_own_pages_and_no_others(site: Site, role: str) -> None:
    browser = site.signed_in(role)
    for page in OPEN:
        answer = _get(browser, page.path)
        allowed = bool(ROLES[role] & set(page.needs))
        found = 404 if "{ticket}" in page.path or "{device}" in page.path else 200  # of a person or a device that is not there
        assert answer.status_code == (found if allowed else 403), (role, page.path)
        assert allowed or "Không có quyền" in answer.text
    start = _get(browser, "/")
    assert (start.status_code, start.headers["location"]) == (303, STARTS[role])
    own = _get(browser, STARTS[role])
    assert own.status_code == (403 if role == "auditor" else 200)


def test_nobody_is_sent_to_the_log_in_page_and_back(site: Site) -> None:
    for page in OPEN:
        answer = _get(site.nobody(), page.path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=/")


def test_a_fragment_of_an_ended_session_reloads_the_page(site: Site) -> None:
    answer = site.nobody().get("/manager/live", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_a_program_s_key_opens_no_page(site: Site) -> None:
    assert _get(site.http(), "/manager").status_code == 303


@pytest.mark.browser
def test_log_in_goes_where_one_wanted_and_log_out_ends_it(browsers: Browsers, site: Site) -> None:
    name, page = site.person("clerk"), browsers.page()
    page.goto("/counter/3")
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").fill("sai-mat-khau")
    page.keyboard.press("Enter")
    expect(page.locator("#fault")).to_contain_text("Tên đăng nhập hoặc mật khẩu chưa đúng")
    expect(page.get_by_label("Mật khẩu")).to_be_focused()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/counter/3")
    expect(page.locator("#clerk")).to_have_text("Người Thử")
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(re.compile(r"/login(\?next=/counter/3)?$"))  # the page may notice the ended session before the form leads away
    page.goto("/counter/3")
    expect(page).to_have_url(f"{site.base}/login?next=/counter/3")


@pytest.mark.browser
def test_the_list_of_counters_opens_one(browsers: Browsers, site: Site) -> None:
    page = browsers.person("clerk")
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Chọn quầy làm việc")
    expect(page.locator("[data-counter]")).to_have_count(8)
    page.click('[data-counter="5"]')
    page.wait_for_url("**/counter/5")
    expect(page.locator("#state")).to_have_text("Sẵn sàng")
    page.goto("/counter")
    expect(page.locator("[data-counter]").first).to_contain_text("Quầy của bạn")
    page.click('[data-counter="5"]')
    page.get_by_role("button", name="Đóng quầy").click()
    page.wait_for_url("**/counter")
    expect(page.locator('[data-counter="5"]')).to_contain_text("Chưa mở")


@pytest.mark.parametrize("path", ["/khong-co", "/counter/khong-co", "/t/khong-co-so-nay-dau"])
def test_a_wrong_address_is_a_page_in_words(site: Site, path: str) -> None:
    answer = _get(site.signed_in("clerk"), path)
    assert answer.status_code == 404
    assert "Không tìm thấy" in answer.text
    told = answer.text.replace(answer.headers["x-request-id"], "")
    for word in ("404", "Not Found", "Traceback", "Error"):
        assert word not in told
