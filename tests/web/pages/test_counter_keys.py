"""The clerk's keys: F2 calls once however it is pressed, and asks before it closes somebody who was just called."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.web.pages.conftest import Browsers, Desk

pytestmark = pytest.mark.browser
Opener = Callable[..., Desk]
SEND = "presses => presses.forEach(more => document.dispatchEvent(new KeyboardEvent('keydown', {code: 'F2', bubbles: true, ...more})))"


def test_a_held_key_calls_once_and_right_after_a_call_f2_does_nothing(open_desk: Opener) -> None:
    desk = open_desk(waiting=5)
    for _ in range(20):
        desk.page.keyboard.down("F2")  # every "down" after the first is the keyboard's own repeat
    desk.page.keyboard.up("F2")
    desk.shows("A001")
    desk.press("F2")
    expect(desk.page.locator("#say")).to_contain_text("Vừa gọi A001")
    expect(desk.page.locator("#ask")).to_be_hidden()
    desk.shows("A001")
    assert [event["label"] for event in desk.log("called")] == ["A001"]


@pytest.mark.full
def test_a_bouncing_key_calls_once(open_desk: Opener) -> None:
    desk = open_desk(waiting=5)
    desk.page.evaluate(SEND, [{}] * 6)
    desk.shows("A001")
    assert len(desk.log("called")) == 1


def test_keys_that_belong_to_typing_do_nothing(open_desk: Opener) -> None:
    desk = open_desk(waiting=1)
    desk.page.evaluate(SEND, [{name: True} for name in ("ctrlKey", "altKey", "shiftKey", "metaKey", "isComposing", "repeat")])
    desk.press("F10")
    desk.ready("Tạm nghỉ")
    assert desk.log("called") == []


def test_soon_after_a_call_f2_asks_and_keys_answer(open_desk: Opener) -> None:
    desk = open_desk(guard_s=0)
    ask = desk.page.locator("#ask")
    desk.press("F2")
    desk.shows("A001")
    for key, then, ended in (("Escape", "A001", []), ("F8", "A002", ["no_show"]), ("F2", "A003", ["no_show", "completed"])):
        desk.press("F2")
        expect(ask).to_be_visible()
        desk.press(key)
        expect(ask).to_be_hidden()
        desk.shows(then)
        assert [event["type"] for event in desk.log("no_show", "completed")] == ended


def test_later_f2_closes_and_calls_at_once_each_press_with_its_own_request_id(open_desk: Opener) -> None:
    desk, sent = open_desk(guard_s=0, confirm_s=0), []
    desk.page.on("request", lambda request: sent.append(request.post_data_json["request_id"]) if request.url.endswith("/next") else None)
    desk.press("F2")
    desk.shows("A001")
    desk.press("F2")
    desk.shows("A002")
    assert [event["label"] for event in desk.log("completed")] == ["A001"]
    assert len(set(sent)) == 2


@pytest.mark.full
def test_the_age_of_a_call_survives_a_reload(open_desk: Opener) -> None:
    desk = open_desk()
    desk.press("F2")
    desk.shows("A001")
    desk.page.reload()
    desk.shows("A001")
    desk.press("F2")
    expect(desk.page.locator("#say")).to_contain_text("Vừa gọi A001")


def test_a_lost_answer_is_asked_for_again_with_the_same_request_id(open_desk: Opener, browsers: Browsers) -> None:
    page, sent = browsers.person("clerk"), []

    def lose_the_first(route: Route) -> None:
        sent.append(route.request.post_data_json["request_id"])
        if len(sent) == 1:
            route.fetch()  # the server acts, the answer never arrives
            route.abort()
        else:
            route.continue_()

    page.route("**/next*", lose_the_first)  # before anything is loaded: no request can go past it
    desk = open_desk(page=page)
    desk.press("F2")
    desk.shows("A001")
    assert len(sent) >= 2
    assert len(set(sent)) == 1
    assert len(desk.log("called")) == 1


@pytest.mark.full
def test_nobody_waiting_is_said(open_desk: Opener) -> None:
    desk = open_desk(waiting=0)
    desk.press("F2")
    expect(desk.page.locator("#say")).to_contain_text("Không còn ai chờ")


def test_recall_absent_done_and_pause_by_key(open_desk: Opener) -> None:
    desk = open_desk()
    desk.press("F2")
    desk.shows("A001")
    expect(desk.button("recall")).to_contain_text("Gọi lại 1/3")
    desk.press("F4")
    expect(desk.button("recall")).to_contain_text("Gọi lại 2/3")
    desk.ready("Đã gọi")
    desk.press("F8")
    desk.shows("Chưa gọi ai")
    desk.press("F2")
    desk.shows("A002")
    desk.press("F9")
    desk.shows("Chưa gọi ai")
    desk.press("F10")
    desk.ready("Tạm nghỉ")
    desk.press("F10")
    desk.ready("Sẵn sàng")
    got = [(event["type"], event["label"]) for event in desk.log("called", "recalled", "no_show", "completed")]
    assert got == [("called", "A001"), ("recalled", "A001"), ("no_show", "A001"), ("called", "A002"), ("completed", "A002")]
