"""A guide walks the line with a phone: numbers without the kiosk, the code from screen to screen, the wait on the citizen's own."""

from __future__ import annotations

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    stage.day("07:45", guard_s=0, confirm_s=0)
    guide = people.attendant(phone=True)

    # The matter, the button, and the number is there with a code for the citizen's own phone.
    label = guide.issues("cu-tru")
    phone = people.phone(guide.shows_code())
    others = [stage.client.issue(stage.rid(), service="cu-tru") for _ in range(2)]

    # On it: whose turn it is, and "let one pass", for the child has to be fed.
    phone.says(label, "Bạn là người tiếp theo")
    phone.page.locator("details.calm summary").click()
    phone.page.locator('form.let-pass button[value="1"]').click()
    phone.says(label)
    stage.until(lambda: stage.log("let_passed"))
    desk = people.clerk("1")
    assert desk.calls() == others[0]["label"]
    assert desk.calls() == label
    phone.page.reload()
    phone.says("ĐẾN LƯỢT BẠN", "QUẦY 1")
    assert desk.calls() == others[1]["label"]

    # No paper was needed for any of it.
    assert stage.log("print_outcome") == []
