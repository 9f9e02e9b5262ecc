"""16:30. Whoever may not be served any more is told before the paper comes out, and who stayed to the end is first tomorrow."""

from __future__ import annotations

from typing import Any

from tests.scenes.people import People
from tests.scenes.stage import Stage


def play(stage: Stage, people: People) -> None:
    # Matters of land take a quarter of an hour each: two of them fill what is left of the day.
    slow = {"dat-dai": {"prior_gap_s": 900}}
    stage.day("16:30", services=slow, warn_by_capacity=True, leftovers="carry", guard_s=0, confirm_s=0)
    kiosk, desk = people.at_kiosk(), people.clerk("1")
    first = kiosk.takes("dat-dai")

    # The second is asked once, before anything is printed; one looks for something else, the next stays.
    before = kiosk.slips()
    stage.until(lambda: _open(kiosk.state(), "dat-dai").get("detail", "").startswith("Đang chờ: 1 người"))
    for way in ("browse", "take-anyway"):
        kiosk.choose("dat-dai")
        kiosk.sees("error")
        assert stage.labels("issued") == [first.label]
        assert kiosk.slips() == before
        kiosk.page.locator(f"#{way}").click()
        if way == "browse":
            kiosk.sees("choosing")
            kiosk.aside()
    second = kiosk.holds(before)

    assert desk.calls() == first.label
    desk.serves()
    # Five o'clock: no more numbers today, and the screen says when the next are given.
    stage.at("17:01")
    desk.finishes()
    stage.until(lambda: not _open(kiosk.state(), "dat-dai"))
    kiosk.says("07:30")
    desk.button("close").click()

    # The next morning somebody stands at the door at seven; the one of yesterday goes first, on the same slip.
    stage.next_morning("07:00")
    assert second.state == "waiting"
    stage.until(lambda: _open(kiosk.state(), "dat-dai"))
    early = kiosk.takes("dat-dai")
    stage.at("07:31")
    desk = people.clerk("1")  # whoever was logged in yesterday logs in anew
    assert desk.calls() == second.label
    assert desk.calls() == early.label


def _open(state: dict[str, Any], service: str) -> dict[str, Any]:
    """The button of a service, where it may be pressed."""
    found = [choice for choice in state["choices"] if choice["id"] == f"service-{service}" and not choice.get("off")]
    return found[0] if found else {}
