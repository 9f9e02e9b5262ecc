"""A USB receipt printer: through the kernel's usblp and through libusb, unplugged in mid-slip, back in another socket."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.client import DriversClient
from drivers.sim.printer import PrinterSim
from tests.hil.guest import gadgets
from tests.hil.guest.gadgets import Gadget, until
from tests.hil.guest.service import DriversService

Serve = Callable[[str], DriversService]
LIBUSB = '[slot.printer]\ndriver = "escpos"\nport = "libusb:04b8:0e16:*"\n'
WIDTH = 576
NODE = "/dev/g_printer0"
USBLP = Path("/sys/bus/usb/drivers/usblp")


class Mechanism:
    """The simulated printer behind the gadget's own node."""

    def __init__(self) -> None:
        self.sim = PrinterSim(WIDTH)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                fd = os.open(NODE, os.O_RDWR | os.O_NONBLOCK)
            except OSError:
                self._stopping.wait(0.1)
                continue
            # ENODEV after a bus reset or set_configuration: the node is opened anew, as the paper stays in the printer.
            with contextlib.suppress(OSError):
                self._serve(fd)
            os.close(fd)

    def _serve(self, fd: int) -> None:
        while not self._stopping.is_set():
            answer = self.sim.late_answers()
            try:
                data = os.read(fd, min(4096, self.sim.room or 1)) if self.sim.room else b""
                answer += self.sim.feed(data) if data else b""
            except BlockingIOError:
                pass
            if answer:
                os.write(fd, answer)
            else:
                self._stopping.wait(0.005)

    def stop(self) -> None:
        """Before the gadget is unbound: a node held open can hang the kernel."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)


@pytest.fixture(scope="module")
def printer() -> Gadget:
    return gadgets.printer("printer1")


@pytest.fixture
def mechanism() -> Iterator[Mechanism]:
    made = Mechanism()
    yield made
    made.stop()


def a_slip(height: int) -> bytes:
    return bytes((7 + row * 31 + column * 17) & 0xE7 for row in range(height) for column in range(WIDTH // 8))


def print_slip(service: DriversService, job: str, height: int = 616) -> dict[str, Any]:
    with DriversClient(service.socket) as client:
        return client.print_raster(job, a_slip(height), WIDTH, height)


def test_found_printed_and_the_same_job_never_twice(kiosk: DriversService, printer: Gadget, mechanism: Mechanism) -> None:
    gadget = printer
    kiosk.until("printer", "absent")
    gadget.plug(0)
    mechanism.start()
    slot = kiosk.until("printer", "ok", state="ready")
    assert slot["device"].startswith("usblp:/dev/usb/lp")
    assert print_slip(kiosk, "hil-1")["outcome"] == "printed"
    until(lambda: mechanism.sim.slips)
    assert b"".join(mechanism.sim.slips[0].rows)[: 616 * WIDTH // 8] == a_slip(616), "every dot as it was sent"
    assert print_slip(kiosk, "hil-1")["outcome"] == "printed"
    assert len(mechanism.sim.slips) == 1
    mechanism.stop()
    gadget.unplug()
    kiosk.until("printer", "absent")


def test_unplugged_in_mid_slip_and_back_in_another_socket(kiosk: DriversService, printer: Gadget, mechanism: Mechanism) -> None:
    gadget = printer
    gadget.plug(1)
    mechanism.start()
    kiosk.until("printer", "ok", state="ready")
    mechanism.stop()  # it takes no more: the slip stops on the way
    outcome: list[dict[str, Any]] = []
    job = threading.Thread(target=lambda: outcome.append(print_slip(kiosk, "hil-2", 4000)))
    job.start()
    job.join(1.0)
    gadget.unplug()
    job.join(120)
    assert outcome[0]["outcome"] in ("unknown", "not_sent"), "nobody can know, and nobody guesses"
    kiosk.until("printer", "absent")
    gadget.plug(2)
    mechanism.start()
    kiosk.until("printer", "ok", state="ready")
    assert print_slip(kiosk, "hil-3")["outcome"] == "printed"
    mechanism.stop()
    gadget.unplug()
    kiosk.until("printer", "absent")


def test_through_libusb(serve: Serve, printer: Gadget, mechanism: Mechanism) -> None:
    """As where usblp is missing: here it is made to let go."""
    gadget = printer
    gadget.becomes(0x0E16)
    gadget.plug(3)
    interface = until(lambda: list(USBLP.glob("*:*")))[0]
    (USBLP / "unbind").write_text(interface.name)
    mechanism.start()
    service = serve(LIBUSB)
    service.until("printer", "ok", state="ready")
    assert print_slip(service, "hil-4")["outcome"] == "printed"
    until(lambda: mechanism.sim.slips)
    assert b"".join(mechanism.sim.slips[0].rows)[: 616 * WIDTH // 8] == a_slip(616)
    service.close()
    mechanism.stop()
    gadget.unplug()
