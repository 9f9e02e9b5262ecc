"""USB sockets for a how-to: a process under the umockdev preload that plugs a simulated printer or scanner into emulated kernel nodes.

Reads one command a line and answers each with one line: `printer`, `scanner`, `card`, `slips`. What it plugs in is seen by every process
that shares its preload and UMOCKDEV_DIR.
"""

from __future__ import annotations

import os
import sys
import threading

from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import Wire
from drivers.sim.scanner import SAMPLES, ScannerSim
from tests.drivers.umockdev.bed import the_bed
from tests.drivers.umockdev.hardware import Hardware, usb_printer, usb_serial


class Sockets:
    def __init__(self) -> None:
        self.bed, self.printer, self.scanner = the_bed(), PrinterSim(576), ScannerSim()
        self._held: list[int] = []
        self.cards = 0

    def _plug(self, device: Hardware) -> int:
        fd = self.bed.plug(device)
        os.set_blocking(fd, False)
        # The far end of a node that nobody has open yet seems hung up: it is held open as the kernel holds a device.
        self._held.append(os.open(device.node, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
        return fd

    def do(self, command: str) -> str:
        if command == "printer":
            fd = self._plug(usb_printer(0, serial="K7-01", port="1-2"))
            threading.Thread(target=Wire(self.printer).carry, args=(fd,), daemon=True).start()
        elif command == "scanner":
            device = usb_serial(0, vid="1eab", pid="0c10", model="Newland CDC", serial="SC-9", port="1-3", cdc=True)
            self.scanner.attach(self._plug(device))
        elif command == "card":
            # Another person's each time: the same card laid down again at once is one reading.
            number, _, rest = SAMPLES[0].payload.partition("|")
            self.cards += 1
            return str(self.scanner.scan(f"{number[:8]}{self.cards:04d}|{rest}"))
        elif command == "slips":
            return str(len(self.printer.slips))
        return "done"


def main() -> None:
    sockets = Sockets()
    print(sockets.bed.root, flush=True)
    for line in sys.stdin:
        print(sockets.do(line.strip()), flush=True)


if __name__ == "__main__":
    main()
