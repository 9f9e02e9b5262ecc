"""What stands in `drivers.toml`: which roles this machine has, where each is plugged in, which driver serves it.

Holds reading and checking; every fault names its key and says what is known. Builds nothing (`drivers.assembly` does).

    quirks = "/etc/toiluot/quirks.d"          # optional: own profiles and matches

    [slot.printer]
    port = "usblp:/dev/usb/lp0"               # or match = "usb:04b8:0e15:*"
    driver = "escpos"
    profile = "80mm-203"

    [slot.reader]
    port = "serial:/dev/toiluot/scanner?baud=115200"
    driver = "serial-scanner"

    [bus.hall]                                # several devices on one RS-485 pair
    port = "serial:/dev/toiluot/hall?baud=9600"

    [slot.led-1]                              # several slots of one role: -1, -2 …
    bus = "hall"
    address = 1
    driver = "…"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.ports.nodes import is_match
from drivers.ports.opening import Address, parse_address
from drivers.quirks import Profile, QuirkError, Quirks, load_quirks
from drivers.registry import DRIVERS, Driver, driver

DEFAULT_CONFIG = "/etc/toiluot/drivers.toml"
DEFAULT_SOCKET = "/run/toiluot/drivers.sock"
DEFAULT_STATE = "/var/lib/toiluot/drivers"
DEFAULT_PROFILE = "80mm-203"
# A line shared by several devices: how long it is silent between two frames, and whether the adaptor hears itself.
BUS_OPTIONS: dict[str, type] = {"gap_s": float, "echo": bool}
_KINDS = {str: "a text", int: "a number", float: "a number", bool: "true or false", list: "a list of texts", dict: "a table"}
_PLACES = ("port", "match", "bus")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NUMBERED = re.compile(r"(.+)-[0-9]+")


class ConfigError(ValueError):
    """The configuration cannot be used; the text says where and why."""


@dataclass(frozen=True)
class SlotConfig:
    """One [slot.…]. `role` is its full name (`led-2`), `kind` the role without the number (`led`)."""

    role: str
    driver: str
    address: Address | None
    match: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    profile: Profile | None = None
    bus: str = ""
    line: str = ""

    @property
    def kind(self) -> str:
        numbered = _NUMBERED.fullmatch(self.role)
        return numbered[1] if numbered else self.role

    @property
    def place(self) -> str:
        """Where it is plugged in, as the configuration says it."""
        return self.address.text if self.address else self.match or f"bus:{self.bus}"


@dataclass(frozen=True)
class BusConfig:
    """One [bus.…]: a line that several slots share."""

    name: str
    address: Address | None
    match: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    line: str = ""


@dataclass(frozen=True)
class Config:
    slots: tuple[SlotConfig, ...]
    quirks: Quirks
    buses: dict[str, BusConfig] = field(default_factory=dict)


def load_config(path: Path) -> Config:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; write it or name another with --config") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _refuse_unknown("", data, {"slot", "bus", "quirks"})
    own = data.get("quirks")
    try:
        quirks = load_quirks(*([path.parent / own] if own else []))
    except (QuirkError, TypeError) as error:
        raise ConfigError(str(error)) from error
    slots, buses = data.get("slot", {}), data.get("bus", {})
    if not isinstance(slots, dict) or not slots:
        raise ConfigError(f"{path}: no [slot.…] in it; a kiosk needs at least [slot.printer]")
    if not isinstance(buses, dict):
        raise ConfigError(f"{path}: write a bus as a table, [bus.hall]")
    known = {name: _bus(name, values) for name, values in buses.items()}
    found = tuple(_slot(role, values, quirks, known) for role, values in slots.items())
    _refuse_twins(found)
    return Config(found, quirks, known)


def _refuse_unknown(place: str, data: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(data) - known):
        raise ConfigError(f"{place or 'top level'}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _refuse_twins(slots: tuple[SlotConfig, ...]) -> None:
    """Two devices of one kind that listen to one address on one line would speak at once."""
    seen: dict[tuple[str, str, int], str] = {}
    for slot in slots:
        key = (slot.bus, slot.kind, slot.options.get("address", 1))
        if slot.bus and key in seen:
            raise ConfigError(f"[slot.{slot.role}]: address {key[2]} on bus {slot.bus} is taken by [slot.{seen[key]}]")
        seen[key] = slot.role


def _bus(name: str, values: Any) -> BusConfig:
    place = f"[bus.{name}]"
    if not isinstance(values, dict) or not _NAME.fullmatch(name):
        raise ConfigError(f"{place}: write it as a table, its name in small letters and digits")
    _refuse_unknown(place, values, {"port", "match", *BUS_OPTIONS})
    if ("port" in values) == ("match" in values):
        raise ConfigError(f"{place}: give either port or match")
    options = {key: _typed(place, key, values[key], kind) for key, kind in BUS_OPTIONS.items() if key in values}
    match, line = _match(place, values)
    return BusConfig(name, _address(place, values), match, options, line)


def _slot(role: str, values: Any, quirks: Quirks, buses: dict[str, BusConfig]) -> SlotConfig:
    place = f"[slot.{role}]"
    if not isinstance(values, dict):
        raise ConfigError(f"{place}: write it as a table")
    served = _driver(place, values.get("driver"))
    _refuse_unknown(place, values, {"driver", *_PLACES, *served.options})
    if sum(key in values for key in _PLACES) != 1:
        raise ConfigError(f"{place}: give either port or match (or bus, on a line that several devices share)")
    bus = str(values.get("bus", ""))
    if "bus" in values and bus not in buses:
        raise ConfigError(f"{place}: bus is {', '.join(buses) or 'named by a table [bus.…] of its own'}, not {bus!r}")
    if "bus" in values and served.member is None:
        raise ConfigError(f"{place}: driver {served.name} has a line of its own; give port or match")
    options = {key: _typed(place, key, values[key], kind) for key, kind in served.options.items() if key in values}
    profile = _profile(place, served, options, quirks)
    match, line = _match(place, values)
    wanted = SlotConfig(role, served.name, _address(place, values), match, options, profile, bus, line)
    if wanted.kind not in served.roles or not _NAME.fullmatch(role):
        raise ConfigError(f"{place}: driver {served.name} serves the role {', '.join(served.roles)}")
    try:
        served.check(wanted, quirks)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from error
    return wanted


def _driver(place: str, name: Any) -> Driver:
    if name not in DRIVERS:
        raise ConfigError(f"{place}: driver is {', '.join(DRIVERS)}, not {name!r}")
    try:
        return driver(name)
    except ImportError as error:
        raise ConfigError(f"{place}: driver {name} needs {error.name}, which is not installed (see “extras” in README)") from error


def _typed(place: str, key: str, value: Any, kind: type) -> Any:
    """A number is more than 0; a switch is true or false; a list is of texts."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits or (kind is list and not all(isinstance(item, str) for item in value)):
        raise ConfigError(f"{place}: {key} must be {_KINDS[kind]}")
    if kind in (int, float) and value <= 0:
        raise ConfigError(f"{place}: {key} must be more than 0")
    return value


def _address(place: str, values: dict[str, Any]) -> Address | None:
    if "port" not in values:
        return None
    try:
        return parse_address(str(values["port"]))
    except ValueError as error:
        raise ConfigError(f"{place}: port {error}") from error


def _match(place: str, values: dict[str, Any]) -> tuple[str, str]:
    """The match, and what the line needs (`?baud=9600`) where the device is a serial one."""
    match, _, line = str(values.get("match", "")).partition("?")
    if match and not is_match(match):
        raise ConfigError(f"{place}: match is usb:VID:PID:SERIAL (PID and SERIAL may be *), path:ID_PATH or auto, not {match!r}")
    try:
        parse_address(f"serial:/dev/any?{line}" if line else "serial:/dev/any")
    except ValueError as error:
        raise ConfigError(f"{place}: match {error}") from error
    return match, line


def _profile(place: str, served: Driver, options: dict[str, Any], quirks: Quirks) -> Profile | None:
    if "profile" not in served.options:
        return None
    name = options.get("profile", DEFAULT_PROFILE)
    if name not in quirks.profiles:
        raise ConfigError(f"{place}: profile is one of {', '.join(sorted(quirks.profiles))}, not {name!r}")
    return quirks.profiles[name]
