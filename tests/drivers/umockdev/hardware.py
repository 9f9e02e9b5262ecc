"""What devices look like to the kernel and to udev: records for the testbed made from nothing, no hardware recorded.

The ioctl answers have exactly the sizes python-evdev asks for: umockdev compares the whole request number, size included.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from evdev import ecodes as e

BUS = "/devices/pci0000:00/0000:00:14.0/usb1"


@dataclass(frozen=True)
class Hardware:
    """One plugged-in device. `port` is the USB socket (`1-2`)."""

    nodes: tuple[str, ...]
    event_paths: tuple[str, ...]
    parent: str
    records: tuple[str, ...]
    ioctls: dict[str, str] = field(default_factory=dict)
    raw: bool = False

    @property
    def paths(self) -> list[str]:
        """Everything it has under /sys, parents first."""
        return ["/sys" + record.partition("\n")[0][3:] for record in self.records]

    @property
    def node(self) -> str:
        return self.nodes[0] if self.nodes else ""


def _record(path: str, properties: Iterable[str], *more: str) -> str:
    return "\n".join([f"P: {path}", *more, *(f"E: {one}" for one in properties), "", ""])


def _usb(port: str, vid: str, pid: str, model: str, serial: str) -> tuple[str, list[str], list[str]]:
    """The socket's path, the records of device and interface, and the properties udev gives its nodes."""
    path = f"{BUS}/{port}"
    serial_lines = [f"A: serial={serial}"] if serial else []
    product = f"PRODUCT={int(vid, 16):x}/{int(pid, 16):x}/110"
    device = _record(
        path,
        ["SUBSYSTEM=usb", "DEVTYPE=usb_device", product],
        *(f"A: idVendor={vid}", f"A: idProduct={pid}", f"A: product={model}", "A: bNumInterfaces= 1", *serial_lines),
    )
    interface = _record(f"{path}/{port}:1.0", ["SUBSYSTEM=usb", "DEVTYPE=usb_interface"], "A: bInterfaceNumber=00")
    name = model.replace(" ", "_")
    given = [f"ID_VENDOR_ID={vid}", f"ID_MODEL_ID={pid}", f"ID_MODEL={name}", f"ID_SERIAL={name}_{serial}".rstrip("_"), "ID_BUS=usb"]
    given += [f"ID_SERIAL_SHORT={serial}"] if serial else []
    return path, [device, interface], [*given, f"ID_PATH=pci-0000:00:14.0-usb-0:{port[2:]}:1.0"]


def usb_printer(
    number: int = 0, vid: str = "04b8", pid: str = "0e15", model: str = "TM-T20II", serial: str = "", port: str = "1-2"
) -> Hardware:
    """A printer of the USB class as the kernel's usblp shows it: udev says who made it of the USB device, nothing of the node."""
    usb, records, given = _usb(port, vid, pid, model, serial)
    records[0] = records[0].rstrip("\n") + "\n" + "".join(f"E: {one}\n" for one in given) + "\n"
    path = f"{usb}/{port}:1.0/usbmisc/lp{number}"
    own = [f"DEVNAME=/dev/usb/lp{number}", "SUBSYSTEM=usbmisc", "MAJOR=180", f"MINOR={number}"]
    records.append(_record(path, own, f"N: usb/lp{number}", f"A: dev=180:{number}", f"L: device=../../../{port}:1.0"))
    return Hardware((f"/dev/usb/lp{number}",), (f"/sys{path}",), f"/sys{usb}", tuple(records), raw=True)


def usb_serial(
    number: int = 0,
    vid: str = "0403",
    pid: str = "6001",
    model: str = "FT232R USB UART",
    serial: str = "",
    port: str = "1-3",
    cdc: bool = False,
) -> Hardware:
    """A USB-serial bridge (`ttyUSB`), or with `cdc` a device that is a serial line by itself (`ttyACM`)."""
    usb, records, given = _usb(port, vid, pid, model, serial)
    interface = f"{usb}/{port}:1.0"
    name, kernel = (f"ttyACM{number}", "cdc_acm") if cdc else (f"ttyUSB{number}", "ftdi_sio")
    holder = interface if cdc else f"{interface}/{name}"
    if not cdc:
        records.append(_record(holder, ["SUBSYSTEM=usb-serial", f"DRIVER={kernel}"]))
    own = [f"DEVNAME=/dev/{name}", "SUBSYSTEM=tty", f"MAJOR={166 if cdc else 188}", f"MINOR={number}", f"ID_USB_DRIVER={kernel}", *given]
    path = f"{holder}/tty/{name}"
    records.append(
        _record(path, own, f"N: {name}", f"A: dev={166 if cdc else 188}:{number}", f"L: device=../../../{holder.split('/')[-1]}")
    )
    return Hardware((f"/dev/{name}",), (f"/sys{path}",), f"/sys{usb}", tuple(records), raw=True)


def usb_input(
    numbers: Sequence[int] = (5,),
    vid: str = "1eab",
    pid: str = "0022",
    model: str = "Newland HID Scanner",
    serial: str = "SN1",
    port: str = "1-4",
    kind: str = "ID_INPUT_KEYBOARD",
    keys: Sequence[int] = tuple(range(1, 128)),
    axes: dict[int, tuple[int, int, int]] | None = None,
    props: Sequence[int] = (),
    leds: Sequence[int] = (),
) -> Hardware:
    """One USB device with as many event nodes as `numbers` (a scanner often has two). `axes`: code -> (least, most, resolution)."""
    usb, records, given = _usb(port, vid, pid, model, serial)
    nodes, paths, ioctls = [], [], {}
    for at, number in enumerate(numbers):
        parent = f"{usb}/{port}:1.0/0003:{vid.upper()}:{pid.upper()}.{at + 1:04X}/input/input{number}"
        product = f"PRODUCT=3/{int(vid, 16):x}/{int(pid, 16):x}/110"
        inputs = ["SUBSYSTEM=input", "ID_INPUT=1", f"{kind}=1", *given]
        records.append(_record(parent, [f'NAME="{model}"', product, *inputs], f"A: name={model}"))
        node = f"/dev/input/event{number}"
        own = [f"DEVNAME={node}", "MAJOR=13", f"MINOR={64 + number}", *inputs]
        records.append(_record(f"{parent}/event{number}", own, f"N: input/event{number}", f"A: dev=13:{64 + number}"))
        nodes.append(node)
        paths.append(f"/sys{parent}/event{number}")
        ioctls[node] = _ioctls(node, model, int(vid, 16), int(pid, 16), keys, axes or {}, props, leds)
    return Hardware(tuple(nodes), tuple(paths), f"/sys{usb}", tuple(records), ioctls)


def _bits(codes: Iterable[int], size: int) -> str:
    bits = bytearray(size)
    for code in codes:
        bits[code // 8] |= 1 << (code % 8)
    return bits.hex().upper()


def _ioctls(
    node: str,
    name: str,
    vid: int,
    pid: int,
    keys: Sequence[int],
    axes: dict[int, tuple[int, int, int]],
    props: Sequence[int],
    leds: Sequence[int],
) -> str:
    types = [e.EV_SYN, *([e.EV_KEY] if keys else []), *([e.EV_ABS] if axes else []), e.EV_MSC, *([e.EV_LED] if leds else [])]
    codes = {e.EV_KEY: keys, e.EV_ABS: tuple(axes), e.EV_MSC: (e.MSC_SCAN,), e.EV_LED: leds}
    lines = [f"@DEV {node}", "EVIOCGVERSION 0 " + struct.pack("<I", 0x010001).hex().upper()]
    lines.append("EVIOCGID 0 " + struct.pack("<HHHH", e.BUS_USB, vid, pid, 0x0110).hex().upper())
    for call, text in (("EVIOCGNAME", name), ("EVIOCGPHYS", "usb-0000:00:14.0-2/input0"), ("EVIOCGUNIQ", "")):
        data = text.encode()[:255]
        lines.append(f"{call}(0) {len(data) + 1} {data.ljust(256, bytes(1)).hex().upper()}")
    lines.append("EVIOCGBIT(0) 4 " + _bits(types, 4))
    lines += [f"EVIOCGBIT({one}) 96 " + _bits(codes[one], 96) for one in types if one != e.EV_SYN]
    for code, (least, most, resolution) in axes.items():
        lines.append(f"EVIOCGABS{f'({code})' if code else ''} 0 " + struct.pack("<6i", 0, least, most, 0, 0, resolution).hex().upper())
    lines += ["EVIOCGPROP(0) 4 " + _bits(props, 4), "EVIOCGKEY(0) 96 " + _bits((), 96), "EVIOCGLED(0) 2 0000", "EVIOCGEFFECTS 0 00000000"]
    return "\n".join(lines) + "\n"


KEYS: dict[str, tuple[int, ...]] = {
    **{digit: (e.ecodes[f"KEY_{digit}"],) for digit in "0123456789"},
    **{letter: (e.ecodes[f"KEY_{letter.upper()}"],) for letter in "abcdefghijklmnopqrstuvwxyz"},
    "|": (e.KEY_LEFTSHIFT, e.KEY_BACKSLASH),
    " ": (e.KEY_SPACE,),
    ",": (e.KEY_COMMA,),
    "-": (e.KEY_MINUS,),
    ".": (e.KEY_DOT,),
    "\n": (e.KEY_ENTER,),
    "\t": (e.KEY_TAB,),
}


def typed(text: str) -> Iterator[tuple[int, int, int]]:
    """(type, code, value) as a scanner with a US key map types it."""
    for letter in text:
        *held, key = KEYS.get(letter) or (e.KEY_LEFTSHIFT, *KEYS[letter.lower()])
        for modifier in held:
            yield from ((e.EV_KEY, modifier, 1), (e.EV_SYN, 0, 0))
        yield from ((e.EV_MSC, e.MSC_SCAN, 0x70000 + key), (e.EV_KEY, key, 1), (e.EV_SYN, 0, 0), (e.EV_KEY, key, 0), (e.EV_SYN, 0, 0))
        for modifier in held:
            yield from ((e.EV_KEY, modifier, 0), (e.EV_SYN, 0, 0))


def packed(events: Iterable[tuple[int, int, int]]) -> bytes:
    """As the kernel hands them over: write it to the far end of an event node."""
    now = time.time()
    return b"".join(struct.pack("llHHi", int(now), int(now % 1 * 1e6), *event) for event in events)
