"""The server is killed at ten in the morning: numbers go on at the kiosk, calls by voice, and afterwards all of it is told."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.scenes.people import People
from tests.scenes.stage import Stage


def _numbers_in_the_drawer(stage: Stage, series: str) -> int:
    """How many numbers of a series the kiosk may give alone today."""
    return stage.drawer(*(event.subject for event in stage.log("lease.issued") if event.data["series"] == series))


def play(stage: Stage, people: People) -> None:
    stage.day("10:00", guard_s=0, confirm_s=0)
    kiosk, board = people.at_kiosk(), people.board()
    slips = [kiosk.takes("ho-tich") for _ in range(3)]
    desk = people.clerk("1", clock=True)
    assert desk.calls() == "C001"
    expect(desk.page.locator("#waiting-list tbody tr")).to_have_count(2)
    expect(board.locator("#number")).to_have_text("C001")
    stage.until(lambda: _numbers_in_the_drawer(stage, "C") > 0)

    with stage.dead("server"):
        # The kiosk says so and gives numbers that were set aside for this.
        stage.until(lambda: kiosk.state()["notice"].startswith("Mất kết nối"))
        alone = kiosk.takes("ho-tich")
        assert alone.label == "C700"
        # The clerk calls by voice from the last list, the first two of it.
        desk.page.clock.fast_forward("00:21")
        expect(desk.page.locator("#banner")).to_contain_text("Mất kết nối")
        desk.page.get_by_role("button", name="Gọi bằng lời").click()
        for label in ("C002", "C003"):
            desk.page.keyboard.press("F2")
            expect(desk.page.locator("#voice-label")).to_have_text(label)

    # It is back: what was done meanwhile is told, each number once.
    desk.page.clock.run_for(30_000)
    desk.sees("C003")
    stage.until(lambda: "C700" in stage.labels("issued"))
    stage.until(lambda: kiosk.state()["notice"] == "")
    stage.until(lambda: "C700" in stage.labels("print_outcome"))
    assert stage.labels("issued") == ["C001", "C002", "C003", "C700"]
    assert stage.labels("called") == ["C001", "C002", "C003"]
    assert desk.calls() == "C700"
    expect(board.locator("#number")).to_have_text("C700", timeout=30_000)
    assert {slip.state for slip in slips} == {"completed"}
