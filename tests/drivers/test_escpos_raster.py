"""Raster out, raster back: what we build is what a printer would print, and nothing is hidden in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.codecs import escpos_write
from drivers.codecs.escpos_raster import (
    AskProcess,
    AskSensor,
    Cut,
    Feed,
    Initialise,
    Row,
    StreamParser,
    hidden_commands,
    nudge,
    read_back,
)

QUIET = settings(deadline=None, max_examples=60)  # a busy machine is no finding


def _foreign() -> Dummy:
    """python-escpos builds the bytes; a profile 576 dots wide, so that it checks nothing of its own."""
    return Dummy(profile="TM-T20II")


def test_golden_header_of_a_whole_slip() -> None:
    """python-escpos 3.1 writes 576 × 616 dots as `1D 76 30 00 48 00 68 02`; the manual: GS v 0 m xL xH yL yH."""
    (band,) = escpos_write.raster_bands(bytes(72 * 616), 576, 960)
    assert band[:8].hex(" ") == "1d 76 30 00 48 00 68 02"
    assert len(band) == 8 + 72 * 616


def test_golden_cut_and_reset() -> None:
    assert escpos_write.finish().hex(" ") == "1b 64 06 1d 56 00"
    assert escpos_write.finish("partial", 3).hex(" ") == "1b 64 03 1d 56 01"
    assert escpos_write.finish("none").hex(" ") == "1b 64 06"
    foreign = _foreign()
    foreign.hw("INIT")
    foreign.cut()
    assert escpos_write.INITIALISE + escpos_write.finish() == foreign.output
    foreign = _foreign()
    foreign.cut(mode="PART")
    assert escpos_write.finish("partial") == foreign.output


@pytest.mark.parametrize(("width", "height", "band_rows"), [(576, 616, 1024), (576, 616, 128), (384, 91, 64), (512, 1, 1), (8, 300, 100)])
def test_every_band_is_byte_for_byte_what_a_foreign_library_sends(
    raster: Callable[..., bytes], width: int, height: int, band_rows: int
) -> None:
    dots = raster(width, height)
    image = Image.frombytes("1", (width, height), dots, "raw", "1;I")
    foreign = _foreign()
    foreign.image(image, impl="bitImageRaster", fragment_height=band_rows)
    assert b"".join(escpos_write.raster_bands(dots, width, band_rows)) == foreign.output


def test_golden_commands_that_make_a_printer_forget() -> None:
    """DLE ENQ 2: HPRT TP80K manual; DLE DC4 function 8: Epson guide p. 395, Citizen CT-S300 manual p. 119."""
    assert escpos_write.CLEARS["enq"].hex(" ") == "10 05 02"
    assert escpos_write.CLEARS["dc4"].hex(" ") == "10 14 08 01 03 14 01 06 02 08"


def test_what_is_read_back_is_pixel_identical(raster: Callable[..., bytes]) -> None:
    for width, height in ((576, 616), (384, 91), (8, 1)):
        dots = raster(width, height)
        stream = escpos_write.INITIALISE + b"".join(escpos_write.raster_bands(dots, width, 128)) + escpos_write.finish()
        assert read_back(stream) == [dots]


def test_black_is_one() -> None:
    (band,) = escpos_write.raster_bands(b"\x80\x01", 8, 10)
    assert band[8:] == b"\x80\x01"


def test_commands_hidden_in_an_image_are_nudged_away() -> None:
    dots = bytearray(72 * 40)
    dots[5:8] = b"\x10\x04\x01"
    dots[90:92] = b"\x10\x05"
    dots[71:74] = b"\x10\x14\x08"  # across the end of a row
    assert hidden_commands(bytes(dots)) == [5, 71, 90]
    safe = nudge(bytes(dots))
    assert hidden_commands(safe) == []
    changed = [at for at in range(len(dots)) if safe[at] != dots[at]]
    assert changed == [5, 71, 90]
    assert all(bin(safe[at] ^ dots[at]).count("1") == 1 for at in changed), "one dot each"
    stream = b"".join(escpos_write.raster_bands(bytes(dots), 576, 16))
    assert hidden_commands(stream) == []


@QUIET
@given(st.binary(max_size=400), st.binary(max_size=4))
def test_nudging_leaves_no_command_wherever_bands_end(data: bytes, after: bytes) -> None:
    assert hidden_commands(nudge(data)) == []
    assert len(nudge(data)) == len(data)
    # A command header after a band begins with ESC or GS and cannot end a pair.
    assert hidden_commands(nudge(data) + b"\x1d\x76\x30\x00") == []


@QUIET
@given(st.integers(1, 72), st.integers(1, 3000), st.integers(1, 2048), st.data())
def test_no_command_hides_in_headers_or_across_bands_and_rows(width_bytes: int, height: int, band_rows: int, data: st.DataObject) -> None:
    """Whole streams as they go out, with the widths, heights and rows that would spell a command: `10 04` is 1,040 rows."""
    pattern = data.draw(st.sampled_from([b"\x10", b"\x04\x10", b"\x10\x14", b"\x05\x10\x10", b"\x00\x10\x04"]))
    dots = (pattern * (width_bytes * height // len(pattern) + 1))[: width_bytes * height]
    bands = escpos_write.raster_bands(dots, width_bytes * 8, band_rows)
    stream = escpos_write.INITIALISE + b"".join(bands) + escpos_write.finish()
    assert hidden_commands(stream) == []
    # Between two bands stands a true question: it must be the only command that is found.
    asked = b"\x10\x04\x01".join(bands)
    assert len(hidden_commands(asked)) == len(bands) - 1


@pytest.mark.parametrize("rows", [0x0410, 0x0510, 0x1410])
def test_a_band_is_never_as_high_as_a_command(rows: int) -> None:
    bands = escpos_write.raster_bands(bytes(rows), 8, rows)
    assert hidden_commands(b"".join(bands)) == []
    assert b"".join(band[8:] for band in bands) == bytes(rows)


@QUIET
@given(st.integers(1, 6), st.integers(1, 60), st.integers(1, 20), st.data())
def test_any_image_comes_back(width_bytes: int, height: int, band_rows: int, data: st.DataObject) -> None:
    dots = nudge(data.draw(st.binary(min_size=width_bytes * height, max_size=width_bytes * height)))
    stream = b"".join(escpos_write.raster_bands(dots, width_bytes * 8, band_rows)) + escpos_write.finish()
    assert read_back(stream) == [nudge(dots)]


@QUIET
@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_stream_is_read_the_same_in_any_pieces(stream: bytes, step: int) -> None:
    whole, parts = StreamParser(), StreamParser()
    whole.push(stream)
    seen_whole, seen_parts = [], []
    while (command := whole.pop()) is not None:
        seen_whole.append(command)
    for at in range(0, len(stream), step):
        parts.push(stream[at : at + step])
        while (command := parts.pop()) is not None:
            seen_parts.append(command)
    assert seen_parts == seen_whole


def test_a_flood_of_empty_commands_does_not_exhaust_the_parser() -> None:
    parser = StreamParser()
    parser.push(b"\x1d\x72\x09" * 50_000)
    assert parser.pop() is None
    assert parser.backlog == 0


def test_every_command_the_driver_sends_is_understood() -> None:
    parser = StreamParser()
    parser.push(
        b"\x1b\x40\x1d\x72\x01\x1d\x28\x48\x06\x00\x30\x30ABCD\x1b\x64\x06\x1d\x56\x00\x10\x04\x01\x1d\x76\x30\x00\x01\x00\x01\x00\xaa"
    )
    seen = []
    while (command := parser.pop()) is not None:
        seen.append(command)
    assert seen == [Initialise(), AskSensor(), AskProcess(b"ABCD"), Feed(144), Cut(), Row(b"\xaa")]
