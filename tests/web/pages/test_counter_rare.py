"""The clerk's rarer work, by keys alone: the menu, its dialogs, finding, a scanner that types, the alarm nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.helpers import Site, until
from tests.web.pages.conftest import Browsers, Desk, login

pytestmark = pytest.mark.browser
Opener = Callable[..., Desk]

# A scanner is quicker than any hand; so are these keys, however slow the machine is that runs the test.
BURST = """text => { const at = document.activeElement;
  const shifted = {':': 'Semicolon', '_': 'Minus'}, plain = {'-': 'Minus', '.': 'Period', '/': 'Slash'};
  const code = c => /[a-z]/i.test(c) ? 'Key' + c.toUpperCase() : /[0-9]/.test(c) ? 'Digit' + c : shifted[c] || plain[c];
  const press = more => new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...more});
  const key = (code, shiftKey, key) => at.dispatchEvent(press({code, key, shiftKey}));
  for (const c of text) { if (key(code(c), /[A-Z]/.test(c) || c in shifted, c) && at.matches('input[type=text]')) at.value += c; }
  key('Enter', false, 'Enter'); }"""


def _last(desk: Desk, kind: str) -> dict[str, Any]:
    """The newest event of a kind, once it is there."""
    until(lambda: bool(desk.log(kind)), 20)
    return desk.log(kind)[-1]


def _menu(desk: Desk, digit: str, dialog: str = "") -> None:
    desk.press("F1")
    expect(desk.page.locator("#more")).to_be_visible()
    desk.press(digit)
    expect(desk.page.locator("#more")).to_be_hidden()
    if dialog:
        expect(desk.page.locator(dialog)).to_be_visible()


def test_hold_dossiers_correction_and_another_outcome_by_keys_alone(open_desk: Opener) -> None:
    desk = open_desk(undo_s=600)
    page = desk.page
    expect(page.locator("#more")).to_be_attached()
    desk.press("F2")
    desk.shows("A001")
    desk.button("hold").focus()
    desk.press("Enter")
    expect(page.locator("#hold")).to_be_visible()
    desk.press("1")
    expect(page.locator("#hold input[name=pick]").first).to_be_checked()
    page.locator("#hold").get_by_label("20 phút").check()
    desk.press("Enter")
    desk.shows("Chưa gọi ai")
    held = _last(desk, "held")
    assert held["data"]["reason"] == "bổ sung giấy tờ"
    assert held["data"]["until"] is not None
    expect(page.locator("#held")).to_contain_text("Hẹn ")
    page.get_by_role("button", name="Tiếp tục phục vụ").click()
    desk.shows("A001")
    desk.button("procedures").click()
    page.keyboard.insert_text("000.00.53.h48-220921-0001")
    desk.press("Enter")
    page.keyboard.insert_text("G09.20-20260609-0000001")
    expect(page.locator("#dossier-lines .mark", has_text="Đúng mẫu")).to_have_count(2)
    desk.press("Enter")
    desk.press("Enter")  # on an empty line: the end
    expect(page.locator("#say")).to_contain_text("Đã ghi hồ sơ của A001")
    noted = _last(desk, "annotated")["data"]["procedures"]
    assert [entry["dossier_code"] for entry in noted] == ["000.00.53.H48-220921-0001", "G09.20-20260609-0000001"]
    _menu(desk, "2", "#reclassify")
    desk.press("2")
    expect(page.locator("#reclassify input[name=service]").nth(1)).to_be_checked()
    desk.press("Enter")
    expect(page.locator("#service")).to_have_text("Chứng thực")
    desk.shows("A001")
    desk.press("Shift+F9")
    expect(page.locator("#outcome")).to_be_visible()
    desk.press("2")
    expect(page.locator("#outcome input[name=outcome]").nth(1)).to_be_checked()
    desk.press("Enter")
    desk.shows("Chưa gọi ai")
    assert _last(desk, "completed")["data"]["outcome"] == "incomplete"
    _menu(desk, "4", "#undo-why")
    desk.press("4")
    expect(page.locator("#undo-why input[name=pick]").nth(3)).to_be_checked()
    desk.press("Enter")
    desk.shows("A001")
    assert _last(desk, "undone")["data"]["reason"] == "ghi sai kết quả"


def test_more_dossiers_than_a_turn_takes_go_back_with_the_same_slip(open_desk: Opener) -> None:
    desk = open_desk(dossiers_per_turn=1)
    page = desk.page
    desk.press("F2")
    desk.shows("A001")
    desk.button("procedures").click()
    for number in ("0001", "0002"):
        page.keyboard.insert_text(f"H48-220921-{number}")
        desk.press("Enter")
    expect(page.locator("#dossier-over")).to_be_visible()
    expect(page.locator("#dossier-yes")).to_be_disabled()
    page.locator("#dossier-lines li").nth(1).get_by_role("button").click()
    expect(page.locator("#dossier-yes")).to_be_enabled()
    page.locator("#dossier-more").fill("1")
    page.locator("#dossier-yes").click()
    desk.shows("Chưa gọi ai")
    gone_on = _last(desk, "transferred")
    assert (gone_on["label"], gone_on["data"]["rule"]) == ("A001", "dossier_limit")


def test_a_chosen_person_the_absent_and_what_was_typed(open_desk: Opener) -> None:
    desk = open_desk()
    page = desk.page
    expect(page.locator("#more")).to_be_attached()
    desk.press("Control+k")
    page.keyboard.insert_text("A")
    page.keyboard.insert_text("002")
    expect(page.locator("#found li")).to_contain_text(["A002"])
    desk.press("Enter")
    expect(page.locator("#find-why")).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("#find-why input[name=pick]").nth(1)).to_be_checked()
    desk.press("Enter")
    desk.shows("A002")
    assert _last(desk, "called")["data"]["reason"] == "có lịch hẹn"
    desk.press("F8")
    desk.shows("Chưa gọi ai")
    desk.press("F2")
    desk.shows("A001")
    page.locator("#absent-chip").click()
    back = page.locator("#absent-rows").get_by_role("button", name="Đã đến, gọi lại quầy")
    expect(back).to_be_disabled()
    page.locator("#absent-rows").get_by_role("button", name="Cho vào hàng lại").click()
    assert _last(desk, "readmitted")["label"] == "A002"
    desk.shows("A001")
    desk.button("transfer").click()
    page.locator("#why").fill("ông 036099000123")  # a person's number is not taken
    assert page.locator("#why").evaluate("input => input.validity.patternMismatch")
    page.locator("#why").fill("đang gõ dở")
    page.reload()
    desk.shows("A001")
    expect(page.locator("#transfer")).to_be_attached()
    desk.button("transfer").click()
    expect(page.locator("#why")).to_have_value("đang gõ dở")
    desk.press("Escape")
    # A card of a person is looked for nowhere.
    desk.press("Control+k")
    page.keyboard.insert_text("036099000123")
    expect(page.locator("#find-say")).to_contain_text("Không tìm theo số giấy tờ")


def test_a_scanner_checks_a_slip_and_never_mixes_with_typing(open_desk: Opener) -> None:
    desk, sent = open_desk(), []
    page = desk.page
    expect(page.locator("#more")).to_be_attached()
    page.on("request", lambda request: sent.append(request.url))
    first, second = (ticket["url"] for ticket in desk.client.queue()["tickets"][:2])
    desk.press("F2")
    desk.shows("A001")
    scan = lambda text: page.evaluate(BURST, text)  # noqa: E731 - a word for it
    scan("https://h.vn/t/" + first.rsplit("/t/", 1)[1])
    expect(page.locator("#say")).to_contain_text("✓ Đúng người, đúng quầy")
    desk.button("complete").focus()  # the scanner's Enter must press nothing
    scan("https://h.vn/t/" + second.rsplit("/t/", 1)[1])
    expect(page.locator("#say")).to_contain_text("✕ Chưa đến lượt")
    desk.shows("A001")
    scan("G09.20-20260609-0000001")
    expect(page.locator("#dossier-lines input[name=dossier]")).to_have_value("G09.20-20260609-0000001")
    desk.press("Escape")
    desk.button("transfer").click()
    page.locator("#why").fill("bản sao")
    scan("https://h.vn/t/" + first.rsplit("/t/", 1)[1])
    expect(page.locator("#why")).to_have_value("bản sao")
    desk.press("Escape")
    scan("036099000123")
    expect(page.locator("#say")).to_contain_text("Đây không phải phiếu số")
    assert not [url for url in sent if "036099000123" in url]


def test_calling_whoever_comes_next_and_the_alarm(open_desk: Opener) -> None:
    desk = open_desk(waiting=0)
    desk.press("F2")
    expect(desk.label).to_have_text("Chờ người tiếp theo")
    desk.press("Escape")
    expect(desk.label).to_have_text("Chưa gọi ai")
    desk.press("F2")
    expect(desk.page.locator("#state")).to_have_text("Gọi ngay khi có người")
    desk.issue()
    desk.shows("A001")
    assert [event["label"] for event in desk.log("called")] == ["A001"]
    before = desk.page.locator("main").inner_text()
    desk.press("Control+F10")
    desk.press("Control+F10")
    until(lambda: len(desk.log("counter.alarmed")) == 1, 20)
    expect(desk.page.locator("#link")).to_have_attribute("data-told", "yes")
    assert desk.page.locator("main").inner_text().split("\n")[0] == before.split("\n")[0]
    assert desk.log("counter.paused") == []


def test_a_pause_has_a_reason_and_a_profile_its_order(open_desk: Opener, browsers: Browsers) -> None:
    desk = open_desk()
    page = desk.page
    expect(page.locator("#more")).to_be_attached()
    desk.press("F10")
    desk.ready("Tạm nghỉ")
    expect(page.locator("#why-pause button").first).to_be_focused()
    desk.press("2")
    expect(page.locator("#service")).to_contain_text("Họp")
    assert [event["data"]["reason"] for event in desk.log("counter.paused")] == [None, "họp"]
    desk.ready("Tạm nghỉ")
    desk.press("F10")
    desk.ready("Sẵn sàng")
    _menu(desk, "7", "#profile")
    rows = page.locator("#profile-rows input")
    names = [rows.nth(n).get_attribute("value") for n in range(rows.count())]
    expect(rows.first).to_be_focused()
    desk.press("Alt+ArrowDown")
    desk.press("ArrowDown")
    desk.press("Space")
    page.locator("#profile-yes").click()
    desk.ready("Sẵn sàng")
    wanted = [names[1], names[0], *names[3:]]
    until(lambda: desk.client.counter("3")["services"] == wanted, 20)


def test_a_colleague_goes_on_and_one_clerk_has_two_counters(open_desk: Opener, browsers: Browsers, site: Site) -> None:
    first = open_desk()
    colleague, context = site.person("clerk"), browsers.context()
    first.press("F2")
    first.shows("A001")
    _menu(first, "8", "#hand-over")
    first.page.keyboard.insert_text(colleague)
    first.press("Enter")
    expect(first.page.locator("#banner")).to_contain_text("Máy này chỉ xem")
    login(context, site, colleague)
    other = Desk(browsers.page(context), site, first.client, "3")
    other.page.goto("/counter/3")
    other.page.get_by_role("button", name="Chuyển sang máy này").click()
    other.shows("A001")
    fifth = Desk(browsers.page(context), site, first.client, "5")
    fifth.page.goto("/counter/5")
    fifth.page.get_by_role("button", name="Mở quầy").click()
    fifth.ready("Sẵn sàng")
    expect(other.page.locator("#state")).to_have_text("Đang ở quầy khác")
    expect(other.button("complete")).to_be_disabled()
    other.button("activate").click()
    other.ready("Đã gọi")
    expect(fifth.page.locator("#state")).to_have_text("Đang ở quầy khác")
    assert other.client.counter("5")["active"] is False


def test_a_clerk_calls_for_help_by_two_keys(open_desk: Opener, site: Site) -> None:
    desk = open_desk()
    expect(desk.page.locator("#more")).to_be_attached()
    _menu(desk, "0")
    expect(desk.page.get_by_text("Đã gọi hỗ trợ đến quầy này.")).to_be_visible()
    (call,) = site.client("read").hall()["calls"]
    assert (call["kind"], call["state"]) == ("help", "open")
    assert desk.page.url.endswith(f"/counter/{call['counter']}")
