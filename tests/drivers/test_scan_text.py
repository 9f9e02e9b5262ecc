"""Every way a scanner mangles Vietnamese that can be undone is undone; the rest is said to be inexact."""

from __future__ import annotations

import subprocess
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


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"Nguy\xea\xden V\xe3n \xd0\xf4ng", "Nguyễn Văn Đông", "cp1258"),  # Microsoft's table: EA = ê, DE = tilde, E3 = ă, D0 = Đ, F4 = ô
        (b"H\xa8\xa4 N?i", "Hà N?i", "gbk"),  # GB 2312 row 8: A8 A4 = à
        (b"\x811\x867\x821", "", ""),  # four-byte beginnings that end nowhere
        (b"H\xe0 N\xf4i", "Hà Nôi", "latin-1"),
        (b"\xff\xfeH\x00\xe0\x00", "Hà", "utf-16-le"),
        (b"1\x002\x003\x00 \x00H\x00\xe0\x00", "123 Hà", "utf-16-le"),
        (b"0\x00\xc0\x00\xc0\x00\xc00", "0ÀÀÀ0", "utf-16be-mix"),
        (b"4E677579E1BB856E2056C4836E20C490C3B46E67", "Nguyễn Văn Đông", "hex"),
        (b"001090123456", "001090123456", "utf-8"),
        (b"303031303930313233343536303031303930313233343536", "001090123456001090123456", "hex"),
    ],
)
def test_golden_bytes_of_other_code_pages(raw: bytes, text: str, encoding: str) -> None:
    scanned = decode(raw)
    if encoding:
        assert (scanned.text, scanned.encoding) == (text, encoding)
    assert isinstance(scanned.text, str)


def test_gb18030_is_whole_where_gbk_has_no_letter() -> None:
    scanned = decode(encode(TEXT, "gb18030"))
    assert (scanned.text, scanned.encoding, scanned.exact) == (TEXT, "gb18030", True)
    lossy = decode(encode(TEXT, "gbk"))
    assert (lossy.encoding, lossy.exact, lossy.text[:16]) == ("gbk", False, "001090123456||Ng")


def test_chinese_text_is_not_taken_for_vietnamese() -> None:
    assert decode("身份证".encode("gbk")).encoding != "gbk"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16be-mix", "utf-8-sig"])
def test_what_iconv_writes_is_read(encoding: str) -> None:
    """A converter that is not Python's."""
    if encoding == "utf-16be-mix":
        wide = subprocess.run(["iconv", "-f", "UTF-8", "-t", "UTF-16BE"], input=TEXT.encode(), capture_output=True, check=True).stdout
        pairs = [wide[at : at + 2] for at in range(0, len(wide), 2)]
        raw = b"".join(pair[1:] if pair[0] == 0 and pair[1] < 0x80 else pair for pair in pairs)
    else:
        raw = subprocess.run(["iconv", "-f", "UTF-8", "-t", "UTF-8"], input=TEXT.encode(), capture_output=True, check=True).stdout
    assert decode(raw).text == TEXT


@pytest.mark.parametrize(("theirs", "ours"), [("CP1258", "cp1258"), ("GB18030", "gb18030")])
def test_iconv_and_our_far_end_agree(theirs: str, ours: str) -> None:
    raw = subprocess.run(["iconv", "-f", "UTF-8", "-t", theirs], input=TEXT.encode(), capture_output=True, check=True).stdout
    assert raw == encode(TEXT, ours)
    assert decode(raw).text == TEXT


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
