"""From configuration to running slots: the one place where drivers, ports and slots are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.config import BusConfig, Config, SlotConfig
from drivers.devices.link import BACKOFF_S, Slot
from drivers.model import SlotStatus
from drivers.ports.nodes import DeviceInfo
from drivers.registry import NODE_PORTS, Parts, driver
from drivers.seats import Claims, Look, Place, Seat

Publish = Callable[[SlotStatus], None]
# Where udev wakes the slots there is no need to knock again and again: the last pause is as long as the reconciling's.
PATIENT_S = (*BACKOFF_S, 30.0)


@dataclass
class Seats:
    """Every slot that opens a port, with the seat it opens from: what the supervisor watches."""

    quirks: Any
    look: Look
    claims: Claims = field(default_factory=Claims)
    pairs: list[tuple[Slot, Seat]] = field(default_factory=list)

    def seat(self, place: Place) -> Seat:
        return Seat(place, self.quirks, self.look, self.claims)


def look_at_udev() -> list[DeviceInfo]:
    from drivers.ports.discovery import devices

    return devices()


def build_slots(config: Config, parts: Parts, *, on_health: Publish, look: Look = look_at_udev) -> tuple[dict[str, Slot], Seats]:
    """One slot for each [slot.…] of the configuration, not started yet."""
    slots: dict[str, Any] = {}
    seats = Seats(config.quirks, look)
    for wanted in config.slots:
        if wanted.bus:
            continue
        served = driver(wanted.driver)
        seat = seats.seat(place_of(wanted))
        slot = Slot(
            wanted.role,
            wanted.driver,
            served.build(wanted, parts),
            seat,
            publish=on_health,
            log=parts.log,
            facts=served.facts(wanted),
            place=wanted.place,
            backoff_s=_pauses(wanted),
        )
        slots[wanted.role] = slot
        seats.pairs.append((slot, seat))
    for bus in config.buses.values():
        slots |= _on_bus(bus, [wanted for wanted in config.slots if wanted.bus == bus.name], parts, on_health, seats)
    return {wanted.role: slots[wanted.role] for wanted in config.slots}, seats


def place_of(wanted: SlotConfig) -> Place:
    served = driver(wanted.driver)
    return Place(
        wanted.role,
        wanted.kind,
        wanted.driver,
        wanted.address,
        wanted.match,
        served.ports,
        wanted.line,
        getattr(served, "keep_open", False),
    )


def _pauses(wanted: SlotConfig | BusConfig) -> tuple[float, ...]:
    """What is no node of udev's (a network, a pseudo-terminal) comes back unannounced."""
    told = wanted.address is None or wanted.address.target.startswith("/dev/")
    return PATIENT_S if told else BACKOFF_S


def _on_bus(bus: BusConfig, wanted: list[SlotConfig], parts: Parts, on_health: Publish, seats: Seats) -> dict[str, Any]:
    """The slots that share one line: a slot for the line itself, and one that looks like a slot for each member."""
    from drivers.devices.bus import Bus
    from drivers.devices.bus_slot import BusSlot, SharedLine

    if not wanted:
        return {}
    members = [make(one, parts) for one in wanted if (make := driver(one.driver).member) is not None]
    options = {key: value for key, value in bus.options.items() if key in ("gap_s", "echo")}
    line = SharedLine(bus.name, Bus(members, **options))
    shared = [
        BusSlot(one.role, one.driver, member, line, driver(one.driver).facts(one), on_health)
        for one, member in zip(wanted, members, strict=True)
    ]
    place = bus.address.text if bus.address else bus.match
    seat = seats.seat(Place(f"bus-{bus.name}", "bus", "", bus.address, bus.match, NODE_PORTS, bus.line, keep=True))
    slot = Slot(f"bus-{bus.name}", "bus", line.bus, seat, publish=line.on_line, log=parts.log, place=place, backoff_s=_pauses(bus))
    line.join(slot, shared)
    seats.pairs.append((slot, seat))
    return dict(zip((one.role for one in wanted), shared, strict=True))
