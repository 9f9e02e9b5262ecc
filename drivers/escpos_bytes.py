"""The one file that imports python-escpos, and only as a builder of bytes: the library never sees a port.

Holds how a slip becomes a stream of ESC/POS bytes. Sending and confirming is `drivers.devices.ticket_printer`.
"""

from __future__ import annotations

from escpos.printer import Dummy
from PIL import Image

from drivers.codecs.escpos_raster import nudge

# Chosen for its 576-dot width, so that the library checks nothing we have not checked and prints no warning of its own.
_LIBRARY_PROFILE = "TM-T20II"


def initialise() -> bytes:
    builder = Dummy(profile=_LIBRARY_PROFILE)
    builder.hw("INIT")
    return bytes(builder.output)


def raster_bands(raster: bytes, width_dots: int, band_rows: int) -> list[bytes]:
    """`GS v 0` bands of at most `band_rows` rows, no real-time command hidden in any. `raster`: packed rows, 1 = black."""
    row_bytes = width_dots // 8
    bands = []
    for start in range(0, len(raster), row_bytes * band_rows):
        rows = nudge(raster[start : start + row_bytes * band_rows])
        image = Image.frombytes("1", (width_dots, len(rows) // row_bytes), rows, "raw", "1;I")
        builder = Dummy(profile=_LIBRARY_PROFILE)
        builder.image(image, impl="bitImageRaster", fragment_height=band_rows)
        bands.append(bytes(builder.output))
    return bands


def cut() -> bytes:
    """Feed past the knife, then cut: `1B 64 06 1D 56 00`."""
    builder = Dummy(profile=_LIBRARY_PROFILE)
    builder.cut()
    return bytes(builder.output)
