"""Every way a scanner mangles Vietnamese that can be undone is undone; the rest is said to be inexact."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.framing import Frame, Framer
from drivers.codecs.scan_text import decode, encode

QUIET = settings(deadline=None, max_examples=60)  # a busy machine is no finding

TEXT = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
LETTERS = "".join(
    letter
    for base in "aăâeêioôơuưyd"
    for mark in ("", "̀", "́", "̃", "̉", "̣")
    for letter in (unicodedata.normalize("NFC", base + mark),)
    if len(letter) == 1
)
VIETNAMESE = LETTERS + LETTERS.upper() + "đĐ"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16be-mix", "latin1", "utf-16", "utf-8-sig"])
def test_every_reversible_setting_gives_the_text_back(encoding: str) -> None:
    scanned = decode(encode(TEXT, encoding) + b"\r\n" * (encoding != "utf-16"))
    assert scanned.text == TEXT
    assert scanned.exact


def test_golden_pairs_of_the_factory_setting() -> None:
    """`1E CD` = ọ, `01 10` = Đ, `00 E3` = ã (docs/wire/scanner.md)."""
    assert decode(b"\x01\x10\xe3"[:2] + b"o h\x1e\xcdc \x00\xe3").text == "Đo học ã"


def test_decomposed_letters_become_whole_ones() -> None:
    assert decode(unicodedata.normalize("NFD", TEXT).encode()).text == TEXT


def test_cp1258_keeps_the_digits_and_says_it_is_inexact() -> None:
    scanned = decode(encode(TEXT, "cp1258"))
    assert not scanned.exact
    assert scanned.text.startswith("001090123456||Ngu")


def test_the_text_stays_out_of_repr() -> None:
    assert "001090123456" not in repr(decode(TEXT.encode()))


@QUIET
@given(st.text(alphabet=VIETNAMESE + "0123456789|/-, ", min_size=1, max_size=120), st.sampled_from(["utf-8", "utf-16be-mix", "latin1"]))
def test_any_vietnamese_line_survives_every_setting(text: str, encoding: str) -> None:
    assert decode(encode(text, encoding)).text == text


@QUIET
@given(st.binary(max_size=300))
def test_any_bytes_become_some_text(data: bytes) -> None:
    text = decode(data).text
    assert text == unicodedata.normalize("NFC", text)


# ---------------------------------------------------------------- framing
def _all(framer: Framer, pieces: list[bytes]) -> list[Frame]:
    return [frame for piece in pieces for frame in framer.feed(piece, 0.0)]


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b"\r"), (b"", b"\n"), (b"", b"\r\n"), (b"", b"\t"), (b"\x02", b"\x03"), (b"\x02", b"\x03\r\n")]
)
def test_every_usual_end_ends_one_frame(before: bytes, after: bytes) -> None:
    assert _all(Framer(), [before + b"one" + after + before + b"two" + after]) == [Frame(b"one"), Frame(b"two")]


def test_silence_ends_a_frame_that_has_no_end() -> None:
    framer = Framer(idle_s=0.15)
    assert framer.feed(b"001090", 10.0) == []
    assert framer.feed(b"123456", 10.1) == []
    assert framer.due == pytest.approx(10.25)
    assert framer.idle(10.2) == []
    assert framer.idle(10.26) == [Frame(b"001090123456")]
    assert framer.due is None


def test_too_long_a_frame_is_thrown_away_whole() -> None:
    framer = Framer(max_bytes=10)
    assert _all(framer, [b"x" * 500, b"y" * 500 + b"\r", b"ok\r"]) == [Frame(b"", overlong=True), Frame(b"ok")]


def test_half_a_letter_that_looks_like_an_end_is_no_end() -> None:
    text = "čĊ ȍ"  # 01 0D, 01 0A: pairs whose second byte is CR or LF
    assert _all(Framer(), [b"\x01\x0d\x01\x0a a\r"]) == [Frame(b"\x01\x0d\x01\x0a a")]
    assert decode(b"\x01\x0d\x01\x0a").text == text[:2]


@QUIET
@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 40))
def test_any_bytes_in_any_pieces_stay_within_bounds(pieces: list[bytes], limit: int) -> None:
    framer = Framer(max_bytes=limit)
    for frame in [*_all(framer, pieces), *framer.idle(99.0)]:
        assert len(frame.data) <= limit
        assert frame.data or frame.overlong


@QUIET
@given(st.lists(st.text(alphabet=VIETNAMESE + "0123456789|", min_size=1, max_size=30), min_size=1, max_size=5), st.integers(1, 9))
def test_split_anywhere_the_same_frames_come_out(texts: list[str], step: int) -> None:
    stream = b"".join(encode(text, "utf-16be-mix") + b"\r" for text in texts)
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert [decode(frame.data).text for frame in _all(Framer(), pieces)] == texts
