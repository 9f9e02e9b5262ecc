"""11:30. Lunch: whoever waits keeps the place, whoever comes is told when it goes on, and two hours of lunch are no wait."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("11:20", guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    served, waits = kiosk.takes("chung-thuc"), kiosk.takes("chung-thuc")
    desk = people.clerk("1")
    assert desk.calls() == served.label
    desk.serves()

    # Half past eleven: the clerk finishes with the person and goes to lunch. Nobody is sent away.
    stage.at("11:32")
    desk.finishes()
    desk.press("F10")
    desk.is_in("Tạm nghỉ")
    expect(desk.button("next")).to_be_disabled()
    stage.at("11:50")
    late = kiosk.takes("chung-thuc")
    assert stage.ticket(late.ticket)["available_from"].endswith("T13:30:00+07:00")
    people.phone(late.code()).says(late.label, "khoảng")

    # Back at half past one: first who waited before lunch, then who came in it.
    stage.at("13:32")
    desk.press("F10")
    desk.is_in("Sẵn sàng")
    assert [desk.calls(), desk.calls()] == [waits.label, late.label]
    morning, noon = stage.log("called")[1:]
    # Two hours of break stand beside the wait of the one; the other came in the break, and waits since half past one.
    assert morning.data["over_breaks_ms"] == 2 * 3_600_000
    assert noon.data["over_breaks_ms"] == 0
    assert noon.data["before_opening_ms"] > 90 * 60_000
    assert noon.data["wait_ms"] < 15 * 60_000
