"""A code scanner's far end: what a person lays on the glass goes out as bytes of a line or as key strokes.

Holds sending, its faults and the sample cards (all invented, all marked so). It writes to any descriptor it is given:
a pseudo-terminal of its own, a memory line, an emulated or a real kernel device. The page is `scanner_page`.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from drivers.codecs.hid_keymap import RECORD, pack
from drivers.codecs.scan_text import encode
from drivers.sim.faults import Fault
from drivers.sim.printer_wire import close_pty, open_pty
from drivers.sim.typist import typed

ENDS = {"cr": (b"", b"\r"), "lf": (b"", b"\n"), "crlf": (b"", b"\r\n"), "tab": (b"", b"\t"), "stx-etx": (b"\x02", b"\x03")}
NOISE = b"\xfe\x7f\x9d\x00\xff\x1b"
# F5, louder, mouse and lamp: what a keyboard may say beside letters.
STRANGE_KEYS = ((1, 63, 1), (1, 63, 0), (1, 115, 1), (1, 115, 0), (2, 0, 5), (17, 1, 1), (0, 0, 0))
PREFIX = "QR:"
SLOW_S = 0.005
WRITE_S = 3.0


@dataclass(frozen=True)
class Sample:
    """A card for trying. Numbers and names are invented."""

    code: str
    title: str
    about: str
    payload: str


SAMPLES = (
    Sample(
        "cccd", "CCCD 2021", "7 trường, sinh 1990", "001090123456||Nguyễn Văn An|01011990|Nam|Số 5, ngõ 10, Phường Tây Hồ, Hà Nội|25122021"
    ),
    Sample(
        "cccd-old",
        "CCCD 2021, có CMND cũ",
        "người sinh 1948",
        "001148000123|012345678|Trần Thị Đào|05031948|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|10052021",
    ),
    Sample(
        "cancuoc",
        "Căn cước 2024",
        "thêm trường ở cuối",
        "079203004321||Lê Hoàng Phúc|17082003|Nam|12/4 Khu phố 2, Phường Thủ Đức, TP. Hồ Chí Minh|01082024||Lê Văn Tám|Phạm Thị Sáu",
    ),
    Sample(
        "bhyt",
        "Thẻ BHYT",
        "nhận ra, không lấy gì",
        "DN4010123456789|4e677579e1bb856e2056c4836e20416e|01/01/1990|1|48c3a0204ee1bb9969|01 - 001|01/01/2026|-|01/01/2026"
        "|0000000000|-|4|01/01/2021|0000|-",
    ),
    Sample("dossier", "Mã hồ sơ", "trên giấy tiếp nhận", "000.00.53.H48-260921-0001"),
    Sample("slip", "Phiếu số thứ tự", "mã QR trên phiếu", "https://hangdoi.example.vn/t/Zk3v9Qw1YbT0aXcD5eFgHi"),
    Sample("garbled", "Mã lạ", "không đọc được", "|||\x07?"),
)


class ScannerSim:
    """Safe to use from several threads; scans are sent one after the other. `link`: a pseudo-terminal to make."""

    def __init__(
        self, link: Path | None = None, encoding: str = "utf-8", end: str = "cr", faults: list[Fault] | None = None, *, letters: str = ""
    ) -> None:
        """`letters`: type as a keyboard, and what becomes of letters then; empty for a scanner on a line."""
        self.link, self.encoding, self.end, self.letters = link, encoding, end, letters
        self.scans = self.sent_bytes = 0
        self._lock = threading.Lock()  # one scan at a time
        self._plug = threading.Lock()  # no plug is pulled in the middle of a write
        self._pty: tuple[int, int] | None = None
        self._out: int | None = None
        self._faults: set[str] = set()
        self._replug()
        self.faults = {fault.name for fault in faults or []}

    # ------------------------------------------------------------ the plug
    def attach(self, fd: int | None) -> None:
        """Where scans go from now on; None is unplugged."""
        with self._plug:
            self._out = fd

    @property
    def faults(self) -> set[str]:
        return set(self._faults)

    @faults.setter
    def faults(self, names: set[str]) -> None:
        was, self._faults = self._faults, set(names)
        if "unplug" in names:
            self.close()
        elif "unplug" in was:
            self._replug()

    def _replug(self) -> None:
        if self.link is not None and self._pty is None:
            self._pty = open_pty(self.link)
            self.attach(self._pty[0])

    def close(self) -> None:
        with self._plug:
            pty, self._pty, self._out = self._pty, None, None
            if pty is not None and self.link is not None:
                close_pty(self.link, *pty)

    # ------------------------------------------------------------ a card on the glass
    def scan(self, payload: str, encoding: str | None = None) -> int:
        """Send one card; the number of bytes sent."""
        with self._lock:
            self.scans += 1
            if "silent" in self._faults:
                return 0
            data = self._typed(payload) if self.letters else self._coded(payload, encoding or self.encoding)
            return self._send(data)

    def _coded(self, payload: str, encoding: str) -> bytes:
        faults = self._faults
        before, after = ENDS[self.end]
        text = (PREFIX if "prefix" in faults else "") + payload
        body = encode(text, "cp1258" if "wrong-encoding" in faults else encoding)
        if "partial" in faults:
            return before + body[: len(body) // 2]
        data = before + body + (b"" if "no-end" in faults else after)
        return NOISE + data if "garbage" in faults else data

    def _typed(self, payload: str) -> bytes:
        """Records of the kernel."""
        faults = self._faults
        text = (PREFIX if "prefix" in faults else "") + payload
        if "partial" in faults:
            text = text[: len(text) // 2]
        elif "no-end" not in faults:
            text += "\t" if self.end == "tab" else "\r"
        strange = STRANGE_KEYS if "garbage" in faults else ()
        return pack((*strange, *typed(text, self.letters, french="wrong-layout" in faults)), time.monotonic())

    def send_raw(self, data: bytes) -> int:
        with self._lock:
            return self._send(data)

    def _send(self, data: bytes) -> int:
        small = RECORD.size if self.letters else 1
        step = small if self._faults & {"split", "slow"} else len(data)
        sent, deadline = 0, time.monotonic() + WRITE_S + len(data) * SLOW_S
        while sent < len(data) and time.monotonic() < deadline:
            with self._plug:
                if self._out is None:
                    break
                if select.select([], [self._out], [], 0.02)[1]:
                    with contextlib.suppress(BlockingIOError):
                        taken = os.write(self._out, data[sent : sent + step])
                        sent, self.sent_bytes = sent + taken, self.sent_bytes + taken
            if "slow" in self._faults:
                time.sleep(SLOW_S)
        return sent
