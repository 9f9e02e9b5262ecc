"""`toiluot drivers sim …`: run a far end until Ctrl-C, say where it is, show its page."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from drivers.sim.faults import PRINTER_FAULTS, SCANNER_FAULTS, Fault, parse_faults
from drivers.sim.http import serve_http


def _faults(known: tuple[str, ...]) -> Callable[[click.Context, click.Parameter, str], list[Fault]]:
    def check(_: click.Context, __: click.Parameter, text: str) -> list[Fault]:
        try:
            return parse_faults(text, known)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return check


def _address(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is not None and (":" not in text or not text.rpartition(":")[2].isdigit()):
        raise click.BadParameter("write HOST:PORT (port 0 for any free one)")
    return text


@click.group()
def sim() -> None:
    """Simulated devices: the far end of the true wire, with faults to switch on."""


@sim.command()
@click.option("--tcp", callback=_address, help="Listen on HOST:PORT, as a network printer does on 9100.")
@click.option("--pty", type=click.Path(path_type=Path), help="Make a serial line with this name.")
@click.option("--http", callback=_address, help="HOST:PORT of a page that shows the paper and switches faults.")
@click.option(
    "--fault",
    default="",
    callback=_faults(PRINTER_FAULTS),
    help=f"Any of {', '.join(PRINTER_FAULTS)}; NAME@3 after 3 slips, NAME@120r after 120 rows.",
)
@click.option("--width", default=576, type=click.IntRange(8, 576), help="Dots in a row (576 or 384).")
@click.option("--no-process-id", is_flag=True, help="Be a printer that does not know GS ( H.")
@click.option("--paper", type=click.Path(path_type=Path, file_okay=False), help="Keep every slip as a PNG in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses as one line of JSON when ready.")
def printer(
    tcp: str | None,
    pty: Path | None,
    http: str | None,
    fault: list[Fault],
    width: int,
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
    with _complaining():
        if tcp is not None:
            host, _, port = tcp.rpartition(":")
            wires.append(TcpWire(machine, host.strip("[]") or "127.0.0.1", int(port)))
            said["tcp"] = wires[-1].address  # type: ignore[union-attr]
        if pty is not None:
            wires.append(PtyWire(machine, pty))
            said["pty"] = str(pty)
        if http is not None:
            said["http"] = serve_http(http, PrinterPage(machine).route)[1]
    for wire in wires:
        threading.Thread(target=wire.run, daemon=True).start()
    _stay(said, as_json, wires)


@sim.command()
@click.option("--pty", required=True, type=click.Path(path_type=Path), help="Make a serial line with this name.")
@click.option("--http", callback=_address, help="HOST:PORT of a page with sample cards to lay down.")
@click.option(
    "--encoding", default="utf-8", type=click.Choice(["utf-8", "utf-16be-mix", "latin1"]), help="What the scanner makes of Vietnamese."
)
@click.option("--end", default="cr", type=click.Choice(["cr", "lf", "crlf", "tab", "stx-etx"]), help="How a scan ends.")
@click.option("--fault", default="", callback=_faults(SCANNER_FAULTS), help=f"Any of {', '.join(SCANNER_FAULTS)}.")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses as one line of JSON when ready.")
def scanner(pty: Path, http: str | None, encoding: str, end: str, fault: list[Fault], as_json: bool) -> None:
    """A code scanner on a serial line."""
    from drivers.sim.scanner import ScannerSim
    from drivers.sim.scanner_page import ScannerPage

    with _complaining():
        device = ScannerSim(pty, encoding, end, fault)
        said: dict[str, Any] = {"role": "scanner", "pty": str(pty), "encoding": encoding}
        if http is not None:
            said["http"] = serve_http(http, ScannerPage(device).route)[1]
    _stay(said, as_json, [device])


@contextlib.contextmanager
def _complaining() -> Any:
    """An address in use or a folder that is not ours: one sentence, not a traceback."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename or 'address'}; choose another") from error


def _stay(said: dict[str, Any], as_json: bool, closing: list[Any]) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    text = json.dumps(said) if as_json else "  ".join(f"{name}: {value}" for name, value in said.items())
    click.echo(text)
    stop.wait()
    for one in closing:
        one.close()
