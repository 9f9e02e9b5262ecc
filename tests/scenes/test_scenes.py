from __future__ import annotations

from tests.scenes.people import People
from tests.scenes.stage import Stage


def test_crowd(stage: Stage, people: People) -> None:
    stage.day("07:00", guard_s=0, confirm_s=0)
    kiosk = people.at_kiosk()
    a = kiosk.takes("ho-tich")
    b = kiosk.takes("ho-tich", "fake:41")
    print(a, b, a.code())
    import json
    print(json.dumps(stage.ticket(a.ticket), ensure_ascii=False, indent=1))
    print(json.dumps(stage.client.kiosk_home()[0], ensure_ascii=False)[:3000])
    desk = people.clerk("1")
    stage.at("07:31")
    print(desk.calls())
    kiosk.page.screenshot(path="/tmp/scn_kiosk.png")
    desk.page.screenshot(path="/tmp/scn_desk.png")
    board = people.board()
    board.screenshot(path="/tmp/scn_board.png")
    print([ (e.type,e.label,e.data) for e in stage.log()])
