"""Which key of a tactile keypad means what: tables of the kernel's codes, and strokes into the names the kiosk knows.

Pure. The tables themselves are data (`keys.d`); a keypad of another make needs a table and no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.codecs.hid_keymap import EV_KEY, PRESSED, Stroke

EV_SW = 0x05
HEADPHONES = 0x02  # SW_HEADPHONE_INSERT
KEYS = ("next", "previous", "select", "back", "repeat", "louder", "softer")
JACK = {"jack_in": True, "jack_out": False}
MOST_CODE = 0x2FF


class TableError(ValueError):
    """A key table says something we do not understand; the text says what is known."""


@dataclass(frozen=True)
class Pressed:
    key: str


@dataclass(frozen=True)
class Jack:
    plugged: bool


def table_of(values: Mapping[str, Any]) -> dict[int, str]:
    """`next = [80, 108]` … turned round; every code once."""
    table: dict[int, str] = {}
    for name, codes in values.items():
        if name not in KEYS and name not in JACK:
            raise TableError(f"unknown key {name}; known: {', '.join((*KEYS, *JACK))}")
        if not isinstance(codes, list) or not all(isinstance(one, int) and 0 < one <= MOST_CODE for one in codes):
            raise TableError(f"{name}: a list of the kernel's key codes, as “evtest” shows them")
        for code in codes:
            if table.setdefault(code, name) != name:
                raise TableError(f"{name}: code {code} is {table[code]} already")
    if lacking := {"next", "select"} - set(table.values()):
        raise TableError(f"a keypad needs at least next and select; missing: {', '.join(sorted(lacking))}")
    return table


def heard(strokes: Iterable[Stroke], table: Mapping[int, str]) -> Iterator[Pressed | Jack]:
    """A key counts when it goes down, once: held down it does not run through the choices."""
    for one in strokes:
        if one.type == EV_SW and one.code == HEADPHONES:
            yield Jack(one.value != 0)
        elif one.type == EV_KEY and one.value == PRESSED and (name := table.get(one.code)):
            yield Jack(JACK[name]) if name in JACK else Pressed(name)
