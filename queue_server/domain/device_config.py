"""What a device of the site is set to: one document for all, one of its own, and what follows from both.

Pure. A document holds only what somebody set; whatever it leaves out comes from the document for all, and after that from the
device itself. Settings are named by their way through the document, `printer.profile`. Who may change them, and where
versions are kept, is the services' affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from queue_server.domain.errors import Refusal

Document = Mapping[str, Any]
EVERY = "*"  # the name under which the document for all devices is kept

PANELS = ("auto", "7in-800x480", "10in-1280x800", "15in-1920x1080", "21in-1080x1920")
PRINTERS = ("80mm-203", "80mm-180", "58mm-203", "80mm-203-epson")
RINGS = ("first", "early", "rest")
_PORT = r"[a-z][a-z0-9]*:[\x21-\x7e]{1,200}"
_SERVER = r"https?://[^\s/?#@\"\\]+/?"
FEWEST, MOST_SERVERS = 1, 8


@dataclass(frozen=True)
class Setting:
    """One setting: `reads` says what is wrong with a value, or nothing."""

    name: str
    reads: Callable[[Any], str | None]


def _text(pattern: str, longest: int = 200) -> Callable[[Any], str | None]:
    def reads(value: Any) -> str | None:
        if not isinstance(value, str):
            return "wrong_type"
        return None if len(value) <= longest and re.fullmatch(pattern, value) else "bad_format"

    return reads


def _whole(least: int, most: int) -> Callable[[Any], str | None]:
    def reads(value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "wrong_type"
        return None if least <= value <= most else "out_of_range"

    return reads


def _word(*words: str) -> Callable[[Any], str | None]:
    return lambda value: None if isinstance(value, str) and value in words else "unknown_value"


def _servers(value: Any) -> str | None:
    if not isinstance(value, list | tuple):
        return "wrong_type"
    if not FEWEST <= len(value) <= MOST_SERVERS:
        return "out_of_range"
    return next((fault for each in value if (fault := _text(_SERVER)(each))), None)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("zone", _text(r"[\w.:/+@,-]{1,64}")),
        Setting("panel", _word(*PANELS)),
        Setting("printer.profile", _word(*PRINTERS)),
        Setting("printer.port", _text(_PORT)),
        Setting("printer.paper_m", _whole(5, 300)),
        Setting("reader.port", _text(_PORT)),
        Setting("servers", _servers),
        Setting("ring", _word(*RINGS)),
    )
}


def flat(document: Document) -> dict[str, Any]:
    """Setting → value. What is no setting keeps its way too, so that nothing a document says is overlooked."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": kept for inner, kept in value.items()} if value else {name: {}}
        else:
            found[name] = value
    return found


def deep(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The document that these settings make."""
    made: dict[str, Any] = {}
    for name, value in sorted(settings.items()):
        group, _, inner = name.partition(".")
        if inner:
            made.setdefault(group, {})[inner] = value
        else:
            made[name] = value
    return made


def check(document: Document) -> dict[str, Any]:
    """The document, or `invalid` with every fault of it."""
    faults = []
    for name, value in flat(document).items():
        setting = SETTINGS.get(name)
        fault = "unknown_field" if setting is None else setting.reads(value)
        if fault:
            faults.append({"pointer": f"/document/{name.replace('.', '/')}", "code": fault, "detail": "this device setting cannot be so"})
    if faults:
        raise Refusal("invalid", errors=faults)
    return deep(flat(document))


def merged(every: Document, own: Document) -> dict[str, Any]:
    """What holds for a device: its own setting where it has one, else the one for all."""
    return deep({**flat(every), **flat(own)})


def born_with(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in what a device was admitted with: panel and printer as somebody chose them before it was switched on."""
    printer = profile.get("printer")
    told = {**profile, "printer": {"profile": printer}} if isinstance(printer, str) else dict(profile)
    known = {name: value for name, value in flat(told).items() if name in SETTINGS and SETTINGS[name].reads(value) is None}
    return deep(known)


def wanted(every: Document, own: Document, *, role: str, name: str, servers: Sequence[str] = ()) -> dict[str, Any]:
    """The document that a device is to run on. Without servers in it, those by which it came."""
    reached = {"servers": list(servers)} if servers else {}
    return {**reached, **merged(every, own), "role": role, "name": name}


def changes(before: Document, after: Document) -> list[dict[str, Any]]:
    """What is another setting afterwards: name, what it was and what it will be; None where nobody set it."""
    old, new = flat(before), flat(after)
    return [
        {"key": key, "from": old.get(key), "to": new.get(key)} for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]


def version_of(every: int, own: int) -> int:
    """The version a device is to run on: versions count through the site, so the newer of the two is both."""
    return max(every, own)
