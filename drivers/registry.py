"""From configuration to running slots: the one place where drivers, ports and slots are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.config import Config, ConfigError, SlotConfig
from drivers.devices.card_reader import SerialScanner
from drivers.devices.journal import Journal
from drivers.devices.link import Device, Slot
from drivers.model import SlotStatus
from drivers.ports.base import OpenFailed, Port
from drivers.ports.opening import Address, open_port, parse_address

Publish = Callable[[SlotStatus], None]


def build_slots(
    config: Config, journal: Journal, *, on_health: Publish, on_card: Callable[[dict[str, Any]], None], log: Callable[..., object]
) -> dict[str, Slot]:
    """One slot for each role of the configuration, not started yet."""
    slots = {}
    for wanted in config.slots:
        facts = {"width_dots": wanted.profile.width_dots, "profile": wanted.profile.name} if wanted.profile else {}
        slots[wanted.role] = Slot(
            wanted.role,
            wanted.driver,
            _device(wanted, journal, on_card),
            _opener(wanted),
            publish=on_health,
            log=log,
            facts=facts,
            place=wanted.address.text if wanted.address else wanted.match,
        )
    return slots


def _device(wanted: SlotConfig, journal: Journal, on_card: Callable[[dict[str, Any]], None]) -> Device:
    if wanted.driver == "escpos" and wanted.profile is not None:
        from drivers.devices.ticket_printer import TicketPrinter

        baud = wanted.address.baud if wanted.address and wanted.address.kind == "serial" else None
        return TicketPrinter(wanted.profile, journal, poll_s=wanted.options.get("poll_s", 5.0), baud=baud)
    if wanted.driver == "serial-scanner":
        options = wanted.options
        return SerialScanner(on_card, max_bytes=options.get("max_bytes", 4096), idle_s=options.get("idle_s", 0.4))
    raise ConfigError(f"[slot.{wanted.role}]: no driver {wanted.driver}")


def _opener(wanted: SlotConfig) -> Callable[[], tuple[Port, str]]:
    def find() -> Address:
        if wanted.address is not None:
            return wanted.address
        from drivers.ports.discovery import devices, matching

        return choose(matching(devices(), wanted.match), wanted)

    def open_it() -> tuple[Port, str]:
        address = find()
        return open_port(address), address.text

    return open_it


def choose(found: list[Any], wanted: SlotConfig) -> Address:
    """The one device a slot's match names; none or several are told, never guessed."""
    if not found:
        raise OpenFailed("absent", f"{wanted.match}: nothing like it is plugged in")
    if len(found) > 1:
        nodes = ", ".join(device.node for device in found)
        raise OpenFailed("error", f"{wanted.match}: fits {len(found)} devices ({nodes}); name the serial or the path")
    kind = "usblp" if wanted.role == "printer" and found[0].subsystem == "usbmisc" else "serial"
    return parse_address(f"{kind}:{found[0].node}")
