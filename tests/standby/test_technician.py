"""The technician at the standby's own page: what it is, and taking over only after being asked twice."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from queue_server.bootstrap import prepare
from queue_server.services import access, timekeeping
from queue_server.storage.store import open_store
from tests.hall import SITE, HandClock
from tests.standby.conftest import Building, Program, together
from tests.web.helpers import PASSWORD, until
from toiluot_edge import SystemClock

pytestmark = pytest.mark.browser


def person(url: str) -> None:
    store = prepare(url)
    digest = access.hash_password(PASSWORD)
    store.write("", lambda rows: access.create_person(rows, login="kt", name="Kỹ", role="technician", sites=[SITE], password_hash=digest))
    store.close()


@pytest.mark.slow("two server processes and a browser")
def test_a_standby_takes_over_at_its_own_page_after_the_word_was_typed(building: Building, browser: Browser) -> None:
    person(building.url)
    server = building.serve()
    standby = building.follow(server)
    until(together(building.client(server)))
    main, own = (_page(browser, place) for place in (server, standby))
    expect(main.locator("#standby")).to_have_text("Máy dự phòng theo kịp")
    expect(own.locator("#own")).to_have_text("Máy này đang dự phòng")
    server.kill()
    own.get_by_role("button", name="Cho máy này tiếp quản…").click()
    go = own.get_by_role("button", name="Tiếp quản ngay")
    expect(go).to_be_disabled()
    own.locator("#promote-word").fill("tha")
    expect(go).to_be_disabled()
    own.locator("#promote-word").fill("thay")
    go.click()
    expect(own.locator("#own")).to_have_text("Máy chủ đang phục vụ")
    assert building.client(standby).standing()["epoch"] == 2
    for page in (main, own):
        page.context.close()


@pytest.mark.slow("a server process and a browser")
def test_a_leap_of_the_clock_is_confirmed_and_what_happened_elsewhere_is_shown(building: Building, browser: Browser) -> None:
    person(building.url)
    store = prepare(building.url)
    body = {
        "at": 1_795_392_000_000,
        "type": "issued",
        "label": "A123",
        "service": "ho-tich",
        "counter": None,
        "business_day": "2026-11-23",
        "cmd": "c",
    }
    row = {"site": SITE, "epoch": 1, "seq": 900, "received_at": 1, "body": json.dumps(body)}
    store.write(SITE, lambda rows: rows.add_disowned([row]))
    store.close()
    ahead = open_store(building.url, HandClock(SystemClock().wall_ms() + 86_400_000))  # the log is a day further than the machine's clock
    leap = {"kept": "2026-11-24T08:00:00+07:00", "wall": "2026-11-23T08:00:00+07:00", "leap_s": -86_400}
    ahead.write(SITE, lambda rows: timekeeping._tell(rows, SITE, timekeeping.LEAPT, leap))
    ahead.close()
    page = _page(browser, building.serve())
    page.locator("#branch summary").click()
    expect(page.locator("#branch")).to_contain_text("A123")
    expect(page.locator("#leap")).to_contain_text("chậm 24 giờ 00 phút")
    page.get_by_role("button", name="Giờ của máy là đúng…").click()
    page.get_by_role("button", name="Đúng, dùng giờ này").click()
    expect(page.locator("#leap")).to_have_count(0)
    page.context.close()


def _page(browser: Browser, server: Program) -> Page:
    context = browser.new_context(base_url=server.base, locale="vi-VN", viewport={"width": 1366, "height": 768})
    assert context.request.post("/login", data={"login": "kt", "password": PASSWORD}).ok
    page = context.new_page()
    page.goto("/technician")
    return page
