"""A number from home: it stands in no queue until its holder is in the house and shows the code."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("08:00", services={"chung-thuc": {"remote": True}}, guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()

    # At home, on a phone: the centre, the matter, a code. Nobody waits because of it.
    phone = people.phone(f"{stage.facts['server']}/hen/{stage.site.code}")
    phone.page.get_by_role("link", name="Chứng thực").click()
    phone.page.get_by_role("button", name="Lấy số từ xa").click()
    expect(phone.page.locator('main[data-state="booked"] .code')).to_be_visible()
    code = phone.page.url
    assert stage.client.queue()["tickets"] == []
    desk = people.clerk("1")
    here = kiosk.takes("chung-thuc")

    # Half an hour later in the hall: the code before the kiosk's scanner, and now it is a number like any other.
    stage.later(30)
    before = kiosk.slips()
    kiosk.lay(code)
    slip = kiosk.holds(before)
    assert stage.ticket(slip.ticket)["service"] == "chung-thuc"
    phone.page.reload()
    phone.says(slip.label)

    # Who came before on their own feet is first.
    assert desk.calls() == here.label
    assert desk.calls() == slip.label
    # The same code again is the same number, not a second one.
    kiosk.lay(code)
    kiosk.sees("number")
    kiosk.aside()
    assert stage.labels("issued") == [here.label, slip.label]
