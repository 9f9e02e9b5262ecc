"""Positions, times and event-stream frames: both directions, and bytes that come in any pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.contract import position, sse, times


@given(st.integers(0, 2**41))
def test_a_time_survives_the_wire(at_ms: int) -> None:
    text = times.encode(at_ms)
    assert text.endswith("+07:00")
    assert times.decode(text) == at_ms


@pytest.mark.parametrize("text", ["2026-11-23T01:00:00Z", "2026-11-23T08:00:00+07:00", "2026-11-22T20:00:00.000-05:00"])
def test_any_offset_is_read(text: str) -> None:
    assert times.decode(text) == 1795395600000


@pytest.mark.parametrize(
    "text", ["", "2026-11-23", "2026-11-23T08:00:00", "08:00", "2026-13-01T00:00:00Z", "2026-11-23T25:00:00Z", "x" * 99]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        times.decode(text)


def test_midnight_is_local() -> None:
    assert times.encode(times.decode("2026-11-22T17:00:00Z")) == "2026-11-23T00:00:00+07:00"


@pytest.mark.parametrize(("text", "value"), [("0", (None, 0)), ("12", (None, 12)), ("3-1204", (3, 1204))])
def test_positions(text: str, value: tuple[int | None, int]) -> None:
    assert position.decode(text) == value
    assert str(position.decode(text)) == text


@pytest.mark.parametrize("text", ["", "-1", "1-", "-", "1-2-3", "a", "1.5", "٣", "1 ", " 1", "9" * 30, "1-" + "9" * 30])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        position.decode(text)


@given(st.lists(st.tuples(st.sampled_from(["log", "hb", "snapshot"]), st.text(max_size=40)), max_size=6), st.integers(1, 7))
def test_frames_survive_any_cutting(sent: list[tuple[str, str]], size: int) -> None:
    stream = b"".join(sse.encode(event, {"text": text}, id=f"1-{n}") for n, (event, text) in enumerate(sent))
    decoder = sse.Decoder()
    got = [frame for at in range(0, len(stream), size) for frame in decoder.feed(stream[at : at + size])]
    assert [(frame.event, frame.json()["text"], frame.id) for frame in got] == [(e, t, f"1-{n}") for n, (e, t) in enumerate(sent)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_of_the_standard_is_read(end: str) -> None:
    decoder = sse.Decoder()
    text = end.join([": hello", "retry: 1500", "event: log", "id: 1-2", "data: a", "data: b", "", "data:c", "", ""])
    got = [frame for byte in text.encode() for frame in decoder.feed(bytes([byte]))]
    # A lone carriage return at the very end waits for its possible line feed.
    assert got[0] == ("log", "1-2", "a\nb")
    assert decoder.retry_ms == 1500


def test_an_event_without_data_is_none() -> None:
    assert list(sse.Decoder().feed(b"event: hb\n\n")) == []


def test_a_frame_that_never_ends_is_cut_off() -> None:
    decoder = sse.Decoder()
    endless = (decoder.feed(b"data: " + b"x" * 100_000) for _ in range(100))
    with pytest.raises(sse.FrameTooLong):
        list(itertools.chain.from_iterable(endless))


def test_retry_and_comments_encode() -> None:
    assert sse.encode(retry_ms=1500) == b"retry: 1500\n\n"
    assert sse.encode("hb", {"seq": 1}) == b'event: hb\ndata: {"seq":1}\n\n'
