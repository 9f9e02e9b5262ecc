"""A real kiosk process whose server goes away: refused, silent, killed for good; and what the next server knows."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from queue_server.bootstrap import prepare
from queue_server.client import Client
from queue_server.domain.principal import SYSTEM
from queue_server.services import epochs
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import until
from tests.standby.conftest import Building, Program, building, pair

__all__ = ["building", "pair"]
Pair = tuple[Program, Program]


def free(kiosk: KioskProcess) -> int:
    with closing(sqlite3.connect(kiosk.folder / "state" / "spool.sqlite3")) as db:
        try:
            return int(db.execute("SELECT count(*) FROM numbers WHERE device_seq IS NULL").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # the file is not there yet


@pytest.fixture
def leased(make_kiosk: Callable[..., KioskProcess]) -> KioskProcess:
    """A kiosk with numbers in the drawer."""
    kiosk = make_kiosk()
    kiosk.server.leasing = True
    kiosk.start()
    kiosk.on("home")
    until(kiosk.drivers.listening.is_set)
    until(lambda: free(kiosk) == 7 * 20)
    return kiosk


def test_a_cut_line_costs_nobody_a_number(leased: KioskProcess) -> None:
    """Cut, given, killed in the middle of a slip, given on, back again: each number once, told in order, with its paper."""
    kiosk = leased
    kiosk.server.down = True
    kiosk.choose()
    first = kiosk.on("number", paper="printed")
    assert (first["label"], first["lines"][0]["id"]) == ("A700", "time")
    kiosk.home()
    until(lambda: kiosk.state()["notice"].startswith("Mất kết nối"))
    kiosk.drivers.gate = threading.Event()
    kiosk.choose()
    assert kiosk.on("number", paper="printing")["label"] == "A701"
    kiosk.kill()
    kiosk.drivers.gate.set()
    kiosk.start()
    assert kiosk.on("number", paper="printed")["label"] == "A701"
    kiosk.home()
    until(lambda: kiosk.state()["notice"].startswith("Mất kết nối"))
    kiosk.choose()
    assert kiosk.on("number", paper="printed")["label"] == "A702"
    kiosk.server.down = False
    until(lambda: len(kiosk.server.settled) == 3 and len(kiosk.server.outcomes) == 3)
    assert [(one["number"], one["device_seq"]) for one in kiosk.server.settled] == [(700, 1), (701, 2), (702, 3)]
    assert [(ticket, told["outcome"]) for ticket, told in kiosk.server.outcomes] == [(f"leased-{n}", "printed") for n in (700, 701, 702)]
    assert [job["job_id"] for job in kiosk.drivers.paper] == ["leased-700", "leased-701", "leased-702"]
    assert kiosk.server.tickets == {}  # what may have reached it was taken back, not issued a second time
    until(lambda: kiosk.waiting() == 0)


def test_a_server_that_refuses_is_not_a_server_that_is_away(leased: KioskProcess) -> None:
    kiosk = leased
    kiosk.server.refuse = (409, {"code": "quota_full"})
    kiosk.choose()
    assert kiosk.on("error")["title"].startswith("Hôm nay đã hết số")
    assert free(kiosk) == 140


def test_the_server_dies_and_the_standby_takes_what_was_given_meanwhile(
    make_kiosk: Callable[..., KioskProcess], building: Building, pair: Pair, tmp_path: Path
) -> None:
    server, standby = pair
    kiosk = make_kiosk()
    kiosk.servers = f"{server.base},{standby.base}"
    (kiosk.folder / "key").write_text(building.key)
    kiosk.start()
    kiosk.on("home")
    until(kiosk.drivers.listening.is_set)
    until(lambda: free(kiosk) > 0)
    kiosk.choose("ho-tich")
    online = kiosk.on("number", paper="printed")["ticket"]
    until(lambda: kiosk.waiting() == 0)
    kiosk.home()
    server.kill()
    kiosk.choose("ho-tich")
    offline = kiosk.on("number", paper="printed")["ticket"]
    assert offline["label"].endswith("700")
    kiosk.home()
    second: Client = building.client(standby)
    second.promote("p1")
    until(lambda: kiosk.waiting() == 0, 20)
    known = {one["id"]: one for one in second.queue()["tickets"]}
    assert known[offline["id"]]["label"] == offline["label"]
    assert second.ticket(offline["id"])["print"] == "printed"
    assert online["id"] in known
    restated = [one for one in second.events(limit=500)["events"] if str(one["cmd"]).startswith("restate:2:")]
    assert restated == []  # the standby had it all: told again, and known
    until(lambda: kiosk.state()["notice"] == "")
    kiosk.choose("ho-tich")
    assert kiosk.on("number", paper="printed")["ticket"]["label"] != offline["label"]
    slips = [json.dumps(one["job_id"]) for one in kiosk.drivers.paper]
    assert len(slips) == len(set(slips)) == 3


def test_what_the_standby_had_not_heard_is_told_to_it_by_the_kiosk(
    make_kiosk: Callable[..., KioskProcess], building: Building, pair: Pair
) -> None:
    """The standby was off while people got numbers, and the server never came back: their slips still count."""
    server, standby = pair
    kiosk = make_kiosk()
    kiosk.servers = f"{server.base},{standby.base}"
    (kiosk.folder / "key").write_text(building.key)
    kiosk.start()
    kiosk.on("home")
    until(kiosk.drivers.listening.is_set)
    until(lambda: free(kiosk) > 0)
    standby.kill()
    slips = []
    for _ in range(3):
        kiosk.choose("ho-tich")
        slips.append(kiosk.on("number", paper="printed")["ticket"])
        kiosk.home()
    until(lambda: kiosk.waiting() == 0, 20)
    server.kill()
    second = building.client(building.follow(server, bind=standby.base.removeprefix("http://")))
    assert second.queue()["tickets"] == []  # it knows nobody
    second.promote("p1")
    until(lambda: len(second.queue()["tickets"]) == 3, 30)
    known = {one["id"]: one for one in second.queue()["tickets"]}
    assert {one["id"]: one["label"] for one in slips} == {ticket: one["label"] for ticket, one in known.items()}
    told = [one for one in second.events(limit=500)["events"] if str(one["cmd"]).startswith("restate:2:") and one["type"] == "issued"]
    assert [one["label"] for one in told] == [one["label"] for one in slips]
    assert {second.ticket(one["id"])["print"] for one in slips} == {"printed"}
    second.counter_command("o1", "1", "open")
    assert second.next("n1", "1")["ticket"]["id"] == slips[0]["id"]
    until(lambda: kiosk.state()["notice"] == "", 20)
    kiosk.choose("ho-tich")
    assert kiosk.on("number", paper="printed")["ticket"]["label"] not in {one["label"] for one in slips}


def test_a_lease_that_the_restored_copy_never_knew_settles_with_the_number_on_paper(building: Building) -> None:
    """The lease was cut after the backup: the number is taken as it stands, its page opens, and once is enough."""
    server = building.serve()
    client = building.client(server)
    held: dict[str, Any] = client.lease("l1", "A", 3)
    client.events()
    server.kill()
    with closing(prepare(building.url)) as store:
        [site] = store.sites()
        epochs.start(store, site, reason="restored", who=SYSTEM, cmd="job:restore:2")
    client = building.client(building.serve())
    entry = held["entries"][0]
    now = client.heartbeat({"device": "kiosk-01", "role": "kiosk"})["now"]
    told = {"number": entry["number"], "ticket_id": entry["ticket_id"], "token": entry["token"], "service": "ho-tich", "issued_at": now}
    assert client.settle("s1", "never-heard-of", [told])["tickets"][0]["result"] == "settled"
    assert client.settle("s2", "never-heard-of", [told])["tickets"][0]["result"] == "already"
    assert client.citizen_ticket(entry["token"])["label"] == entry["label"]
    bare = {**told, "ticket_id": held["entries"][1]["ticket_id"], "number": held["entries"][1]["number"]}
    del bare["service"]
    assert client.settle("s3", "never-heard-of", [bare])["tickets"][0]["reason"] == "unknown_lease"
