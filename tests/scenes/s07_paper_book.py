"""Neither server nor kiosk: the attendant tears numbers off the paper book, and enters the stubs when there is a server again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.scenes.people import People
from tests.scenes.stage import Stage


def _enter(page: Page, label: str, issued: str, outcome: str) -> None:
    page.locator("#label").fill(label)
    page.locator("#issued").fill(issued)
    page.locator(f'[name="outcome"][value="{outcome}"]').click()
    expect(page.locator("#entered tr").first).to_contain_text(label)


def play(stage: Stage, people: People) -> None:
    stage.day("08:00", guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    before = kiosk.takes("ho-tich")

    # From 08:10 there is no power at all. Four people get C900 to C903 out of the book; two are served, one goes away.
    with stage.dead("server"), stage.dead("kiosk"):
        stage.at("09:00")

    # 09:00, all is back: the stubs, by number and time, and what became of each.
    stage.until(lambda: kiosk.state()["screen"] == "home")
    page = people.attendant().page
    page.get_by_role("link", name="Nhập sổ phiếu giấy").click()
    for label, issued, outcome in (
        ("C900", "08:10", "completed"), ("C901", "08:15", "completed"), ("C902", "08:20", "no_show"), ("C903", "08:40", "waiting"),
    ):  # fmt: skip
        _enter(page, label, issued, outcome)

    # Who still waits stands where their time puts them: after the slip of 08:00, before anybody of now.
    now = kiosk.takes("ho-tich")
    desk, board = people.clerk("1"), people.board()
    assert [desk.calls(), desk.calls(), desk.calls()] == [before.label, "C903", now.label]
    expect(board.locator("#number")).to_have_text(now.label)
    entered = {event.label: event for event in stage.log("issued") if event.data.get("entered_late")}
    assert sorted(entered) == ["C900", "C901", "C902", "C903"]
    assert stage.labels("completed")[:2] == ["C900", "C901"]
    # Stated times are numbers of the day, but no average is made of them.
    assert all(event.data["entered_late"] for event in stage.log("called") if event.label in ("C900", "C901", "C902"))
