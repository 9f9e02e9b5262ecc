"""A tactile keypad, or the switch in a headphone socket, as a device: keys in, `key` and `jack` on the stream.

Holds the choice of the key table and the rule that a key pressed while nobody listened is thrown away. What a key does
is the kiosk's affair. The port has taken every node of the pad, so that no key of it reaches the page.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.codecs.hid_keymap import RECORD, Strokes
from drivers.codecs.tactile import Jack, TableError, heard, table_of
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker, drop_stale

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("tactile",)
OPTIONS: dict[str, type] = {"keys": str, "table": dict}
PORTS = {"input": "evdev", "switch": "evdev"}
BUILT_IN = Path(__file__).parents[1] / "keys.d"
USUAL = "numpad"
READ_BYTES = 64 * RECORD.size
LISTEN_S = 3600.0
Publish = Callable[[str, dict[str, Any]], None]


def load_tables(folders: Iterable[Path] = ()) -> dict[str, dict[int, str]]:
    """The tables of each folder's `*tactile*.toml`, later ones override."""
    tables: dict[str, dict[int, str]] = {}
    for folder in (BUILT_IN, *folders):
        for path in sorted(folder.glob("*tactile*.toml")):
            try:
                data = tomllib.loads(path.read_text(encoding="utf-8")).get("table", {})
                tables |= {name: table_of(values) for name, values in data.items()}
            except (OSError, tomllib.TOMLDecodeError, TableError, AttributeError) as error:
                raise TableError(f"{path.name}: {error}") from error
    return tables


def check(wanted: SlotConfig, quirks: Quirks) -> None:
    choose(wanted, quirks)


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"keys": "own" if "table" in wanted.options else wanted.options.get("keys", USUAL)}


def choose(wanted: SlotConfig, quirks: Quirks) -> dict[int, str]:
    """The table a slot means: its own, or one by name."""
    if "table" in wanted.options:
        return table_of(wanted.options["table"])
    tables, name = load_tables(quirks.folders), wanted.options.get("keys", USUAL)
    if name not in tables:
        raise TableError(f"keys is one of {', '.join(sorted(tables))}, not {name!r}; or give [slot.{wanted.role}.table]")
    return tables[name]


def build(wanted: SlotConfig, parts: Parts) -> Tactile:
    return Tactile(wanted.role, choose(wanted, parts.quirks), parts.publish)


class Tactile:
    """The `Device` behind a tactile slot."""

    def __init__(self, slot: str, table: Mapping[int, str], publish: Publish) -> None:
        self._slot, self._table, self._publish = slot, table, publish
        self._strokes = Strokes()

    def greet(self, port: Port) -> Health:
        """Keys that lie in the buffer were pressed for a moment that has passed."""
        drop_stale(port)
        self.lose()
        return Health()

    def tend(self, port: Port, waker: Waker) -> Health:
        try:
            data = port.read(READ_BYTES, time.monotonic() + LISTEN_S, waker)
        except Timeout:
            data = b""
        for one in heard(self._strokes.feed(data), self._table):
            if isinstance(one, Jack):
                self._publish("jack", {"slot": self._slot, "plugged": one.plugged})
            else:
                self._publish("key", {"slot": self._slot, "address": 0, "key": one.key})
        return Health()

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        return None, Health()

    def refuse(self, command: Any, health: Health) -> Any:
        return None

    def lose(self) -> None:
        self._strokes = Strokes()
