"""What stands in `drivers.toml`: which roles this machine has, where each is plugged in, which driver serves it.

Holds reading and checking; every fault names its key and says what is known. Builds nothing (`drivers.registry` does).

    quirks = "/etc/toiluot/quirks.d"          # optional: own profiles and matches

    [slot.printer]
    port = "usblp:/dev/usb/lp0"               # or match = "usb:04b8:0e15:*"
    driver = "escpos"
    profile = "80mm-203"

    [slot.reader]
    port = "serial:/dev/toiluot/scanner?baud=115200"
    driver = "serial-scanner"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.ports.opening import Address, parse_address
from drivers.quirks import Profile, QuirkError, Quirks, load_quirks

DEFAULT_CONFIG = "/etc/toiluot/drivers.toml"
DEFAULT_SOCKET = "/run/toiluot/drivers.sock"
DEFAULT_STATE = "/var/lib/toiluot/drivers"
# driver -> (roles it can take, options with their types)
DRIVERS: dict[str, tuple[tuple[str, ...], dict[str, type]]] = {
    "escpos": (("printer",), {"profile": str, "poll_s": float}),
    "serial-scanner": (("reader",), {"max_bytes": int, "idle_s": float}),
}
_MATCH = re.compile(r"usb:([0-9a-fA-F]{4}):([0-9a-fA-F]{4}|\*):([^:]+)|path:(\S+)")


class ConfigError(ValueError):
    """The configuration cannot be used; the text says where and why."""


@dataclass(frozen=True)
class SlotConfig:
    role: str
    driver: str
    address: Address | None
    match: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    profile: Profile | None = None


@dataclass(frozen=True)
class Config:
    slots: tuple[SlotConfig, ...]
    quirks: Quirks


def load_config(path: Path) -> Config:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; write it or name another with --config") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _refuse_unknown("", data, {"slot", "quirks"})
    own = data.get("quirks")
    try:
        quirks = load_quirks(*([path.parent / own] if own else []))
    except (QuirkError, TypeError) as error:
        raise ConfigError(str(error)) from error
    slots = data.get("slot", {})
    if not isinstance(slots, dict) or not slots:
        raise ConfigError(f"{path}: no [slot.…] in it; a kiosk needs at least [slot.printer]")
    return Config(tuple(_slot(role, values, quirks) for role, values in slots.items()), quirks)


def _refuse_unknown(place: str, data: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(data) - known):
        raise ConfigError(f"{place or 'top level'}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _slot(role: str, values: Any, quirks: Quirks) -> SlotConfig:
    place = f"[slot.{role}]"
    if not isinstance(values, dict):
        raise ConfigError(f"{place}: write it as a table")
    driver = values.get("driver")
    if driver not in DRIVERS:
        raise ConfigError(f"{place}: driver is {', '.join(DRIVERS)}, not {driver!r}")
    roles, types = DRIVERS[driver]
    if role not in roles:
        raise ConfigError(f"{place}: driver {driver} serves the role {', '.join(roles)}")
    _refuse_unknown(place, values, {"driver", "port", "match", *types})
    if ("port" in values) == ("match" in values):
        raise ConfigError(f"{place}: give either port or match")
    options = {key: _typed(place, key, values[key], kind) for key, kind in types.items() if key in values}
    return SlotConfig(role, driver, _address(place, values), _match(place, values), options, _profile(place, driver, options, quirks))


def _typed(place: str, key: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ConfigError(f"{place}: {key} must be a {'text' if kind is str else 'number'}")
    if isinstance(value, (int, float)) and value <= 0:
        raise ConfigError(f"{place}: {key} must be more than 0")
    return value


def _address(place: str, values: dict[str, Any]) -> Address | None:
    if "port" not in values:
        return None
    try:
        return parse_address(str(values["port"]))
    except ValueError as error:
        raise ConfigError(f"{place}: port {error}") from error


def _match(place: str, values: dict[str, Any]) -> str:
    match = str(values.get("match", ""))
    if match and not _MATCH.fullmatch(match):
        raise ConfigError(f"{place}: match is usb:VID:PID:SERIAL (PID and SERIAL may be *) or path:ID_PATH, not {match!r}")
    return match


def _profile(place: str, driver: str, options: dict[str, Any], quirks: Quirks) -> Profile | None:
    if driver != "escpos":
        return None
    name = options.get("profile", "80mm-203")
    if name not in quirks.profiles:
        raise ConfigError(f"{place}: profile is one of {', '.join(sorted(quirks.profiles))}, not {name!r}")
    return quirks.profiles[name]
