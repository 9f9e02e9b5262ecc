"""A USB bus of our own below the real pyusb: an `IBackend` with descriptors, transfers and libusb's own manners.

What it keeps of libusb: time-outs of 0 last for ever (refused here), a transfer that timed out after some bytes counts
them and is no error, whole packets only, zero-length packets, errno 19 once the plug is pulled, 16 for a claimed interface.
The printer behind it is the simulator. Asserts nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from drivers.sim.printer import PrinterSim

PACKET = 64


def _error(number: int, text: str) -> usb.core.USBError:
    return usb.core.USBError(text, -1, number)


def printer_setting(alternate: int = 0, protocol: int = 2, out: int = 0x02, back: int | None = 0x81, kind: int = 7) -> dict[str, Any]:
    """One alternate setting of interface 0. The gadget of a real Linux had in 0x81 and out 0x02, not 0x82 and 0x01."""
    endpoints = [(out, 2)] + ([(back, 2)] if back else [])
    return {"alternate": alternate, "class": kind, "protocol": protocol, "endpoints": endpoints}


@dataclass
class FakePrinter:
    """One USB device. `configured` 0: nobody has given it an address's worth of configuration yet."""

    sim: PrinterSim
    vid: int = 0x04B8
    pid: int = 0x0E15
    serial: str = "SN1"
    address: int = 4
    settings: list[dict[str, Any]] = field(default_factory=lambda: [printer_setting()])
    configured: int = 1
    usblp: bool = False
    refuse_open: int = 0
    claimed_by_other: bool = False
    empty_packets: bool = False
    stall_once: bool = False
    plugged: bool = True
    answers: bytearray = field(default_factory=bytearray)


class FakeBus(usb.backend.IBackend):
    """`calls` are the names of every backend function called, in order."""

    def __init__(self, *printers: FakePrinter) -> None:
        super().__init__()
        self.printers = list(printers)
        self.calls: list[str] = []
        self.open_handles = 0
        self.lock = threading.Lock()

    def _finalize_object(self) -> None:
        """Nothing to give back."""

    # ------------------------------------------------------------ descriptors
    def enumerate_devices(self) -> Iterator[FakePrinter]:
        return iter([one for one in self.printers if one.plugged])

    def get_parent(self, dev: Any) -> None:
        return None

    def get_device_descriptor(self, dev: FakePrinter) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0, bMaxPacketSize0=64,
            idVendor=dev.vid, idProduct=dev.pid, bcdDevice=0x100, iManufacturer=1, iProduct=2, iSerialNumber=3 if dev.serial else 0,
            bNumConfigurations=1, address=dev.address, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: FakePrinter, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: FakePrinter, intf: int, alt: int, config: int) -> Any:
        if intf or alt >= len(dev.settings):
            raise IndexError(alt)
        setting = dev.settings[alt]
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=setting["alternate"],
            bNumEndpoints=len(setting["endpoints"]), bInterfaceClass=setting["class"], bInterfaceSubClass=1,
            bInterfaceProtocol=setting["protocol"], iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: FakePrinter, ep: int, intf: int, alt: int, config: int) -> Any:
        address, kind = dev.settings[alt]["endpoints"][ep]
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=address, bmAttributes=kind, wMaxPacketSize=PACKET, bInterval=0,
            bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    # ------------------------------------------------------------ handles
    def open_device(self, dev: FakePrinter) -> FakePrinter:
        self.calls.append("open_device")
        if dev.refuse_open:
            raise _error(dev.refuse_open, "Access denied (insufficient permissions)")
        self._there(dev)
        self.open_handles += 1
        return dev

    def close_device(self, dev_handle: FakePrinter) -> None:
        self.calls.append("close_device")
        self.open_handles -= 1

    def get_configuration(self, dev_handle: FakePrinter) -> int:
        self._there(dev_handle)
        return dev_handle.configured

    def set_configuration(self, dev_handle: FakePrinter, config_value: int) -> None:
        self.calls.append("set_configuration")
        dev_handle.configured = config_value

    def set_interface_altsetting(self, dev_handle: FakePrinter, intf: int, altsetting: int) -> None:
        self.calls.append(f"set_interface_altsetting {altsetting}")

    def claim_interface(self, dev_handle: FakePrinter, intf: int) -> None:
        self.calls.append("claim_interface")
        self._there(dev_handle)
        if dev_handle.usblp or dev_handle.claimed_by_other:
            raise _error(16, "Resource busy")

    def release_interface(self, dev_handle: FakePrinter, intf: int) -> None:
        self.calls.append("release_interface")
        self._there(dev_handle)

    def is_kernel_driver_active(self, dev_handle: FakePrinter, intf: int) -> bool:
        return dev_handle.usblp

    def detach_kernel_driver(self, dev_handle: FakePrinter, intf: int) -> None:
        self.calls.append("detach_kernel_driver")

    def reset_device(self, dev_handle: FakePrinter) -> None:
        self.calls.append("reset_device")

    def clear_halt(self, dev_handle: FakePrinter, ep: int) -> None:
        self.calls.append("clear_halt")

    # ------------------------------------------------------------ transfers
    def _there(self, dev: FakePrinter) -> None:
        if not dev.plugged:
            raise _error(19, "No such device (it may have been disconnected)")

    def ctrl_transfer(
        self, dev_handle: FakePrinter, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data: Any, timeout: int
    ) -> int:
        """String descriptors: the languages, then the serial number."""
        self._there(dev_handle)
        text = b"\x09\x04" if not wValue & 0xFF else dev_handle.serial.encode("utf-16-le")
        answer = bytes([len(text) + 2, 3]) + text
        for at, byte in enumerate(answer[: len(data)]):
            data[at] = byte
        return min(len(answer), len(data))

    def bulk_write(self, dev_handle: FakePrinter, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert timeout > 0, "0 is for ever"
        sent, body, deadline = 0, data.tobytes(), time.monotonic() + timeout / 1000
        if dev_handle.stall_once:
            dev_handle.stall_once = False
            raise _error(32, "Pipe error")
        while sent < len(body):
            self._there(dev_handle)
            room = dev_handle.sim.room
            if room:
                with self.lock:
                    dev_handle.answers += dev_handle.sim.feed(body[sent : sent + min(room, PACKET)])
                sent += min(room, PACKET, len(body) - sent)
            elif time.monotonic() >= deadline:
                if not sent:
                    raise usb.core.USBTimeoutError("Operation timed out", -7, 110)
                return sent
            else:
                threading.Event().wait(0.005)
            if dev_handle.sim.has("unplug"):
                dev_handle.plugged = False
        return sent

    def bulk_read(self, dev_handle: FakePrinter, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert timeout > 0, "0 is for ever"
        assert len(buff) % PACKET == 0, "a packet larger than the buffer is an overflow"
        deadline = time.monotonic() + timeout / 1000
        while True:
            self._there(dev_handle)
            with self.lock:
                dev_handle.answers += dev_handle.sim.late_answers()
                taken = bytes(dev_handle.answers[: len(buff)])
                del dev_handle.answers[: len(taken)]
            if taken or dev_handle.empty_packets:
                buff[: len(taken)] = type(buff)("B", taken)
                return len(taken)
            if time.monotonic() >= deadline:
                raise usb.core.USBTimeoutError("Operation timed out", -7, 110)
            threading.Event().wait(0.002)
