"""What a start without the server needs: the last first screen, on disk, and on the screen before it is on disk."""

from __future__ import annotations

import threading
from typing import Any

from kiosk import slip
from kiosk.agent import Agent
from kiosk.devices import DriversAway
from kiosk.i18n import translator
from kiosk.printing import Printing
from kiosk.spool import PrintIntent, Spool
from kiosk.uplink import Uplink
from kiosk.values import Ticket, home_from
from tests.kiosk.far_end import home, until
from tests.kiosk.test_offline import NOON, Box, box

__all__ = ["box"]


class Line:
    """A server of which only the first screen is asked."""

    servers, epoch = 1, 1

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def kiosk_home(self, etag: str | None) -> tuple[dict[str, Any] | None, str]:
        self.asked.append(etag)
        return (None if etag else home()), "e1"


def test_a_slip_left_by_the_last_start_names_its_service_though_nobody_answers(box: Box) -> None:
    uplink = Uplink(box.agent, Line())  # type: ignore[arg-type]
    uplink._keep_home(home())
    box.spool.intend(PrintIntent("j1", {"id": "t1", "label": "A001", "service": "ho-tich"}, "vi", False, NOON))
    box.spool.close()
    agent = Agent(Spool(box.path), box.machine, name="kiosk-01", boot="boot-2")
    ticket = Ticket(**agent.spool.intents()[0].ticket)
    lines = {line.role: line.text for line in slip.compose(ticket, agent.home, "vi", translator("vi")).lines}
    agent.spool.close()
    assert (lines[slip.Role.SERVICE], lines[slip.Role.CENTRE]) == ("Hộ tịch", home()["site"]["name"])
    box.open()


class Away:
    """Drivers that nobody reaches."""

    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int) -> dict[str, Any]:
        raise DriversAway("offline", maybe_done=False)


def test_a_slip_of_the_last_start_is_not_said_to_be_unsent_because_nobody_answers_now(box: Box) -> None:
    """That start may have sent it: the drivers' journal knows, once they are back."""
    old, new = (PrintIntent(job, {"id": job, "label": "A001", "service": "ho-tich"}, "vi", False, box.machine.wall) for job in ("j1", "j2"))
    box.spool.intend(old)
    printing = Printing(box.agent, Away(), width_dots=lambda: 576)  # type: ignore[arg-type]
    assert printing._print(printing._fresh.get_nowait()) is None  # type: ignore[arg-type]
    assert printing._doubtful.get_nowait() == old
    box.spool.intend(new)
    assert printing._print(new) == ("not_sent", "drivers_away")


def test_a_full_disk_keeps_nobody_from_the_first_screen(box: Box) -> None:
    """The screen comes from the answer; the copy for a start without the server is asked for again until it is on disk."""
    line = Line()
    uplink = Uplink(box.agent, line, home_every_s=0.01)  # type: ignore[arg-type]
    box.agent.home = home_from({})
    with box.spool.reading() as db:
        db.execute("PRAGMA query_only = ON")
    poll = threading.Thread(target=uplink._poll_home)
    poll.start()
    until(lambda: len(line.asked) > 2, 20)
    assert box.agent.home.service("ho-tich") is not None
    assert set(line.asked) == {None}
    with box.spool.reading() as db:
        db.execute("PRAGMA query_only = OFF")
    until(lambda: "e1" in line.asked, 20)
    uplink.stop()
    poll.join()
    assert box.leases.kept("home")["site"] == home()["site"]
