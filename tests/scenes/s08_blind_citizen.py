"""Somebody who cannot see comes alone: keys and headphones at the kiosk, a voice in the hall, a clerk who knows before."""

from __future__ import annotations

from pathlib import Path

from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import until
from tests.scenes.people import People
from tests.scenes.stage import Stage


def _hear(kiosk: KioskProcess, text: str) -> str:
    until(lambda: text in kiosk.drivers.words(), 40)
    return kiosk.drivers.words()


def play(stage: Stage, people: People, folder: Path) -> None:
    """The tactile keypad and the headphones are kernel devices that no test machine has: of this one kiosk the drivers'
    end is played here, in the drivers' own messages."""
    stage.day("08:30", guard_s=0, confirm_s=0)
    kiosk = KioskProcess(folder)
    kiosk.servers = stage.facts["server"]
    (folder / "key").write_text(stage.site.key("issue", "read"))
    try:
        kiosk.start()
        kiosk.on("home")
        until(kiosk.drivers.listening.is_set, 40)
        _visit(stage, people, kiosk)
    finally:
        kiosk.close()


def _visit(stage: Stage, people: People, kiosk: KioskProcess) -> None:
    # The first key wakes the voice; then from choice to choice until the right one is said.
    kiosk.drivers.press("select")
    _hear(kiosk, "Mời bạn lấy số thứ tự")
    for wanted in ("Chứng thực", "Hộ tịch"):
        kiosk.drivers.press("next")
        _hear(kiosk, wanted)
    kiosk.drivers.press("select")
    seen = kiosk.on("number", paper="printed")
    heard = _hear(kiosk, "Lấy giấy ở khe dưới")
    assert "Số của bạn là" in heard
    # Again, for whoever did not catch it.
    kiosk.drivers.press("repeat")
    until(lambda: kiosk.drivers.said[-1]["append"] is False and "Số của bạn là" in kiosk.drivers.words(), 40)
    ticket = seen["ticket"]["id"]
    assert len(kiosk.drivers.paper) == 1

    # The attendant has seen the white stick and notes the need; the clerk knows it when calling.
    card = people.attendant().opens(ticket)
    card.locator("summary", has_text="cần giúp").click()
    card.locator('[name="needs"][value="see"]').check()
    card.locator("form.amend button.primary").click()
    stage.until(lambda: stage.ticket(ticket)["needs"] == ["see"])
    desk = people.clerk("1")
    assert desk.calls() == seen["ticket"]["label"]
    assert "Khó nhìn" in desk.page.locator("#marks").inner_text()
    # The number is said in the hall as well as shown: the board has it to say.
    board = stage.client.board()
    assert [call["label"] for call in board["calls"]] == [seen["ticket"]["label"]]
