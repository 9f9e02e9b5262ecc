"""Cards: from a scanner's bytes, or its keys, to the value a kiosk is told.

Two figures: the codecs alone on one core, and the whole way through a pseudo-terminal, the slot's thread and its driver,
from the last byte written to the event published. The wire's own time comes on top and is the scanner's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.codecs import card_qr
from drivers.codecs.framing import Framer
from drivers.codecs.hid_keymap import pack
from drivers.codecs.hid_scan import KeyFramer
from drivers.codecs.scan_text import encode
from drivers.devices.card_reader import SerialScanner, understand
from drivers.devices.link import Slot
from drivers.ports.opening import open_port, parse_address
from drivers.sim.scanner import ScannerSim
from drivers.sim.typist import typed
from tests.bench.report import table

PERSON = "||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
BAUD = 115_200
NAMES = {"utf-8": "UTF-8", "utf-16be-mix": "mixed UTF-16BE", "latin1": "UTF-8 taken for Latin-1", "cp1258": "CP1258", "gb18030": "GB 18030"}


def measure(scale: float) -> dict[str, Any]:
    count = max(200, int(20_000 * scale))
    codecs = [{"what": name, **_codec(lambda card, e=encoding: encode(card, e) + b"\r", Framer, count)} for encoding, name in NAMES.items()]
    codecs.append({"what": "keys, letters dropped", **_codec(lambda card: pack(typed(card + "\r")), KeyFramer, count // 4)})
    codecs.append({"what": "keys, letters by Alt", **_codec(lambda card: pack(typed(card + "\r", "alt")), KeyFramer, count // 4)})
    return {"codecs": codecs, "line": _line(max(50, int(2_000 * scale)))}


def _codec(made: Callable[[str], bytes], framer: Callable[[], Any], count: int) -> dict[str, Any]:
    """Processor time; every card another one, in one piece, as the machine hands it over."""
    times, size, collector = [], 0, framer()
    for serial in range(count):
        raw = made(f"{1_090_000_000 + serial:012d}" + PERSON)
        begun = time.thread_time()
        event = card_qr.event(understand(collector.feed(raw, 0.0)[0])[1])
        times.append(1e6 * (time.thread_time() - begun))
        assert event["kind"] == "id_card"
        size = len(raw)
    return {"bytes": size, **_summed(times, "us")}


def _line(count: int) -> dict[str, Any]:
    """Through a pseudo-terminal and a slot: from the last byte written to the event."""
    told: list[float] = []
    news = threading.Event()

    def publish(_: dict[str, Any]) -> None:
        told.append(time.perf_counter())
        news.set()

    with tempfile.TemporaryDirectory() as folder:
        sim = ScannerSim(Path(folder) / "scanner")
        address = parse_address(f"serial:{sim.link}")
        ready = threading.Event()
        device = SerialScanner(publish)
        slot = Slot("reader", "serial-scanner", device, lambda: (open_port(address), address.text), publish=lambda _: ready.set())
        slot.start()
        assert ready.wait(10)
        times = []
        for serial in range(count):
            news.clear()
            sim.scan(f"{1_090_000_000 + serial:012d}" + PERSON)
            sent = time.perf_counter()
            assert news.wait(5), "a card was lost"
            times.append(1e3 * max(0.0, told[-1] - sent))
        slot.stop()
        sim.close()
    return _summed(times, "ms")


def _summed(times: list[float], unit: str) -> dict[str, float]:
    usual = sorted(times)
    return {f"p50_{unit}": statistics.median(times), f"p99_{unit}": usual[int(0.99 * (len(usual) - 1))]}


def section(found: dict[str, Any]) -> str:
    rows = [[row["what"], f"{row['bytes']:,}", f"{row['p50_us']:.0f} · {row['p99_us']:.0f}"] for row in found["codecs"]]
    wire_ms = 1000 * 10 * found["codecs"][0]["bytes"] / BAUD
    line = found["line"]
    return (
        "## Card bytes → value\n\n"
        + table(["a card as", "bytes", "processor p50 · p99 µs"], rows)
        + f"\n\nThrough a pseudo-terminal, the slot's thread and its driver: **{line['p50_ms']:.2f} · {line['p99_ms']:.2f} ms** (p50 · p99)"
        + f" from the last byte written\nto the event; the wire itself needs {wire_ms:.1f} ms for such a card at {BAUD:,} baud."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    measured = measure(parser.parse_args().scale)
    print(json.dumps(measured))
    print(section(measured))
