"""The manager's page, part "were the waits true": what people were told today against when they were called, in words and numbers.

It counts nothing itself: `services.accuracy` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.domain import calendar
from queue_server.services import accuracy, queries
from queue_server.web.pages import words
from queue_server.web.pages.visit import Visit

FEW = 20  # of fewer ranges a share says little
GOOD_PERCENT = 75.0
BASES = {"what_if": "mô phỏng hàng chờ", "call_gap": "nhịp gọi", "prior": "cài đặt sẵn"}


def view(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        found = accuracy.view(reader, visit.site, config, calendar.business_day(visit.now_ms, config.utc_offset_min))
    whole = found["rows"][0]["told"]
    told_by = [f"{words_} {whole['by_basis'][basis]}" for basis, words_ in BASES.items() if whole["by_basis"].get(basis)]
    return {
        "rows": [_row(row) for row in found["rows"]],
        "aim": found["aim_percent"],
        "samples": found["samples"],
        "told_by": ", ".join(told_by),
        "none": not (whole["n"] or whole["no_wait"]),
        "at": words.hhmm(visit.now_ms),
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    told, shown = row["told"], row["shown"]
    return {
        "name": row["name"],
        "n": told["n"],
        "covered": _share(told),
        "tone": _tone(told),
        "error": words.minutes(told["error_s"]),
        "bias": _bias(told["bias_s"]),
        "no_wait": f"{told['no_wait_kept']}/{told['no_wait']}" if told["no_wait"] else "–",
        "shown_n": shown["n"],
        "shown": _share(shown),
        "shown_tone": _tone(shown),
    }


def _share(truth: Mapping[str, Any]) -> str:
    return "–" if truth["covered_percent"] is None else f"{truth['covered_percent']:.0f}%"


def _tone(truth: Mapping[str, Any]) -> str:
    """A mark only where there are enough of them to judge by."""
    if truth["n"] < FEW:
        return ""
    return "good" if truth["covered_percent"] >= GOOD_PERCENT else "warn"


def _bias(seconds: int | None) -> str:
    if seconds is None:
        return "–"
    if abs(seconds) < 60:
        return "không lệch"
    return f"{words.minutes(abs(seconds))} {'nhiều hơn thật' if seconds > 0 else 'ít hơn thật'}"
