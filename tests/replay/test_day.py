"""A day's visits through the whole line: nobody lost, nobody twice, and the same seed gives the same log to the last bit."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from kiosk import i18n, raster
from kiosk.slip import Line, Role, Slip
from kiosk.slip import compose as slip_of
from kiosk.values import Home, Ticket
from queue_server.audit.compare import findings
from queue_server.demo.replay import ENDS
from queue_server.demo.visits import Visit, first_day, read
from tests.replay.day import SITE, Day, played
from tests.replay.devices import WIDTH

FULL_DAY, SHORT_DAY = 1222, 120
NUDGED = bytes.maketrans(b"\x18", b"\x10")  # a dot that keeps a hidden command out of the image is no part of the number


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has that: this day is about what happens, `tests/faults` about what is on disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def visits(count: int) -> list[Visit]:
    listed = first_day(read(Path(str(files("queue_server.demo") / "data" / "quang-tri-1222.csv"))))
    assert len(listed) == FULL_DAY
    return listed[:: FULL_DAY // count][:count]


def _top_of_slip(site_name: str, label: str) -> bytes:
    """The rows of a slip down to the end of its number, as they must come out of the printer."""
    whole = slip_of(Ticket("t", label, "x"), Home(site_name=site_name), "vi", i18n.translator("vi"))
    top = Slip(tuple(line for line in whole.lines if line.role in (Role.CENTRE, Role.TITLE, Role.NUMBER)))
    assert Line(Role.NUMBER, label) in top.lines
    drawn = raster.render(top)
    return drawn.data[: -2 * raster.MARGIN * WIDTH // 8]


def check_paper(day: Day) -> None:
    """One slip for each number, in the order of issue, and the label in its dots is the label in the log."""
    issued = [event for event in day.log if event.type == "issued"]
    with day.store.read() as reader:
        name = (reader.site(SITE) or {})["name"]
    assert len(day.drivers.paper) == len(issued)
    for slip, event in zip(day.drivers.paper, issued, strict=True):
        wanted = _top_of_slip(name, event.label)
        came = b"".join(row.ljust(WIDTH // 8, b"\0") for row in slip.rows)[: len(wanted)]
        assert came.translate(NUDGED) == wanted.translate(NUDGED), event.label


def check_people(day: Day, count: int) -> None:
    """Every visit has its number, its slip, its call, its end; each step that ended is one record, accepted."""
    assert len(set(day.tickets)) == count
    of = {kind: Counter(e.ticket for e in day.log if e.type == kind) for kind in ("issued", "print_outcome", "called")}
    assert of["issued"] == of["print_outcome"] == Counter(day.tickets)
    printed = [event for event in day.log if event.type == "print_outcome"]
    assert {event.data["outcome"] for event in printed} == {"printed"}
    ends = Counter(event.ticket for event in day.log if event.type in ENDS)
    assert of["called"] == ends  # each called exactly once for each of the steps it went through
    assert set(ends) == set(day.tickets)
    labels = Counter(event.label for event in day.log if event.type == "issued")
    assert set(labels.values()) == {1}
    latest = day.partner.latest()
    assert Counter(record["MaLuot"] for record in latest) == ends
    assert day.partner.tally()["refused"] == day.partner.tally()["stale"] == day.refused == 0
    assert {record["KetQuaLuot"] for record in latest} >= {"xong", "vang"}


def check(day: Day, count: int) -> None:
    check_people(day, count)
    check_paper(day)
    with day.store.read() as reader:
        assert findings(reader, SITE) == []


def test_a_tenth_of_the_day(folder: Path) -> None:
    with played(folder, visits(SHORT_DAY), seed=7, counters=4) as day:
        check(day, SHORT_DAY)


def _digest(folder: Path, seed: int, count: int, counters: int = 3) -> str:
    folder.mkdir()
    with played(folder, visits(count), seed, counters) as day:
        return day.digest


def test_the_same_seed_gives_the_same_log_and_another_another(folder: Path) -> None:
    first, second, other = (_digest(folder / name, seed, 15) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == second
    assert first != other


@pytest.mark.full
@pytest.mark.slow("1,222 people, each with a card, a slip and a record")
@pytest.mark.timeout(1200)
def test_the_whole_day_twice(folder: Path) -> None:
    (folder / "first").mkdir()
    with played(folder / "first", visits(FULL_DAY), seed=7, counters=14) as day:
        check(day, FULL_DAY)
        first = day.digest
    assert _digest(folder / "second", 7, FULL_DAY, counters=14) == first
