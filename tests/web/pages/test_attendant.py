"""Bàn hướng dẫn in a browser and as fragments: a guide with a phone, calls that ring, repairs in three taps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from queue_server.web.pages import hall_view, words
from queue_server.web.pages.hall_view import _paper
from tests.web.helpers import Site, rid, until
from tests.web.pages.conftest import Browsers

READY = [{"role": "printer", "state": "ready", "code": "ok", "paper_left": 180}]
EMPTY = [{"role": "printer", "state": "degraded", "code": "paper_out"}]


def beat(site: Site, device: str = "kiosk-01", slots: list[dict[str, Any]] | None = None) -> None:
    site.client().heartbeat({"device": device, "role": "kiosk", "slots": slots or READY})


# ---------------------------------------------------------------- fragments
def test_the_parts_of_the_page_name_no_one_and_open_to_attendants_alone(site: Site) -> None:
    ticket = site.client().issue(rid(), service="ho-tich", source="kiosk", priority_class="elderly")
    paths = ("/attendant", "/attendant/live", f"/attendant/ticket/{ticket['id']}", "/attendant/find?label=a001")
    for role, status in (("attendant", 200), ("site_head", 200), ("clerk", 403), ("technician", 403)):
        browser = site.signed_in(role)
        assert [browser.get(path).status_code for path in paths] == [status] * 4, role
    browser = site.signed_in("attendant")
    assert browser.get("/attendant/ticket/nobody").status_code == 404
    assert "A001" in browser.get(paths[3]).text


def test_a_lost_number_by_service_and_time_and_what_is_no_time(site: Site) -> None:
    ticket = site.client().issue(rid(), service="ho-tich")
    browser = site.signed_in("attendant")
    found = browser.get("/attendant/find", params={"service": "ho-tich", "about": words.hhmm(ticket["issued_at"])}).text
    assert ticket["label"] in found
    assert f'data-open="{ticket["id"]}"' in found
    assert "không có phiếu" in browser.get("/attendant/find", params={"service": "dat-dai", "about": "07:00"}).text
    assert "08:15" in browser.get("/attendant/find", params={"service": "ho-tich", "about": "25:00"}).text
    assert "Không có việc này" in browser.get("/attendant/find", params={"service": "x", "about": "07:00"}).text


def test_a_qr_stands_on_the_card_where_the_site_has_an_address_a_telephone_can_open(site: Site) -> None:
    ticket = site.client().issue(rid(), service="ho-tich")
    browser, path = site.signed_in("attendant"), f"/attendant/ticket/{ticket['id']}"
    assert "<svg" not in browser.get(path).text
    site.configure(lambda document: document.update(public_url="https://hang.example.vn"))
    assert "<svg" in browser.get(path).text
    site.client().cancel(rid(), ticket["id"])
    assert "<svg" not in browser.get(path).text


def test_lights_tell_their_age_and_a_kiosk_without_paper_says_so_where_it_could_be_chosen(site: Site) -> None:
    beat(site)
    beat(site, "kiosk-02", EMPTY)
    ticket = site.client().issue(rid(), service="ho-tich")
    browser = site.signed_in("attendant")
    live = browser.get("/attendant/live").text
    assert re.search(r'data-tone="bad"><p><b>kiosk-02</b>.*data-age="\d+".*hết giấy.*<b>kiosk-01</b>', live, re.S)
    assert re.search(r"In ở kiosk-02 <span class=\"mark bad\">Hết giấy", browser.get(f"/attendant/ticket/{ticket['id']}").text, re.I)


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ({}, "Đang in ở kiosk-01…"),
        ({"late": True}, "kiosk-01 không nhận lệnh in. Chọn máy khác, hoặc viết số ra giấy."),
        ({"outcome": "printed"}, "Đã in ở kiosk-01."),
        ({"outcome": "sent_unconfirmed"}, "Đã gửi tới kiosk-01; xin nhìn xem phiếu đã ra chưa."),
        ({"outcome": "not_sent", "detail": "shown paper_out"}, "kiosk-01 chưa in được: hết giấy. Chọn máy khác, hoặc viết số ra giấy."),
        ({"outcome": "unknown", "detail": "shown"}, "kiosk-01 chưa in được: máy in có lỗi. Chọn máy khác, hoặc viết số ra giấy."),
    ],
)
def test_what_became_of_a_slip_in_words(job: dict[str, Any], text: str) -> None:
    assert _paper({"device": "kiosk-01", "late": False, "outcome": None, "detail": None, **job})["text"] == text


def test_every_state_has_a_word() -> None:
    from queue_server.domain.visit import STATES

    assert set(hall_view.STATES) == set(STATES)


# ---------------------------------------------------------------- a guide with a phone
@pytest.mark.browser
def test_a_press_that_is_under_way_is_not_drawn_over(browsers: Browsers, site: Site) -> None:
    """A finger is down while the list changes under it: the press counts for what it began on, then the list is drawn."""
    client = site.client()
    claimed = client.issue(rid(), service="ho-tich", source="kiosk", priority_class="elderly")
    page = browsers.person("attendant")
    page.goto("/attendant")
    refuse = page.locator(".claims").get_by_role("button", name="Không đủ giấy tờ")
    refuse.hover()
    with page.expect_response(lambda answer: "/attendant/live" in answer.url):
        page.mouse.down()
        client.issue(rid(), service="ho-tich")
    page.mouse.up()
    expect(page.locator(".claims")).to_have_count(0)
    assert client.ticket(claimed["id"])["priority_class"] is None
    expect(page.locator("#queue .row")).to_have_count(2)


def test_a_guide_with_a_phone(browsers: Browsers, site: Site) -> None:
    """Three taps: a number printed at a kiosk; the wrong service mended; a claim refused; a call that rings until it is done."""
    client = site.client()
    beat(site)
    client.issue(rid(), service="dat-dai")
    claimed = client.issue(rid(), service="ho-tich", source="kiosk", priority_class="elderly")
    page = browsers.person("attendant", phone=True)
    page.goto("/attendant")
    page.locator("#issue").get_by_text("Hộ tịch").click()
    page.locator("#paper-at").select_option("kiosk-01")
    page.locator("#issue .primary").click()
    expect(page.locator("#made-card .big")).to_have_text("A002")
    expect(page.locator("#made-card .paper-said")).to_have_text("Đang in ở kiosk-01…")
    job = client.errands("kiosk-01")["prints"][0]
    client.print_outcome(rid(), job["ticket"]["id"], "printed", device="kiosk-01", job=job["job"])
    expect(page.locator("#made-card .paper-said")).to_have_text("Đã in ở kiosk-01.")
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.locator('[data-tab="queue"]').click()
    page.locator("#queue .row", has_text="H001").click()
    page.locator("#sheet summary", has_text="Đổi việc").click()
    page.locator("#sheet").get_by_role("button", name="Hộ tịch").click()
    expect(page.locator("#sheet .strong").first).to_contain_text("Hộ tịch")
    page.locator("#sheet summary", has_text="Sửa").click()
    page.locator("#sheet").get_by_text("Khó đi lại").click()
    page.locator("#sheet").get_by_label("Chờ quầy").select_option("3")
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator("#sheet .top")).to_contain_text("Chờ quầy 3")
    mended = client.tickets(label="H001")["tickets"][0]
    assert (mended["service"], mended["needs"], mended["for_counter"], mended["lang"]) == ("ho-tich", ["walk"], "3", "vi")
    page.get_by_role("button", name="Đóng").click()

    page.locator(".claims").get_by_role("button", name="Không đủ giấy tờ").click()
    expect(page.locator(".claims")).to_have_count(0)
    assert client.ticket(claimed["id"])["priority_class"] is None

    rung = "() => Number(document.documentElement.dataset.rung || 0)"
    call = client.call_help(rid(), "kiosk-01")
    expect(page.locator(".call")).to_contain_text("kiosk-01")
    until(lambda: page.evaluate(rung) >= 1, 20)
    assert page.title().startswith("(1) ")
    page.get_by_role("button", name="Tôi đến").click()
    expect(page.locator(".call")).to_contain_text("Có người đang đến")
    assert not page.title().startswith("(")
    page.locator(".call").get_by_role("button", name="Xong").click()
    expect(page.locator(".call")).to_have_count(0)
    assert client.hall()["calls"] == []
    assert [event["type"] for event in client.events()["events"] if event["subject"] == f"help:{call['id']}"][-1] == "help.done"


@pytest.mark.browser
def test_a_silent_alarm_is_seen_and_makes_no_sound_and_rush_hour_is_one_button(browsers: Browsers, site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "3", "open")
    page = browsers.person("attendant")
    page.goto("/attendant")
    page.locator("#issue .head, #take-title").first.click()  # from here on it could ring
    client.counter_command(rid(), "3", "alarm")
    expect(page.locator(".call.alarm")).to_contain_text("Quầy 3")
    assert page.evaluate("() => document.documentElement.dataset.rung || ''") == ""
    page.locator('.tabs [data-tab="machines"]').click()
    page.locator("#rush").click()
    expect(page.locator(".rush")).to_contain_text("đang bật từ")
    home, _ = client.kiosk_home()
    assert home is not None
    assert home["rush"] is True
    page.locator("#rush").click()
    expect(page.locator(".rush")).to_contain_text("đang tắt")
