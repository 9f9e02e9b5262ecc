"""Our names and values in a partner's: field names, enums, date formats, states of a dossier. All of it comes from configuration.

The same field names stand for other numbers in other houses, so nothing is guessed: a value that the configuration does not
name is a fault of the configuration, told in words, and the record is set aside instead of being sent with something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from . import STATES, Dossier, Refusal
from .wire import pick, words_of

VIETNAM = timezone(timedelta(hours=7))
# Name in the configuration -> (form of an instant, form of a day).
DATES: dict[str, tuple[str, str]] = {
    "rfc3339": ("", "%Y-%m-%d"),
    "yyyyMMddHHmmss": ("%Y%m%d%H%M%S", "%Y%m%d"),
    "dd/MM/yyyy HH:mm:ss": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y"),
    "offset": ("%Y-%m-%dT%H:%M:%S.000%z", "%Y-%m-%d"),
}
DAY_FIELD = "NgayLamViec"
VIETNAMESE = 228  # languageId of the names in iGate-style answers


class NoValue(Exception):
    """A value of ours has no value there."""


@dataclass(frozen=True, slots=True)
class Names:
    """How a record or a day's figures are said there. `fields`: ours to theirs, "" leaves it out; `enums`: per field of ours,
    our value (as text; `true`, `false`, `null` for those) to theirs; `date`: one of `DATES`."""

    fields: Mapping[str, str] = field(default_factory=dict)
    enums: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    date: str = "rfc3339"

    def said(self, ours: Mapping[str, Any]) -> dict[str, Any]:
        """The record in the partner's words; raises `NoValue`."""
        found = {}
        for name, value in ours.items():
            theirs = self.fields.get(name, name)
            if theirs:
                found[theirs] = self._value(name, value)
        return found

    def _value(self, name: str, value: Any) -> Any:
        known = self.enums.get(name)
        if known is not None:
            word = json.dumps(value) if value is None or isinstance(value, bool) else str(value)
            if word in known:
                return known[word]
            if value is None:
                return None
            raise NoValue(f"{name}: no value for {word} in the configuration")
        if isinstance(value, str) and self.date != "rfc3339":
            if name.startswith("ThoiDiem"):
                return datetime.fromisoformat(value).astimezone(VIETNAM).strftime(DATES[self.date][0])
            if name == DAY_FIELD:
                return datetime.fromisoformat(value).strftime(DATES[self.date][1])
        return value


@dataclass(frozen=True, slots=True)
class Shown:
    """How a dossier is read there: where each member stands (`a.b.0.c`), and which of their states is which of the ten."""

    code: str = "MaHoSo"
    state: str = "TrangThaiHoSo"
    procedure: str = "MaTTHC"
    due: str = "NgayHenTra"
    collect_at: str = "NoiTraKetQua"
    states: Mapping[str, int] = field(default_factory=lambda: {str(number): number for number in STATES})

    def dossier(self, row: Any, asked: str) -> Dossier | None:
        """What the row says; None where it is about another dossier. A state without a meaning is refused in words."""
        if str(pick(row, self.code) or "").strip().upper() != asked.upper():
            return None
        theirs = pick(row, self.state)
        theirs = theirs.get("id") if isinstance(theirs, Mapping) else theirs
        state = self.states.get(str(theirs))
        if state is None:
            raise Refusal(200, "unknown_state", f"state {words_of(theirs, 40) or 'missing'} has no meaning in the configuration")
        return Dossier(asked, state, _text(pick(row, self.procedure)), day_of(pick(row, self.due)), _text(pick(row, self.collect_at)))


def _text(value: Any) -> str | None:
    """Text, or the Vietnamese one of a list of names."""
    if isinstance(value, list):
        mine = [each.get("name") for each in value if isinstance(each, Mapping) and each.get("languageId") == VIETNAMESE]
        value = mine[0] if mine else None
    return words_of(value, 120).strip() or None


def day_of(value: Any) -> str | None:
    """The day in Vietnam of whatever form of date the partner uses; None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11 * 1000:
        value = datetime.fromtimestamp(value / (1000 if value > 10**11 else 1), UTC).isoformat()
    if not isinstance(value, str):
        return None
    for form in ("%Y%m%d%H%M%S", "%Y%m%d", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y"):
        try:
            return datetime.strptime(value, form).strftime("%Y-%m-%d")  # noqa: DTZ007 - a partner's local time: only its day counts
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo is None else found.astimezone(VIETNAM)).strftime("%Y-%m-%d")
