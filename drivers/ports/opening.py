"""From an address in the configuration to an open port.

`tcp://HOST:PORT`, `serial:/dev/NODE?baud=115200&parity=N&stop=1&flow=none`, `usblp:/dev/usb/lp0`. Parsing is pure and is
done when the configuration is read, so that a wrong address is told at once and not at the first opening. The table says
which module opens which kind; it is loaded when the first such port is opened. A port module offers
`open_address(address) -> Port` and raises `OpenFailed` with a health code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

from drivers.holders import holders
from drivers.ports.base import OpenFailed, Port

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_SERIAL = {
    "baud": tuple(map(str, BAUDS)),
    "parity": ("N", "E", "O"),
    "stop": ("1", "2"),
    "flow": ("none", "rtscts", "xonxoff"),
    "rs485": ("auto", "kernel", "rts"),
}


@dataclass(frozen=True)
class Kind:
    """One kind of port: the module that opens it, and the options (with their values) that may follow a `?`."""

    module: str
    form: str
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "tcp": Kind("drivers.ports.tcp", "tcp://HOST:PORT"),
    "serial": Kind("drivers.ports.serial", "serial:/dev/NODE?baud=115200", _SERIAL),
    "usblp": Kind("drivers.ports.usblp", "usblp:/dev/usb/lp0"),
    "libusb": Kind("drivers.ports.libusb", "libusb:VID:PID:SERIAL"),
    "pcsc": Kind("drivers.ports.pcsc", "pcsc:READER NAME"),
    "evdev": Kind("drivers.ports.evdev_port", "evdev:/dev/input/by-id/NAME-event-kbd", {"grab": ("all", "none")}),
    "watch": Kind("drivers.ports.evdev_port", "watch:/dev/input/by-id/NAME-event"),
    "alsa": Kind("drivers.ports.speaker", "alsa:plughw:CARD=NAME"),
    "wav": Kind("drivers.ports.speaker", "wav:/FOLDER"),
}


@dataclass(frozen=True)
class Address:
    """A checked address. `target` is a node, a name or a HOST; `number` the TCP port."""

    kind: str
    target: str
    number: int = 0
    options: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return f"tcp://{self.target}:{self.number}" if self.kind == "tcp" else f"{self.kind}:{self.target}"

    @property
    def baud(self) -> int:
        return int(self.options.get("baud", "115200"))


def parse_address(text: str) -> Address:
    """Raises ValueError with a sentence that says what is wrong."""
    if text.startswith("tcp://"):
        parts = urlsplit(text)
        if not parts.hostname or not parts.port or parts.path or parts.query:
            raise ValueError(f"{text!r}: write tcp://HOST:PORT")
        return Address("tcp", parts.hostname, parts.port)
    name, colon, rest = text.partition(":")
    target, _, query = rest.partition("?")
    kind = KINDS.get(name)
    if kind is None or name == "tcp" or not colon or not target or (kind.form.partition(":")[2].startswith("/") and target[0] != "/"):
        raise ValueError(f"{text!r}: write {', '.join(one.form for one in KINDS.values())}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(set(options) - set(kind.options)):
        known = ", ".join(sorted(kind.options)) or "none"
        raise ValueError(f"{text!r}: unknown option {', '.join(unknown)}; known: {known}")
    for key, value in options.items():
        if value not in kind.options[key]:
            raise ValueError(f"{text!r}: {key} must be one of {', '.join(kind.options[key])}")
    return Address(name, target, 0, options)


def open_port(address: Address) -> Port:
    """Raises OpenFailed with a health code."""
    kind = KINDS.get(address.kind)
    if kind is None:
        raise OpenFailed("error", f"no such kind of port: {address.kind}")
    try:
        module = import_module(kind.module)
    except ImportError as error:
        raise OpenFailed("error", f"{address.kind} needs {error.name}, which is not installed") from error
    try:
        opened: Port = module.open_address(address)
    except OpenFailed as error:
        raise _with_holder(error, address) from error
    return opened


def _with_holder(error: OpenFailed, address: Address) -> OpenFailed:
    """A taken device is told with the program that has it, as far as we may look."""
    if error.code != "busy" or not address.target.startswith("/"):
        return error
    others = [f"{one.name} ({one.pid})" for one in holders(address.target) if one.pid != os.getpid()]
    return OpenFailed("busy", f"{error.detail}; open in {', '.join(others)}") if others else error
