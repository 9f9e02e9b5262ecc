"""One person, six dossiers, and people behind: three a turn, then back into the queue with the same slip."""

from __future__ import annotations

from tests.scenes.people import AtDesk, People
from tests.scenes.stage import Stage

DOSSIERS = [f"000.00.53.H48-220921-{n:04d}" for n in range(1, 4)] + [f"G09.20-20260609-{n:07d}" for n in range(1, 4)]


def _enter(desk: AtDesk, codes: list[str], more: int = 0) -> None:
    """Codes as the scanner at the counter types them; how many are left where the turn is full."""
    desk.button("procedures").click()
    for code in codes:
        desk.page.keyboard.type(code)
        desk.page.keyboard.press("Enter")
    if more:
        desk.page.locator("#dossier-more").fill(str(more))
    desk.page.locator("#dossier-yes").click()


def play(stage: Stage, people: People) -> None:
    stage.day("09:00", guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    bundle, behind = kiosk.takes("ho-tich"), kiosk.takes("ho-tich")
    desk = people.clerk("1")

    assert desk.calls() == bundle.label
    desk.serves()
    _enter(desk, DOSSIERS[:3], more=3)
    desk.free()
    assert bundle.state == "waiting"
    assert kiosk.slips() >= 2, "no second slip: it is the same number"

    # Who stood behind goes first; a later one does not overtake the bundle.
    later = kiosk.takes("ho-tich")
    assert desk.calls() == behind.label
    desk.finishes()
    assert desk.calls() == bundle.label
    desk.serves()
    _enter(desk, DOSSIERS[3:])
    desk.finishes()
    assert desk.calls() == later.label

    # Two turns are two steps of one visit, and each is told to the dossier system once, with its own dossiers.
    steps = stage.ticket(bundle.ticket)["steps"]
    assert [[piece["dossier_code"] for piece in step["procedures"]] for step in steps] == [DOSSIERS[:3], DOSSIERS[3:]]
    stage.until(lambda: len(_records(stage, bundle.ticket)) == 2)
    records = _records(stage, bundle.ticket)
    assert [record["BuocThu"] for record in records] == [1, 2]
    assert len([label for label in stage.labels("issued") if label == bundle.label]) == 1


def _records(stage: Stage, ticket: str) -> list[dict[str, object]]:
    answer = stage.http.get(f"{stage.facts['dossier']}records?all=1").raise_for_status().json()
    latest = {record["MaBanGhi"]: record for record in answer["records"] if record["MaLuot"] == ticket}
    return sorted(latest.values(), key=lambda record: record["BuocThu"])
