"""A day's visits from a file: when each person comes, what for, and with which (invented) card.

Pure but for reading the one file. CSV with `at,service,card`, or JSON lines with the same names; times are RFC 3339.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Visit:
    """`at_s`: seconds since local midnight of the day the person came."""

    day: str
    at_s: float
    service: str
    card: str | None = None


class BadFile(ValueError):
    """The file is no list of visits; the text names the line."""


def read(path: Path) -> list[Visit]:
    """All visits of a file, by day and time."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows: Iterable[Mapping[str, Any]]
            rows = (json.loads(line) for line in file if line.strip()) if path.suffix == ".jsonl" else csv.DictReader(file)
            visits = [_visit(row, number) for number, row in enumerate(rows, 1)]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as bad:
        raise BadFile(f"{path}: {bad}") from bad
    if not visits:
        raise BadFile(f"{path}: no visits in it")
    return sorted(visits, key=lambda visit: (visit.day, visit.at_s))


def _visit(row: Mapping[str, Any], number: int) -> Visit:
    try:
        at = datetime.fromisoformat(row["at"])
        service = str(row["service"] or "")
        card = row.get("card") or None
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise BadFile(f"visit {number}: {bad}; the columns are at,service,card") from bad
    if at.tzinfo is None or not service:
        raise BadFile(f"visit {number}: at needs an offset (…+07:00) and service a code")
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Visit(f"{at:%Y-%m-%d}", (at - midnight).total_seconds(), service, card)


def first_day(visits: Iterable[Visit]) -> list[Visit]:
    """The visits of the first day only."""
    found = list(visits)
    return [visit for visit in found if visit.day == found[0].day]
