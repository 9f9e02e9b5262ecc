"""The citizen's page: right in every state, with scripts and without, in two languages, small, and about nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_server.client import Client
from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser


@pytest.fixture
def client(site: Site) -> Client:
    return site.client()


def _path(ticket: dict[str, Any]) -> str:
    return "/t/" + ticket["url"].rsplit("/t/", 1)[1]


def _plain(browsers: Browsers, ticket: dict[str, Any]) -> Page:
    page = browsers.context(phone=True, java_script_enabled=False).new_page()
    page.goto(_path(ticket))
    return page


def _says(page: Page, *words: str) -> None:
    for text in words:
        expect(page.locator("main")).to_contain_text(text)


def test_every_state_in_plain_words_without_scripts(browsers: Browsers, client: Client) -> None:
    first, second = (client.issue(rid(), service="ho-tich") for _ in range(2))
    page = _plain(browsers, second)
    _says(page, "A002", "Còn 1 người trước bạn", "khoảng", "Cập nhật lúc", "Hộ tịch")
    assert 'http-equiv="refresh" content="30"' in page.content()
    client.counter_command(rid(), "3", "open")
    client.next(rid(), "3")
    called = _plain(browsers, first)
    _says(called, "ĐẾN LƯỢT BẠN", "QUẦY 3")
    assert called.title() == "A001 · ĐẾN LƯỢT BẠN → QUẦY 3"
    client.on_ticket(rid(), first["id"], "serve", "3")
    called.reload()
    _says(called, "Đang phục vụ tại quầy 3")
    client.on_ticket(rid(), first["id"], "hold", "3")
    called.reload()
    _says(called, "Quầy 3 đang giữ lượt của bạn")
    client.next(rid(), "3")
    client.on_ticket(rid(), second["id"], "no-show", "3")
    page.reload()
    _says(page, "Đã quá lượt", "Xin đến bàn hướng dẫn")
    assert "refresh" not in page.content()


def test_cancel_needs_a_second_tap_and_works_without_scripts(browsers: Browsers, client: Client) -> None:
    ticket = client.issue(rid(), service="ho-tich")
    page = _plain(browsers, ticket)
    yes = page.get_by_role("button", name="Có, huỷ số này")
    expect(yes).to_be_hidden()
    page.get_by_text("Huỷ số này", exact=True).click()
    yes.click()
    _says(page, "Số này đã huỷ")
    assert client.ticket(ticket["id"])["state"] == "cancelled"
    assert page.get_by_role("button").count() == 0


def test_rating_by_a_face_without_scripts(browsers: Browsers, client: Client) -> None:
    ticket = client.issue(rid(), service="ho-tich")
    client.counter_command(rid(), "3", "open")
    client.next(rid(), "3")
    client.on_ticket(rid(), ticket["id"], "complete", "3")
    page = _plain(browsers, ticket)
    expect(page.locator(".faces button")).to_have_count(4)
    page.get_by_role("button", name="Rất hài lòng").click()
    _says(page, "Cảm ơn bạn đã góp ý.")
    assert client.ticket(ticket["id"])["rating"] == 4


def test_the_page_follows_by_itself_and_asks_little(browsers: Browsers, client: Client) -> None:
    ticket = client.issue(rid(), service="ho-tich")
    page = browsers.page(phone=True)
    answers: list[tuple[str, int]] = []
    page.on("response", lambda response: answers.append((response.url.rsplit("/", 1)[1], response.status)))
    page.clock.install()
    page.goto(_path(ticket))
    _says(page, "Bạn là người tiếp theo")
    asked = []
    for _ in range(2):  # a first question may find the page older than the answer; the next finds nothing new
        with page.expect_response("**/t/*.json") as answer:
            page.clock.fast_forward("00:20")
        asked.append(answer.value.status)
    assert asked[-1] == 304
    client.counter_command(rid(), "3", "open")
    client.next(rid(), "3")
    page.clock.fast_forward("00:20")
    expect(page.locator(".state")).to_have_text("ĐẾN LƯỢT BẠN")
    expect(page).to_have_title(re.compile("QUẦY 3"))
    assert not any("stream" in name for name, _ in answers)


@pytest.mark.full
def test_a_lost_network_is_said(browsers: Browsers, client: Client) -> None:
    page = browsers.page(phone=True)
    page.clock.install()
    page.goto(_path(client.issue(rid(), service="ho-tich")))
    expect(page.locator("#updated")).to_contain_text("Cập nhật lúc")
    page.context.set_offline(True)
    page.clock.fast_forward("01:40")
    expect(page.locator("#updated")).to_have_text("Chưa cập nhật được. Xin nhìn bảng gọi số.")
    page.context.set_offline(False)


@pytest.mark.full
def test_english_stays_english_after_a_form(browsers: Browsers, client: Client) -> None:
    ticket = client.issue(rid(), service="ho-tich")
    page = _plain(browsers, ticket)
    page.get_by_role("link", name="English").click()
    _says(page, "You are next", "Civil status")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_text("Cancel this number", exact=True).click()
    page.get_by_role("button", name="Yes, cancel it").click()
    _says(page, "This number is cancelled")


@pytest.mark.full
def test_a_ticket_taken_in_english_opens_in_english(browsers: Browsers, client: Client) -> None:
    _says(_plain(browsers, client.issue(rid(), service="ho-tich", lang="en")), "Your number")


def test_small_private_and_not_for_search_engines(browsers: Browsers, client: Client) -> None:
    ticket = client.issue(rid(), service="ho-tich", holder_key="khoa-cua-mot-nguoi", dossier_code="H00.18.01-240101-0001")
    page = browsers.page(phone=True)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    received: list[float] = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    answer = page.goto(_path(ticket), wait_until="networkidle")
    assert answer is not None
    assert sum(received) <= 30_000, received
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "no-store" in answer.headers["cache-control"]
    told = page.content() + page.evaluate("async () => await (await fetch(location.pathname + '.json')).text()")
    for secret in ("khoa-cua-mot-nguoi", "0001", ticket["id"]):
        assert secret not in told


def test_an_unknown_number_is_a_kind_page(browsers: Browsers) -> None:
    page = browsers.page(phone=True)
    answer = page.goto("/t/khong-co-so-nao-nhu-the")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_have_text("Không tìm thấy")
