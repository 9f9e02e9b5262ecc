"""The commonest mistake of any hall: the wrong button. Mended while waiting, or at the desk, and nobody stands in line twice."""

from __future__ import annotations

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("08:00", counters={"1": ["chung-thuc", "cu-tru"]}, guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    mistaken, second, strange = kiosk.takes("ho-tich"), kiosk.takes("chung-thuc"), kiosk.takes("cu-tru")

    # The first finds out while waiting: the attendant changes the matter; the number, the slip and the place stay.
    guide = people.attendant()
    card = guide.opens(mistaken.ticket)
    card.locator("summary", has_text="Đổi việc").click()
    card.get_by_role("button", name="Chứng thực", exact=True).click()
    stage.until(lambda: stage.ticket(mistaken.ticket)["service"] == "chung-thuc")
    assert stage.ticket(mistaken.ticket)["label"] == mistaken.label
    desk = people.clerk("1")
    assert [desk.calls(), desk.calls()] == [mistaken.label, second.label]

    # The third finds out at the desk: the clerk calls it by its right name and goes on.
    assert desk.calls() == strange.label
    desk.serves()
    desk.press("F1")
    desk.page.keyboard.press("2")
    desk.page.locator('#reclassify input[value="ho-tich"]').check()
    desk.page.locator('#reclassify [value="yes"]').click()
    stage.until(lambda: stage.log("corrected"))
    desk.finishes()
    ticket = stage.ticket(strange.ticket)
    assert (ticket["state"], ticket["service"], len(ticket["steps"])) == ("completed", "ho-tich", 1)
    assert stage.labels("issued") == [mistaken.label, second.label, strange.label]
    assert stage.labels("called") == [mistaken.label, second.label, strange.label]
