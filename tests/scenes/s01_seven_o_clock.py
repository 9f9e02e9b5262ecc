"""07:00. The doors are open, the counters are not: the crowd takes its numbers, and half past seven takes them in turn."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import People
from tests.scenes.stage import Stage

EARLY = ("ho-tich", "chung-thuc", "ho-tich", "cu-tru", "ho-tich")


def play(stage: Stage, people: People) -> None:
    stage.day("07:00", guard_s=0, confirm_s=0)
    kiosk, board = people.at_kiosk(), people.board()

    # Five people in a row at the kiosk; the third lays a card.
    slips = [kiosk.takes(service, card="fake:41" if n == 2 else "") for n, service in enumerate(EARLY)]
    assert [slip.label for slip in slips] == ["C001", "A001", "C002", "M001", "C003"]
    expect(board.locator("#footer .count")).to_contain_text("5")
    # The same card again is the same number, and no second paper.
    before = kiosk.slips()
    kiosk.lay("fake:41")
    kiosk.sees("number")
    expect(kiosk.page.locator("main .label")).to_have_text("C002")
    kiosk.aside()
    assert kiosk.slips() == before
    # The first looks at the phone: no minute of this wait is blamed on anybody yet.
    phone = people.phone(slips[0].code())
    phone.says("C001", "Bạn là người tiếp theo", "khoảng")

    # Half past seven: two clerks press F2, the hall sees and hears both.
    stage.at("07:31")
    first, second = people.clerk("1"), people.clerk("2")
    assert [first.calls(), second.calls()] == ["C001", "A001"]
    phone.page.reload()
    phone.says("ĐẾN LƯỢT BẠN", "QUẦY 1")
    expect(board.locator("#number")).to_have_text("A001")
    expect(board.locator("#recent")).to_contain_text("C001")
    for counter, label in (("1", "C001"), ("2", "A001")):
        stage.until(lambda counter=counter, label=label: people.keypad(counter).panel() == label)
    # They came half an hour early and wait since half past seven: both are told, neither is hidden in the other.
    for event in stage.log("called"):
        assert 1_200_000 < event.data["before_opening_ms"] <= 1_800_000
        assert 60_000 <= event.data["wait_ms"] < 600_000

    # In the order in which they came, whoever calls.
    assert [second.calls(), first.calls(), first.calls()] == ["C002", "M001", "C003"]
    assert stage.labels("called") == [slip.label for slip in slips]
