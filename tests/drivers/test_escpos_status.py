"""The status codec against the manual's own bytes, and against noise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.escpos_status import PrinterStatus, Question, StatusReader, ask_process, process_id
from drivers.codecs.escpos_write import CLEARS
from drivers.health import Health, PaperLow, printer_health

QUIET = settings(deadline=None, max_examples=60)  # a busy machine is no finding


def _first(data: bytes, *asked: Question) -> bytes | None:
    answers = StatusReader().feed(data, asked)
    return answers[0].payload if answers else None


def test_the_questions_are_the_manuals_bytes() -> None:
    assert [question.value.hex(" ") for question in (Question.PRINTER, Question.OFFLINE, Question.ERROR, Question.PAPER)] == [
        "10 04 01",
        "10 04 02",
        "10 04 03",
        "10 04 04",
    ]
    assert Question.SENSOR.value.hex(" ") == "1d 72 01"
    # Epson, GS ( H function 48: 1D 28 48 pL pH fn m d1 d2 d3 d4
    assert ask_process(b"ABCD").hex(" ") == "1d 28 48 06 00 30 30 41 42 43 44"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ("12 12 12 12", "ok"),
        ("1a 12 12 12", "offline"),
        ("1a 16 12 12", "cover_open"),
        ("1a 32 12 72", "paper_out"),
        ("12 12 12 7e", "paper_out"),
        ("12 12 12 1e", "paper_low"),
        ("1a 52 1a 12", "cutter"),
        ("1a 52 52 12", "overheat"),
        ("1a 52 32 12", "error"),
    ],
)
def test_documented_answers_mean_what_the_manual_says(answers: str, code: str) -> None:
    """Values of table DLE EOT in the Epson and HPRT manuals (docs/wire/escpos.md)."""
    assert printer_health(PrinterStatus(*bytes.fromhex(answers))).code == code


def test_silence_is_never_plenty_of_paper() -> None:
    status = PrinterStatus()
    assert status.silent
    assert printer_health(status).code == "timeout"
    assert printer_health(PrinterStatus(printer=0x12)).code == "timeout"


def test_stale_automatic_status_is_not_the_answer() -> None:
    # Four ASB bytes of an open cover (34 00 00 0F), XOFF, then the true answer.
    assert _first(bytes.fromhex("34 00 00 0f 13 12"), Question.PRINTER) == b"\x12"
    assert _first(bytes.fromhex("14 00 00 0f"), Question.PRINTER) is None
    # The same four bytes must not answer GS r either, though bytes 2 to 4 look like it.
    assert _first(bytes.fromhex("14 00 00 0f 03"), Question.SENSOR) == b"\x03"


def test_a_real_time_answer_does_not_answer_gs_r_and_the_other_way_round() -> None:
    assert _first(b"\x12", Question.SENSOR) is None
    assert _first(b"\x00", Question.PAPER) is None
    assert _first(b"\x12") is None


def test_process_identifier_survives_split_frames_and_answers_in_between() -> None:
    reader = StatusReader()
    wanted = process_id(0x1234)
    frame = b"\x37\x22" + wanted + b"\x00"
    found = []
    for at, byte in enumerate(frame):
        found += reader.feed(bytes([byte]) + (b"\x1a" if at == 3 else b""), {Question.PROCESS, Question.PRINTER})
    assert [answer.payload for answer in found] == [b"\x1a", wanted]


def test_the_answer_to_a_cleared_buffer_is_a_frame_and_no_status() -> None:
    """`37 25 00`: Epson guide p. 395, TM-T90 specification p. 80. `25` alone would look like an answer to `GS r`."""
    assert Question.CLEAR.value == CLEARS["dc4"]
    assert _first(bytes.fromhex("37 25 00"), Question.CLEAR) == b""
    assert _first(bytes.fromhex("12 37 1a 25 13 00"), Question.CLEAR, Question.SENSOR) == b""
    assert _first(bytes.fromhex("37 22 41 42 43 44 00"), Question.CLEAR) is None
    reader = StatusReader()
    reader.feed(b"\x37\x22\x41", {Question.PROCESS})
    assert [one.question for one in reader.feed(b"\x37\x25\x00", {Question.CLEAR})] == [Question.CLEAR]


def test_gs_r_answers_all_count_because_they_come_in_order() -> None:
    assert len(StatusReader().feed(b"\x00\x00", {Question.SENSOR})) == 2
    assert len(StatusReader().feed(b"\x12\x12", {Question.PAPER})) == 1


@QUIET
@given(st.integers(min_value=0, max_value=10**9))
def test_identifiers_can_never_be_taken_for_status(number: int) -> None:
    identifier = process_id(number)
    assert len(identifier) == 4
    assert all(32 <= byte <= 126 and byte & 0x93 != 0x12 for byte in identifier)


@QUIET
@given(st.lists(st.binary(max_size=40), max_size=10), st.sets(st.sampled_from(list(Question))))
def test_noise_never_raises_and_never_answers_what_was_not_asked(pieces: list[bytes], asked: set[Question]) -> None:
    reader = StatusReader()
    for piece in pieces:
        for answer in reader.feed(piece, asked):
            assert answer.question in asked
            assert len(answer.payload) == {Question.PROCESS: 4, Question.CLEAR: 0}.get(answer.question, 1)


@QUIET
@given(st.binary(max_size=60).map(lambda data: bytes(byte | 0x80 for byte in data)))
def test_the_true_answer_is_found_behind_any_line_noise(noise: bytes) -> None:
    assert _first(noise + b"\x1a", Question.PRINTER) == b"\x1a"


def test_paper_low_is_said_after_three_readings_and_unsaid_after_three() -> None:
    paper = PaperLow()
    low, well = Health("paper_low"), Health()
    readings = [low, well, low, low, low, well, well, low, well, well, well]
    assert [paper.settle(one).code for one in readings] == ["ok"] * 4 + ["paper_low"] * 6 + ["ok"]
    assert paper.settle(Health("paper_out")).code == "paper_out"
