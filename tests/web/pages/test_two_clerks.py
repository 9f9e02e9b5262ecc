"""Two clerks at one queue, a page that slept, an undo that came too late: the page says what happened and works on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.helpers import Site, rid, until
from tests.web.pages.conftest import Browsers, Desk

pytestmark = pytest.mark.browser
Opener = Callable[..., Desk]
PRESS = "() => document.body.dispatchEvent(new KeyboardEvent('keydown', {code: 'F2', bubbles: true}))"
PLAIN = {"guard_s": 0, "confirm_s": 0}


def _called(desk: Desk) -> list[tuple[str, str]]:
    return [(str(event["label"]), str(event["counter"])) for event in desk.log("called")]


def test_two_clerks_who_press_at_once_call_two_people(open_desk: Opener, browsers: Browsers) -> None:
    first = open_desk(waiting=8, **PLAIN)
    second = open_desk(waiting=0, counter="4")
    for n in range(1, 5):
        for desk in (first, second):
            desk.page.evaluate(PRESS)  # neither waits for the other's answer
        until(lambda n=n: len(first.log("called")) == 2 * n, 40)
        for desk in (first, second):
            there = next(label for label, counter in reversed(_called(first)) if counter == desk.counter)
            desk.shows(there)
    called = _called(first)
    assert [label for label, _ in called] == [f"A00{n}" for n in range(1, 9)], "in the order in which they came, each once"
    assert {counter for _, counter in called} == {"3", "4"}
    expect(first.page.locator("#waiting")).to_have_text("0")


def _sleep(page: Page, state: str) -> None:
    """What a browser does to a page that nobody looks at for long, and back."""
    page.context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": state})


def test_a_page_that_slept_tells_the_truth_when_it_wakes(open_desk: Opener, site: Site) -> None:
    desk = open_desk(waiting=3, **PLAIN)
    desk.press("F2")
    desk.shows("A001")
    _sleep(desk.page, "frozen")
    hall = site.client()
    hall.on_ticket(rid(), hall.counter("3")["current"]["id"], "complete", "3")
    called = hall.next(rid(), "3")["ticket"]
    desk.issue(4)
    _sleep(desk.page, "active")
    desk.shows(called["label"])
    expect(desk.page.locator("#waiting")).to_have_text("5")
    expect(desk.page.locator("#link")).to_have_text("Kết nối tốt")
    desk.press("F2")  # and its keys mean the person who is there now
    desk.shows("A003")
    assert [event["label"] for event in desk.log("completed")] == ["A001", "A002"]


def test_an_undo_that_was_overtaken_is_told_and_breaks_nothing(open_desk: Opener, site: Site) -> None:
    desk = open_desk(waiting=2, **PLAIN)
    desk.press("F2")
    desk.shows("A001")
    desk.press("F8")
    desk.shows("Chưa gọi ai")
    expect(desk.button("undo")).to_be_visible()
    # Meanwhile the person has come back, has a place again, and is called by the next desk.
    hall = site.client()
    absent: dict[str, Any] = hall.tickets(label="A001")["tickets"][0]
    hall.readmit(rid(), absent["id"], "vừa quay lại")
    hall.counter_command(rid(), "4", "open")
    hall.call(rid(), "4", absent["id"], "vừa quay lại")
    desk.button("undo").click()
    expect(desk.page.locator("#say")).to_contain_text("Đã có thay đổi sau việc này")
    desk.shows("Chưa gọi ai")
    assert desk.log("undone") == []
    assert hall.counter("4")["current"]["label"] == "A001"
    desk.press("F2")
    desk.shows("A002")
