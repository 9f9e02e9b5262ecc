"""Black-and-white PNG files from packed rows, in a few lines and without a library."""

from __future__ import annotations

import struct
import zlib


def png(rows: list[bytes], width_dots: int) -> bytes:
    """`rows`: packed, 1 = black."""
    size = (width_dots + 7) // 8
    # PNG's grey of one bit says 1 for white, the printer says 1 for black.
    lines = b"".join(b"\x00" + bytes(~byte & 0xFF for byte in row[:size].ljust(size, b"\x00")) for row in rows)
    head = struct.pack(">IIBBBBB", width_dots, max(1, len(rows)), 1, 0, 0, 0, 0)
    pixels = zlib.compress(lines or b"\x00" + b"\xff" * size)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
