"""A code scanner's far end: what a person lays on the glass comes out of a pseudo-terminal, in the encoding chosen.

Holds sending, its faults and the sample cards (all invented, all marked so). The page is `scanner_page`.
"""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from drivers.codecs.scan_text import encode
from drivers.sim.faults import Fault
from drivers.sim.printer_wire import close_pty, open_pty

ENCODINGS = ("utf-8", "utf-16be-mix", "latin1")
ENDS = {"cr": (b"", b"\r"), "lf": (b"", b"\n"), "crlf": (b"", b"\r\n"), "tab": (b"", b"\t"), "stx-etx": (b"\x02", b"\x03")}
NOISE = b"\xfe\x7f\x9d\x00\xff\x1b"
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
    Sample("garbled", "Mã lạ", "không đọc được", "|||\x07?"),
)


class ScannerSim:
    """Safe to use from several threads; scans are sent one after the other."""

    def __init__(self, link: Path, encoding: str = "utf-8", end: str = "cr", faults: list[Fault] | None = None) -> None:
        self.link, self.encoding, self.end = link, encoding, end
        self.faults = {fault.name for fault in faults or []}
        self.scans = 0
        self._lock = threading.Lock()
        self._near, self._far = open_pty(link)

    def scan(self, payload: str, encoding: str | None = None) -> int:
        """Send one card; the number of bytes sent."""
        with self._lock:
            self.scans += 1
            if "silent" in self.faults:
                return 0
            before, after = ENDS[self.end]
            data = before + encode(payload, encoding or self.encoding) + (b"" if "no-end" in self.faults else after)
            if "garbage" in self.faults:
                data = NOISE + data
            return self._send(data)

    def send_raw(self, data: bytes) -> int:
        with self._lock:
            return self._send(data)

    def _send(self, data: bytes) -> int:
        step = 1 if self.faults & {"split", "slow"} else len(data)
        sent, deadline = 0, time.monotonic() + WRITE_S + len(data) * SLOW_S
        while sent < len(data) and time.monotonic() < deadline:
            if select.select([], [self._near], [], 0.2)[1]:
                sent += os.write(self._near, data[sent : sent + step])
            if "slow" in self.faults:
                time.sleep(SLOW_S)
        return sent

    def close(self) -> None:
        close_pty(self.link, self._near, self._far)
