"""The chip's codec against the worked examples of the standard and against other people's bytes: every value that can be stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.codecs.mrtd import bac, ciphers, curves, dialogue, keys, lds, pace, tlv
from drivers.codecs.mrtd.apdu import Command, parse_command, read_binary
from drivers.codecs.mrtd.errors import Garbled, MrtdError, NoPace, NotIdCard, WrongKey
from drivers.codecs.mrtd.secure import Channel
from tests.drivers.chip import golden as g

OFFER = pace.Offer(next(iter(pace.PROTOCOLS)), 13)
POINTS = curves.BRAINPOOL256


def scalars(*wanted: int) -> Callable[[int], bytes]:
    """A source of chance that gives these private keys, one after the other."""
    left = iter(wanted)
    return lambda size: (next(left) - 1).to_bytes(size, "big")


# ------------------------------------------------------------ appendix D
def test_appendix_d2_keys_from_the_zone() -> None:
    seed = keys.mrz_key(*g.D_KEY).bac_seed()
    assert seed == g.D_SEED
    assert bac.document_keys(g.D_SEED) == (g.D_ENC, g.D_MAC)


def test_appendix_d2_a_long_document_number_has_its_own_check_digit() -> None:
    assert keys.check_digit("D23145890734") == "9"
    assert [keys.check_digit(text) for text in ("L898902C<", "690806", "940623")] == ["3", "1", "6"]


def test_appendix_d3_authentication_and_session_keys() -> None:
    command = bac.authenticate((g.D_ENC, g.D_MAC), g.D_RND_IC, g.D_RND_IFD, g.D_K_IFD)
    assert command.encode() == g.D_AUTHENTICATE
    channel = bac.channel((g.D_ENC, g.D_MAC), g.D_ANSWER, g.D_RND_IC, g.D_RND_IFD, g.D_K_IFD)
    assert (channel.encrypting, channel.sealing, channel.counter) == (g.D_KS_ENC, g.D_KS_MAC, g.D_COUNTER)
    assert bac.document_keys(g.D_SESSION_SEED) == (g.D_KS_ENC, g.D_KS_MAC)


def play(channel: Channel, session: Iterable[g.Exchange]) -> None:
    for exchange in session:
        assert channel.protect(parse_command(exchange.plain)).encode() == exchange.sent
        answer = channel.unprotect(exchange.received)
        assert (answer.data, answer.sw) == (exchange.data, exchange.sw)


def test_appendix_d4_secure_messaging_with_3des() -> None:
    play(Channel(bytearray(g.D_KS_ENC), bytearray(g.D_KS_MAC), g.D_COUNTER, aes=False), g.D_SESSION)


# ------------------------------------------------------------ appendix G.1
def test_appendix_g1_every_value_of_the_readers_side() -> None:
    key = keys.mrz_key(*g.G_KEY)
    assert (key.secret, key.pace_key(16)) == (g.G_K, g.G_K_PI)
    number = pace.nonce(OFFER, key, g.G_HIDDEN)
    assert number == int.from_bytes(g.G_NONCE, "big")
    assert POINTS.encode(POINTS.multiply(g.G_MAP_IFD, POINTS.generator)) == g.G_PUB_MAP_IFD
    assert POINTS.encode(POINTS.multiply(g.G_MAP_IFD, POINTS.decode(g.G_PUB_MAP_IC))) == g.G_H
    generator = pace.mapped(POINTS, number, g.G_MAP_IFD, g.G_PUB_MAP_IC)
    assert POINTS.encode(generator) == g.G_MAPPED
    assert POINTS.encode(POINTS.multiply(g.G_DH_IFD, generator)) == g.G_PUB_DH_IFD
    secret = pace.agreed(POINTS, g.G_DH_IFD, g.G_PUB_DH_IC)
    assert secret == g.G_SECRET
    channel = pace.channel(OFFER, secret)
    assert (channel.encrypting, channel.sealing, channel.counter) == (g.G_KS_ENC, g.G_KS_MAC, 0)
    assert pace.token(OFFER, channel.sealing, g.G_PUB_DH_IC) == g.G_T_IFD
    assert pace.proves(OFFER, channel.sealing, g.G_PUB_DH_IFD, g.G_T_IC)


def test_appendix_g1_the_chips_side_comes_to_the_same() -> None:
    assert POINTS.encode(POINTS.multiply(g.G_MAP_IC, POINTS.generator)) == g.G_PUB_MAP_IC
    generator = pace.mapped(POINTS, int.from_bytes(g.G_NONCE, "big"), g.G_MAP_IC, g.G_PUB_MAP_IFD)
    assert POINTS.encode(generator) == g.G_MAPPED
    assert POINTS.encode(POINTS.multiply(g.G_DH_IC, generator)) == g.G_PUB_DH_IC
    assert pace.agreed(POINTS, g.G_DH_IC, g.G_PUB_DH_IFD) == g.G_SECRET


def test_secure_messaging_with_aes_under_the_keys_of_g1() -> None:
    play(Channel(bytearray(g.G_KS_ENC), bytearray(g.G_KS_MAC)), g.G_SESSION)


def test_the_whole_talk_follows_the_worked_example_byte_for_byte() -> None:
    talk = dialogue.read(keys.mrz_key(*g.G_KEY), scalars(g.G_MAP_IFD, g.G_DH_IFD))
    access = [(bytes.fromhex(sent), bytes.fromhex(answer)) for sent, answer in (("00A4000C023F00", "9000"), ("00A4020C02011C", "9000"))]
    access += [
        (read_binary(0, 4).encode(), g.G_CARD_ACCESS[:4] + b"\x90\x00"),
        (read_binary(4, 18).encode(), g.G_CARD_ACCESS[4:] + b"\x90\x00"),
    ]
    said = next(talk)
    for sent, answer in (*access, *g.G_TRANSCRIPT, *((one.sent, one.received) for one in g.G_SESSION[:4])):
        assert said == sent
        said = talk.send(answer)
    talk.close()


def test_the_can_is_its_digits() -> None:
    assert keys.can_key(g.CAN).pace_key(16) == g.CAN_K_PI


def test_a_curve_is_named_only_where_the_chip_leaves_a_choice() -> None:
    assert pace.offers(g.G_CARD_ACCESS) == [OFFER]
    two = tlv.encode(0x31, tlv.only(g.G_CARD_ACCESS, 0x31) + tlv.only(g.G_CARD_ACCESS, 0x31).replace(b"\x02\x01\x0d", b"\x02\x01\x0c"))
    first, second = pace.offers(two)
    assert (first.named, second.number, second.curve) == (True, 12, curves.P256)
    assert pace.begin(first, 1).encode() == bytes.fromhex("0022C1A412800A04007F0007020204020283010184010D")


def test_what_we_do_not_speak_is_passed_over() -> None:
    others = g.G_CARD_ACCESS.replace(b"\x04\x02\x02\x02\x01\x02", b"\x04\x04\x02\x02\x01\x02")  # integrated mapping
    assert pace.offers(others) == []


# ------------------------------------------------------------ curves and ciphers, judged by `cryptography`
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (curves.P256, ec.SECP256R1()),
        (curves.BRAINPOOL256, ec.BrainpoolP256R1()),
        (curves.P384, ec.SECP384R1()),
        (curves.BRAINPOOL384, ec.BrainpoolP384R1()),
    ],
    ids=lambda one: one.name,
)
def test_points_are_those_of_another_library(ours: curves.Curve, theirs: ec.EllipticCurve) -> None:
    for factor in (1, 2, 3, 2**64 + 1, ours.n // 3, ours.n - 1):
        numbers = ec.derive_private_key(factor, theirs).public_key().public_numbers()
        assert ours.multiply(factor, ours.generator) == (numbers.x, numbers.y)
    assert ours.multiply(ours.n, ours.generator) is None
    two, three = ours.multiply(2, ours.generator), ours.multiply(3, ours.generator)
    assert ours.add(ours.generator, two) == three
    assert ours.add(ours.generator, ours.generator) == two
    assert ours.add(None, two) == two
    assert ours.add(ours.generator, (ours.generator[0], -ours.generator[1] % ours.p)) is None


def test_a_point_beside_the_curve_is_refused() -> None:
    point = bytearray(g.G_PUB_MAP_IC)
    point[-1] ^= 1
    for wrong in (bytes(point), g.G_PUB_MAP_IC[:-1], b"\x02" + g.G_PUB_MAP_IC[1:], b"\x04" + bytes(64), b"\x04" + b"\xff" * 64):
        with pytest.raises(Garbled):
            POINTS.decode(wrong)


@pytest.mark.parametrize("block", [8, 16])
def test_padding_comes_off_again(block: int) -> None:
    for size in range(40):
        padded = ciphers.pad(bytes(size), block)
        assert (len(padded) % block, ciphers.unpad(padded)) == (0, bytes(size))
    for wrong in (b"", bytes(16), b"\x80" + bytes(16), b"\x01" * 16):
        with pytest.raises(Garbled):
            ciphers.unpad(wrong)


# ------------------------------------------------------------ files
def test_the_list_of_files() -> None:
    assert lds.contents(g.D_COM) == lds.Contents("0106", (0x61, 0x75))


def zone_of(text: str) -> bytes:
    return tlv.encode(0x61, tlv.encode(0x5F1F, text.encode()))


def test_the_zone_of_a_card_and_its_check_digits() -> None:
    assert lds.zone(zone_of(g.TD1)) == g.TD1
    for at in (5, 14, 30, 36, 38, 44, 59):
        with pytest.raises(Garbled, match="check digit"):
            lds.zone(zone_of(g.TD1[:at] + ("1" if g.TD1[at] != "1" else "2") + g.TD1[at + 1 :]))


def test_only_a_vietnamese_card_is_an_identity_card() -> None:
    for other in (zone_of(g.TD1), g.BSI_DG1, zone_of(g.TD1.lower())):
        with pytest.raises(NotIdCard):
            lds.holder(other)


# ------------------------------------------------------------ a chip that says no
def talk_with(answers: dict[str, str], key: keys.AccessKey) -> None:
    """`answers`: the beginning of a command -> what comes back; anything else is not found."""
    talk = dialogue.read(key, bytes)
    said = next(talk)
    for _ in range(20):
        found = next((answer for begin, answer in answers.items() if said.hex().upper().startswith(begin)), "6A82")
        said = talk.send(bytes.fromhex(found))


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, NotIdCard),
        ({"00A4040C": "9000", "0084": "6D00"}, Garbled),
        ({"00A4040C": "9000", "0084": "4608F919887022129000", "0082": "6300"}, WrongKey),
        ({"00A4040C": "9000", "0084": "4608F919887022129000", "0082": "00" * 40 + "9000"}, Garbled),
        ({"00A4040C": "9000", "0084": "46089000"}, Garbled),
    ],
)
def test_each_refusal_has_its_own_name(answers: dict[str, str], error: type[MrtdError]) -> None:
    with pytest.raises(error):
        talk_with(answers, keys.mrz_key(*g.D_KEY))


def test_a_chip_without_pace_does_not_take_the_can() -> None:
    with pytest.raises(NoPace):
        talk_with({"00A4040C": "9000"}, keys.can_key("123456"))


def test_an_answer_in_parts_is_fetched_whole() -> None:
    talk = dialogue.read(keys.mrz_key(*g.D_KEY), bytes)
    said = next(talk)
    for answer in ("9000", "6A82", "9000"):
        said = talk.send(bytes.fromhex(answer))
    assert said == bac.GET_CHALLENGE.encode()
    assert talk.send(bytes.fromhex("4608F9196104")) == bytes.fromhex("00C0000004")
    assert talk.send(bytes.fromhex("887022129000"))[:5] == bytes.fromhex("0082000028")


def test_a_changed_answer_is_never_believed() -> None:
    exchange = g.G_SESSION[2]
    for at in range(len(exchange.received) - 2):
        channel = Channel(bytearray(g.G_KS_ENC), bytearray(g.G_KS_MAC), 4)
        channel.protect(parse_command(exchange.plain))
        wrong = bytearray(exchange.received)
        wrong[at] ^= 0x01
        with pytest.raises(Garbled):
            channel.unprotect(bytes(wrong))


def test_keys_are_overwritten() -> None:
    key = keys.can_key("123456")
    channel = Channel(bytearray(g.G_KS_ENC), bytearray(g.G_KS_MAC), 7)
    key.wipe()
    channel.wipe()
    assert (bytes(key.secret), bytes(channel.encrypting), bytes(channel.sealing), channel.counter) == (bytes(6), bytes(16), bytes(16), 0)
    assert "123456" not in repr(keys.can_key("123456"))
    assert "F5F0" not in repr(Channel(bytearray(g.G_KS_ENC), bytearray(g.G_KS_MAC))).upper()


def test_commands_beyond_the_short_form_are_refused() -> None:
    for wrong in (Command(0, 0xD6, 0, 0, bytes(256)), Command(0, 0xB0, 0, 0, le=257), Command(0, 0xB0, 0, 0, le=0)):
        with pytest.raises(Garbled):
            wrong.encode()
    with pytest.raises(Garbled):
        read_binary(0x8000, 1)
