"""Which drivers there are: a name in `drivers.toml` -> the module that serves it, loaded only where it is asked for.

Holds the table, what a driver module offers, and what it is given. Puts nothing together (`drivers.assembly` does).
A driver is one module of `drivers.devices` with

    ROLES = ("reader",)                       # the roles it can take; a slot `reader-2` has the role `reader`
    OPTIONS = {"idle_s": float}               # its own keys in [slot.…]
    PORTS = {"tty": "serial"}                 # optional: kinds of node it is matched against -> kind of port
    def check(wanted, quirks) -> None         # optional: ValueError with a sentence where the options make no sense
    def facts(wanted) -> dict                 # optional: what status says of the slot beside its health
    KEEP_OPEN = True                          # optional: over TCP it stays connected, as a serial line does
    def member(wanted, parts) -> Member       # optional: it can share a line with others ([bus.…], see `drivers.devices.bus`)
    def build(wanted, parts) -> Device
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.devices.bus import Member
    from drivers.devices.journal import Journal
    from drivers.devices.link import Device
    from drivers.quirks import Quirks

# One line for each driver. An idle service holds only the modules of the drivers it runs.
DRIVERS: dict[str, str] = {
    "call-keypad": "drivers.devices.call_keypad",
    "escpos": "drivers.devices.ticket_printer",
    "led-panel": "drivers.devices.led_panel",
    "mrtd": "drivers.devices.chip_reader",
    "number-pad": "drivers.devices.number_pad",
    "serial-scanner": "drivers.devices.card_reader",
    "speech": "drivers.devices.speech",
    "tactile": "drivers.devices.tactile",
    "touch": "drivers.devices.touch",
    "wedge": "drivers.devices.wedge",
}
NODE_PORTS = {"usbmisc": "usblp", "tty": "serial"}


@dataclass(frozen=True)
class Parts:
    """What a driver is given to work with. `publish(event, data)` goes to every open stream of the service."""

    journal: Journal
    publish: Callable[[str, dict[str, Any]], None]
    log: Callable[..., object]
    state: Path
    quirks: Quirks


@dataclass(frozen=True)
class Driver:
    """One line of the table, loaded."""

    name: str
    roles: tuple[str, ...]
    options: dict[str, type]
    build: Callable[[SlotConfig, Parts], Device]
    ports: dict[str, str] = field(default_factory=dict)
    check: Callable[[SlotConfig, Quirks], None] = lambda _, __: None
    facts: Callable[[SlotConfig], dict[str, Any]] = lambda _: {}
    member: Callable[[SlotConfig, Parts], Member] | None = None
    keep_open: bool = False


@cache
def driver(name: str) -> Driver:
    """KeyError for a name that is not in the table."""
    module = import_module(DRIVERS[name])
    extra = {key: getattr(module, key) for key in ("check", "facts", "member") if hasattr(module, key)}
    extra["keep_open"] = getattr(module, "KEEP_OPEN", False)
    return Driver(name, module.ROLES, module.OPTIONS, module.build, getattr(module, "PORTS", NODE_PORTS), **extra)
