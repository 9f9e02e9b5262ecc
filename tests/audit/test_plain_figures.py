"""Two ways of reckoning the figures agree on days that nobody thought of, and the second one is not the first in disguise."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from queue_server.audit import plain, plain_figures
from queue_server.audit.compare import _differing, by_ticket
from queue_server.domain import metrics
from tests.made_day import DAY, OFFSET_MIN, MadeDay, made_days

TARGETS = (0, 900, 1800, 7200)


def both(day: MadeDay) -> tuple[dict[str, Any], dict[str, Any]]:
    days = metrics.days_of(day.tickets.values(), day.spells, offset_min=OFFSET_MIN)
    log = day.rows()
    tickets = [plain.read_ticket(events) for events in by_ticket(log).values()]
    counted = plain_figures.day(tickets, log, DAY, offset_min=OFFSET_MIN, targets_s=TARGETS)
    return days.as_data(targets_s=TARGETS) | {"closed": False, "version": 0}, counted


@given(made_days())
@settings(max_examples=25, deadline=None)
def test_both_reckon_the_same(day: MadeDay) -> None:
    shown, counted = both(day)
    assert list(_differing(shown, counted)) == []
    assert set(shown) - set(counted) == set()


def test_they_share_no_code() -> None:
    """Neither the reader of the log nor the reckoner imports a line of the rules."""
    for module in (plain, plain_figures):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in names if name.startswith("queue_server")]


def test_a_difference_is_told_with_its_place() -> None:
    shown = {"wait": {"n": 1, "histogram": {"5": 1}}, "shares": [{"of": 1}], "by_service": {"a": {"served": 0}}, "more": 1}
    counted = {"wait": {"n": 2, "histogram": {"6": 1}}, "shares": [{"of": 2}], "by_service": {}}
    assert sorted(_differing(shown, counted)) == [
        ("shares.0.of", 1, 2), ("wait.histogram.5", 1, None), ("wait.histogram.6", None, 1), ("wait.n", 1, 2),
    ]  # fmt: skip
    assert list(_differing({"by_service": {"a": {"served": 1}}}, {"by_service": {}})) == [("by_service.a", {"served": 1}, None)]
    assert list(_differing({"shares": [1]}, {"shares": []})) == [("shares", [1], [])]
