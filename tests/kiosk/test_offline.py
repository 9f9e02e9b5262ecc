"""Away from the server: what may be given, given once, and told when it is back. Clocks, cards and power are all against us."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk import offline, slip
from kiosk.agent import Agent
from kiosk.events import Choose, GoHome, Paper, PrinterSays, State
from kiosk.events import Printer as PrinterIs
from kiosk.i18n import translator
from kiosk.keeper import Keeper
from kiosk.leases import Leases
from kiosk.offline import Anchor, Lease
from kiosk.spool import Command, Spool
from kiosk.values import Ticket, home_from
from queue_server.contract import messages, strict
from tests.kiosk.far_end import home
from tests.kiosk.keeping import Far, answer

DAY = 1_795_366_800_000  # midnight of Monday 2026-11-23 at the site
NOON = DAY + 12 * 3_600_000
HOUR_S = 3_600.0


@dataclass
class Machine:
    """The clocks of one kiosk: the wall may be set to anything, the time since the start only runs."""

    wall: int = NOON
    up_s: float = 100.0

    def wall_ms(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        return self.up_s

    def sleep_until(self, monotonic: float) -> None:
        self.up_s = monotonic

    def runs(self, seconds: float) -> None:
        self.up_s += seconds
        self.wall += int(seconds * 1000)


@dataclass
class Box:
    """One kiosk's disk and clocks, without a page."""

    path: Path
    machine: Machine
    boot: str = "boot-1"

    def open(self) -> None:
        self.spool = Spool(self.path)
        self.leases = Leases(self.spool, boot_id=self.boot, boot_s=self.machine.monotonic)
        self.agent = Agent(self.spool, self.machine, name="kiosk-01", boot=self.boot, leases=self.leases)
        self.agent.learned(home_from(home()))
        self.agent.post(PrinterSays(PrinterIs.READY))

    def with_leases(self, count: int = 3) -> None:
        self.leases.heard(NOON)
        self.leases.take(answer(count=count), 1, DAY + offline.DAY_MS)

    def touch(self) -> str | None:
        """One person without a card, the server away: the number on the screen, or None."""
        self.agent.link_lost()
        self.agent.post(Choose(self.agent.session.visit_no, "ho-tich"))
        shown = self.agent.session.ticket
        label = shown.label if shown and self.agent.session.state is State.NUMBER else None
        if shown and label:
            self.agent.print_done(self.spool.intents()[-1], "printed")
        self.machine.runs(30)
        self.agent.post(GoHome())
        return label


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "spool.sqlite3", Machine())
    made.open()
    yield made
    made.spool.close()


# ---------------------------------------------------------------- the rule
ANCHOR = Anchor(NOON, 100.0, "b")
LEASE = Lease("L", "A", DAY + offline.DAY_MS, 3, "b")


@pytest.mark.parametrize(
    ("now", "epoch", "boot", "gives"),
    [
        (NOON, 3, "b", True),
        (DAY, 3, "b", True),
        (DAY + offline.DAY_MS - 1, 3, "b", True),
        (DAY + offline.DAY_MS, 3, "b", False),  # midnight: another day
        (DAY - 1, 3, "b", False),
        (NOON, 4, "b", False),  # another server counts from here
        (NOON, 2, "b", True),
        (NOON, 3, "c", False),  # the machine was started again
        (None, 3, "b", False),
    ],
)
def test_what_a_lease_gives(now: int | None, epoch: int, boot: str, gives: bool) -> None:
    assert offline.usable(LEASE, now, epoch, boot) is gives


def test_time_is_the_servers_and_counts_from_the_machines_start() -> None:
    assert offline.now_ms(ANCHOR, "b", 160.0) == NOON + 60_000
    assert offline.now_ms(ANCHOR, "other", 160.0) is None
    assert offline.now_ms(ANCHOR, "b", 99.0) is None
    assert offline.now_ms(None, "b", 160.0) is None


@pytest.mark.parametrize(("free", "wanted"), [(20, 0), (10, 0), (9, 11), (0, 20)])
def test_new_numbers_are_asked_for_when_half_are_gone(free: int, wanted: int) -> None:
    assert offline.wanted(free, 20) == wanted


# ---------------------------------------------------------------- given once
def test_numbers_are_given_in_order_and_then_no_more(box: Box) -> None:
    box.with_leases()
    assert [box.touch() for _ in range(4)] == ["A700", "A701", "A702", None]
    assert box.agent.session.state is State.PAUSED
    box.agent.learned(None)
    assert box.agent.session.state is State.HOME


@pytest.mark.parametrize("years", [-20.0, -1 / 365 / 24 * 5, 1 / 365, 10.0])
def test_a_wall_clock_that_leaps_gives_nothing_and_takes_nothing(box: Box, years: float) -> None:
    """A number of today stays one of today, with the server's time on it."""
    box.with_leases()
    box.machine.wall += int(years * 365 * offline.DAY_MS)
    assert box.touch() == "A700"
    _, _, told = box.leases.batch() or ("", "", [])
    assert told[0]["issued_at"] == "2026-11-23T12:00:00+07:00"


def test_yesterdays_numbers_stay_in_the_drawer_though_the_wall_says_yesterday(box: Box) -> None:
    box.with_leases()
    box.machine.runs(12 * HOUR_S)
    box.machine.wall = NOON
    assert (box.touch(), box.leases.free()) == (None, {})


def test_after_a_restart_of_the_machine_nothing_is_given_before_the_server_was_heard(box: Box) -> None:
    """Neither the time is known then nor whether this card is the one that gave the last numbers."""
    box.with_leases()
    assert box.touch() == "A700"
    box.spool.close()
    box.boot = "boot-2"
    box.open()
    assert box.touch() is None
    box.leases.heard(NOON)
    assert box.touch() is None  # of the start before
    box.leases.take(answer(710, lease="L2"), 1, DAY + offline.DAY_MS)
    assert box.touch() == "A710"
    _, lease, told = box.leases.batch() or ("", "", [])
    assert (lease, [one["number"] for one in told]) == ("L1", [700])  # what was given is still told


def test_an_old_card_put_back_gives_no_number_twice(box: Box, tmp_path: Path) -> None:
    box.with_leases()
    given = [box.touch()]
    shutil.copy(box.path, tmp_path / "card")
    given += [box.touch(), box.touch()]
    box.spool.close()
    shutil.copy(tmp_path / "card", box.path)
    box.boot = "boot-2"
    box.open()
    box.leases.heard(NOON + 60_000)
    again = box.touch()
    assert (given, again) == (["A700", "A701", "A702"], None)


def test_a_new_epoch_makes_old_leases_give_nothing_and_settle_all_the_same(box: Box) -> None:
    box.leases.began_epoch(1, "2026-11-23")
    box.with_leases()
    assert box.touch() == "A700"
    box.leases.began_epoch(2, "2026-11-23")
    assert (box.touch(), box.leases.free()) == (None, {})
    assert (box.leases.batch() or ("", "", []))[2][0]["number"] == 700


def test_a_number_is_given_once_even_to_two_hands(box: Box) -> None:
    box.with_leases()
    number = box.leases.next("A")
    assert number is not None
    box.spool.answered("r1", None, box.leases.giving(number, {"ticket_id": number.ticket_id}))
    with pytest.raises(sqlite3.IntegrityError):
        box.spool.answered("r2", None, box.leases.giving(number, {"ticket_id": number.ticket_id}))


WRITER = """
import sys
from pathlib import Path
from kiosk.leases import Leases
from kiosk.spool import PrintIntent, Spool
spool = Spool(Path(sys.argv[1]))
leases = Leases(spool, boot_id="b", boot_s=lambda: 100.0)
while (number := leases.next("A")):
    intent = PrintIntent(number.ticket_id, {"id": number.ticket_id}, "vi", False, 1)
    spool.answered("r", intent, leases.giving(number, {"ticket_id": number.ticket_id, "number": number.number}))
    print(number.number, flush=True)
"""


def test_nothing_given_is_free_again_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = Spool(path)
    leases = Leases(spool, boot_id="b", boot_s=lambda: 100.0)
    leases.heard(NOON)
    leases.take(answer(count=200), 1, DAY + offline.DAY_MS)
    spool.close()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    for line in writer.stdout:
        if int(line) >= 740:
            break
    writer.kill()
    printed = {*range(700, 741), *(int(line) for line in writer.stdout.read().splitlines() if line.isdigit())}
    writer.stdout.close()
    writer.wait()
    spool = Spool(path)
    leases = Leases(spool, boot_id="b", boot_s=lambda: 100.0)
    following = leases.next("A")
    assert following is None or following.number > max(printed)
    assert {f"L1-{number}" for number in printed} <= {one.ticket_id for one in spool.intents()}  # and each has its slip
    spool.close()


def test_a_file_of_an_earlier_version_is_read_on(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool") as db:
        db.execute(
            "CREATE TABLE outbox (request_id TEXT PRIMARY KEY, place INTEGER NOT NULL,"
            " call TEXT NOT NULL CHECK (call IN ('issue', 'print_outcome', 'reprint')),"
            " ticket_id TEXT NOT NULL, body TEXT NOT NULL, created_at_ms INTEGER NOT NULL)"
        )
        db.execute("INSERT INTO outbox VALUES ('r1', 1, 'issue', 't1', '{}', 5)")
    db.close()
    spool = Spool(tmp_path / "spool")
    spool.add(Command("r2", "cancel", "t1", {}, 6))
    assert [one.request_id for one in spool.pending()] == ["r1", "r2"]
    spool.close()


# ---------------------------------------------------------------- told
def test_the_same_is_told_under_the_same_id_until_it_is_settled(box: Box) -> None:
    box.with_leases()
    box.touch()
    first = box.leases.batch()
    box.touch()
    assert box.leases.batch() == first
    assert first
    strict.read(messages.Settle, {"request_id": first[0], "tickets": first[2]})
    box.leases.settled(first[2], {}, 1)
    second = box.leases.batch()
    assert second
    assert ([one["number"] for one in second[2]], second[2][0]["device_seq"]) == ([701], 2)
    assert [one.call for one in box.spool.pending()] == ["print_outcome"]  # of the settled one; the other's waits
    assert box.spool.waiting() == 3


@pytest.mark.parametrize("result", ["already", "conflict"])
def test_what_the_server_knows_otherwise_burns_the_leases_and_is_said(box: Box, result: str) -> None:
    """This card is older than what the server saw: nothing more from it, new numbers, and a technician hears."""
    box.leases.began_epoch(1, "2026-11-23")
    box.with_leases()
    assert box.touch() == "A700"
    box.agent.learned(None)
    Keeper(box.agent, Far(result)).round()  # type: ignore[arg-type]
    codes = {one["code"] for one in box.agent.troubles.listed()}
    assert {f"lease_{result}", "leases_burnt"} <= codes
    assert box.touch() == "A800"
    left = box.spool.waiting()
    Keeper(box.agent, Far()).round()  # type: ignore[arg-type]
    assert box.spool.waiting() == left - 1  # the judged one is told no more


def test_one_ticket_the_server_will_not_take_does_not_hold_up_the_rest(box: Box) -> None:
    box.leases.began_epoch(1, "2026-11-23")
    box.with_leases()
    assert [box.touch(), box.touch()] == ["A700", "A701"]
    far = Far("invalid")
    Keeper(box.agent, far).round()  # type: ignore[arg-type]
    assert [numbers for _, _, numbers in far.told] == [[700, 701], [700], [701]]
    assert box.leases.batch() is None
    with box.spool.reading() as db:
        assert db.execute("SELECT call, code FROM refused").fetchall() == [("settle", "invalid")]


def test_a_server_that_took_over_is_told_the_last_fifty_once(box: Box) -> None:
    far = Far()
    keeper = Keeper(box.agent, far)  # type: ignore[arg-type]
    keeper.round()
    box.leases.heard(NOON)
    for n in range(60):
        ticket = {"id": f"t{n}", "number": n + 1, "service": "ho-tich", "issued_at": "2026-11-23T09:00:00+07:00", "url": f"/t/tok{n}"}
        box.spool.answered(f"r{n}", None, box.leases.acknowledging(ticket))
    box.spool.printed("t59", box.agent.report("t59", "printed"), box.leases.outcome("t59", "printed"))
    box.agent.server_time(NOON)
    far.epoch = 2
    keeper.round()
    keeper.round()
    [(request_id, told)] = far.restated
    assert (request_id, len(told), told[0]["number"], told[-1]["print"]) == ("restate:2:kiosk-01", 50, 11, "printed")
    strict.read(messages.Restate, {"request_id": request_id, "tickets": told})


def test_a_program_started_anew_under_a_wrong_clock_still_tells_todays_tickets_again(box: Box) -> None:
    """The machine's steady clock knows the day since the server said it; the wall clock has leapt by more than one."""
    far = Far()
    Keeper(box.agent, far).round()  # type: ignore[arg-type]
    box.agent.server_time(NOON)
    ticket = {"id": "t1", "number": 1, "service": "ho-tich", "issued_at": "2026-11-23T09:00:00+07:00", "url": "/t/tok1"}
    box.spool.answered("r1", None, box.leases.acknowledging(ticket))
    box.spool.close()
    box.machine.wall += 26 * 3_600_000
    box.open()
    far.epoch = 2
    Keeper(box.agent, far).round()  # type: ignore[arg-type]
    assert [one["ticket_id"] for _, told in far.restated for one in told] == ["t1"]


# ---------------------------------------------------------------- seen and printed
def test_the_slip_says_its_time_and_that_nobody_knows_the_wait() -> None:
    ticket = Ticket("t", "A700", "ho-tich", issued_at="2026-11-23T07:42:10+07:00", alone=True)
    for short in (False, True):
        lines = {line.role: line.text for line in slip.compose(ticket, home_from(home()), "vi", translator("vi"), short=short).lines}
        assert lines[slip.Role.TIME] == "07:42"
        assert lines[slip.Role.ALONE].startswith("số cấp khi mất kết nối")
        assert not {slip.Role.WAIT, slip.Role.AHEAD} & set(lines)


def test_the_screen_is_honest_while_the_server_is_away(box: Box) -> None:
    box.with_leases()
    box.agent.link_lost()
    seen = box.agent.view()
    offers = {one["id"]: (one["detail"], one["off"]) for one in seen["choices"]}
    assert offers["service-ho-tich"] == ("", False)  # nobody knows how many wait
    assert offers["service-dat-dai"] == ("Xin lấy số ở bàn hướng dẫn.", True)  # another series, no numbers of it
    assert seen["notice"] == "Mất kết nối: vẫn cấp số, gọi theo giờ in trên phiếu"
    box.agent.post(Choose(box.agent.session.visit_no, "ho-tich"))
    lines = {line["id"]: line["text"] for line in box.agent.view()["lines"]}
    assert lines["time"] == "Giờ lấy số: 12:00"
    assert "wait" not in lines


def test_no_slip_but_a_number_that_was_read_is_said_to_be_so(box: Box) -> None:
    box.with_leases()
    box.agent.link_lost()
    box.agent.post(Choose(box.agent.session.visit_no, "ho-tich"))
    box.agent.print_done(box.spool.intents()[0], "not_sent", "paper_out")
    assert box.agent.session.paper is Paper.MISSING
    (_, _, told) = box.leases.batch() or ("", "", [])
    box.leases.settled(told, {}, 1)
    assert box.spool.pending()[0].body["detail"] == "shown paper_out"
