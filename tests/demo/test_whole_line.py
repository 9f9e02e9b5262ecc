"""The whole product from outside: a card on the glass becomes a number, a slip, a call on the board, a record.

Everything runs as the real programs on real sockets and a pseudo-terminal; nothing is replaced.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_server.demo.cards import payload
from queue_server.dossier.mock_store import faults_of

KEYS = {
    "server", "kiosk", "board", "console", "manager", "attendant", "technician", "dossier", "api_key", "site", "counters", "services",
    "logins", "devices",
}  # fmt: skip
pytestmark = pytest.mark.slow("starts the eight programs of a centre once and uses them")


def test_ready_in_time_with_everything_the_contract_names(quiet: Any) -> None:
    # The promise is for a machine that does nothing else: what others take of its processors is not counted.
    assert quiet.ready_s < 15 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert quiet.facts.keys() >= KEYS
    assert len(quiet.facts["services"]) >= 6
    assert len(quiet.facts["counters"]) >= 8
    assert set(quiet.facts["logins"]) >= {"director", "clerk", "attendant", "technician", "auditor"}


@pytest.mark.parametrize("name", ["server", "kiosk", "board", "console", "manager", "attendant", "technician", "dossier"])
def test_every_address_answers(quiet: Any, name: str) -> None:
    answer = quiet.http.get(quiet.facts[name], follow_redirects=True)
    assert answer.status_code == 200
    assert "<html" in answer.text


def test_listed_services_are_open(quiet: Any) -> None:
    found = {service["code"]: service["open"] for service in quiet.api("/services")["services"]}
    assert {found[code] for code in quiet.facts["services"]} == {True}


@pytest.mark.parametrize(("role", "page"), [("clerk", "console"), ("technician", "technician"), ("director", "manager")])
def test_people_can_log_in_and_open_their_page(quiet: Any, role: str, page: str) -> None:
    login = quiet.facts["logins"][role]
    with httpx.Client(base_url=quiet.facts["server"], headers={"Origin": quiet.facts["server"]}) as http:
        answer = http.post("/login", json={"login": login["user"], "password": login["password"]})
        assert answer.json()["role"] == role
        shown = http.get(quiet.facts[page])
    assert (shown.status_code, shown.url) == (200, quiet.facts[page])


def test_a_card_becomes_a_slip_a_call_and_a_record(quiet: Any, until: Callable[..., Any]) -> None:
    service, counter = "chung-thuc", quiet.facts["counters"][0]
    quiet.order(f"/counters/{counter}/open")
    slips = quiet.slips()["printed"]
    until(lambda: quiet.kiosk()["screen"] == "home")

    quiet.lay_card(payload("fake:41"))
    seen = until(lambda: (state := quiet.kiosk())["screen"] == "choosing" and state)
    quiet.touch("choose", service=service, visit=seen["visit"])
    shown = until(lambda: (state := quiet.kiosk())["screen"] == "number" and state["ticket"]["paper"] == "printed" and state)["ticket"]
    assert shown["service"] == service
    assert until(lambda: quiet.slips()["printed"]) == slips + 1
    picture = quiet.http.get(quiet.facts["devices"]["printer"]["page"].rstrip("/") + quiet.slips()["slips"][0]["png"])
    assert picture.content.startswith(b"\x89PNG")
    until(lambda: quiet.api(f"/tickets/{shown['id']}")["print"] == "printed")

    called = quiet.order(f"/counters/{counter}/next")["ticket"]
    assert called["label"] == shown["label"]
    assert quiet.board_says(shown["label"])
    quiet.order(f"/tickets/{called['id']}/serve", counter=counter)
    quiet.order(f"/tickets/{called['id']}/complete", counter=counter)

    (record,) = until(lambda: [record for record in quiet.records() if record["MaLuot"] == called["id"]])
    assert faults_of(record) == []
    assert (record["SoThuTu"], record["MaQuay"], record["KetQuaLuot"]) == (shown["label"], counter, "xong")
    assert record["DuLieuThuNghiem"] is True
    everything = str(quiet.events()) + str(quiet.records()) + quiet.log.read_text()
    everything += "".join(
        path.read_text() for path in Path(quiet.facts["devices"]["scanner"]["wire"].removeprefix("serial:")).parent.glob("log/*")
    )
    for part in payload("fake:41").split("|"):
        assert len(part) < 8 or part not in everything  # the card's number, name and birthday stand nowhere


def test_the_same_card_again_gives_the_same_number(quiet: Any, until: Callable[..., Any]) -> None:
    def take() -> Any:
        quiet.touch("home")
        until(lambda: quiet.kiosk()["screen"] == "home")
        quiet.lay_card(payload("fake:42"))
        seen = until(lambda: (state := quiet.kiosk())["screen"] in ("choosing", "number") and state)
        if seen["screen"] == "choosing":
            quiet.touch("choose", service="ho-tich", visit=seen["visit"])
        return until(lambda: (state := quiet.kiosk())["screen"] == "number" and state["ticket"]["paper"] != "printing" and state)["ticket"]

    first, slips = take(), quiet.slips()["printed"]
    assert take()["id"] == first["id"]
    assert quiet.slips()["printed"] == slips


def test_a_receipt_on_the_scanner_tells_how_the_dossier_stands(quiet: Any, until: Callable[..., Any]) -> None:
    """Scanner, kiosk, server, dossier program and the mock dossier system: laid again until a busy machine answers within two seconds."""
    known = quiet.facts["dossiers"][0]["code"]

    def told() -> Any:
        state = quiet.kiosk()
        if state["screen"] == "home":
            quiet.lay_card(known)
        elif state["screen"] == "dossier" and state["problem"] == "dossier_9":
            return state
        elif state["screen"] not in ("issuing", "paused"):
            quiet.touch("home")
        return None

    seen = until(told, 90.0)
    assert (seen["title"], seen["hint"]) == ("Đã xử lý xong", "Nhận kết quả – Quầy 1")
    quiet.touch("choose", **seen["actions"][0]["post"]["body"])
    number = until(lambda: (state := quiet.kiosk())["screen"] == "number" and state)["ticket"]
    assert number["service"] == "nhan-ket-qua"
    assert quiet.api("/tickets", dossier=known)["tickets"][0]["label"] == number["label"]


def test_a_dead_program_is_started_again(quiet: Any, until: Callable[..., Any]) -> None:
    os.kill(quiet.facts["processes"]["kiosk"], signal.SIGKILL)
    os.kill(quiet.facts["processes"]["server"], signal.SIGKILL)

    def back() -> bool:
        try:
            return bool(quiet.kiosk()["screen"] == "home" and quiet.api("/services"))
        except Exception:  # noqa: BLE001 - while it is down every kind of answer may come; the deadline decides
            return False

    until(back)
    assert quiet.log.read_text().count("program ended, starting again") == 2


def test_it_stops_cleanly_and_leaves_nothing(quiet: Any, until: Callable[..., Any], alive: Callable[[int], bool]) -> None:
    folder = Path(quiet.facts["devices"]["scanner"]["wire"].removeprefix("serial:")).parent
    assert folder.is_dir()
    code, rest = quiet.end(signal.SIGTERM)
    assert (code, rest) == (0, "")
    until(lambda: not any(alive(pid) for pid in quiet.pids()))
    assert not folder.exists()
    assert "Traceback" not in quiet.log.read_text()
