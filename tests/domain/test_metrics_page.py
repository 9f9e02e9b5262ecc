"""docs/metrics.md cannot lie: its example day is played through the rules, and each of its numbers is held against both reckonings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from queue_server.audit import plain, plain_figures
from queue_server.audit.compare import by_ticket
from queue_server.contract import answers_figures
from queue_server.domain import metrics
from queue_server.domain.calendar import Calendar
from tests.made_day import DAY, OFFSET_MIN, MadeDay, at

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d\d:\d\d) \| (\w+) \| (\w+) \| (\d?) *\| (.*?) *\|$", re.MULTILINE)
NUMBER = re.compile(r"`([a-z_]+(?:\.[a-z0-9_:-]+)+)` = (\d+)")
HOURS = Calendar({1: ((420, 690), (810, 1020))})
LATE = "told afterwards"
ALONE = {"lease": "l", "clock_synced": False}


def more(text: str) -> dict[str, Any]:
    """What the last column says of an event."""
    if text == LATE:
        return {"entered_late": True}
    service = re.match(r"(ho-tich|dat-dai)", text)
    found: dict[str, Any] = {"service": service[1]} if service else {}
    told = re.search(r", (\d\d:\d\d) by (a kiosk|the paper book)", text)
    if told:
        alone = told[2] == "a kiosk"
        found |= {"issued_at": at(told[1])} | (ALONE | {"issued_device_at": at(told[1])} if alone else {"entered_late": True})
    return found


def the_day() -> MadeDay:
    day = MadeDay(HOURS)
    for code in "12":
        day.desk(code, "opened", at("06:45"))
    for time, label, kind, counter, text in ROW.findall(PAGE):
        data = more(text)
        if label == "counter":
            done = day.desk(counter, kind, at(time))
        elif kind == "issued":
            done = day.issue(label, data.pop("service"), at(time), **data)
        else:
            done = day.happen(label, kind, at(time), counter or None, **data)
        assert done, f"the rules do not let in {label} {kind} at {time}"
    return day


def reckoned() -> dict[str, dict[str, Any]]:
    day = the_day()
    log = day.rows()
    tickets = [plain.read_ticket(events) for events in by_ticket(log).values()]
    return {
        "published": metrics.days_of(day.tickets.values(), day.spells, offset_min=OFFSET_MIN).as_data(),
        "audit": plain_figures.day(tickets, log, DAY, offset_min=OFFSET_MIN, targets_s=metrics.TARGETS_S),
    }


def value(found: Any, name: str) -> Any:
    for part in name.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


@pytest.mark.parametrize("by", ["published", "audit"])
def test_each_number_of_the_page_is_what_is_reckoned(by: str) -> None:
    found, told = reckoned()[by], NUMBER.findall(PAGE)
    wrong = [(name, int(number), value(found, name)) for name, number in told if value(found, name) != int(number)]
    assert wrong == []
    assert len(told) > 100


def test_each_figure_has_an_example() -> None:
    """Whatever the answer has and the contract promises stands on the page with a number."""
    named = {name for name, _ in NUMBER.findall(PAGE)}
    heads = {".".join(name.split(".")[:n]) for name in named for n in range(1, 5)}
    figures = {f"visit.{name}" for name in answers_figures.VISIT["properties"]} | {
        name for name in answers_figures.BODY if name != "definitions"
    }
    figures |= {f"counts.{name}" for name in metrics.COUNTS} | {f"marks.{name}" for name in metrics.MARKS}
    assert sorted(figures - heads) == []
    assert {name.removesuffix("_s") for name in metrics.DEFINITIONS} - {"service", "visit.service", "percentile", "mean", "parts"} <= {
        *heads, *(each.partition(".")[2] for each in heads),
    }  # fmt: skip
