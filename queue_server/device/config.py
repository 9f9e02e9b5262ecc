"""A device's settings: from one signed document to the files its programs read, whole or not at all.

Holds the files' texts (pure), the overrides a technician left in `local.d` (they win, and are told as drift), writing all
of it in an order that survives a power cut, and the comparison of what stands there with what was written. The document is
the site's (`domain.device_config`); a key this version does not know is left alone.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import Places, put, read_small

Json = dict[str, Any]
HEAD = """# Written by `toiluot provision` from the site's settings. Changes belong into the console or, for this machine alone,
# into {local} as TOML with the same keys as the settings.
"""
PAGES = {"kiosk": "http://127.0.0.1:8765/", "board": "http://127.0.0.1:8766/"}
UNITS = {
    "kiosk": ("toiluot-drivers.service", "toiluot-kiosk.service", "toiluot-screen.service"),
    "board": ("toiluot-drivers.service", "toiluot-display.service", "toiluot-screen.service"),
}
PRINTER, READER = "usblp:/dev/toiluot/printer", "serial:/dev/toiluot/scanner?baud=115200"


class BadConfig(Exception):
    """The settings cannot be applied; nothing of them was."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands on this device."""

    version: int = 0
    drift: tuple[str, ...] = ()


# ---------------------------------------------------------------- pure: document to files
def files_of(document: Mapping[str, Any], local: str = "/etc/toiluot/local.d/") -> dict[str, str]:
    """Path below / → text, for the role that the document names."""
    role, servers = str(document.get("role") or ""), [str(one) for one in document.get("servers") or ()]
    head = HEAD.format(local=local)
    made: dict[str, str] = {}
    if role == "kiosk":
        options = [*_option("--panel", document.get("panel"))]
        made["etc/toiluot/kiosk.env"] = head + _env(
            TOILUOT_SERVER=",".join(servers), TOILUOT_NAME=str(document.get("name") or ""), TOILUOT_KIOSK_OPTIONS=" ".join(options)
        )
        made["etc/toiluot/drivers.toml"] = head + _drivers(document)
    if role == "board":
        options = [*_option("--zone", document.get("zone"))]
        made["etc/toiluot/display.env"] = head + _env(TOILUOT_SERVER=",".join(servers), TOILUOT_DISPLAY_OPTIONS=" ".join(options))
    if document.get("ring"):
        made["etc/toiluot/ring"] = _word(document["ring"]) + "\n"  # which updates this machine takes (toiluot-update)
    if role in PAGES:
        made["etc/toiluot/screen.env"] = head + _env(TOILUOT_URL=PAGES[role])
    return made


def _option(name: str, value: Any) -> list[str]:
    return [name, _word(value)] if value else []


def _word(value: Any) -> str:
    """A value that stands in a command line by itself: no blank, no quote, nothing systemd would expand."""
    text = str(value)
    if not text or len(text) > 200 or not all(letter.isalnum() or letter in "._:/+@,-" for letter in text):
        raise BadConfig(f"settings: {text!r} cannot stand in a command line")
    return text


def _env(**values: str) -> str:
    for value in values.values():
        if any(letter in value for letter in "\n\r\"'\\$"):
            raise BadConfig(f"settings: {value!r} cannot stand in a file of settings")
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _drivers(document: Mapping[str, Any]) -> str:
    printer, reader = _table(document.get("printer")), _table(document.get("reader"))
    if isinstance(document.get("printer"), str):
        printer = {"profile": document["printer"]}
    port = str(printer.get("port") or PRINTER)
    lines = [
        "[slot.printer]",
        'driver = "escpos"',
        f"port = {_toml(port)}",
        f"profile = {_toml(str(printer.get('profile') or '80mm-203'))}",
    ]
    if printer.get("paper_m"):
        lines.append(f"roll_m = {float(printer['paper_m'])}")
    lines += ["", "[slot.reader]", 'driver = "serial-scanner"', f"port = {_toml(str(reader.get('port') or READER))}"]
    return "\n".join(lines) + "\n"


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a TOML basic string


# ---------------------------------------------------------------- overrides
def merged(document: Mapping[str, Any], overrides: Mapping[str, Any], path: str = "") -> tuple[Json, tuple[str, ...]]:
    """The document with a technician's overrides in it, and the keys where they differ."""
    result: Json = dict(document)
    drift: list[str] = []
    for key, value in overrides.items():
        where = f"{path}{key}"
        if isinstance(value, Mapping) and isinstance(document.get(key), Mapping):
            result[key], inner = merged(document[key], value, f"{where}.")
            drift += inner
        elif document.get(key) != value:
            result[key] = dict(value) if isinstance(value, Mapping) else value
            drift.append(where)
    return result, tuple(drift)


def overrides_of(folder: Path) -> Json:
    """Every `*.toml` of `local.d`, by name; the later wins."""
    found: Json = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found, _ = merged(found, tomllib.loads(read_small(path).decode("utf-8")))
        except (ValueError, OSError, RecursionError) as bad:
            raise BadConfig(f"{path} cannot be read: {bad}") from bad
    return found


# ---------------------------------------------------------------- on disk
def apply(places: Places, document: Mapping[str, Any], version: int) -> tuple[str, ...]:
    """Write what the document asks for; the names of the files that changed. The note of what was applied comes last: after a
    power cut in between everything is written once more."""
    wanted, drift = merged(document, overrides_of(places.etc / "local.d"))
    texts = files_of(wanted)
    changed = tuple(name for name, text in texts.items() if _content(places.root / name) != text.encode())
    for name in changed:
        path = places.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, texts[name].encode(), 0o644)
    note = {"version": version, "drift": list(drift), "files": {name: _sum(text.encode()) for name, text in texts.items()}}
    places.etc.mkdir(parents=True, exist_ok=True)
    put(places.etc / "applied.json", json.dumps({**note, "document": dict(document)}, ensure_ascii=False, indent=1).encode(), 0o644)
    return changed


def applied(places: Places) -> Applied:
    """What was applied, and what differs from it: overrides, and files that somebody changed by hand."""
    try:
        note = json.loads(read_small(places.etc / "applied.json"))
        files, told = dict(note["files"]), [str(one) for one in note["drift"]]
        version = int(note["version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Applied()
    by_hand = [f"file:{Path(name).name}" for name, kept in files.items() if _sum(_content(places.root / name)) != kept]
    return Applied(version, tuple([*told, *by_hand][:50]))


def _content(path: Path) -> bytes:
    try:
        return read_small(path)
    except (OSError, ValueError):
        return b""


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
