"""From an address in the configuration to an open port.

`tcp://HOST:PORT`, `serial:/dev/NODE?baud=115200&parity=N&stop=1&flow=none`, `usblp:/dev/usb/lp0`. Parsing is pure and is
done when the configuration is read, so that a wrong address is told at once and not at the first opening.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from drivers.ports.base import OpenFailed, Port

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_SERIAL_OPTIONS = {"baud", "parity", "stop", "flow"}


@dataclass(frozen=True)
class Address:
    """A checked address. `target` is a node or HOST; `number` the TCP port."""

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
    kind, colon, rest = text.partition(":")
    path, _, query = rest.partition("?")
    if kind not in ("serial", "usblp") or not colon or not path.startswith("/"):
        raise ValueError(f"{text!r}: write tcp://HOST:PORT, serial:/dev/NODE?baud=115200 or usblp:/dev/usb/lp0")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if kind == "usblp" and options:
        raise ValueError(f"{text!r}: usblp takes no options")
    _check_serial(text, options)
    return Address(kind, path, 0, options)


def _check_serial(text: str, options: dict[str, str]) -> None:
    if unknown := set(options) - _SERIAL_OPTIONS:
        raise ValueError(f"{text!r}: unknown option {', '.join(sorted(unknown))}; known: {', '.join(sorted(_SERIAL_OPTIONS))}")
    if options.get("baud", "115200") not in {str(baud) for baud in BAUDS}:
        raise ValueError(f"{text!r}: baud must be one of {', '.join(map(str, BAUDS))}")
    if options.get("parity", "N") not in ("N", "E", "O") or options.get("stop", "1") not in ("1", "2"):
        raise ValueError(f"{text!r}: parity is N, E or O; stop is 1 or 2")
    if options.get("flow", "none") not in ("none", "rtscts", "xonxoff"):
        raise ValueError(f"{text!r}: flow is none, rtscts or xonxoff")


def open_port(address: Address) -> Port:
    """Raises OpenFailed with a health code."""
    if address.kind == "tcp":
        from drivers.ports.tcp import open_tcp

        return open_tcp(address.target, address.number)
    if address.kind == "usblp":
        from drivers.ports.usblp import open_usblp

        return open_usblp(address.target)
    if address.kind == "serial":
        from drivers.ports.serial import open_serial

        options = address.options
        return open_serial(
            address.target,
            address.baud,
            options.get("parity", "N"),
            int(options.get("stop", "1")),
            options.get("flow", "none"),
        )
    raise OpenFailed("error", f"no such kind of port: {address.kind}")
