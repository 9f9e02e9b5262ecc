"""Panels' and keypads' frames: golden bytes from manuals and public code, the template language, the collector, and fuzz.

Where each golden byte comes from is told in docs/wire/led.md and docs/wire/keypad.md.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.collector import Collector
from drivers.codecs.keypad_frame import Keypad, KeyRegisters, RegisterReader
from drivers.codecs.led_frame import SEGMENTS, Registers
from drivers.codecs.modbus_rtu import Holding, Requests
from drivers.codecs.template import MAX_BYTES, Check, FrameError, Template
from drivers.modbus_bytes import Master, NoAnswer, Refusal
from drivers.protocols import load_protocols
from tests.drivers.fuzzing import INPUTS, SEED

KNOWN = load_protocols()


# ---------------------------------------------------------------- golden: panels
def test_edi_manual_page_5() -> None:
    """Address 01, 1234: eight characters from Ctrl+B to Ctrl+C."""
    assert KNOWN.panel("edi").frames(1, ["1234"], blink=False) == [b"\x02011234\x03"]


def test_london_electronics_manual_page_8() -> None:
    """Displays 2468 on an indicator with Adr.48."""
    assert KNOWN.panel("easyreader").frames(48, ["2468"], blink=False) == [b"\x03\x02482468\x03"]


def test_microgate_manual_3_2_3_1() -> None:
    """The worked example: 'MICROGATE' at X=90, Y=48, sum 3D8h and 7Fh = 58h. Ours stands at 0, 0."""
    text = KNOWN.panel("micrograph").show
    assert text is not None
    there = Template(text.text.replace("S\0\0\0\0\0", "SZ\0" + "0\0\0"), text.check)
    whole = bytes.fromhex("1B 40 53 5A 00 30 00 00 02 4D 49 43 52 4F 47 41 54 45 03 58")
    assert there.build(address=1, text="MICROGATE") == whole
    found = there.find(whole)
    assert found is not None
    assert (found.sound, found.values["text"]) == (True, "MICROGATE")


@pytest.mark.parametrize(
    ("text", "check"),
    [("bonjour", "15"), ("bonkour", "14"), ("messageeea", "7E"), ("Ca marche !", "67")],
)
def test_am03127_frames_of_public_programs(text: str, check: str) -> None:
    """Whole frames with their XOR as several programs for these boards carry them in comments and tests."""
    show = KNOWN.panel("am03127").show
    assert show is not None
    scrolling = Template(show.text.replace("<FA>", "<FE>"), show.check)
    assert scrolling.build(address=1, row=1, text=text) == f"<ID01><L1><PA><FE><MA><WC><FE>{text}{check}<E>".encode()


@pytest.mark.parametrize(("packet", "check"), [("<BE>", "05"), ("<BF>", "06")])
def test_am03127_packets_without_text(packet: str, check: str) -> None:
    assert (
        Template("<ID{address:2X}>{(}" + packet + "{)}{check:2X}<E>", Check("xor")).build(address=0) == f"<ID00>{packet}{check}<E>".encode()
    )


def test_sum_of_ascii_hex() -> None:
    """DCON: `$012` sums to B7h, so the command is `$012B7` and a carriage return."""
    assert Template("{(}$01{text}{)}{check:2X}\r", Check("sum")).build(text="2") == b"$012B7\r"


def test_xor_with_a_bit_always_set() -> None:
    """CTS: STX ADR L CHK ETX = 02 81 CC CD 03, and the answer 02 81 CC B0 FD 03: every byte but STX and ETX has bit 7."""
    check = Check("xor", 0xFF, 0x80)
    assert Template("\x02{(}{address:b+128}\xcc{)}{check:b}\x03", check).build(address=1) == bytes.fromhex("02 81 CC CD 03")
    answer = Template("\x02{(}{address:b+128}\xcc\xb0{)}{check:b}\x03", check).find(bytes.fromhex("02 81 CC B0 FD 03"))
    assert answer is not None
    assert answer.sound


def test_xor_over_the_whole_frame() -> None:
    """Dell projectors, "get display name": 37 51 02 EB 01 and the XOR byte by byte, 8E."""
    assert Template("{(}\x37\x51\x02\xeb\x01{)}{check:b}", Check("xor")).build() == bytes.fromhex("37 51 02 EB 01 8E")


def test_checksum_after_a_long_stream() -> None:
    """RMC90 to SE800: F0 21 0E 03 12 and six zeros sum to 134h, of which 34h is said."""
    data = bytes.fromhex("F0 21 0E 03 12 00 00 00 00 00 00")
    assert Check("sum").over(data) == 0x34


# ---------------------------------------------------------------- golden: keypads
def test_bbv_tx1500_keypad() -> None:
    """Address byte A0h + number - 1, key, (address + key) and 7Fh."""
    event = KNOWN.keypad("tx1500").event
    assert event is not None
    assert event.build(address=1, key="next") == bytes([0xA0, 0x10, (0xA0 + 0x10) & 0x7F])
    found = event.find(bytes([0xA3, 0x11, (0xA3 + 0x11) & 0x7F]))
    assert found is not None
    assert (found.sound, found.values["address"], found.values["key"]) == (True, 4, "recall")


# ---------------------------------------------------------------- golden: Modbus
@pytest.mark.parametrize(
    ("made", "golden"),
    [
        # MODBUS over serial line, appendix: unit 1, write 0003h to register 0001h; read 2 registers from 006Bh of unit 17.
        (("write", 1, 1, [3], 6), "01 06 00 01 00 03 98 0B"),
        (("write", 1, 1, [10, 258], 16), "01 10 00 01 00 02 04 00 0A 01 02 92 30"),
        (("read", 17, 0x6B, 3), "11 03 00 6B 00 03 76 87"),
    ],
)
def test_modbus_examples(made: tuple[object, ...], golden: str) -> None:
    name, *arguments = made
    assert getattr(Master(), str(name))(*arguments) == bytes.fromhex(golden)


def test_our_own_modbus_station_answers_as_the_examples_do() -> None:
    holding = Holding(0x80)
    holding.values[0x6B:0x6E] = [0xAE41, 0x5652, 0x4340]
    (asked,) = Requests().feed(bytes.fromhex("11 03 00 6B 00 03 76 87"))
    assert holding.answer(asked) == bytes.fromhex("11 03 06 AE 41 56 52 43 40 49 AD")


@pytest.mark.parametrize("letter", "0123456789ABCDEFGHJLNOPQRTUY")
def test_segments_of_the_led_485_family(letter: str) -> None:
    """The table of sman-dk/LED-485_setuptool, for the letters on which everybody agrees."""
    table = {
        "0": 0x3F, "1": 0x06, "2": 0x5B, "3": 0x4F, "4": 0x66, "5": 0x6D, "6": 0x7D, "7": 0x07, "8": 0x7F, "9": 0x6F, "A": 0x77,
        "B": 0x7C, "C": 0x39, "D": 0x5E, "E": 0x79, "F": 0x71, "G": 0x3D, "H": 0x76, "J": 0x0E, "L": 0x38, "N": 0x54, "O": 0x5C,
        "P": 0x73, "Q": 0x67, "R": 0x50, "T": 0x78, "U": 0x3E, "Y": 0x6E,
    }  # fmt: skip
    assert SEGMENTS[letter] == table[letter]


# ---------------------------------------------------------------- the language
@pytest.mark.parametrize(
    "bad",
    [
        "{nothing}",
        "{address}",
        "{address:3}",
        "{text:3}",
        "{text",
        "a}b",
        "{text}{text}",
        "{check:b}",
        "Ở{text}",
        "{address:9d}",
        "{key:2}",
    ],
)
def test_a_template_that_means_nothing_is_refused(bad: str) -> None:
    with pytest.raises(FrameError):
        Template(bad, Check("xor") if "check" in bad else Check())


@pytest.mark.parametrize(
    ("template", "values"),
    [("{address:2d}", {"address": 100}), ("{address:b}", {"address": 256}), ("{text:>4}", {"text": "12345"}), ("{text}", {"text": "Ở"})],
)
def test_a_value_that_does_not_fit_is_refused(template: str, values: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        Template(template).build(**values)  # type: ignore[arg-type]


def test_a_text_is_made_to_fit() -> None:
    panel = KNOWN.panel("ascii")
    assert panel.fit("Quầy 3", 8) == "  QUAY 3"
    assert panel.fit("Đ045", 4) == "D045"
    assert panel.fit("A1045", 4) == "1045"  # the end of a number is what tells it from others
    assert KNOWN.panel("edi").fit("A045", 4) == " 045"
    assert KNOWN.panel("am03127").fit("A5", 8) == "A5      "


def test_a_number_panel_shows_numbers() -> None:
    registers = Registers(0, "number")
    assert (registers.values("A045"), registers.values("--"), registers.text([45])) == ([45], [0], "45")


@pytest.mark.parametrize("name", sorted(KNOWN.panels))
@pytest.mark.parametrize("text", ["A045", "--", "", "7"])
def test_every_shipped_panel_is_found_again_in_its_own_bytes(name: str, text: str) -> None:
    panel = KNOWN.panel(name)
    row = panel.fit(text, panel.digits)
    if panel.show is not None:
        (found,) = Collector(panel.show).feed(b"noise" + panel.frames(7, [row], blink=True)[0])
        assert (found.values["address"], found.values["text"]) == (7, row)
    else:
        assert panel.modbus is not None
        assert panel.modbus.encode == "number" or panel.modbus.text(panel.modbus.values(row)).rstrip() == row.rstrip()


# ---------------------------------------------------------------- the collector
def test_frames_in_pieces_with_noise_between() -> None:
    show = KNOWN.panel("ascii-xor").show
    assert show is not None
    wire = b"\x00\xff" + show.build(address=1, text="A001", blink="on") + b"\x02" + show.build(address=2, text="A002", blink="off")
    collector = Collector(show)
    found = [one for byte in wire for one in collector.feed(bytes([byte]))]
    assert [(one.values["address"], one.values["text"], one.values["blink"]) for one in found] == [(1, "A001", "on"), (2, "A002", "off")]
    assert (collector.wrong, collector.noise, collector.pending) == (0, 3, 0)


def test_a_wrong_check_is_no_frame_and_does_not_eat_the_next() -> None:
    show = KNOWN.panel("ascii-xor").show
    assert show is not None
    good = show.build(address=1, text="A001", blink="on")
    collector = Collector(show)
    assert len(collector.feed(good[:-1] + b"0" + good)) == 1
    assert collector.wrong == 1


def test_noise_for_ever_takes_no_room() -> None:
    show = KNOWN.panel("ascii").show
    assert show is not None
    collector = Collector(show)
    for _ in range(50):
        collector.feed(b"\x02" + b"7" * 999)
    assert collector.pending <= MAX_BYTES


# ---------------------------------------------------------------- registers as keys
def test_strokes_out_of_registers() -> None:
    def reader(reading: str) -> RegisterReader:
        return RegisterReader(Keypad("x", keys={"1": "next", "3": "hold"}, modbus=KeyRegisters(0, 1, reading)))

    def names(of: RegisterReader, *values: int) -> list[list[str]]:
        return [[key.name for key in of.feed([value])] for value in values]

    assert names(reader("count-key"), 0x0501, 0x0501, 0x0601, 0x0703, 0x0801, 0x0009) == [[], [], ["next"], ["hold"], ["next"], ["?"]]
    assert names(reader("bits"), 0b0010, 0b0010, 0b1010, 0b1000, 0b1010) == [[], [], ["hold"], [], ["next"]]
    latch = reader("latch")
    assert names(latch, 1, 0, 3) == [[], [], ["hold"]]
    forgetful = reader("count-key")
    assert names(forgetful, 0x0101) == [[]]
    forgetful.forget()
    assert names(forgetful, 0x0201, 0x0301) == [[], ["next"]]


# ---------------------------------------------------------------- fuzz
def feed_everything(data: bytes) -> None:
    """Every codec that reads a line is given the same bytes: nothing but its own errors, nothing that grows."""
    for panel in KNOWN.panels.values():
        for template in (panel.show, panel.ack, panel.nak):
            if template is not None:
                collector = Collector(template)
                for one in collector.feed(data):
                    assert one.sound
                assert collector.pending <= MAX_BYTES
    for keypad in KNOWN.keypads.values():
        templates = [one for one in (keypad.event, keypad.poll, keypad.nothing, keypad.taken) if one is not None]
        if templates:
            for one in Collector(*templates).feed(data):
                keypad.key_of(one)
    requests, holding = Requests(), Holding(64)
    for asked in requests.feed(data):
        holding.answer(asked)
    words = [data[n] << 8 | data[n + 1] for n in range(0, len(data) - 1, 2)]
    Registers(0, "segments").text(words)
    try:
        MASTER.answer(data, data[0] if data else 1, 3)
    except (NoAnswer, Refusal):
        pass


MASTER = Master()
PIECES = [
    b"\x02",
    b"\x03",
    b"\x06",
    b"\x15",
    b"\x05",
    b"01",
    b"A045",
    b"<ID01>",
    b"<E>",
    b"ACK",
    b"\x01\x03\x02",
    b"\x1b@S",
    b"\x01\x10",
    b"\xa0\x10",
]
LINES = st.lists(st.one_of(st.binary(max_size=12), st.sampled_from(PIECES)), max_size=12).map(b"".join)


@given(LINES)
def test_whatever_comes_on_the_line(data: bytes) -> None:
    feed_everything(data)


@given(st.integers(1, 99), st.text(alphabet="0123456789ABCDEFGHIJ -", max_size=8), st.booleans(), st.binary(max_size=6))
def test_what_is_said_is_understood(address: int, text: str, blink: bool, before: bytes) -> None:
    show = KNOWN.panel("ascii-sum").show
    assert show is not None
    frame = show.build(address=address, text=text)
    found = Collector(show).feed(before.replace(b"\x02", b"") + frame)
    assert [(one.values["address"], one.values["text"]) for one in found] == [(address, text)]


@pytest.mark.full
@pytest.mark.slow("many inputs for every codec of panels and keypads")
@pytest.mark.timeout(1800)
def test_many_inputs() -> None:
    source = random.Random(SEED)
    for _ in range(INPUTS // 20):
        # Twenty inputs in one line each time: a line has no borders, and the start of the machinery is what costs.
        feed_everything(
            b"".join(source.choice(PIECES) if source.random() < 0.5 else source.randbytes(source.randrange(12)) for _ in range(20))
        )
