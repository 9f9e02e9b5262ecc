"""What the configuration document says of time: calendars, days on which an officer is not in, the end of a temporary service.

Reading only, with a pointer to every fault; what follows from a calendar is `calendar`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from queue_server.domain.calendar import HALVES, Calendar, Closure, Window
from queue_server.domain.errors import invalid

NOTE_MOST = 120
LAST_YEAR = 2200


def listed(value: Any, pointer: str) -> list[Any] | tuple[Any, ...]:
    """A list, or a refusal that points at it."""
    if not isinstance(value, list | tuple):
        raise invalid(pointer, "wrong_type", "a list is expected")
    return value


def absences(rows: Any, pointer: str) -> tuple[Closure, ...]:
    """When an officer is not in: `[{"from": DATE, "to"?: DATE, "half"?: "am" | "pm", "note"?: TEXT}]`."""
    return tuple(_absence(row, f"{pointer}/{n}") for n, row in enumerate(listed(rows, pointer)))


def _absence(row: Any, pointer: str) -> Closure:
    if not isinstance(row, Mapping):
        raise invalid(pointer, "wrong_type", "an object is expected")
    for name in row:
        if name not in ("from", "to", "half", "note"):
            raise invalid(f"{pointer}/{name}", "unknown_field", "not a setting we know")
    first = _date(row.get("from"), f"{pointer}/from")
    last = first if row.get("to") is None else _date(row["to"], f"{pointer}/to")
    if last < first:
        raise invalid(f"{pointer}/to", "bad_value", "not before it begins")
    half = row.get("half")
    if half is not None and half not in tuple(HALVES):
        raise invalid(f"{pointer}/half", "bad_value", "am, pm or left out")
    begin, end = HALVES.get(str(half), (0, 1440))
    return Closure(first, last, begin, end, _note(row.get("note") or "", f"{pointer}/note"))


def _note(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or len(value) > NOTE_MOST:
        raise invalid(pointer, "bad_value", f"a text of at most {NOTE_MOST} characters")
    return value


def _date(value: Any, pointer: str) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
    raise invalid(pointer, "bad_date", "a date, e.g. 2027-02-06")


def check_until(text: str | None, pointer: str, offset_min: int) -> None:
    """An instant in the site's own offset: what it says of the day and the clock is then what the hall sees."""
    if text is None:
        return
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        if at.utcoffset() == timedelta(minutes=offset_min) and at.year < LAST_YEAR:
            return
    raise invalid(pointer, "bad_time", "an instant in the time of the site, e.g. 2027-02-06T17:00:00+07:00")


def calendars(tables: Any) -> dict[str, Calendar]:
    """The calendars by name."""
    if not isinstance(tables, Mapping):
        raise invalid("/calendars", "wrong_type", "an object is expected")
    return {name: _calendar(value, f"/calendars/{name}") for name, value in tables.items()}


def _calendar(value: Any, pointer: str) -> Calendar:
    try:
        weekly = {int(day): _windows(value["weekly"][day]) for day in value.get("weekly", {})}
        exceptions = {date.fromisoformat(day).isoformat(): _windows(spans) for day, spans in value.get("exceptions", {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise invalid(pointer, "bad_calendar", 'e.g. {"weekly": {"1": [["07:00", "11:30"]]}, "exceptions": {"2027-02-06": []}}') from None
    return Calendar(weekly, exceptions)


def _windows(rows: Any) -> tuple[Window, ...]:
    windows = tuple(sorted((_minutes(begin), _minutes(end)) for begin, end in rows))
    if any(begin >= end for begin, end in windows):
        raise ValueError("a window must end after it begins")
    return windows


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    value = int(hours) * 60 + int(minutes)
    if not 0 <= value <= 1440:
        raise ValueError("00:00 to 24:00")
    return value
