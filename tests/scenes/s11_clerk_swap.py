"""Ten o'clock, a clerk is called away in the middle of a case: a colleague sits down, and the person at the desk stays."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import AtDesk, People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("09:55", guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    first, second = kiosk.takes("dat-dai"), kiosk.takes("dat-dai")
    lan = people.clerk("1")
    assert lan.calls() == first.label
    lan.serves()

    # The colleague takes the counter over on another machine: asked once, then it is theirs, with the person.
    minh = AtDesk(stage, people.browsers.person("clerk"), "1")
    minh.page.goto("/counter")
    minh.page.click('[data-counter="1"]')
    minh.page.locator('#take-over [data-answer="yes"]').click()
    minh.page.wait_for_url("**/counter/1")
    minh.sees(first.label)
    minh.is_in("Đang phục vụ")
    expect(lan.page.locator("#banner")).to_contain_text("Máy này chỉ xem")
    expect(lan.button("next")).to_be_disabled()

    # A last key on the old machine does nothing; on the new one the case ends and the next is called.
    lan.page.keyboard.press("F2")
    assert minh.calls() == second.label
    expect(lan.page.locator("#label")).to_have_text(second.label)
    assert stage.labels("called") == [first.label, second.label]
    served = [event for event in stage.log() if event.ticket == first.ticket and event.type in ("serving_started", "completed")]
    assert [event.type for event in served] == ["serving_started", "completed"]
    assert served[0].actor != served[1].actor, "the log tells who began and who ended"
