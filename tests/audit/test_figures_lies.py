"""Lies about figures that the audit names: rows that were touched up, kept figures that were forged, and rules that reckon wrongly."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from queue_server.audit.compare import findings
from queue_server.domain import metrics_days, metrics_figures, metrics_spread, metrics_steps, metrics_visits
from queue_server.services import days, leasing, queries
from tests.hall import MORNING, SITE, Hall
from tests.storage.test_storage import raw

pytestmark = pytest.mark.full
MONDAY = "2026-11-23"


def audit(hall: Hall) -> list[str]:
    with hall.store.read() as reader:
        return findings(reader, SITE)


def a_closed_day(hall: Hall) -> None:
    """A001 is served, put back once before; A002 was never called; A700 came from a kiosk alone and is on hold."""
    hall.issue(channel="post")
    hall.open()
    hall.clock.forward(60)
    hall.next()
    hall.at("1", "release")
    hall.clock.forward(60)
    hall.next()
    hall.at("1", "serve")
    hall.clock.forward(120)
    hall.at("1", "complete")
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=1))["id"]
    with hall.store.read() as reader:
        entry = reader.lease_entries(lease)[0]
    told = {"number": entry["number"], "ticket_id": entry["ticket"], "issued_at": hall.clock.at_ms, "clock_synced": False}
    hall.do(lambda unit: leasing.settle(unit, lease, tickets=[told]))
    hall.next()
    hall.clock.forward(30)
    hall.at("1", "hold")
    hall.clock.forward(300)
    hall.counter("1", "wrap-up")
    hall.clock.forward(45)
    hall.counter("1", "resume")
    hall.issue()
    hall.clock.at_ms = MORNING + 24 * 3_600_000
    days.turn(hall.store, SITE)


LIES: dict[str, tuple[str, str]] = {
    "a call more": ("""UPDATE ticket SET steps = replace(steps, '"turns":2', '"turns":1')""", "figure-marks.called_anew"),
    "a wait in vain made shorter": (
        """UPDATE ticket SET steps = replace(steps, '"elapsed_ms":', '"elapsed_ms":1') WHERE label = 'A002'""",
        "figure-unserved.sum_ms",
    ),
    "a clock believed": ("UPDATE ticket SET clock_synced = 1 WHERE lease IS NOT NULL", "figure-wait_estimated.n"),
    "another channel": ("UPDATE ticket SET channel = 'in_person'", "figure-by_channel.post"),
    "a visit declared void": ("UPDATE ticket SET voided = 1 WHERE label = 'A001'", "figure-counts.voided"),
    "another beginning": ("UPDATE ticket SET issued_at = issued_at + 1800000 WHERE label = 'A001'", "figure-visit.door_to_door.sum_ms"),
    "paperwork made shorter": ("UPDATE counter_spell SET ended_at = ended_at - 1000", "figure-wrap_up.sum_ms"),
    "a digest forged": ("UPDATE day_figures SET digest = 'x'", "figures-kept"),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_named(file_hall: Hall, lie: str) -> None:
    hall = file_hall
    a_closed_day(hall)
    assert audit(hall) == []
    connection = raw(hall)
    statement, wanted = LIES[lie]
    connection.execute(statement)
    if "day_figures" not in statement:
        connection.execute("DELETE FROM day_figures")  # what is kept is honest still, and would be told instead
    assert any(found.startswith((f"{wanted}:", f"{wanted}.")) for found in audit(hall)), audit(hall)


def test_kept_figures_that_were_forged_are_named(file_hall: Hall) -> None:
    hall = file_hall
    a_closed_day(hall)
    connection = raw(hall)
    packed = connection.execute("SELECT body FROM day_figures").fetchone()[0]
    body = json.loads(zlib.decompress(packed))
    for cell in body["cells"]:
        cell[3][0]["served"] = cell[3][0].get("served", 0) + 10
    connection.execute("UPDATE day_figures SET body = ?", (zlib.compress(json.dumps(body).encode()),))
    assert hall.look(queries.day_figures, MONDAY)["counts"]["served"] > 10
    assert any(found.startswith("figure-counts.served:") for found in audit(hall))
    connection.execute("UPDATE day_figures SET version = 7")  # of another version: reckoned anew, so nobody is misled
    assert audit(hall) == []


def later(honest: Callable[..., Any]) -> Callable[..., Any]:
    return lambda at_ms, offset_min: honest(at_ms + 1_800_000, offset_min)


ERRORS: dict[str, tuple[Any, str, Callable[[Any], Any], str]] = {
    "half hours": (metrics_days, "half_hour", later, "figure-by_half_hour"),
    "up to": (metrics_spread.Spread, "up_to", lambda honest: lambda self, limit_s: honest(self, limit_s - 1800), "figure-shares"),
    "unserved": (metrics_steps, "elapsed_ms", lambda honest: lambda step: None, "figure-unserved"),
    "clocks": (metrics_steps, "estimated", lambda honest: lambda ticket: False, "figure-wait_estimated"),
    "visits": (metrics_visits, "left_out", lambda honest: lambda ticket: True, "figure-visit"),
    "marks": (metrics_steps, "marks", lambda honest: lambda step, ticket: (), "figure-marks"),
    "shares": (metrics_figures, "shares", lambda honest: lambda spreads, targets_s: honest(spreads, targets_s)[:1], "figure-shares"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_rules_that_reckon_wrongly_are_named(file_hall: Hall, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first implementation itself is what errs here."""
    hall = file_hall
    place, name, wrong, wanted = ERRORS[error]
    a_closed_day(hall)
    raw(hall).execute("DELETE FROM day_figures")
    monkeypatch.setattr(place, name, wrong(getattr(place, name)))
    assert any(found.startswith(wanted) for found in audit(hall)), audit(hall)
