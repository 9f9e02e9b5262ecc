"""Panel and keypad protocols, read from the TOML files of `protocols.d` and of the technician's own folder.

Holds the reading and its checks; data stays in the files, and what a protocol can say is `codecs.led_frame` and
`codecs.keypad_frame`. A fault names its file or its table, so that a new protocol can be written without reading code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from drivers.codecs.keypad_frame import MODES, READINGS, Keypad, KeyRegisters
from drivers.codecs.led_frame import ENCODINGS, MAX_DIGITS, MAX_ROWS, Panel, Registers
from drivers.codecs.template import CHECKS, Check, FrameError, Template

BUILT_IN = Path(__file__).with_name("protocols.d")
_PANEL = {item.name for item in fields(Panel)} - {"name"} | {"check", "blink"}
_KEYPAD = {item.name for item in fields(Keypad)} - {"name"} | {"check"}
One = TypeVar("One", Registers, KeyRegisters)
Known = TypeVar("Known", Panel, Keypad)


class ProtocolError(ValueError):
    """A data file says something we do not understand; the text names the table."""


@dataclass(frozen=True)
class Protocols:
    panels: dict[str, Panel]
    keypads: dict[str, Keypad]

    def panel(self, name: str) -> Panel:
        return _named(self.panels, name, "panel")

    def keypad(self, name: str) -> Keypad:
        return _named(self.keypads, name, "keypad")


def _named(known: dict[str, Known], name: str, kind: str) -> Known:
    if name not in known:
        raise ProtocolError(f"protocol is one of {', '.join(sorted(known))}, not {name!r}; a new {kind} is written as [{kind}.NAME]")
    return known[name]


def load_protocols(*folders: Path) -> Protocols:
    """The files of each folder in the order of their names; a later table adds to an earlier one of its name."""
    tables: dict[str, dict[str, dict[str, Any]]] = {"panel": {}, "keypad": {}}
    for folder in (BUILT_IN, *folders):
        for path in sorted(folder.glob("*.toml")):
            _read(path, tables)
    panels = {name: _guard(f"panel.{name}", values, _panel, name) for name, values in tables["panel"].items()}
    keypads = {name: _guard(f"keypad.{name}", values, _keypad, name) for name, values in tables["keypad"].items()}
    for keypad in keypads.values():
        if keypad.display and keypad.display not in panels:
            raise ProtocolError(f"[keypad.{keypad.name}]: display is the name of a [panel.…], not {keypad.display!r}")
    return Protocols(panels, keypads)


def _read(path: Path, tables: dict[str, dict[str, dict[str, Any]]]) -> None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProtocolError(f"{path.name}: {error}") from error
    for kind, known in (("panel", _PANEL), ("keypad", _KEYPAD)):
        for name, values in _table(data.get(kind, {}), f"{path.name}: [{kind}]").items():
            _refuse_unknown(_table(values, f"{path.name}: [{kind}.{name}]"), known, f"{path.name}: [{kind}.{name}]")
            tables[kind].setdefault(name, {}).update(values)


def _guard(place: str, values: dict[str, Any], make: Callable[[str, dict[str, Any]], Any], name: str) -> Any:
    try:
        return make(name, dict(values))
    except (FrameError, TypeError, ValueError) as error:
        raise ProtocolError(f"[{place}]: {error}") from error


def _panel(name: str, values: dict[str, Any]) -> Panel:
    check = _check(values.pop("check", "none"))
    blink = _words(values.pop("blink", {}), "blink")
    words = {"blink": {code: word for word, code in blink.items()}}
    show = _template(values, "show", check, words)
    values |= {"show": show, "ack": _template(values, "ack", check), "nak": _template(values, "nak", check)}
    values["modbus"] = _registers(values, Registers)
    panel = Panel(name=name, **values)
    if (panel.show is None) == (panel.modbus is None):
        raise ProtocolError("give either show (frames) or modbus (registers)")
    if show is not None and "text" not in show.fields:
        raise ProtocolError("show has no {text}")
    if (blink and set(blink) != {"on", "off"}) or bool(blink) != (show is not None and "blink" in show.fields):
        raise ProtocolError('blink is { on = "…", off = "…" }, and {blink} stands in show')
    if not 1 <= panel.digits <= MAX_DIGITS or not 1 <= panel.rows <= MAX_ROWS or panel.align not in ("left", "right"):
        raise ProtocolError(f"digits 1 to {MAX_DIGITS}, rows 1 to {MAX_ROWS}, align left or right")
    if panel.modbus is not None and (panel.modbus.encode not in ENCODINGS or panel.modbus.function not in (6, 16)):
        raise ProtocolError(f"modbus: encode is {', '.join(ENCODINGS)}; function 6 or 16")
    return panel


def _keypad(name: str, values: dict[str, Any]) -> Keypad:
    check = _check(values.pop("check", "none"))
    values["keys"] = _words(values.get("keys", {}), "keys")
    words = {"key": values["keys"]}
    values["event"] = _template(values, "event", check, words)
    values |= {part: _template(values, part, Check()) for part in ("poll", "nothing", "taken")}
    values["modbus"] = _registers(values, KeyRegisters)
    keypad = Keypad(name=name, **values)
    given = (keypad.event is not None) + (keypad.modbus is not None)
    if keypad.mode not in MODES or given != (keypad.mode != "strokes"):
        raise ProtocolError(f"give either event (frames) or modbus (registers), for strokes neither; mode is {', '.join(MODES)}")
    if keypad.event is not None and ("key" not in keypad.event.fields or (keypad.mode == "polled") != (keypad.poll is not None)):
        raise ProtocolError("event has {key} in it, and a polled keypad has a poll")
    if keypad.modbus is not None and (keypad.modbus.reading not in READINGS or keypad.mode != "polled"):
        raise ProtocolError(f"modbus: reading is {', '.join(READINGS)}, and the mode polled")
    if not keypad.keys:
        raise ProtocolError("no keys: say which code is which key")
    return keypad


def _check(wanted: Any) -> Check:
    given = {"kind": wanted} if isinstance(wanted, str) else _table(wanted, "check")
    _refuse_unknown(given, {item.name for item in fields(Check)}, "check")
    check = Check(**given)
    if check.kind not in CHECKS or not isinstance(check.mask, int) or not isinstance(check.bits, int):
        raise ProtocolError(f"check is {', '.join(CHECKS)}, not {check.kind!r}")
    return check


def _template(values: Mapping[str, Any], key: str, check: Check, words: Mapping[str, Mapping[str, str]] | None = None) -> Template | None:
    text = values.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        raise ProtocolError(f"{key} is a template, a text")
    # An answer or a poll may have no check of its own.
    return Template(text, check if "{check" in text or key in ("show", "event") else Check(), words)


def _registers(values: Mapping[str, Any], kind: type[One]) -> One | None:
    given = values.get("modbus")
    if given is None:
        return None
    _refuse_unknown(_table(given, "modbus"), {item.name for item in fields(kind)}, "modbus")
    for item in fields(kind):
        value = given.get(item.name)
        if value is not None and str(item.type).startswith("int") and not (isinstance(value, int) and 0 <= value <= 0xFFFF):
            raise ProtocolError(f"modbus: {item.name} is a number from 0 to 65535")
    return kind(**given)


def _words(given: Any, place: str) -> dict[str, str]:
    table = _table(given, place)
    if not all(isinstance(word, str) and word and len(code) <= 16 for code, word in table.items()):
        raise ProtocolError(f"{place}: texts on both sides")
    return dict(table)


def _table(given: Any, place: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ProtocolError(f"{place}: write it as a table")
    return given


def _refuse_unknown(given: Mapping[str, Any], known: set[str], place: str) -> None:
    if unknown := sorted(set(given) - known):
        raise ProtocolError(f"{place}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")
