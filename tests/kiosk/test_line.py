"""The kiosk as a real process between a server and a drivers' service: promises kept whatever breaks."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.agent import Agent
from kiosk.devices import DriversSocket
from kiosk.heartbeat import Heartbeat
from kiosk.reader import Reader
from kiosk.spool import Command, Spool
from queue_server.client import Client
from queue_server.contract import messages, strict
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import WARD, home, until
from toiluot_edge import SystemClock


def test_a_touch_becomes_a_slip_and_a_report(kiosk: KioskProcess) -> None:
    assert kiosk.choose()["screen"] in ("issuing", "number")
    shown = kiosk.on("number", paper="printed")
    assert shown["ticket"]["label"] == "A105"
    assert shown["paper"]["text"] == "Lấy giấy ở khe dưới"
    body = kiosk.server.bodies[0]
    assert (body["service"], body["source"], body["device"]) == ("ho-tich", "kiosk", "kiosk-01")
    assert "holder_key" not in body
    assert (kiosk.drivers.paper[0]["job_id"], kiosk.drivers.paper[0]["width_dots"]) == (body["ticket_id"], 576)
    outcome = until(lambda: kiosk.server.outcomes)[0]
    assert (outcome[0], outcome[1]["outcome"]) == (body["ticket_id"], "printed")
    assert until(lambda: kiosk.server.beats)[0]["role"] == "kiosk"


def test_what_the_kiosk_says_is_the_contract(kiosk: KioskProcess) -> None:
    """Strict: a field too many or a wrong type would be refused by the server."""
    kiosk.act("language", lang="en")
    kiosk.card(1950)
    kiosk.on("choosing")
    kiosk.choose()
    kiosk.on("number", paper="printed")
    strict.read(messages.Issue, kiosk.server.bodies[0])
    strict.read(messages.PrintReport, until(lambda: kiosk.server.outcomes)[0][1])
    assert strict.read(messages.Heartbeat, until(lambda: kiosk.server.beats)[-1]).device == "kiosk-01"


def test_a_beat_carries_devices_troubles_and_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.add(Command("r1", "reprint", "t1", {}, 1))
    agent = Agent(spool, SystemClock(), name="kiosk-01", boot="b")
    reader = Reader(agent, DriversSocket(tmp_path / "nobody"))
    hint = {"vi": "Hết giấy: lắp cuộn giấy mới rồi đóng nắp.", "en": "Out of paper: put in a new roll and close the cover."}
    reader.take("snapshot", {"slots": [{"role": "printer", "state": "degraded", "code": "paper_out", "hint": hint, "since_s": 4}]})
    agent.trouble("server_unreachable")
    agent.trouble("server_unreachable")
    beat = strict.read(messages.Heartbeat, Heartbeat(agent, Client("http://127.0.0.1:9"), reader).beat())
    spool.close()
    assert (beat.slots[0].code, beat.slots[0].hint.vi) == ("paper_out", hint["vi"])
    assert (beat.errors[0].code, beat.errors[0].count, beat.spool.waiting) == ("server_unreachable", 2, 1)


def test_touched_twice_printed_once(kiosk: KioskProcess) -> None:
    visit = kiosk.state()["visit"]
    for _ in range(3):
        kiosk.act("choose", service="ho-tich", visit=visit)
    kiosk.on("number", paper="printed")
    kiosk.home()
    late = kiosk.act("choose", service="ho-tich", visit=visit)  # the page was slow: the same touch once more
    assert (late["screen"], late["ticket"]["label"]) == ("home", "A105")
    assert (len(kiosk.server.tickets), len(kiosk.drivers.paper)) == (1, 1)


def test_a_card_gives_one_number_and_leaves_no_trace(kiosk: KioskProcess) -> None:
    number = kiosk.card(1950)
    seen = kiosk.on("choosing")
    assert seen["priority"]["text"] == "Ưu tiên: Người từ 60 tuổi"
    kiosk.choose()
    kiosk.on("number", paper="printed")
    body = kiosk.server.bodies[0]
    assert body["priority_class"] == "elderly"
    assert re.fullmatch(r"own\.[0-9a-f]{64}", body["holder_key"])
    kiosk.home()
    kiosk.drivers.lay_card(number, 1950)
    again = kiosk.on("number")
    assert again["title"] == "Bạn đã có số A105"
    kiosk.act("reprint")
    kiosk.on("number", paper="printed")
    until(lambda: kiosk.server.reprints)
    assert (len(kiosk.server.tickets), len(kiosk.drivers.paper)) == (1, 2)
    until(lambda: kiosk.waiting() == 0)
    traces = [*(kiosk.folder / "state").iterdir(), kiosk.folder / "log"]
    left = b"".join(path.read_bytes() for path in traces)
    assert number.encode() not in left
    assert b"birth" not in left
    assert body["holder_key"].encode() not in left


def test_ones_own_slip_on_the_reader_shows_how_it_stands(kiosk: KioskProcess) -> None:
    token = "k7Qm2xV9bT4wZ1nR8sY5cA"
    waiting = {"label": "A042", "state": "waiting", "service_name": "Hộ tịch", "ahead": 4, "estimate": {"low_s": 600, "high_s": 1200}}
    kiosk.server.slips[token] = waiting
    kiosk.drivers.tell("card", {"kind": "slip", "token": token})
    seen = kiosk.on("number")
    assert (seen["label"], seen["service_name"], seen["ticket"]) == ("A042", "Hộ tịch", None)
    assert [line["text"] for line in seen["lines"]] == ["Trước bạn: 4 người", "Chờ khoảng 10–20 phút"]
    kiosk.server.slips[token] = {**waiting, "state": "called", "ahead": None, "estimate": None, "counter_name": "Quầy 3"}
    kiosk.drivers.tell("card", {"kind": "slip", "token": token})
    assert until(lambda: kiosk.state()["paper"]["text"] == "Mời bạn đến Quầy 3 ngay.")
    kiosk.drivers.tell("card", {"kind": "slip", "token": "nobodyknowsthistoken"})
    assert kiosk.on("error")["title"] == "Phiếu này không phải của nơi đây hoặc không phải của hôm nay."
    kiosk.drivers.tell("card", {"kind": "health_insurance"})
    until(lambda: kiosk.state()["title"] == "Máy này không dùng loại thẻ hoặc mã này.")
    assert (kiosk.server.bodies, kiosk.drivers.paper, kiosk.waiting()) == ([], [], 0)
    assert token not in kiosk.log()
    kiosk.home()


def test_an_answer_lost_after_the_commit_gives_the_same_ticket(kiosk: KioskProcess) -> None:
    kiosk.server.lose_answer = 2
    kiosk.choose()
    kiosk.on("number", paper="printed")
    assert len({body["request_id"] for body in kiosk.server.bodies}) == 1
    assert (len(kiosk.server.bodies), len(kiosk.server.tickets), len(kiosk.drivers.paper)) == (3, 1, 1)


def started(kiosk: KioskProcess) -> KioskProcess:
    kiosk.start()
    kiosk.on("home")
    until(kiosk.drivers.listening.is_set)
    return kiosk


def test_power_cut_while_asking(make_kiosk: Callable[..., KioskProcess]) -> None:
    """Killed after the request went out: the next start asks again with the same id, prints once, shows it."""
    kiosk = started(make_kiosk())
    kiosk.server.gate = threading.Event()
    kiosk.choose()
    until(lambda: sqlite3.connect(kiosk.folder / "state" / "spool.sqlite3").execute("SELECT count(*) FROM outbox").fetchone()[0])
    kiosk.kill()
    kiosk.server.gate.set()
    kiosk.server.gate = None
    kiosk.start()
    kiosk.on("number", paper="printed")
    assert len(kiosk.server.tickets) == 1
    assert len(kiosk.drivers.paper) == 1
    assert [outcome["outcome"] for _, outcome in until(lambda: kiosk.server.outcomes)] == ["printed"]


def test_power_cut_while_printing(make_kiosk: Callable[..., KioskProcess]) -> None:
    """Killed with a slip on its way: the drivers know the job, nothing is printed twice, the number is shown again."""
    kiosk = started(make_kiosk())
    kiosk.drivers.gate = threading.Event()
    kiosk.choose()
    kiosk.on("number", paper="printing")
    kiosk.kill()
    kiosk.drivers.gate.set()
    kiosk.start()
    assert kiosk.on("number", paper="printed")["ticket"]["label"] == "A105"
    assert len(kiosk.drivers.paper) == 1
    assert [outcome["outcome"] for _, outcome in until(lambda: kiosk.server.outcomes)] == ["printed"]


def test_the_printers_answer_is_lost(kiosk: KioskProcess) -> None:
    kiosk.drivers.lose_answer = True
    kiosk.choose()
    kiosk.on("number", paper="printed")  # asked after by its job id
    assert len(kiosk.drivers.paper) == 1


def test_without_paper_the_number_is_on_the_screen(kiosk: KioskProcess) -> None:
    kiosk.server.public_url = "https://toiluot.example.gov.vn"
    kiosk.drivers.printer_is("paper_out")
    until(lambda: kiosk.state()["notice"])
    kiosk.choose()
    shown = kiosk.on("number", paper="missing")
    assert shown["paper"]["text"].startswith("Máy hết giấy. Số của bạn là A105.")
    assert shown["qr"]["size"] > 20
    assert kiosk.drivers.paper == []
    reported = until(lambda: kiosk.server.outcomes)[0][1]
    assert (reported["outcome"], reported["detail"]) == ("not_sent", "shown")


def test_a_centre_that_wants_no_number_without_paper(kiosk: KioskProcess) -> None:
    kiosk.server.change_home(home([WARD[2]], no_paper="refuse"))
    kiosk.drivers.printer_is("paper_out")
    until(lambda: kiosk.state()["notice"] and kiosk.state()["choices"][0]["detail"].startswith("Đang chờ: 3 người"))
    assert kiosk.choose("dat-dai")["title"] == "Máy hết giấy."
    assert kiosk.drivers.paper == []


def test_drivers_gone_then_back(kiosk: KioskProcess) -> None:
    kiosk.drivers.close()
    until(lambda: kiosk.state().get("notice"))
    kiosk.choose()
    assert "Máy chưa in được" in kiosk.on("number", paper="missing")["paper"]["text"]
    kiosk.home()
    kiosk.drivers.open()
    until(lambda: not kiosk.state().get("notice"))


def test_server_gone_the_machine_rests_and_wakes_by_itself(kiosk: KioskProcess) -> None:
    kiosk.server.down = True
    seen = kiosk.on("paused")
    assert (seen["title"], seen["hint"]) == ("Máy tạm dừng.", "Xin lấy số ở bàn hướng dẫn.")
    assert kiosk.act("choose", service="ho-tich", visit=seen["visit"])["screen"] == "paused"
    kiosk.server.down = False
    kiosk.on("home")
    assert kiosk.server.tickets == {}


def test_the_server_refuses(kiosk: KioskProcess) -> None:
    kiosk.server.refuse = (409, {"code": "quota_full"})
    kiosk.choose("dat-dai")
    seen = kiosk.on("error")
    assert seen["title"] == "Hôm nay đã hết số: Đất đai, xây dựng"
    kiosk.server.refuse = None
    kiosk.act("browse")
    kiosk.choose("ho-tich")
    kiosk.on("number", paper="printed")


def test_the_server_knows_the_card_already(kiosk: KioskProcess) -> None:
    ticket = {"id": "t9", "label": "A033", "service": "ho-tich", "issued_at": "2026-11-21T07:30:00+07:00"}
    kiosk.server.refuse = (409, {"code": "already_waiting", "ticket": ticket})
    kiosk.card()
    kiosk.on("choosing")
    kiosk.choose()
    assert kiosk.on("number")["title"] == "Bạn đã có số A033"
    assert kiosk.drivers.paper == []


def test_unknown_service_and_help_desk(kiosk: KioskProcess) -> None:
    listed = home()
    listed["services"] = [one for one in listed["services"] if one["code"] != "huong-dan"]
    kiosk.choose("huong-dan")
    assert kiosk.on("number", paper="printed")["ticket"]["label"].startswith("N")


def test_late_answer_nobody_holds(make_kiosk: Callable[..., KioskProcess]) -> None:
    """The process died with a request out and comes back much later: asked, never shown, reported as held by nobody."""
    kiosk = make_kiosk()
    spool = Spool(kiosk.folder / "state" / "spool.sqlite3")
    spool.add(Command("r-old", "issue", "t-old", {"service": "ho-tich", "source": "kiosk"}, 1_000))
    spool.close()
    kiosk.start()
    reported = until(lambda: kiosk.server.outcomes)[0]
    assert (reported[0], reported[1]["outcome"], reported[1]["detail"]) == ("t-old", "not_sent", "late")
    assert kiosk.drivers.paper == []
    assert kiosk.on("home")
