"""A receipt printer's far end without its wire: bytes in, answers and paper out.

Holds the mechanism (buffer, paper, sensors, faults) as plain state under one lock. Wires are `printer_wire`, the page
with the paper is `printer_page`. It behaves as real ones do where that hurts: at paper end it keeps the rest of the job
and prints on after new paper; it obeys real-time commands even inside an image.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.codecs.escpos_raster import AskProcess, AskSensor, Command, Cut, Feed, Row, SetAutoStatus, StreamParser
from drivers.codecs.escpos_write import CLEARS
from drivers.sim.faults import Fault
from toiluot_edge import SystemClock

BUFFER_BYTES = 65_536
PARTIAL_BYTES = 8_192
KEPT_SLIPS = 200
LONGEST_STRIP_ROWS = 10_000
_STOPPING = {"paper-out", "cover-open", "offline", "overheat"}


@dataclass(frozen=True)
class Slip:
    number: int
    rows: list[bytes] = field(repr=False)
    at: float


class PrinterSim:
    """Safe to use from several threads. `feed` gives the answers to what it was fed."""

    def __init__(self, width_dots: int = 576, faults: list[Fault] | None = None, knows_process_id: bool = True) -> None:
        self.width_dots = width_dots
        self.lock = threading.RLock()
        self.slips: list[Slip] = []
        self.printed = 0
        self.unknown_bytes = 0
        self.received_bytes = 0
        self.on_slip: Callable[[Slip], None] = lambda _: None
        self._knows_process_id = knows_process_id
        self._parser = StreamParser()
        self._tail = b""
        self._strip: list[bytes] = []
        self._active: set[str] = set()
        self._waiting: list[Fault] = []
        self._rows_since = self._slips_since = self._taken = 0
        self._auto_status = 0
        self._jammed = False
        self._late = b""
        self.set_faults(faults or [])

    # ------------------------------------------------------------ faults
    @property
    def faults(self) -> list[str]:
        return sorted(self._active)

    def set_faults(self, faults: list[Fault]) -> None:
        """Replace all faults. What had stopped goes on where it stopped, and answers late what it was asked before."""
        with self.lock:
            self._active = {fault.name for fault in faults if fault.slips is None and fault.rows is None}
            self._waiting = [fault for fault in faults if fault.slips is not None or fault.rows is not None]
            self._rows_since = self._slips_since = self._taken = 0
            if "cutter" not in self._active:
                self._jammed = False
            self._late += self._run()

    def late_answers(self) -> bytes:
        """Answers that came up without new bytes, for the wire to send."""
        with self.lock:
            late, self._late = self._late, b""
            return b"" if self.has("silent") else late

    def _ripen(self) -> None:
        for fault in list(self._waiting):
            due = self._slips_since >= fault.slips if fault.slips is not None else self._rows_since >= (fault.rows or 0)
            if due:
                self._waiting.remove(fault)
                self._active.add(fault.name)

    def has(self, name: str) -> bool:
        return name in self._active

    @property
    def stopped(self) -> bool:
        return bool(self._active & _STOPPING) or self._jammed

    @property
    def room(self) -> int:
        """How many bytes it would take now; 0 makes the wire stand still."""
        with self.lock:
            if self.has("partial"):
                return max(0, PARTIAL_BYTES - self._taken)
            return max(0, BUFFER_BYTES - self._parser.backlog)

    # ------------------------------------------------------------ wire
    def feed(self, data: bytes) -> bytes:
        with self.lock:
            self.received_bytes += len(data)
            self._taken += len(data)
            answers, kept = self._real_time(data)
            self._parser.push(data[kept:])
            answers += self._run()
            return b"" if self.has("silent") else answers

    def disconnect(self) -> None:
        """A network interface that loses its peer forgets the torn command, not what was complete."""
        with self.lock:
            if not self.stopped and self._parser.torn:
                self._parser.clear()
            self._tail = self._late = b""

    def _real_time(self, data: bytes) -> tuple[bytes, int]:
        """Obeyed as they arrive, wherever they stand. Also: from which byte of `data` on nothing was thrown away."""
        known, seen = len(self._tail), self._tail + data
        answers, kept, at = b"", 0, seen.find(b"\x10")
        while at >= 0:
            for command, act in ((b"\x10\x04", self._ask), (CLEARS["enq"], self._recover), (CLEARS["dc4"], self._forget)):
                end = at + (3 if command == b"\x10\x04" else len(command))
                if seen.startswith(command, at) and known < end <= len(seen):
                    said, cleared = act(seen[end - 1])
                    answers += said
                    kept = end - known if cleared else kept
            at = seen.find(b"\x10", at + 1)
        self._tail = seen[-9:]
        return answers, kept

    def _ask(self, which: int) -> tuple[bytes, bool]:
        return self._status(which), False

    def _recover(self, _: int) -> tuple[bytes, bool]:
        """DLE ENQ 2: only for one that has stopped."""
        obeyed = self.stopped and not self.has("keeps-buffer")
        if obeyed:
            self._parser.clear()
        return b"", obeyed

    def _forget(self, _: int) -> tuple[bytes, bool]:
        """DLE DC4 function 8."""
        if self.has("keeps-buffer"):
            return b"", False
        self._parser.clear()
        return b"\x37\x25\x00", True

    def _status(self, which: int) -> bytes:
        byte = 0x12
        if which == 1:
            byte |= 0x08 if self.stopped else 0
        elif which == 2:
            byte |= 0x04 if self.has("cover-open") else 0
            byte |= 0x20 if self.has("paper-out") else 0
            byte |= 0x40 if self._jammed or self.has("overheat") else 0
        elif which == 3:
            byte |= 0x08 if self._jammed else 0
            byte |= 0x40 if self.has("overheat") else 0
        elif which == 4:
            byte |= 0x0C if self.has("paper-low") or self.has("paper-out") else 0
            byte |= 0x60 if self.has("paper-out") else 0
        else:
            return b""
        return self._noise() + bytes([byte])

    def _noise(self) -> bytes:
        """Line noise and automatic status nobody asked for; none of it fits a question."""
        return b"\xff\x13\x11\x14\x00\x00\x0f\xa5\x9c" if self.has("garbage") else b""

    # ------------------------------------------------------------ mechanism
    def _run(self) -> bytes:
        answers = b""
        while not self.stopped:
            command = self._parser.pop()
            if command is None:
                break
            answers += self._do(command)
            self._ripen()
        return answers

    def _do(self, command: Command) -> bytes:
        if isinstance(command, Row):
            self._print_row(command.dots)
        elif isinstance(command, Feed):
            for _ in range(min(command.rows, 2000)):
                self._print_row(b"")
        elif isinstance(command, Cut):
            self._cut()
        elif isinstance(command, AskSensor):
            return self._noise() + bytes([(0x03 if self.has("paper-low") else 0) | (0x0C if self.has("paper-out") else 0)])
        elif isinstance(command, AskProcess):
            return self._noise() + b"\x37\x22" + command.identifier + b"\x00" if self._knows_process_id else b""
        elif isinstance(command, SetAutoStatus):
            self._auto_status = command.mask
        elif hasattr(command, "byte") and command.byte not in (0x00, 0x0D):
            self.unknown_bytes += 1
        return b""

    def _print_row(self, dots: bytes) -> None:
        if len(self._strip) >= LONGEST_STRIP_ROWS:
            self._strip.clear()  # more than a metre hangs out: somebody has torn it off
        self._strip.append(dots[: self.width_dots // 8])
        self._rows_since += 1

    def _cut(self) -> None:
        if self.has("cutter"):
            self._jammed = True
        rows, self._strip = _trimmed(self._strip), []
        if not rows:
            return
        self.printed += 1
        self._slips_since += 1
        self._taken = 0
        slip = Slip(self.printed, rows, SystemClock().wall_ms() / 1000)
        self.slips = [*self.slips, slip][-KEPT_SLIPS:]
        self.on_slip(slip)

    @property
    def hanging_rows(self) -> int:
        """Rows printed since the last cut: paper that hangs out of the slot."""
        return len(self._strip)

    def hanging(self) -> list[bytes]:
        with self.lock:
            return list(self._strip)


def _trimmed(rows: list[bytes]) -> list[bytes]:
    """Without the blank feed at the end."""
    last = len(rows)
    while last and rows[last - 1] == b"":
        last -= 1
    return rows[:last]
