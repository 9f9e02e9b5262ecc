"""The board page in Chromium, behind a real display process and a real far end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Display, FarEnd, get, until

Start = Callable[..., FarEnd]
Show = Callable[..., Display]
Open = Callable[..., Page]
pytestmark = pytest.mark.browser
QUICK = ("--stale", "1.5", "--dead", "3")
SLOW = ("--stale", "600", "--dead", "900")


def rings(page: Page) -> int:
    return int(page.locator("html").get_attribute("data-rings") or 0)


def told(page: Page) -> None:
    """Wait until the page has had its first snapshot (words are in the page from the start)."""
    expect(page.locator("html")).to_have_attribute("data-seen", "yes")


def link(page: Page) -> str:
    return page.locator("html").get_attribute("data-link") or ""


def rows(page: Page) -> list[str]:
    return [row.inner_text().replace("\n", " ").strip() for row in page.locator("#recent li:visible").all()]


@pytest.mark.slow(reason="silence has to pass for the board to notice it")
def test_a_frozen_server_banner_then_no_numbers_then_right_again_without_a_stale_chime(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*QUICK)
    far.hall("called", "C018", "7")
    page = board(display(far.url).url)
    expect(page.locator("#number")).to_have_text("C018")
    far.hall("called", "A105", "3")
    until(lambda: rings(page) == 1)
    expect(page.locator("#number")).to_have_text("A105")
    assert not page.locator("#banner").is_visible()

    far.freeze()
    expect(page.locator("#banner")).to_be_visible(timeout=6000)
    expect(page.locator("#banner")).to_contain_text("MẤT KẾT NỐI từ ")
    assert page.locator("#banner").inner_text().endswith("Xin hỏi nhân viên tại quầy")
    assert page.locator("#since").inner_text().strip()[-5:].replace(":", "").isdigit()
    assert not page.locator("#footer").is_visible()
    assert page.locator("#number").is_visible()

    again = page.context.new_page()  # a screen that starts now must not take the relay's word for life
    again.goto(page.url)
    expect(again.locator("#banner")).to_be_visible(timeout=2000)

    expect(page.locator("#number")).to_be_hidden(timeout=6000)
    for one in (page, again):
        expect(one.locator("html")).to_have_attribute("data-link", "dead", timeout=6000)
        assert "A105" not in one.locator("#stage").inner_text()
        assert "C018" not in one.locator("#stage").inner_text()

    thawed = time.monotonic()
    far.thaw()
    expect(page.locator("#number")).to_have_text("A105", timeout=15_000)
    expect(page.locator("#banner")).to_be_hidden()
    assert time.monotonic() - thawed < 15
    assert rings(page) == 1


@pytest.mark.slow(reason="a server dies and comes back")
def test_a_killed_server_comes_back_and_what_was_missed_rings_once(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*QUICK)
    far.hall("called", "A001", "1")
    page = board(display(far.url).url)
    expect(page.locator("#number")).to_have_text("A001")
    far.kill()
    expect(page.locator("#banner")).to_be_visible(timeout=8000)
    far.start()
    back = time.monotonic()
    far.hall("called", "A002", "2")  # before any board is back
    far.hall("called", "A000", "4", age_s=120)
    expect(page.locator("#number")).to_have_text("A002", timeout=15_000)
    expect(page.locator("#banner")).to_be_hidden()
    assert time.monotonic() - back < 15
    assert rings(page) == 1
    assert sorted(rows(page)) == ["A000 4", "A001 1"]


@pytest.mark.slow(reason="a display dies and comes back")
def test_a_display_that_dies_is_noticed_by_its_own_page(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*QUICK)
    far.hall("called", "A001", "1")
    one = display(far.url)
    page = board(one.url)
    expect(page.locator("#number")).to_have_text("A001")
    one.kill()
    expect(page.locator("#banner")).to_be_visible(timeout=6000)
    expect(page.locator("#number")).to_be_hidden(timeout=6000)
    far.hall("called", "A002", "2")
    one.start()
    expect(page.locator("#number")).to_have_text("A002", timeout=15_000)
    assert rings(page) == 1


def test_calls_take_the_big_place_eight_seconds_each(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*SLOW)
    page = board("about:blank")
    page.clock.install()
    page.goto(display(far.url).url)
    told(page)
    expect(page.locator(".first")).to_be_visible()
    expect(page.locator(".first")).to_have_text("Chưa có lượt gọi")
    far.hall("issued", "A009")
    expect(page.locator(".waits strong")).to_have_text("1")
    for n, label in enumerate(["A001", "A002", "A003"]):
        far.hall("called", label, str(n + 1))
    expect(page.locator("#number")).to_have_text("A001")
    until(lambda: rows(page) == ["A003 3", "A002 2"])
    page.clock.run_for(5000)
    expect(page.locator("#number")).to_have_text("A001")
    assert rings(page) == 1
    page.clock.run_for(4000)
    expect(page.locator("#number")).to_have_text("A002")
    assert rings(page) == 2
    far.hall("recalled", "A002", "2")
    until(lambda: rows(page) == ["A003 3", "A001 1"])
    page.clock.run_for(8500)
    expect(page.locator("#number")).to_have_text("A003")
    page.clock.run_for(8500)
    expect(page.locator("#number")).to_have_text("A002")
    assert rings(page) == 4


def test_the_time_shown_is_the_servers_and_the_board_moves_two_pixels_in_ten_minutes(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*SLOW)
    page = board("about:blank")
    page.clock.install(time=0)  # a device without a clock of its own wakes up in 1970
    page.goto(display(far.url).url)
    told(page)
    until(lambda: page.locator("#clock").inner_text() in {time.strftime("%H:%M", time.gmtime(time.time() + 7 * 3600 - d)) for d in (0, 60)})
    before = page.locator("#stage").bounding_box()
    page.clock.fast_forward(600_000)
    until(lambda: page.locator("#stage").bounding_box() != before)
    after = page.locator("#stage").bounding_box()
    assert before
    assert after
    assert max(abs(after["x"] - before["x"]), abs(after["y"] - before["y"])) == 2


def test_without_any_flag_the_board_warns_after_20_s_and_is_blank_after_90_s(far_end: Start, board: Open) -> None:
    far = far_end()
    far.hall("called", "A001", "1")
    page = board("about:blank")
    page.clock.install()
    page.goto(f"{far.url}/b/TOKEN/")
    expect(page.locator("#number")).to_have_text("A001")
    far.freeze()
    page.clock.run_for(18_000)
    assert link(page) == "live"
    page.clock.run_for(6_000)
    assert link(page) == "stale"
    assert page.locator("#number").is_visible()
    page.clock.run_for(60_000)
    assert link(page) == "stale"
    page.clock.run_for(10_000)
    assert link(page) == "dead"
    assert not page.locator("#number").is_visible()


def test_the_page_of_the_server_itself_works_without_a_display(far_end: Start, board: Open) -> None:
    far = far_end(*SLOW)
    page = board("about:blank")
    page.clock.install()
    page.goto(f"{far.url}/b/TOKEN/")
    told(page)
    far.hall("called", "A105", "3")
    expect(page.locator("#number")).to_have_text("A105")
    expect(page.locator("#counter")).to_have_text("3")
    assert rings(page) == 1
    far.hall("undone", "A105", "3")
    expect(page.locator("[data-waiting]").first).to_have_text("0")
    page.clock.run_for(4500)  # the row does not say what was undone, so the page dials anew
    until(lambda: len(get(f"{far.url}/opened")) == 2)
    page.clock.run_for(8000)
    expect(page.locator("#number")).to_be_hidden()


def test_nothing_of_a_person_is_in_the_page(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*SLOW)
    page = board(display(far.url).url)
    told(page)
    seen: list[Any] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.on("Network.eventSourceMessageReceived", lambda message: seen.append(message["data"]))
    for n in range(12):
        far.hall("called", f"A{n:03d}", str(n))
    until(lambda: page.locator("#recent li:visible").count() == 5)
    assert seen
    text = page.content() + str(seen)
    assert not [word for word in ("LAN", "H00.11", "actor", "dossier", "cmd") if word in text]
    assert page.locator("#recent li").count() == 5


def test_a_refused_chime_shows_a_mark_until_someone_touches(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*SLOW)
    one = display(far.url)
    page = board(one.url)
    expect(page.locator("#muted")).to_be_visible()
    expect(page.locator("#muted")).to_contain_text("đang tắt tiếng – chạm để bật")
    page.locator("#muted").click()
    expect(page.locator("#muted")).to_be_hidden()
    quiet = board(f"{one.url}/?audio=off")
    told(quiet)
    assert not quiet.locator("#muted").is_visible()


COUNT_PLAYS = """window.plays = 0; const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { if (this.volume) window.plays += 1; return play.call(this); };"""


def test_only_the_screen_that_sounds_chimes_once_per_call(far_end: Start, display: Show, board: Open) -> None:
    far = far_end(*SLOW)
    one = display(far.url, "--no-audio")
    loud, quiet = board("about:blank"), board("about:blank")
    for page, address in ((loud, f"{one.url}/?audio=on"), (quiet, one.url)):
        page.add_init_script(COUNT_PLAYS)
        page.goto(address)
        told(page)
    far.hall("called", "A001", "1")
    until(lambda: rings(loud) == 1 and rings(quiet) == 1)
    assert loud.evaluate("() => window.plays") == 1
    assert quiet.evaluate("() => window.plays") == 0
