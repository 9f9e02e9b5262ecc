"""Key strokes become the text that was scanned, whatever Caps Lock, Num Lock, an input method or a maker's trick does.

The key table is judged by two parts we did not write: evdev's names of the keys and libxkbcommon's US layout.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import evdev
import pytest
from evdev import ecodes as e
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import hid_keymap as keys
from drivers.codecs.framing import Frame
from drivers.codecs.hid_keymap import RECORD, Strokes, lamps, pack
from drivers.codecs.hid_scan import KeyFramer
from drivers.codecs.scan_text import decode
from drivers.sim.typist import LETTERS, typed

QUIET = settings(deadline=None, max_examples=60)  # a busy machine is no finding
CARD = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
Key = tuple[int, int, int]


def _frames(strokes: bytes, framer: KeyFramer | None = None) -> list[str]:
    return [decode(frame.data).text for frame in (framer or KeyFramer()).feed(strokes, 10.0)]


def _tap(*codes: int) -> Iterator[Key]:
    """Held one after the other, let go in the other order."""
    for code in codes:
        yield (keys.EV_KEY, code, keys.PRESSED)
    for code in codes[::-1]:
        yield (keys.EV_KEY, code, keys.RELEASED)


# ---------------------------------------------------------------- the table
class _Rules(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


@pytest.fixture(scope="module")
def xkb() -> tuple[ctypes.CDLL, int]:
    """libxkbcommon's state of a US keyboard: what Wayland and X programs make of a key."""
    lib = ctypes.CDLL("libxkbcommon.so.0")
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    for name, result, arguments in (
        ("xkb_context_new", pointer, [ctypes.c_int]),
        ("xkb_keymap_new_from_names", pointer, [pointer, ctypes.POINTER(_Rules), ctypes.c_int]),
        ("xkb_state_new", pointer, [pointer]),
        ("xkb_state_update_key", ctypes.c_int, [pointer, number, ctypes.c_int]),
        ("xkb_state_key_get_utf32", number, [pointer, number]),
    ):
        getattr(lib, name).restype, getattr(lib, name).argtypes = result, arguments
    context = lib.xkb_context_new(0)
    keymap = lib.xkb_keymap_new_from_names(context, ctypes.byref(_Rules(None, b"pc105", b"us", None, None)), 0)
    assert keymap
    return lib, lib.xkb_state_new(keymap)


def test_every_key_is_what_libxkbcommon_says(xkb: tuple[ctypes.CDLL, int]) -> None:
    lib, state = xkb
    for shift in (0, 1):
        if shift:
            lib.xkb_state_update_key(state, keys.LEFT_SHIFT + 8, 1)
        for code, pair in keys.KEYS.items():
            if code not in (86, 83):  # the extra key of European boards; the keypad's dot, which follows Num Lock there
                assert chr(lib.xkb_state_key_get_utf32(state, code + 8)) == pair[shift], (code, pair)
    lib.xkb_state_update_key(state, keys.LEFT_SHIFT + 8, 0)


def test_every_code_has_the_kernels_name() -> None:
    for digit in "0123456789":
        assert keys.KEYS[e.ecodes[f"KEY_{digit}"]][0] == digit
        assert keys.KEYPAD[e.ecodes[f"KEY_KP{digit}"]] == digit
    for letter in "abcdefghijklmnopqrstuvwxyz":
        assert keys.KEYS[e.ecodes[f"KEY_{letter.upper()}"]] == (letter, letter.upper())
    ours = (keys.ENTER, keys.KEYPAD_ENTER, keys.TAB, keys.SPACE, keys.CAPS_LOCK, keys.KEY_U, *sorted(keys.MODIFIERS))
    assert ours == (
        *(e.KEY_ENTER, e.KEY_KPENTER, e.KEY_TAB, e.KEY_SPACE, e.KEY_CAPSLOCK, e.KEY_U),
        *(e.KEY_LEFTCTRL, e.KEY_LEFTSHIFT, e.KEY_RIGHTSHIFT, e.KEY_LEFTALT),
        *(e.KEY_RIGHTCTRL, e.KEY_RIGHTALT, e.KEY_LEFTMETA, e.KEY_RIGHTMETA),
    )
    assert (keys.LED_CAPS, keys.LED_NUM, keys.SYN_DROPPED) == (e.LED_CAPSL, e.LED_NUML, e.SYN_DROPPED)


def test_records_are_those_evdev_writes() -> None:
    event = evdev.InputEvent(7, 250_000, e.EV_KEY, e.KEY_A, 1)
    record = RECORD.pack(event.sec, event.usec, event.type, event.code, event.value)
    assert pack([(e.EV_KEY, e.KEY_A, 1)], 7.25) == record
    assert Strokes().feed(record) == [(7.25, e.EV_KEY, e.KEY_A, 1)]
    assert lamps(caps=False, num=True)[-RECORD.size :] == pack([(e.EV_SYN, e.SYN_REPORT, 0)])


# ---------------------------------------------------------------- letters beyond the keyboard
@pytest.mark.parametrize("letters", [way for way in LETTERS if way != "drop"])
def test_a_card_survives_every_way_of_typing_letters(letters: str) -> None:
    assert _frames(pack(typed(CARD + "\r", letters))) == [CARD]


def test_letters_a_scanner_drops_leave_number_and_birth() -> None:
    assert _frames(pack(typed(CARD + "\r")))[0].startswith("001090123456||Nguyn Th o|01011990|")


def test_alt_and_decimal_digits_as_a_manual_shows_them() -> None:
    """Worth Data P11/12, page 4-2: character 250 is Alt, then 2, 5 and 0 on the keypad, then Alt let go (docs/wire/scanner-wedge.md)."""
    strokes = [(1, e.KEY_LEFTALT, 1), *_tap(e.KEY_KP2), *_tap(e.KEY_KP5), *_tap(e.KEY_KP0), (1, e.KEY_LEFTALT, 0), *_tap(e.KEY_ENTER)]
    assert _frames(pack(strokes)) == ["ú"]


def test_ctrl_shift_u_as_ubuntu_describes_it() -> None:
    """Ctrl+Shift+U, the four digits, then Space or Enter: that Enter ends the letter and not the scan."""
    digits = [*_tap(e.KEY_1), *_tap(e.KEY_E), *_tap(e.KEY_C), *_tap(e.KEY_D)]
    start = list(_tap(e.KEY_LEFTCTRL, e.KEY_LEFTSHIFT, e.KEY_U))
    for end in (e.KEY_SPACE, e.KEY_ENTER):
        assert _frames(pack([*start, *digits, *_tap(end), *_tap(e.KEY_A), *_tap(e.KEY_ENTER)])) == ["ọa"]
    assert _frames(pack([*start, *digits, *start, *digits, *_tap(e.KEY_SPACE), *_tap(e.KEY_TAB)])) == ["ọọ"]


@pytest.mark.parametrize("number", ["1114112", "55296", "99999999"])
def test_a_number_that_is_no_letter_shows_as_one_lost(number: str) -> None:
    digits = [stroke for digit in number for stroke in _tap(e.ecodes[f"KEY_KP{digit}"])]
    strokes = [(1, e.KEY_RIGHTALT, 1), *digits, (1, e.KEY_RIGHTALT, 0), *_tap(e.KEY_ENTER)]
    assert _frames(pack(strokes)) == ["\ufffd"]


# ---------------------------------------------------------------- locks, modifiers, repeats
def test_caps_lock_inside_a_scan_is_undone_and_outside_it_means_nothing() -> None:
    caps = list(_tap(e.KEY_CAPSLOCK))
    assert _frames(pack([*caps, *typed("AbC-9\r"), *typed("AbC\r")])) == ["aBc-9", "AbC"]
    assert _frames(pack([*caps, *typed("abc"), *caps, *typed("abc\r")])) == ["ABCabc"]


def test_keypad_digits_are_digits_whatever_num_lock_says() -> None:
    strokes = [*_tap(e.KEY_NUMLOCK), *(s for d in "0123456789" for s in _tap(e.ecodes[f"KEY_KP{d}"])), *_tap(e.KEY_KPENTER)]
    assert _frames(pack(strokes)) == ["0123456789"]


def test_a_key_held_too_long_counts_once_and_unknown_keys_not_at_all() -> None:
    strokes = [(1, e.KEY_1, 1), (1, e.KEY_1, 2), (1, e.KEY_1, 2), (1, e.KEY_1, 0), *_tap(e.KEY_F5), *_tap(e.KEY_VOLUMEUP)]
    assert _frames(pack([*strokes, *_tap(e.KEY_LEFTMETA, e.KEY_L), *_tap(e.KEY_LEFTCTRL, e.KEY_B), *_tap(e.KEY_ENTER)])) == ["1"]


@pytest.mark.parametrize("letter", [e.KEY_M, e.KEY_J, e.KEY_I])
def test_control_characters_end_a_scan_too(letter: int) -> None:
    assert _frames(pack([*typed("12"), *_tap(e.KEY_LEFTCTRL, letter), *typed("3\r")])) == ["12", "3"]


# ---------------------------------------------------------------- ends, gaps, losses
def test_silence_ends_a_scan_that_has_no_end() -> None:
    framer = KeyFramer(gap_s=0.15)
    assert framer.feed(pack(typed("001090123456"), 5.0), 10.0) == []
    assert framer.due == pytest.approx(10.15)
    assert framer.idle(10.1) == []
    assert framer.idle(10.2) == [Frame(b"001090123456")]
    assert framer.due is None


def test_a_gap_in_the_kernels_stamps_parts_two_scans_that_came_together() -> None:
    assert _frames(pack(typed("12"), 5.0) + pack(typed("34\r"), 5.2)) == ["12", "34"]
    assert _frames(pack(typed("12"), 5.0) + pack(typed("34\r"), 5.1)) == ["1234"]


def test_a_busy_machine_that_reads_late_cuts_nothing() -> None:
    framer = KeyFramer(gap_s=0.15)
    assert framer.feed(pack(typed("12"), 5.0), 10.0) == []
    assert framer.feed(pack(typed("34\r"), 5.1), 12.0) == [Frame(b"1234")]


def test_lost_keys_spoil_the_whole_scan_and_only_that() -> None:
    lost = pack([(e.EV_SYN, e.SYN_DROPPED, 0)])
    framer = KeyFramer()
    assert framer.feed(pack(typed("0010")) + lost + pack(typed("90123456\r12\r")), 10.0) == [Frame(b"", lost=True), Frame(b"12")]
    assert framer.feed(lost, 11.0) == []
    assert framer.idle(11.2) == [Frame(b"", lost=True)]


def test_too_long_a_scan_is_thrown_away_whole() -> None:
    assert KeyFramer(max_letters=8).feed(pack(typed("123456789\r12345678\r")), 1.0) == [Frame(b"", overlong=True), Frame(b"12345678")]


def test_what_was_read_can_be_overwritten_and_stays_out_of_repr() -> None:
    frame = KeyFramer().feed(pack(typed("001090123456\r")), 1.0)[0]
    assert "001090" not in repr(frame)
    frame.wipe()
    assert frame.data == bytes(12)


# ---------------------------------------------------------------- anything at all
@QUIET
@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_bytes_in_any_pieces_stay_within_bounds(data: bytes, step: int) -> None:
    framer = KeyFramer(max_letters=20)
    for at in range(0, len(data), step):
        for frame in framer.feed(data[at : at + step], at / 10):
            assert len(frame.data) <= 80


_CODES = st.sampled_from([*keys.KEYS, *keys.KEYPAD, *keys.MODIFIERS, keys.ENTER, keys.CAPS_LOCK, 600])


@QUIET
@given(st.lists(st.tuples(st.just(keys.EV_KEY), _CODES, st.integers(0, 2)), max_size=120))
def test_any_keys_in_any_order_stay_within_bounds(strokes: list[Key]) -> None:
    framer = KeyFramer(max_letters=20)
    for frame in [*framer.feed(pack(strokes), 1.0), *framer.idle(9.0)]:
        assert len(frame.data) <= 80
        assert len(decode(frame.data).text) <= 20 or frame.overlong


@QUIET
@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x1EFF, exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_any_text_survives_alt_and_hex(text: str) -> None:
    for letters in ("alt", "hex", "hex-held"):
        frames = KeyFramer().feed(pack(typed(text + "\r", letters)), 1.0)
        assert bytes(frames[0].data).decode() == text
