"""Where a slot's device is: from `port` or `match` to one node, never a guess. Opens it, and remembers what it opened.

Holds the choice and who holds what. A device that several slots could take belongs to the first that asks; a bridge that
says nothing of what is behind it is taken by name only, never by `auto`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.ports.base import OpenFailed, Port
from drivers.ports.nodes import DeviceInfo, distinct, matching
from drivers.ports.opening import Address, open_port, parse_address
from drivers.ports.tap import Tap
from drivers.quirks import Quirks

Look = Callable[[], list[DeviceInfo]]


@dataclass(frozen=True)
class Place:
    """What the configuration says of where a slot's device is. `ports`: kinds of node -> kind of port, the best first."""

    slot: str
    kind: str
    driver: str
    address: Address | None
    match: str
    ports: dict[str, str]
    line: str = ""
    keep: bool = False


@dataclass
class Claims:
    """Which slot has which device. One per process."""

    by_slot: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, slot: str, device: DeviceInfo) -> None:
        with self.lock:
            for other, key in self.by_slot.items():
                if other != slot and key == device.key:
                    raise OpenFailed("busy", f"{device.node} serves [slot.{other}]")
            self.by_slot[slot] = device.key

    def free(self, slot: str) -> None:
        with self.lock:
            self.by_slot.pop(slot, None)

    def others(self, slot: str) -> set[tuple[str, str, str]]:
        with self.lock:
            return {key for other, key in self.by_slot.items() if other != slot}


class Seat:
    """Called by a slot that wants its port. `held` is the device behind the port it got last, as udev knew it."""

    def __init__(self, place: Place, quirks: Quirks, look: Look, claims: Claims) -> None:
        self._place, self._quirks, self._look, self._claims = place, quirks, look, claims
        self.held: DeviceInfo | None = None
        self.tap = Tap()

    @property
    def place(self) -> Place:
        return self._place

    def __call__(self) -> tuple[Port, str]:
        self.held = None
        self._claims.free(self._place.slot)
        address, device = self.find()
        if device is not None:
            self._claims.take(self._place.slot, device)
        if self._place.keep and address.kind == "tcp":
            from drivers.ports.tcp import open_kept

            return self.tap.through(open_kept(address)), address.text
        opened = open_port(address)
        self.held = device
        return self.tap.through(opened), address.text

    def find(self) -> tuple[Address, DeviceInfo | None]:
        """Raises OpenFailed where the place names no device, or several."""
        place = self._place
        if place.address is not None:
            return place.address, None if place.address.kind == "tcp" else node_of(self._look(), place.address.target)
        found = self._look()
        if place.match == "auto":
            taken = self._claims.others(place.slot)
            found = [one for one in advised(found, place, self._quirks) if one.key not in taken]
        else:
            found = matching(found, place.match, place.ports)
        device = choose(distinct(found, place.ports), place.match)
        kind = place.ports[device.subsystem]
        return parse_address(f"{kind}:{device.node}{f'?{place.line}' if place.line and kind == 'serial' else ''}"), device


def node_of(found: list[DeviceInfo], target: str) -> DeviceInfo | None:
    """The device a configured node means; None where udev does not know it (a pseudo-terminal, a test)."""
    real = os.path.realpath(target)
    return next((one for one in found if target in (one.node, *one.links) or real == one.node), None)


def advised(found: list[DeviceInfo], place: Place, quirks: Quirks) -> list[DeviceInfo]:
    """For `auto`: what the quirk files give to this role and driver without a rival, bridges left out."""
    kept = []
    for device in found:
        advice, tied = quirks.advise(device)
        if (
            advice is not None
            and not tied
            and not advice.bridge
            and (advice.role, advice.driver) == (place.kind, place.driver)
            and device.subsystem in place.ports
        ):
            kept.append(device)
    return kept


def choose(found: list[DeviceInfo], match: str) -> DeviceInfo:
    """The one device a match names; none or several are told, never guessed."""
    if not found:
        raise OpenFailed("absent", f"{match}: nothing like it is plugged in")
    if len(found) > 1:
        nodes = ", ".join(device.node for device in found)
        raise OpenFailed("duplicate", f"{match}: fits {len(found)} devices ({nodes})")
    return found[0]
