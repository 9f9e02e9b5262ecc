"""A recording: what passed on one slot's line, with times, as one file that a test can play back.

Holds the shape of the file and its making; nothing of a person is in it. Taking down is `ports.tap`'s, what is replaced is
`codecs.anonymise`'s.

    {"format": "toiluot-line-1", "slot": "reader", "kind": "reader", "driver": "serial-scanner", "options": {…},
     "device": "P: …", "health": [[0.0, "ok"], …], "events": [[0.01, "open", ""], [2.5, "in", "3030…"], …]}
"""

from __future__ import annotations

from typing import Any

from drivers.codecs.anonymise import Anonymiser, printed
from drivers.ports.nodes import DeviceInfo
from drivers.ports.tap import Tape

FORMAT = "toiluot-line-1"
# What people lay on a reader is theirs; what panels and keypads say is not.
_CARDS = {"reader", "chip"}


def make(slot: str, kind: str, driver: str, tape: Tape, health: list[tuple[float, str]], device: DeviceInfo | None) -> dict[str, Any]:
    cleaner = Anonymiser()
    typed = driver == "wedge"

    def clean(what: str, data: bytes) -> bytes:
        if what == "in" and kind in _CARDS:
            return cleaner.keys(data) if typed else cleaner.text(data)
        return printed(data) if what == "out" and kind == "printer" else data

    events = tape.events if typed or kind not in _CARDS else _joined(tape.events)
    return {
        "format": FORMAT,
        "slot": slot,
        "kind": kind,
        "driver": driver,
        "device": described(device) if device else "",
        "complete": not tape.full,
        "health": [[round(at - tape.started, 3), code] for at, code in health],
        "events": [[round(at, 4), what, clean(what, data).hex()] for at, what, data in events],
    }


def _joined(events: list[tuple[float, str, bytes]]) -> list[tuple[float, str, bytes]]:
    """Pieces that came within one breath belong together: a number torn in two would be known as two."""
    out: list[tuple[float, str, bytes]] = []
    for at, what, data in events:
        if out and what == "in" and out[-1][1] == "in" and at - out[-1][0] < 1.0:
            out[-1] = (out[-1][0], "in", out[-1][2] + data)
        else:
            out.append((at, what, data))
    return out


def described(device: DeviceInfo) -> str:
    """The device in the words of umockdev's descriptions, its serial number left out."""
    serial = "SERIAL" if device.serial else ""
    lines = [f"P: {device.sys_path.removeprefix('/sys')}", f"N: {device.node.removeprefix('/dev/')}"]
    given = {"DEVNAME": device.node, "SUBSYSTEM": device.subsystem, "ID_VENDOR_ID": device.vid, "ID_MODEL_ID": device.pid}
    given |= {"ID_MODEL": device.name, "ID_SERIAL_SHORT": serial, "ID_PATH": device.path}
    lines += [f"E: {key}={value}" for key, value in given.items() if value]
    if device.parent:
        lines += ["", f"P: {device.parent.removeprefix('/sys')}", "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device"]
        lines += [f"A: idVendor={device.vid}", f"A: idProduct={device.pid}", *([f"A: serial={serial}"] if serial else [])]
    return "\n".join([*lines, ""])
