"""One simulated device of each kind on its true wire, and the drivers' service as a process that owns them. Asserts nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from drivers.protocols import load_protocols
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.line_wire import PtyLine
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire
from drivers.sim.scanner import ScannerSim
from drivers.sim.station import KeypadSim, LedSim
from drivers.technician.doctor import _service
from drivers.technician.finding import Finding


class Hall:
    """A machine with one device of each kind, and the service that owns them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printer, self.scanner = PrinterSim(576), ScannerSim(folder / "scanner")
        known = load_protocols()
        self.led, self.keypad = LedSim(known.panel("ascii-xor"), 1), KeypadSim(known.keypad("enq-key"), known.panel("ascii-xor"), 1)
        self.wires: list[Any] = [
            TcpWire(self.printer, "127.0.0.1", 0),
            PtyLine([self.led], folder / "led"),
            PtyLine([self.keypad], folder / "pad"),
        ]
        for wire in self.wires:
            threading.Thread(target=wire.run, daemon=True).start()
        self.config, self.socket = folder / "drivers.toml", folder / "drivers.sock"
        self.config.write_text(
            f'[slot.printer]\nport = "tcp://{self.wires[0].address}"\ndriver = "escpos"\nprofile = "80mm-203-epson"\npoll_s = 0.2\n'
            f'[slot.reader]\nport = "serial:{folder}/scanner"\ndriver = "serial-scanner"\n'
            f'[slot.led]\nport = "serial:{folder}/led"\ndriver = "led-panel"\nprotocol = "ascii-xor"\nrefresh_s = 0.2\n'
            f'[slot.keypad]\nport = "serial:{folder}/pad"\ndriver = "call-keypad"\nprotocol = "enq-key"\n'
        )
        self.process: subprocess.Popen[str] | None = None

    def serve(self) -> None:
        command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--config", str(self.config), "--socket", str(self.socket)]
        command += ["--state", str(self.folder / "state"), "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline())["slots"]

    def doctor(self) -> dict[str, list[Finding]]:
        """What it says of the devices, by slot; the machine around them is another test's."""
        alive, _, findings = _service(self.socket)
        assert alive
        return {slot: [one for one in findings if one.slot == slot] for slot in ("printer", "reader", "led", "keypad")}

    def fault(self, slot: str, names: str) -> None:
        if slot == "printer":
            self.printer.set_faults(parse_faults(names, PRINTER_FAULTS))
        elif slot == "reader":
            self.scanner.faults = {names} - {""}
        else:
            station = self.led if slot == "led" else self.keypad
            station.faults = {names} - {""}

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
        for wire in self.wires:
            wire.close()
        self.scanner.close()
