"""From configuration to running slots: the one place where drivers, ports and slots are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.config import Config, SlotConfig
from drivers.devices.link import Slot
from drivers.model import SlotStatus
from drivers.ports.base import OpenFailed, Port
from drivers.ports.opening import Address, open_port, parse_address
from drivers.registry import Parts, driver

Publish = Callable[[SlotStatus], None]


def build_slots(config: Config, parts: Parts, *, on_health: Publish) -> dict[str, Slot]:
    """One slot for each [slot.…] of the configuration, not started yet."""
    slots = {}
    for wanted in config.slots:
        served = driver(wanted.driver)
        slots[wanted.role] = Slot(
            wanted.role,
            wanted.driver,
            served.build(wanted, parts),
            _opener(wanted),
            publish=on_health,
            log=parts.log,
            facts=served.facts(wanted),
            place=wanted.place,
        )
    return slots


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
    return parse_address(f"{driver(wanted.driver).ports[found[0].subsystem]}:{found[0].node}")
