"""What the dossier system was told equals the audit's own fold to the second: each record, and the aggregate of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from queue_server.audit import plain, plain_figures
from queue_server.audit.compare import read_log
from queue_server.dossier.day import COUNTS, SPREADS, content
from queue_server.dossier.payload import Names
from queue_server.services import days, queries
from tests.audit.test_audit import a_day
from tests.audit.test_sent import taken_by_partner
from tests.hall import MORNING, SITE, Hall


def folded(hall: Hall) -> tuple[dict[str, Any], list[Any]]:
    """The audit's tickets by id, and the log it read them from."""
    with hall.store.read() as reader:
        log = list(read_log(reader, SITE))
    by_ticket: dict[str, list[Any]] = {}
    for event in log:
        if event.get("ticket"):
            by_ticket.setdefault(event["ticket"], []).append(event)
    return {key: plain.read_ticket(rows) for key, rows in by_ticket.items()}, log


def published(hall: Hall, day: str) -> dict[str, Any]:
    with hall.store.read() as reader:
        return queries.day_figures(reader, SITE, day, now=reader.now_ms)


def seconds_of(rows: Iterable[Any], tickets: dict[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """How often each whole second of waiting and of service stands in the records, each held against the ticket's own fold."""
    waits: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for row in rows:
        times = plain_figures._step(tickets[row["MaLuot"]], row["BuocThu"] - 1, 420)["times"]
        assert row["ThoiGianChoGiay"] == (None if times["wait"] is None else times["wait"] // 1000)
        if times["wait"] is not None:
            waits[str(row["ThoiGianChoGiay"])] += 1
        if times["service_time"] is not None:
            assert row["ThoiGianPhucVuGiay"] == times["service_time"] // 1000
            served[str(row["ThoiGianPhucVuGiay"])] += 1
    return dict(waits), dict(served)


def held_against_the_audit(hall: Hall) -> int:
    """Every day that was told, closed; how many waits there were."""
    hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(hall.store, SITE)
    latest = {row["MaBanGhi"]: row for row in taken_by_partner(hall)}
    tickets, log = folded(hall)
    over = sorted({row["NgayLamViec"] for row in latest.values()})
    waited = 0
    for day in over:
        shown = published(hall, day)
        targets = [share["target_s"] for share in shown["shares"]]
        counted = plain_figures.day(tickets.values(), log, day, offset_min=420, targets_s=targets)
        counts = [row for row in latest.values() if row["NgayLamViec"] == day and row["KetQuaLuot"] != "vo_hieu"]  # struck out: in no time
        waits, served = seconds_of(counts, tickets)
        assert (waits, served) == (counted["wait"]["histogram"], counted["service_time"]["histogram"])
        said = content(SITE, shown, Names(trial=True))
        for name, theirs in COUNTS.items():
            assert said[name] == counted["counts"][theirs], name
        for name, theirs in SPREADS.items():
            own = counted[theirs]
            assert (said[name]["SoBuoc"], said[name]["TongMiliGiay"], said[name]["P95Giay"]) == (own["n"], own["sum_ms"], own["p95_s"]), (
                name
            )
        assert said["MaKiemSoLieu"] == shown["digest"]
        waited += sum(waits.values())
    return waited


def test_records_and_aggregate_of_a_busy_morning_equal_the_plain_fold_to_the_second(file_hall: Hall) -> None:
    for counter in "12":
        file_hall.open(counter)
    for n in range(30):
        file_hall.issue("ho-tich" if n % 2 else "dat-dai")
        file_hall.clock.forward(31.4 + n)
    for n in range(24):
        counter = "12"[n % 2]
        ticket = file_hall.next(counter)
        assert ticket is not None
        file_hall.clock.forward(15.2)
        if n % 4:  # else the next call ends it, and nobody marked its start
            file_hall.on(ticket, "serve", counter)
            file_hall.clock.forward(200.7 + n)
            file_hall.on(ticket, "complete", counter)
    assert held_against_the_audit(file_hall) >= 24


@pytest.mark.full
@pytest.mark.parametrize("seed", [3, 11, 12])
def test_records_and_aggregates_of_any_day_equal_the_plain_fold_to_the_second(file_hall: Hall, seed: int) -> None:
    a_day(file_hall, seed, 250)
    held_against_the_audit(file_hall)
