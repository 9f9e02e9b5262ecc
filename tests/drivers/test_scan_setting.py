"""A scanner's wrong setting is told by name after three scans that agree, and unsaid by the first good one."""

from __future__ import annotations

import pytest

from drivers.codecs.card_qr import Unreadable, event, parse
from drivers.codecs.scan_setting import SettingWatch
from drivers.codecs.scan_text import decode, encode
from drivers.health import HINTS, hint
from drivers.sim.scanner import SAMPLES

CARD = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
DOSSIER = "000.00.53.H48-260921-0001"


def _after(*scans: bytes) -> tuple[str, str] | None:
    watch = SettingWatch()
    for raw in scans:
        scanned = decode(raw)
        watch.look(scanned, parse(scanned.text))
    return watch.found


@pytest.mark.parametrize(("encoding", "name"), [("cp1258", "CP1258"), ("gbk", "GBK"), ("latin-1", "Latin-1")])
def test_a_code_page_that_loses_letters_is_named_and_the_card_is_read_all_the_same(encoding: str, name: str) -> None:
    raw = encode(CARD, encoding)
    assert event(parse(decode(raw).text)) == {"kind": "id_card", "number": "001090123456", "birth_year": 1990}
    assert _after(raw, raw) is None
    assert _after(raw, raw, raw) == ("scan_charset", f"{name} instead of UTF-8")
    assert _after(raw, raw, raw, DOSSIER.encode()) is not None  # ASCII is the same in every code page
    assert _after(raw, raw, raw, CARD.encode()) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16be-mix", "latin1", "gb18030", "utf-8-sig", "utf-16", "hex"])
def test_a_setting_that_can_be_undone_is_no_fault(encoding: str) -> None:
    assert _after(*[encode(CARD, encoding)] * 5) is None


@pytest.mark.parametrize(
    ("raw", "reason", "code"),
    [
        (b"QR:" + CARD.encode(), "prefix", "scan_prefix"),
        (b"s001090123456", "prefix", "scan_prefix"),
        (b"))!)()!@#$%^", "keyboard_layout", "scan_keyboard"),
        (b"001090123456Nguyn Th o01011990N", "keyboard_layout", "scan_keyboard"),
        (b"\x80\x1e\xf8\x06\x98\xfe\x07", "not_text", "scan_noise"),
        (b"001090123456||Nguyn", "too_few_fields", "scan_noise"),
    ],
)
def test_what_it_looks_like_says_which_setting(raw: bytes, reason: str, code: str) -> None:
    assert parse(decode(raw).text) == Unreadable(reason)
    found = _after(raw, raw, raw)
    assert found is not None
    assert found[0] == code
    assert all(hint(code).values())
    assert code in HINTS
    assert "0010" not in found[1]


def test_different_troubles_are_no_setting() -> None:
    assert _after(b"QR:" + CARD.encode(), b"001090123456||Nguyn", b"))!)()!@#$%^") is None


def test_a_standard_identifier_before_the_code_is_taken_off() -> None:
    """ISO/IEC 15424: `]Q1` says that a QR code was read."""
    for sample in SAMPLES[:3]:
        assert decode(b"]Q1" + sample.payload.encode()).text == sample.payload


def test_the_words_for_people_name_no_card() -> None:
    for code, words in HINTS.items():
        assert len(words) == 2, code
        assert not any(digit in "".join(words) for digit in ("001090", "079203"))
