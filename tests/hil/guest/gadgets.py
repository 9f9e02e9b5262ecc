"""True USB devices inside the guest: dummy_hcd and configfs gadgets, so that enumeration, usblp, usbhid, cdc_acm and
udev are the kernel's and Debian's own.

Holds the devices and their far ends' nodes. Close a far end before `unplug`: unbinding a gadget that is held open can
hang the kernel. Each gadget has a name of its own; one that is used again is kept.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = Path("/sys/kernel/config/usb_gadget")
BUSES = 6
KEYBOARD = bytes.fromhex(  # the boot keyboard of the HID specification, appendix E.6
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025650507190029658100c0"
)
TOUCH = bytes.fromhex(  # a single-touch digitizer: tip switch, X and Y of 16 bits, 0..32767
    "050d0904a1010922a102094215002501750195018102950781030501093009311600" + "0026ff7f360000460000751095028102c0c0"
)


def prepare() -> None:
    """Once per boot: a few host controllers that lead nowhere, and the functions."""
    for command in (
        f"modprobe dummy_hcd num={BUSES}",
        "modprobe libcomposite",
        "mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config",
        "modprobe usb_f_hid usb_f_acm usb_f_printer -a",
        "modprobe usblp usbhid cdc_acm uinput snd-aloop -a",
    ):
        subprocess.run(command, shell=True, check=True)


def until(condition: Callable[[], Any], timeout_s: float = 120.0) -> Any:
    """The condition's first true value."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < end, "not so in time"
        threading.Event().wait(0.02)
    return value


class Gadget:
    """One USB device with one function. `plug(0)` puts it into the first socket."""

    def __init__(self, name: str, function: str, vid: int, pid: int, maker: str, product: str, serial: str, **attributes: Any) -> None:
        self.name, self.path = name, CONFIG / name
        self._function = self.path / "functions" / f"{function}.{name}"
        for folder in (self.path / "strings/0x409", self.path / "configs/c.1", self._function):
            folder.mkdir(parents=True)
        for file, text in (("idVendor", hex(vid)), ("idProduct", hex(pid)), ("bcdUSB", "0x0200")):
            (self.path / file).write_text(text)
        for file, text in (("manufacturer", maker), ("product", product), ("serialnumber", serial)):
            (self.path / "strings/0x409" / file).write_text(text)
        for key, value in attributes.items():
            target = self._function / key
            target.write_bytes(value) if isinstance(value, bytes) else target.write_text(str(value))
        (self.path / "configs/c.1" / self._function.name).symlink_to(self._function)

    def plug(self, bus: int = 0) -> None:
        (self.path / "UDC").write_text(f"dummy_udc.{bus}")

    def becomes(self, pid: int) -> None:
        """Another model, while it is unplugged: the kernel gives out only four HID gadgets and four printers."""
        (self.path / "idProduct").write_text(hex(pid))

    def unplug(self) -> None:
        (self.path / "UDC").write_text("\n")

    def far_node(self) -> Path:
        """A HID gadget's own side (`/dev/hidgN`)."""
        number = (self._function / "dev").read_text().strip()

        def found() -> Path | None:
            for path in Path("/dev").glob("hidg*"):
                seen = path.stat().st_rdev
                if f"{os.major(seen)}:{os.minor(seen)}" == number:
                    return path
            return None

        node: Path = until(found)
        return node


def scanner_keyboard(name: str, serial: str = "SC1") -> Gadget:
    hid: dict[str, Any] = {"protocol": 1, "subclass": 1, "report_length": 8, "report_desc": KEYBOARD}
    return Gadget(name, "hid", 0x1EAB, 0x0022, "Newland", "HID KBW Scanner", serial, **hid)


def keypad(name: str, serial: str = "KP1") -> Gadget:
    hid: dict[str, Any] = {"protocol": 1, "subclass": 1, "report_length": 8, "report_desc": KEYBOARD}
    return Gadget(name, "hid", 0x04D9, 0x1203, "Generic", "USB Numeric Keypad", serial, **hid)


def touch(name: str, serial: str = "TS1") -> Gadget:
    hid: dict[str, Any] = {"protocol": 0, "subclass": 0, "report_length": 5, "report_desc": TOUCH}
    return Gadget(name, "hid", 0x222A, 0x0001, "ILITEK", "ILITEK-TP", serial, **hid)


def scanner_serial(name: str, serial: str = "AC1") -> Gadget:
    return Gadget(name, "acm", 0x1EAB, 0x0C06, "Newland", "CDC Scanner", serial)


def printer(name: str, serial: str = "TM1") -> Gadget:
    about = "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;"
    return Gadget(name, "printer", 0x04B8, 0x0E15, "EPSON", "TM-T20II", serial, pnp_string=about, q_len=10)
