"""Printer profiles and device matches, read from the TOML files of `quirks.d`.

Holds the reading, its checks and the scoring; data stays in the files. Opens no device.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Protocol

from drivers.codecs.escpos_write import CLEARS, CUTS, MOST_BAND_ROWS

BUILT_IN = Path(__file__).with_name("quirks.d")


class QuirkError(ValueError):
    """A data file says something we do not understand; the text names file and key."""


@dataclass(frozen=True)
class Profile:
    """What a printer of one kind can do."""

    name: str
    width_dots: int
    about: str = ""
    dpi: int = 203
    band_rows: int = 128
    chunk_bytes: int = 4096
    confirm: tuple[str, ...] = ("sensor",)
    answer_s: float = 0.6
    stall_s: float = 5.0
    confirm_s: float = 8.0
    print_dots_per_s: int = 400
    watch: bool = True
    clear: str = "none"
    feed_lines: int = 6
    cut: str = "full"
    near_end: bool = False
    roll_m: float = 60.0


class Plugged(Protocol):
    """What udev knows of a device, as far as it counts here."""

    @property
    def subsystem(self) -> str: ...
    @property
    def vid(self) -> str: ...
    @property
    def pid(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Match:
    """One line of advice: a device that looks like this is served by that driver."""

    role: str
    driver: str
    about: str
    subsystem: str = "*"
    vid: str = ""
    pid: str = ""
    name: str = ""
    serial: str = ""
    path: str = ""
    profile: str = ""
    line: str = ""
    bridge: bool = False

    def score(self, device: Plugged) -> int:
        """0 where it does not fit; the more of the device is named, and the more closely, the higher."""
        if not fnmatch(device.subsystem, self.subsystem):
            return 0
        total = 1
        for wanted, seen, weight in ((self.vid, device.vid, 2), (self.pid, device.pid, 2), (self.path, device.path, 8)):
            if wanted and wanted.lower() != seen.lower():
                return 0
            total += weight if wanted else 0
        for wanted, seen, weight in ((self.name, device.name, 1), (self.serial, device.serial, 8)):
            if wanted and not fnmatch(seen.lower(), wanted.lower()):
                return 0
            total += weight if wanted else 0
        return total


@dataclass(frozen=True)
class Quirks:
    profiles: dict[str, Profile]
    matches: tuple[Match, ...]
    folders: tuple[Path, ...] = ()  # the technician's own: `drivers.protocols` reads its tables from the same files

    def advise(self, device: Plugged) -> tuple[Match | None, bool]:
        """The best match, and whether another with a different answer scored as high."""
        best = self.candidates(device)
        if not best:
            return None, False
        top = [match for score, match in best if score == best[0][0]]
        return top[0], any((match.role, match.driver, match.profile) != (top[0].role, top[0].driver, top[0].profile) for match in top)

    def candidates(self, device: Plugged) -> list[tuple[int, Match]]:
        """Every line that fits with its score, the best first; of equals the later one, which overrides."""
        scored = [(match.score(device), at, match) for at, match in enumerate(self.matches)]
        return [(score, match) for score, _, match in sorted(scored, key=lambda one: one[:2], reverse=True) if score]


def load_quirks(*folders: Path) -> Quirks:
    """The files of each folder in the order of their names; later ones override."""
    profiles: dict[str, dict[str, Any]] = {}
    matches: list[Match] = []
    for folder in (BUILT_IN, *folders):
        for path in sorted(folder.glob("*.toml")):
            _read(path, profiles, matches)
    return Quirks({name: _profile(name, values) for name, values in profiles.items()}, tuple(matches), folders)


def _read(path: Path, profiles: dict[str, dict[str, Any]], matches: list[Match]) -> None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise QuirkError(f"{path.name}: {error}") from error
    _refuse_unknown(path, data, {"profile", "match", "panel", "keypad"}, "")
    for name, values in data.get("profile", {}).items():
        _refuse_unknown(path, values, {item.name for item in fields(Profile)} - {"name"}, f"profile.{name}")
        profiles.setdefault(name, {}).update(values)
    for values in data.get("match", []):
        _refuse_unknown(path, values, {item.name for item in fields(Match)}, "match")
        try:
            matches.append(Match(**values))
        except TypeError as error:
            raise QuirkError(f"{path.name}: match needs role, driver and about") from error


def _refuse_unknown(path: Path, data: Mapping[str, Any], known: set[str], place: str) -> None:
    if unknown := sorted(set(data) - known):
        where = f" in [{place}]" if place else ""
        raise QuirkError(f"{path.name}: unknown key {', '.join(unknown)}{where}; known: {', '.join(sorted(known))}")


def _profile(name: str, values: dict[str, Any]) -> Profile:
    if "width_dots" not in values:
        raise QuirkError(f"profile.{name}: width_dots is missing")
    confirm = tuple(values.get("confirm", ("sensor",)))
    if set(confirm) - {"process_id", "sensor"}:
        raise QuirkError(f"profile.{name}: confirm may hold process_id and sensor")
    profile = Profile(name=name, **{**values, "confirm": confirm})
    if profile.width_dots % 8 or not 64 <= profile.width_dots <= 576 or not 1 <= profile.band_rows <= MOST_BAND_ROWS:
        raise QuirkError(f"profile.{name}: width_dots is a multiple of 8 up to 576, band_rows 1 to {MOST_BAND_ROWS}")
    if profile.clear not in CLEARS or profile.cut not in CUTS or not 0 <= profile.feed_lines <= 30 or profile.roll_m <= 0:
        clears, cuts = ", ".join(CLEARS), ", ".join(CUTS)
        raise QuirkError(f"profile.{name}: clear is {clears}; cut is {cuts}; feed_lines 0 to 30; roll_m more than 0")
    return profile
