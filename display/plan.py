"""`--devices FILE` of `toiluot display run`: which panel shows what, and which keypad belongs to which counter.

Holds reading and checking; every fault names its key and says what is known. The names of tables are those of the slots in
`drivers.toml`.

    drivers = "/run/toiluot/drivers.sock"
    key_file = "/etc/toiluot/keypads.key"     # an API key of scope call,read: only where there are keypads

    [panel.led-1]
    counter = "1"

    [panel.led-9]                             # the hall's newest calls
    rows = 4
    zone = "T1"
    form = "{label}>{counter}"
    foot = "CHO {waiting:>4}"                 # the last row; on a panel of one row while nobody is called

    [keypad.keypad-1]
    counter = "1"
    keys = { serve = "complete" }             # this keypad's key `serve` does `complete`

    [keypad.keypad-9]                         # in the citizen's hand: 1 to 4 rate the visit that has just ended
    counter = "1"
    rating = true
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from display.keypad_bridge import KEYS
from display.led_output import FIELDS, FOOT_FIELDS, Plan, fields_of

DEFAULT_SOCKET = "/run/toiluot/drivers.sock"
MAX_ROWS = 8


class PlanError(ValueError):
    """The file cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class PadPlan:
    """One keypad: its counter, and keys that do something else than they say."""

    slot: str
    counter: str
    keys: Mapping[str, str] = field(default_factory=dict)
    rating: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    drivers: Path
    panels: tuple[Plan, ...]
    keypads: tuple[PadPlan, ...]
    key_file: Path | None = None

    def panel_of(self, counter: str) -> str | None:
        """The panel over a counter: where a keypad without digits of its own gives its sign."""
        return next((plan.slot for plan in self.panels if plan.counter == counter), None)


def load(path: Path) -> Devices:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"{path}: {error}") from error
    _refuse_unknown(str(path), data, {"drivers", "key_file", "panel", "keypad"})
    panels = tuple(_panel(slot, values) for slot, values in _tables(data, "panel"))
    keypads = tuple(_keypad(slot, values) for slot, values in _tables(data, "keypad"))
    if not panels and not keypads:
        raise PlanError(f"{path}: no [panel.…] and no [keypad.…] in it")
    key_file = path.parent / _text(str(path), data, "key_file") if "key_file" in data else None
    if keypads and key_file is None:
        raise PlanError(f"{path}: keypads call people: give key_file, an API key of scope call,read")
    drivers = path.parent / _text(str(path), data, "drivers") if "drivers" in data else Path(DEFAULT_SOCKET)
    return Devices(drivers, panels, keypads, key_file)


def _tables(data: Mapping[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    tables = data.get(kind, {})
    if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
        raise PlanError(f"[{kind}.…]: write each as a table, named as its slot in drivers.toml")
    return list(tables.items())


def _panel(slot: str, values: dict[str, Any]) -> Plan:
    place = f"[panel.{slot}]"
    _refuse_unknown(place, values, {"counter", "zone", "rows", "form", "foot"})
    rows = values.get("rows", 1)
    if not isinstance(rows, int) or isinstance(rows, bool) or not 1 <= rows <= MAX_ROWS:
        raise PlanError(f"{place}: rows is 1 to {MAX_ROWS}")
    counter, zone, form, foot = (_text(place, values, key) if key in values else "" for key in ("counter", "zone", "form", "foot"))
    if counter and zone:
        raise PlanError(f"{place}: a counter's panel has no zone")
    _form(place, "form", form, FIELDS, "{label}>{counter}")
    _form(place, "foot", foot, FOOT_FIELDS, "CHO {waiting}")
    return Plan(slot, counter, zone, rows, form, foot)


def _form(place: str, name: str, form: str, known: frozenset[str], example: str) -> None:
    try:
        unknown = fields_of(form) - known
        form.format(label="A001", counter="1", waiting=12)
    except (ValueError, LookupError, AttributeError) as error:
        raise PlanError(f"{place}: {name} cannot be read; write it like {example}") from error
    if unknown:
        raise PlanError(f"{place}: {name} knows {', '.join(sorted(known))}")


def _keypad(slot: str, values: dict[str, Any]) -> PadPlan:
    place = f"[keypad.{slot}]"
    _refuse_unknown(place, values, {"counter", "keys", "rating"})
    keys = values.get("keys", {})
    if not isinstance(keys, dict) or not set(keys.values()) <= KEYS:
        raise PlanError(f"{place}: keys says what a key does: {', '.join(sorted(KEYS))}")
    rating = values.get("rating", False)
    if not isinstance(rating, bool):
        raise PlanError(f"{place}: rating is true or false")
    return PadPlan(slot, _text(place, values, "counter"), dict(keys), rating)


def _text(place: str, values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise PlanError(f"{place}: {key} is a text")
    return value


def _refuse_unknown(place: str, values: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(values) - known):
        raise PlanError(f"{place}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")
