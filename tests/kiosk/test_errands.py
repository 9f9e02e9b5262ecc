"""What the house wants of a kiosk and a kiosk of the house: slips wanted here, printed once; a call for help."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kiosk.agent import Agent
from kiosk.errands import Errands
from kiosk.events import AskHelp, Help
from kiosk.raster_short import MOST_ROWS
from kiosk.spool import Spool
from kiosk.values import home_from
from queue_server.client import Client
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import NOW, QueueServer, home, until
from toiluot_edge import SystemClock


def wanted(job: str = "job-1", *, reprint: bool = False, **ticket: Any) -> dict[str, Any]:
    """As the server tells it."""
    known = {"id": f"t-{job}", "label": "A042", "service": "ho-tich", "issued_at": NOW, "lang": "vi", "url": None}
    return {"job": job, "reprint": reprint, "ticket": known | ticket}


def reported(kiosk: KioskProcess, job: str) -> dict[str, Any] | None:
    return next((told for _, told in kiosk.server.outcomes if told.get("job") == job), None)


def taken_on(kiosk: KioskProcess, job: str) -> bool:
    with closing(sqlite3.connect(kiosk.folder / "state" / "spool.sqlite3")) as db:
        return db.execute("SELECT 1 FROM wanted WHERE job_id = ?", (job,)).fetchone() is not None


def printed(kiosk: KioskProcess) -> list[str]:
    return [job["job_id"] for job in kiosk.drivers.paper]


def test_a_wanted_slip_is_printed_once_however_often_it_is_told(kiosk: KioskProcess) -> None:
    kiosk.server.wanted = [wanted("w-1"), wanted("w-2", reprint=True)]
    until(lambda: reported(kiosk, "w-1") and reported(kiosk, "w-2"), 20)
    assert reported(kiosk, "w-1") == {**reported(kiosk, "w-1"), "outcome": "printed", "device": "kiosk-01"}  # type: ignore[dict-item]
    kiosk.server.wanted = [wanted("w-1"), wanted("w-2"), wanted("w-3")]
    until(lambda: reported(kiosk, "w-3"), 20)
    assert printed(kiosk) == ["w-1", "w-2", "w-3"]
    assert kiosk.state()["screen"] == "home"  # it is nobody's visit


def test_a_wanted_slip_that_did_not_come_out_is_told_and_in_no_doubt(kiosk: KioskProcess) -> None:
    kiosk.drivers.outcome = {"outcome": "not_sent", "code": "paper_out", "detail": ""}
    kiosk.server.wanted = [wanted("w-4")]
    told = until(lambda: reported(kiosk, "w-4"), 20)
    assert (told["outcome"], told["detail"]) == ("not_sent", "shown paper_out")
    assert printed(kiosk) == []


def test_killed_in_the_middle_of_a_wanted_slip_it_is_still_one(make_kiosk: Callable[..., KioskProcess]) -> None:
    kiosk = make_kiosk()
    kiosk.start()
    kiosk.on("home")
    until(kiosk.drivers.listening.is_set)
    kiosk.drivers.gate = threading.Event()
    kiosk.server.wanted = [wanted("w-5")]
    until(lambda: taken_on(kiosk, "w-5"), 20)
    kiosk.kill()
    kiosk.drivers.gate.set()
    kiosk.start()
    assert kiosk.on("home")["ticket"] is None
    until(lambda: reported(kiosk, "w-5"), 20)
    assert printed(kiosk) == ["w-5"]


def test_in_rush_hour_the_slip_is_a_short_one(kiosk: KioskProcess) -> None:
    hurried = home() | {"rush": True}
    hurried["site"] = hurried["site"] | {"name": "Giờ cao điểm"}
    kiosk.server.change_home(hurried)
    until(lambda: kiosk.state()["site"] == "Giờ cao điểm", 20)
    kiosk.server.wanted = [wanted("w-6")]
    until(lambda: reported(kiosk, "w-6"), 20)
    kiosk.server.change_home(home())
    assert kiosk.drivers.paper[-1]["height"] <= MOST_ROWS


def test_one_press_tells_the_house_and_the_screen_tells_what_follows(kiosk: KioskProcess) -> None:
    def button() -> dict[str, Any]:
        return next(one for one in kiosk.state()["bar"] if one["id"] == "call-help")

    assert (button()["label"], button()["off"]) == ("Gọi hỗ trợ", False)
    kiosk.act("call-help")
    until(lambda: button()["label"] == "Đã gọi", 20)
    kiosk.act("call-help")
    assert (kiosk.state()["notice"], button()["off"]) == ("Nhân viên đã được báo. Xin chờ ở đây.", True)
    kiosk.server.help = {"id": "h1", "state": "answered"}
    until(lambda: kiosk.state()["notice"] == "Nhân viên đang đến chỗ bạn.", 20)
    kiosk.server.help = None
    until(lambda: button()["label"] == "Gọi hỗ trợ", 20)
    assert [call["place"] for call in kiosk.server.helps] == ["kiosk-01"]


@pytest.fixture
def errands(tmp_path: Path) -> Iterator[tuple[Agent, Errands, QueueServer]]:
    server, spool = QueueServer(), Spool(tmp_path / "spool")
    agent = Agent(spool, SystemClock(), name="kiosk-01", boot="b")
    agent.learned(home_from(server.home))
    client = Client(server.url, "key", 5)
    yield agent, Errands(agent, client, call_within_s=0.0), server
    client.close()
    server.close()
    spool.close()


def test_a_call_that_reached_nobody_sends_to_the_desk_and_is_not_kept_for_later(errands: tuple[Agent, Errands, QueueServer]) -> None:
    agent, part, server = errands
    server.down = True
    agent.post(AskHelp())
    part._call()
    assert agent.session.help is Help.FAILED
    server.down = False
    part.ask()
    assert (agent.session.help, server.helps) == (Help.FAILED, [])  # long enough to be read
    assert agent.spool.pending() == []


def test_strange_errands_are_passed_over(errands: tuple[Agent, Errands, QueueServer]) -> None:
    agent, part, server = errands
    server.wanted = [{"job": "x"}]
    part.ask()
    server.wanted = [wanted("w-7", lang="zz")]
    part.ask()
    assert [(one.job_id, one.lang) for one in agent.spool.intents()] == [("w-7", "vi")]
