"""Raster out, raster back: what we build is what a printer would print, and nothing is hidden in it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import escpos_bytes
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


def test_golden_header_of_a_whole_slip() -> None:
    """python-escpos 3.1 writes 576 × 616 dots as `1D 76 30 00 48 00 68 02`; the manual: GS v 0 m xL xH yL yH."""
    (band,) = escpos_bytes.raster_bands(bytes(72 * 616), 576, 960)
    assert band[:8].hex(" ") == "1d 76 30 00 48 00 68 02"
    assert len(band) == 8 + 72 * 616


def test_golden_cut_and_reset() -> None:
    assert escpos_bytes.cut().hex(" ") == "1b 64 06 1d 56 00"
    assert escpos_bytes.initialise().hex(" ") == "1b 40"


def test_what_is_read_back_is_pixel_identical(raster: Callable[..., bytes]) -> None:
    for width, height in ((576, 616), (384, 91), (8, 1)):
        dots = raster(width, height)
        stream = escpos_bytes.initialise() + b"".join(escpos_bytes.raster_bands(dots, width, 128)) + escpos_bytes.cut()
        assert read_back(stream) == [dots]


def test_black_is_one() -> None:
    (band,) = escpos_bytes.raster_bands(b"\x80\x01", 8, 10)
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
    stream = b"".join(escpos_bytes.raster_bands(bytes(dots), 576, 16))
    assert hidden_commands(stream) == []


@QUIET
@given(st.binary(max_size=400), st.binary(max_size=4))
def test_nudging_leaves_no_command_wherever_bands_end(data: bytes, after: bytes) -> None:
    assert hidden_commands(nudge(data)) == []
    assert len(nudge(data)) == len(data)
    # A command header after a band begins with ESC or GS and cannot end a pair.
    assert hidden_commands(nudge(data) + b"\x1d\x76\x30\x00") == []


@QUIET
@given(st.integers(1, 6), st.integers(1, 60), st.integers(1, 20), st.data())
def test_any_image_comes_back(width_bytes: int, height: int, band_rows: int, data: st.DataObject) -> None:
    dots = nudge(data.draw(st.binary(min_size=width_bytes * height, max_size=width_bytes * height)))
    stream = b"".join(escpos_bytes.raster_bands(dots, width_bytes * 8, band_rows)) + escpos_bytes.cut()
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
