"""What the dossier system was told equals the audit's own fold to the second: each record, and the aggregate of the day."""

from __future__ import annotations

from collections import Counter
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

TODAY = "2026-11-23"


def folded(hall: Hall) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """The audit's tickets by id, its figures of the day, and the day as the server publishes it."""
    with hall.store.read() as reader:
        log = list(read_log(reader, SITE))
        by_ticket: dict[str, list[Any]] = {}
        for event in log:
            if event.get("ticket"):
                by_ticket.setdefault(event["ticket"], []).append(event)
        tickets = {key: plain.read_ticket(rows) for key, rows in by_ticket.items()}
        day = str(log[-1]["business_day"])
        shown = queries.day_figures(reader, SITE, day, now=reader.now_ms)
        targets = [share["target_s"] for share in shown["shares"]]
    counted = plain_figures.day(tickets.values(), log, day, offset_min=420, targets_s=targets)
    return tickets, log, {"shown": shown, "counted": counted}


@pytest.mark.parametrize("seed", [3, pytest.param(11, marks=pytest.mark.full), pytest.param(12, marks=pytest.mark.full)])
def test_records_and_aggregate_of_a_played_day_equal_the_plain_fold_to_the_second(file_hall: Hall, seed: int) -> None:
    a_day(file_hall, seed, 250)
    file_hall.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(file_hall.store, SITE)
    latest = {row["MaBanGhi"]: row for row in taken_by_partner(file_hall)}
    tickets, _, figures = folded(file_hall)
    counted, shown = figures["counted"], figures["shown"]
    waits: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for row in latest.values():
        step = tickets[row["MaLuot"]]["steps"][row["BuocThu"] - 1]
        times = plain_figures._step(tickets[row["MaLuot"]], row["BuocThu"] - 1, 420)["times"]
        assert row["ThoiGianChoGiay"] == (None if times["wait"] is None else times["wait"] // 1000)
        if times["service_time"] is not None:
            assert row["ThoiGianPhucVuGiay"] == times["service_time"] // 1000
            served[str(row["ThoiGianPhucVuGiay"])] += 1
        else:  # what is in no mean says why, or was no service
            assert row["BatDauSuyRa"] or row["DongTuDong"] or row["ThoiGianPhucVuGiay"] is None or step["outcome"] is not None
        if row["ThoiGianChoGiay"] is not None:
            waits[str(row["ThoiGianChoGiay"])] += 1
    assert dict(waits) == counted["wait"]["histogram"]
    assert dict(served) == counted["service_time"]["histogram"]
    said = content(SITE, shown, Names(trial=True))
    assert sum(waits.values()) > 10
    for name, theirs in COUNTS.items():
        assert said[name] == counted["counts"][theirs], name
    for name, theirs in SPREADS.items():
        own = counted[theirs]
        assert (said[name]["SoBuoc"], said[name]["TongMiliGiay"], said[name]["P95Giay"]) == (own["n"], own["sum_ms"], own["p95_s"]), name
    assert said["MaKiemSoLieu"] == shown["digest"]
