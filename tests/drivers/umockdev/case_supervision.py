"""udev's word is enough: a slot that waits for a minute is woken by a plug, and a pulled device is let go unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.assembly import build_slots
from drivers.config import load_config
from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.model import SlotStatus
from drivers.ports.discovery import UdevWatch, devices
from drivers.registry import Parts
from drivers.supervision import Supervisor
from tests.drivers.scenarios.levels import fds
from tests.drivers.scenarios.stage import until
from tests.drivers.umockdev.bed import Bed
from tests.drivers.umockdev.hardware import usb_input, usb_printer, usb_serial


class Machine:
    """Slots, seats and supervisor as the service has them; nothing is retried within a test's life unless udev says so."""

    def __init__(self, folder: Path, text: str) -> None:
        path = folder / "drivers.toml"
        path.write_text(text)
        config = load_config(path)
        self.journal = Journal(folder / "jobs.sqlite3")
        self.told: list[SlotStatus] = []
        parts = Parts(self.journal, lambda *_: None, lambda *_, **__: None, folder, config.quirks)
        self.slots, seats = build_slots(config, parts, on_health=self.told.append)
        for slot, _ in seats.pairs:
            slot._backoff_s = (3600.0,)
        self.supervisor = Supervisor(seats.pairs, seats.look, UdevWatch)
        self.supervisor.start()
        for slot in self.slots.values():
            slot.start()

    def slot(self, role: str) -> Slot:
        return self.slots[role]

    def state(self, role: str) -> tuple[str, str]:
        status = self.slots[role].status
        return str(status.state), status.health.code

    def close(self) -> None:
        self.supervisor.stop()
        for slot in self.slots.values():
            slot.stop()
        self.journal.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Any]:
    made: list[Machine] = []

    def make(text: str) -> Machine:
        made.append(Machine(tmp_path, text))
        return made[-1]

    yield make
    for one in made:
        one.close()


SCANNER = '[slot.reader]\nmatch = "usb:0403:6001:A9X"\ndriver = "serial-scanner"\n'


def test_a_plug_wakes_the_slot_and_a_pull_closes_it_at_once(bed: Bed, machine: Any) -> None:
    own = machine(SCANNER)
    until(lambda: own.state("reader") == ("absent", "absent"))
    before = fds()
    for number, port in ((40, "1-3"), (41, "1-5")):
        device = usb_serial(number, serial="A9X", port=port)
        bed.plug(device)
        until(lambda: own.state("reader")[0] == "ready", "woken by the plug")
        assert own.slot("reader").status.device == f"serial:/dev/ttyUSB{number}"
        # The far end stays open: nothing is readable, no call fails. Only udev tells.
        bed.vanish(device)
        until(lambda: own.state("reader") in (("backoff", "absent"), ("absent", "absent")), "let go")
        bed.hang_up(device)
    assert fds() <= before


def test_another_ones_coming_and_going_disturbs_nobody(bed: Bed, machine: Any) -> None:
    own = machine(SCANNER)
    device = usb_serial(42, serial="A9X")
    bed.plug(device)
    until(lambda: own.state("reader")[0] == "ready")
    scans, told = own.supervisor.scans, len(own.told)
    other = usb_serial(43, serial="ZZZ", port="1-6")
    bed.plug(other)
    until(lambda: own.supervisor.scans > scans, "looked")
    scans = own.supervisor.scans
    bed.unplug(other)
    until(lambda: own.supervisor.scans > scans, "looked again")
    assert (own.state("reader")[0], len(own.told)) == ("ready", told)
    bed.unplug(device)


def test_a_bridge_is_never_opened_until_it_is_bound(bed: Bed, machine: Any) -> None:
    """`auto` for a printer and a reader, and only bridges there: both slots stay empty, and nothing is written to a line."""
    bridge = usb_serial(44, vid="1a86", pid="7523", model="USB Serial", port="1-7")
    far = bed.plug(bridge)
    os.set_blocking(far, False)
    held = os.open(bridge.node, os.O_RDWR | os.O_NOCTTY)
    own = machine('[slot.reader]\nmatch = "auto"\ndriver = "serial-scanner"\n[slot.printer]\nmatch = "auto"\ndriver = "escpos"\n')
    until(lambda: own.state("reader")[1] == own.state("printer")[1] == "absent" and len(own.told) >= 2)
    with pytest.raises(BlockingIOError):
        os.read(far, 10)
    printer = usb_printer(45, serial="P1", port="1-8")
    bed.plug(printer)
    until(lambda: own.slot("printer").status.device == "usblp:/dev/usb/lp45", "auto took the printer")
    assert own.state("reader")[1] == "absent"
    bed.unplug(printer)
    os.close(held)
    bed.unplug(bridge)


def test_what_udev_says_becomes_a_device_with_names_that_last(bed: Bed) -> None:
    plugged = [usb_printer(46, serial="P2", port="1-8"), usb_serial(47, port="1-9"), usb_input((48, 49), serial="SN1", port="1-10")]
    for device in plugged:
        bed.plug(device)
    seen = {one.node: one for one in devices()}
    assert seen["/dev/usb/lp46"].stable_id == "usb:04b8:0e15:P2"
    assert seen["/dev/ttyUSB47"].stable_id == "path:pci-0000:00:14.0-usb-0:9:1.0"
    assert seen["/dev/input/event48"].parent == seen["/dev/input/event49"].parent != ""
    for device in plugged:
        bed.unplug(device)
    assert devices() == []
