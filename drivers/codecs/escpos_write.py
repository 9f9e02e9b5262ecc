"""A slip as the bytes an ESC/POS printer takes: the few commands we send, and no others.

Holds the building of commands and of raster bands. Reads nothing (`escpos_raster`, `escpos_status`) and sends nothing
(`devices.slip_sending`). The bytes are judged by python-escpos and by the makers' manuals: `docs/wire/escpos.md`.
"""

from __future__ import annotations

from drivers.codecs.escpos_raster import nudge

# 1,040 rows would write their number as `10 04`, which many printers obey as a command wherever it stands.
MOST_BAND_ROWS = 1024
INITIALISE = b"\x1b\x40"
CUTS = {"full": b"\x1d\x56\x00", "partial": b"\x1d\x56\x01", "none": b""}
# Real-time commands that throw away what a stopped printer still holds: DLE ENQ 2 and DLE DC4 function 8.
CLEARS = {"none": b"", "enq": b"\x10\x05\x02", "dc4": b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"}


def raster_bands(raster: bytes, width_dots: int, band_rows: int) -> list[bytes]:
    """`GS v 0` bands of at most `band_rows` rows, no real-time command hidden in any. `raster`: packed rows, 1 = black."""
    row_bytes = width_dots // 8
    step = row_bytes * min(band_rows, MOST_BAND_ROWS)
    return [_band(raster[start : start + step], row_bytes) for start in range(0, len(raster), step)]


def _band(rows: bytes, row_bytes: int) -> bytes:
    height = len(rows) // row_bytes
    return b"\x1d\x76\x30\x00" + row_bytes.to_bytes(2, "little") + height.to_bytes(2, "little") + nudge(rows)


def finish(kind: str = "full", feed_lines: int = 6) -> bytes:
    """Feed past the knife, then cut: `1B 64 06 1D 56 00`."""
    return b"\x1b\x64" + bytes([feed_lines]) + CUTS[kind]
