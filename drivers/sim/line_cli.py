"""`toiluot drivers sim led|keypad|line`: panels and keypads on a serial line or a TCP port."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from drivers.protocols import ProtocolError, Protocols, load_protocols
from drivers.sim.cli_parts import complaining, faults_option, host_port, stay
from drivers.sim.faults import KEYPAD_FAULTS, LED_FAULTS, Fault
from drivers.sim.http import serve_http
from drivers.sim.line_page import LinePage
from drivers.sim.line_wire import PtyLine, TcpLine
from drivers.sim.station import KeypadSim, LedSim, Station

Made = TypeVar("Made", bound=Callable[..., Any])
_DEVICE = re.compile(r"(led|keypad):([0-9]{1,3}):([a-z0-9-]+)(?::([0-9]{1,2})(?:x([1-8]))?)?")
_folder = click.option(
    "--protocols", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder with protocols of your own."
)


def _wires(command: Made) -> Made:
    """The options every line has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Say the addresses as one line of JSON when ready."),
        click.option("--http", callback=host_port, help="HOST:PORT of a page that shows the devices and switches faults."),
        click.option("--tcp", callback=host_port, help="Listen on HOST:PORT, as a serial server does."),
        click.option("--pty", type=click.Path(path_type=Path), help="Make a serial line with this name."),
        _folder,
    ):
        command = option(command)
    return command


@click.command()
@_wires
@click.option("--protocol", default="ascii-xor", show_default=True, help="A panel of drivers/protocols.d.")
@click.option("--address", default=1, type=click.IntRange(1, 255), show_default=True)
@click.option("--digits", default=0, type=click.IntRange(0, 32), help="How many it has (0: as the protocol says).")
@click.option("--rows", default=0, type=click.IntRange(0, 8), help="How many it has (0: as the protocol says).")
@click.option("--fault", default="", callback=faults_option(LED_FAULTS), help=f"Any of {', '.join(LED_FAULTS)}.")
def led(protocols: Path | None, protocol: str, address: int, digits: int, rows: int, fault: list[Fault], **wires: Any) -> None:
    """A LED panel."""
    with _named():
        panel = _known(protocols).panel(protocol)
    _run([LedSim(panel, address, {one.name for one in fault}, digits, rows)], "led", **wires)


@click.command()
@_wires
@click.option("--protocol", default="enq-key", show_default=True, help="A keypad of drivers/protocols.d.")
@click.option("--address", default=1, type=click.IntRange(1, 255), show_default=True)
@click.option("--fault", default="", callback=faults_option(KEYPAD_FAULTS), help=f"Any of {', '.join(KEYPAD_FAULTS)}.")
def keypad(protocols: Path | None, protocol: str, address: int, fault: list[Fault], **wires: Any) -> None:
    """A clerk's keypad."""
    _run([_keypad(_known(protocols), protocol, address, {one.name for one in fault})], "keypad", **wires)


@click.command()
@_wires
@click.option(
    "--device", "devices", multiple=True, required=True, metavar="KIND:ADDRESS:PROTOCOL", help="led:1:ascii-xor, keypad:2:enq-key …"
)
def line(protocols: Path | None, devices: Sequence[str], **wires: Any) -> None:
    """Several devices on one RS-485 line."""
    known = _known(protocols)
    _run([_station(known, text) for text in devices], "line", **wires)


def _station(known: Protocols, text: str) -> Station:
    found = _DEVICE.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 255:
        raise click.UsageError(f"--device {text}: write led:ADDRESS:PROTOCOL (and :DIGITS or :DIGITSxROWS) or keypad:ADDRESS:PROTOCOL")
    if found[1] == "keypad":
        return _keypad(known, found[3], int(found[2]), set())
    with _named():
        return LedSim(known.panel(found[3]), int(found[2]), digits=int(found[4] or 0), rows=int(found[5] or 0))


def _keypad(known: Protocols, protocol: str, address: int, faults: set[str]) -> KeypadSim:
    with _named():
        wanted = known.keypad(protocol)
    if wanted.mode == "strokes":
        raise click.UsageError(f"{protocol} is no protocol of a line; choose another")
    return KeypadSim(wanted, known.panels[wanted.display] if wanted.display else None, address, faults)


def _known(folder: Path | None) -> Protocols:
    with _named():
        return load_protocols(*([folder] if folder else []))


class _named:
    """A protocol that is not known or not understood: one sentence."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> None:
        if isinstance(error, ProtocolError):
            raise click.UsageError(str(error)) from error


def _run(stations: list[Station], role: str, *, pty: Path | None, tcp: str | None, http: str | None, as_json: bool) -> None:
    if pty is None and tcp is None:
        raise click.UsageError("Give the line a wire: --pty LINK or --tcp HOST:PORT.")
    said: dict[str, Any] = {"role": role, "devices": [station.name for station in stations]}
    wires: list[PtyLine | TcpLine] = []
    with complaining():
        if tcp is not None:
            host, _, port = tcp.rpartition(":")
            made = TcpLine(stations, host.strip("[]") or "127.0.0.1", int(port))
            wires.append(made)
            said["tcp"] = made.address
        if pty is not None:
            wires.append(PtyLine(stations, pty))
            said["pty"] = str(pty)
        if http is not None:
            said["http"] = serve_http(http, LinePage(stations).route)[1]
    threads = [threading.Thread(target=wire.run, daemon=True) for wire in wires]
    for thread in threads:
        thread.start()
    stay(said, as_json, [*wires, *map(_Joined, threads)])


class _Joined:
    """A wire's thread takes its link away itself; we wait for that."""

    def __init__(self, thread: threading.Thread) -> None:
        self._thread = thread

    def close(self) -> None:
        self._thread.join(2.0)
