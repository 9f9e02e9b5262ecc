"""A woman who speaks Bru and reads no Vietnamese: the attendant takes the number, and everybody after knows how to help."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("08:10", counters={"1": ["huong-dan"], "2": ["ho-tich"]}, languages=["vi", "en", "bru"], guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    before = kiosk.takes("ho-tich")

    # She stands before a screen she cannot read and presses the bell; the guide's page rings and says where.
    guide = people.attendant()
    kiosk.page.locator("#call-help").click()
    call = guide.page.locator("#calls .call")
    expect(call).to_contain_text("kiosk-01")
    call.get_by_role("button", name="Tôi đến").click()
    expect(call).to_contain_text("Có người đang đến")
    call.get_by_role("button", name="Xong").click()
    expect(call).to_have_count(0)
    assert [event.type for event in stage.log() if event.type.startswith("help.")] == ["help.called", "help.answered", "help.done"]
    kiosk.aside()

    # The number is taken at the desk, in her language, for the desk that helps; the paper comes out of the kiosk.
    slips = kiosk.slips()
    label = guide.issues("huong-dan", lang="bru", needs="talk", paper_at="kiosk-01")
    ticket = stage.client.tickets(label=label)["tickets"][0]
    stage.until(lambda: kiosk.slips() == slips + 1)
    stage.until(lambda: stage.ticket(ticket["id"])["print"] == "printed")

    # The clerk of the help desk sees it before she sits down, and sends her on with it to who does the papers.
    desk = people.clerk("1")
    assert desk.calls() == ticket["label"]
    expect(desk.page.locator("#marks")).to_contain_text("Khó nói")
    desk.serves()
    stage.client.on_ticket(stage.rid(), ticket["id"], "transfer", "1", to={"service": "ho-tich"})
    desk.free()
    second = people.clerk("2")
    assert second.calls() == ticket["label"], "she has waited once: sent on, she has ten minutes' credit"
    expect(second.page.locator("#marks")).to_contain_text("Khó nói")
    assert stage.ticket(ticket["id"])["lang"] == "bru"
    assert second.calls() == before.label
