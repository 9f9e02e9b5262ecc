"""USB printers without usblp: the real pyusb above a bus of our own. True kernels and true plugs are `make hil`'s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.devices.ticket_printer import TicketPrinter
from drivers.model import JobResult, Outcome, PrintJob
from drivers.ports.base import Gone, OpenFailed, Timeout, Waker
from drivers.ports.libusb import LibusbPort, open_libusb
from drivers.ports.opening import parse_address
from drivers.quirks import Profile
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from tests.drivers.fake_usb import FakeBus, FakePrinter, printer_setting

FAST = Profile("usb", 576, answer_s=0.5, stall_s=1.5, confirm_s=2.5, print_dots_per_s=4000, band_rows=64)
FORBIDDEN = {"reset_device", "detach_kernel_driver"}
Raster = Callable[..., bytes]
Until = Callable[..., Any]


def _bus(faults: str = "", **how: Any) -> tuple[FakeBus, FakePrinter]:
    printer = FakePrinter(PrinterSim(576, parse_faults(faults, PRINTER_FAULTS)), **how)
    return FakeBus(printer), printer


def _open(bus: FakeBus, target: str = "04b8:0e15:*") -> LibusbPort:
    return open_libusb(target, bus)


def _soon(seconds: float = 0.3) -> float:
    return time.monotonic() + seconds


def test_a_question_is_asked_and_answered_through_the_endpoints_of_the_descriptors() -> None:
    bus, _ = _bus()
    port = _open(bus)
    assert port.write(b"\x10\x04\x01", _soon()) == 3
    assert port.read(16, _soon()) == b"\x12"
    port.close()
    assert bus.open_handles == 0
    assert not FORBIDDEN & set(bus.calls)
    assert "set_configuration" not in bus.calls, "a configured device is left as it is"


@pytest.mark.parametrize("target", ["04b8:0e15:SN1", "04b8:*:*", "/dev/bus/usb/001/004"])
def test_a_device_is_found_by_its_ids_its_serial_or_its_place(target: str) -> None:
    bus, _ = _bus()
    bus.printers.append(FakePrinter(PrinterSim(), vid=0x1234, serial="OTHER", address=5))
    _open(bus, target).close()


def test_two_that_fit_are_told_and_not_guessed() -> None:
    bus, _ = _bus()
    bus.printers.append(FakePrinter(PrinterSim(), serial="SN2", address=5))
    with pytest.raises(OpenFailed, match="2 devices") as caught:
        _open(bus)
    assert caught.value.code == "error"
    _open(bus, "04b8:0e15:SN2").close()
    assert bus.open_handles == 0, "those that were only looked at are closed again"


@pytest.mark.parametrize(
    ("how", "code"),
    [({"refuse_open": 13}, "permission"), ({"claimed_by_other": True}, "busy"), ({"usblp": True}, "busy"), ({"plugged": False}, "absent")],
)
def test_what_hinders_opening_is_a_health_code(how: dict[str, Any], code: str) -> None:
    bus, _ = _bus(**how)
    with pytest.raises(OpenFailed) as caught:
        _open(bus)
    assert caught.value.code == code
    assert bus.open_handles == 0, "nothing stays open"
    assert not FORBIDDEN & set(bus.calls), "what the kernel or another program holds is left to it"


def test_the_setting_that_speaks_both_ways_is_chosen() -> None:
    settings = [
        printer_setting(0, protocol=1, back=None),
        printer_setting(1, protocol=2, out=0x04, back=0x85),
        printer_setting(2, protocol=4, out=0x06, back=0x87),  # IPP over USB: not bytes for us
    ]
    bus, _ = _bus(settings=settings)
    port = _open(bus)
    assert "set_interface_altsetting 1" in bus.calls
    port.write(b"\x10\x04\x04", _soon())
    assert port.read(16, _soon()) == b"\x12"
    port.close()


def test_a_printer_that_only_listens_is_silent_and_not_gone() -> None:
    bus, _ = _bus(settings=[printer_setting(protocol=1, back=None)])
    port = _open(bus)
    assert port.write(b"\x1b\x40", _soon()) == 2
    with pytest.raises(Timeout):
        port.read(16, _soon(0.05))
    port.close()


def test_what_is_no_printer_is_refused() -> None:
    bus, _ = _bus(settings=[printer_setting(kind=3)])
    with pytest.raises(OpenFailed, match="class 7"):
        _open(bus)


def test_one_that_nobody_has_configured_is_configured_and_not_reset() -> None:
    bus, _ = _bus(configured=0)
    _open(bus).close()
    assert "set_configuration" in bus.calls
    assert not FORBIDDEN & set(bus.calls)


def test_a_partial_write_is_counted() -> None:
    bus, printer = _bus("partial")
    port = _open(bus)
    with pytest.raises(Timeout) as caught:
        port.write(bytes(20_000), _soon(2.0))
    assert caught.value.written == printer.sim.received_bytes == 8192
    port.close()


def test_pulled_while_writing_counts_what_was_taken_and_while_reading_is_gone() -> None:
    bus, printer = _bus("unplug@10r")
    port = _open(bus)
    with pytest.raises(Gone) as caught:
        port.write(b"\x1d\x76\x30\x00\x48\x00\xff\x00" + bytes(72 * 255), _soon())
    assert 0 <= caught.value.written < 72 * 255
    with pytest.raises(Gone):
        port.read(16, _soon())
    port.close()
    assert printer.plugged is False


def test_empty_packets_are_no_loss_and_no_busy_loop() -> None:
    bus, _ = _bus(empty_packets=True)
    port = _open(bus)
    started, spent = time.monotonic(), time.thread_time()
    with pytest.raises(Timeout):
        port.read(16, _soon(0.2))
    assert time.monotonic() - started >= 0.2
    assert time.thread_time() - spent < 0.1
    port.close()


def test_a_stalled_endpoint_is_cleared_once() -> None:
    bus, printer = _bus(stall_once=True)
    port = _open(bus)
    assert port.write(b"\x1b\x40", _soon()) == 2
    assert bus.calls.count("clear_halt") == 1
    assert printer.sim.received_bytes == 2
    port.close()


def test_many_answers_in_one_packet_are_read_piece_by_piece() -> None:
    bus, printer = _bus()
    printer.answers += bytes(range(200))
    port = _open(bus)
    got = b"".join(port.read(7, _soon()) for _ in range(29))
    assert got == bytes(range(200))
    port.close()


def test_a_waker_ends_the_sleep_and_the_read() -> None:
    bus, _ = _bus()
    port, waker = _open(bus), Waker()
    threading.Timer(0.05, waker.wake).start()
    assert port.idle(_soon(10), waker) == "woken"
    threading.Timer(0.05, waker.wake).start()
    assert port.read(1, _soon(10), waker) == b""
    assert port.idle(_soon(0.01), waker) == "time"
    port.close()
    waker.close()


def test_a_closed_port_is_gone() -> None:
    bus, _ = _bus()
    port = _open(bus)
    port.close()
    port.close()
    for act in (lambda: port.read(1, _soon()), lambda: port.write(b"x", _soon())):
        with pytest.raises(Gone):
            act()


def test_the_address_is_a_kind_of_its_own() -> None:
    address = parse_address("libusb:04b8:0e15:*")
    assert (address.kind, address.target) == ("libusb", "04b8:0e15:*")


@pytest.fixture
def slot_on(tmp_path: Path) -> Iterator[Callable[[FakeBus], Slot]]:
    journal, slots = Journal(tmp_path / "jobs"), []

    def make(bus: FakeBus) -> Slot:
        device = TicketPrinter(FAST, journal, poll_s=0.2)
        slot = Slot("printer", "escpos", device, lambda: (_open(bus), "libusb"), backoff_s=(0.05, 0.1))
        slot.start()
        slots.append(slot)
        return slot

    yield make
    for slot in slots:
        slot.stop()
    journal.close()


def test_a_slip_through_the_whole_driver_and_a_cable_pulled(slot_on: Callable[[FakeBus], Slot], raster: Raster, until: Until) -> None:
    bus, printer = _bus()
    slot = slot_on(bus)
    until(lambda: slot.status.state == "ready", "ready")
    job = PrintJob("one", 576, 300, raster(576, 300))
    assert slot.submit(job).result(20) == JobResult("one", Outcome.PRINTED)
    assert b"".join(printer.sim.slips[0].rows) == raster(576, 300)
    printer.sim.set_faults(parse_faults("unplug@40r", PRINTER_FAULTS))
    assert slot.submit(PrintJob("two", 576, 300, raster(576, 300))).result(20).outcome is Outcome.UNKNOWN
    until(lambda: slot.status.state in ("absent", "backoff"), "gone")
    printer.sim.set_faults([])
    printer.plugged, printer.address = True, 7
    until(lambda: slot.status.state == "ready", "found again under another address")
    assert slot.submit(PrintJob("three", 576, 300, raster(576, 300))).result(20).outcome is Outcome.PRINTED
    assert not FORBIDDEN & set(bus.calls)
    slot.stop()
    assert bus.open_handles == 0
