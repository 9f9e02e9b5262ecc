"""`toiluot drivers sim …`: run a far end until Ctrl-C, say where it is, show its page."""

from __future__ import annotations

import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from drivers.codecs.scan_text import SCANNER_ENCODINGS as ENCODINGS
from drivers.sim.cli_parts import complaining, faults_option, host_port, stay
from drivers.sim.faults import PRINTER_FAULTS, SCANNER_FAULTS, Fault
from drivers.sim.http import serve_http
from drivers.sim.typist import LETTERS

LATE = {
    "keypad": "drivers.sim.line_cli",
    "led": "drivers.sim.line_cli",
    "line": "drivers.sim.line_cli",
    "mrtd": "drivers.sim.mrtd_cli",
}


class Sims(click.Group):
    """Loads the devices of serial lines, and the chip, only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *LATE])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in LATE:
            command: click.Command = getattr(import_module(LATE[name]), name)
            return command
        return super().get_command(ctx, name)


@click.group(cls=Sims)
def sim() -> None:
    """Simulated devices: the far end of the true wire, with faults to switch on."""


@sim.command()
@click.option("--tcp", callback=host_port, help="Listen on HOST:PORT, as a network printer does on 9100.")
@click.option("--pty", type=click.Path(path_type=Path), help="Make a serial line with this name.")
@click.option("--http", callback=host_port, help="HOST:PORT of a page that shows the paper and switches faults.")
@click.option(
    "--fault",
    default="",
    callback=faults_option(PRINTER_FAULTS),
    help=f"Any of {', '.join(PRINTER_FAULTS)}; NAME@3 after 3 slips, NAME@120r after 120 rows.",
)
@click.option("--width", default=576, type=click.IntRange(8, 576), help="Dots in a row (576 or 384).")
@click.option("--baud", default=0, type=click.IntRange(0, 1_000_000), help="Be as slow as a line of this speed (with --pty; 0: no limit).")
@click.option("--no-process-id", is_flag=True, help="Be a printer that does not know GS ( H.")
@click.option("--paper", type=click.Path(path_type=Path, file_okay=False), help="Keep every slip as a PNG in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses as one line of JSON when ready.")
def printer(
    tcp: str | None,
    pty: Path | None,
    http: str | None,
    fault: list[Fault],
    width: int,
    baud: int,
    no_process_id: bool,
    paper: Path | None,
    as_json: bool,
) -> None:
    """A receipt printer (ESC/POS)."""
    from drivers.sim.png import png
    from drivers.sim.printer import PrinterSim, Slip
    from drivers.sim.printer_page import PrinterPage
    from drivers.sim.printer_wire import PtyWire, TcpWire

    if tcp is None and pty is None:
        raise click.UsageError("Give the printer a wire: --tcp HOST:PORT or --pty LINK.")
    machine = PrinterSim(width, fault, knows_process_id=not no_process_id)
    if paper is not None:
        folder = paper
        folder.mkdir(parents=True, exist_ok=True)

        def keep(slip: Slip) -> None:
            (folder / f"slip-{slip.number:05d}.png").write_bytes(png(slip.rows, width))

        machine.on_slip = keep
    wires: list[TcpWire | PtyWire] = []
    said: dict[str, Any] = {"role": "printer", "width_dots": width}
    with complaining():
        if tcp is not None:
            host, _, port = tcp.rpartition(":")
            wires.append(TcpWire(machine, host.strip("[]") or "127.0.0.1", int(port)))
            said["tcp"] = wires[-1].address  # type: ignore[union-attr]
        if pty is not None:
            wires.append(PtyWire(machine, pty, baud // 10))
            said["pty"] = str(pty)
        if http is not None:
            said["http"] = serve_http(http, PrinterPage(machine).route)[1]
    for wire in wires:
        threading.Thread(target=wire.run, daemon=True).start()
    stay(said, as_json, wires)


@sim.command()
@click.option("--pty", type=click.Path(path_type=Path), help="Make a serial line with this name.")
@click.option("--wedge", is_flag=True, help="Type as a keyboard of this machine instead (needs /dev/uinput).")
@click.option("--http", callback=host_port, help="HOST:PORT of a page with sample cards to lay down.")
@click.option("--encoding", default="utf-8", type=click.Choice(ENCODINGS), help="What a line scanner makes of Vietnamese.")
@click.option("--letters", default="drop", type=click.Choice(LETTERS), help="What a wedge scanner makes of Vietnamese.")
@click.option("--end", default="cr", type=click.Choice(["cr", "lf", "crlf", "tab", "stx-etx"]), help="How a scan ends.")
@click.option("--fault", default="", callback=faults_option(SCANNER_FAULTS), help=f"Any of {', '.join(SCANNER_FAULTS)}.")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses as one line of JSON when ready.")
def scanner(
    pty: Path | None, wedge: bool, http: str | None, encoding: str, letters: str, end: str, fault: list[Fault], as_json: bool
) -> None:
    """A code scanner, on a serial line or as a keyboard."""
    from drivers.sim import uinput
    from drivers.sim.scanner import ScannerSim
    from drivers.sim.scanner_page import ScannerPage

    if (pty is None) != wedge:
        raise click.UsageError("Give the scanner either a line (--pty LINK) or a keyboard (--wedge).")
    with complaining():
        device = ScannerSim(pty, encoding, end, fault, letters=letters if wedge else "")
        said: dict[str, Any] = {"role": "scanner", **({"wedge": letters} if wedge else {"pty": str(pty), "encoding": encoding})}
        if wedge:
            device.attach(uinput.create())
        if http is not None:
            said["http"] = serve_http(http, ScannerPage(device).route)[1]
    stay(said, as_json, [device])
