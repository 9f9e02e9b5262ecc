"""Cards recognised, and nothing of a person where it does not belong. All numbers and names are invented."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.card_qr import Dossier, HealthInsurance, IdCard, PlainText, Slip, Unreadable, event, parse
from drivers.codecs.framing import Framer
from drivers.codecs.scan_text import decode
from drivers.sim.scanner import SAMPLES

QUIET = settings(deadline=None, max_examples=60)  # a busy machine is no finding

CCCD = "001090123456||Nguyễn Văn An|01011990|Nam|Số 5, ngõ 10, Phường Tây Hồ, Hà Nội|25122021"
EXTRAS = CCCD + "||Lê Văn Tám|Phạm Thị Sáu|"
INSURANCE = "DN4010123456789|4e677579e1bb856e|01/01/1990|1|48c3a0204ee1bb9969|01 - 001|01/01/2026|-"


def test_the_seven_fields_of_2021() -> None:
    card = parse(CCCD)
    assert isinstance(card, IdCard)
    assert (card.number, card.old_number, card.name, card.sex) == ("001090123456", "", "Nguyễn Văn An", "Nam")
    assert (card.born, card.issued) == (date(1990, 1, 1), date(2021, 12, 25))
    assert card.extra == ()
    assert not card.odd


def test_more_fields_are_kept_and_never_needed() -> None:
    card = parse(EXTRAS)
    assert isinstance(card, IdCard)
    assert card.extra == ("", "Lê Văn Tám", "Phạm Thị Sáu", "")
    assert parse("|".join([CCCD, *["x"] * 60])).__class__ is IdCard


def test_six_fields_count_only_where_the_second_is_a_name() -> None:
    six = parse("001090123456|Nguyễn Văn An|01011990|Nam|Hà Nội|25122021")
    assert isinstance(six, IdCard)
    assert (six.name, six.born) == ("Nguyễn Văn An", date(1990, 1, 1))
    assert parse("001090123456|012345678|01011990|Nam|Hà Nội|25122021") == Unreadable("too_few_fields")


def test_digits_alone_are_enough() -> None:
    assert event(parse("001090123456")) == {"kind": "id_card", "number": "001090123456"}


def test_a_number_that_disagrees_with_the_birth_is_a_warning_and_no_refusal() -> None:
    card = parse(CCCD.replace("01011990", "01012004"))
    assert isinstance(card, IdCard)
    assert card.odd
    assert event(card)["number"] == "001090123456"


def test_impossible_dates_do_not_refuse_the_card() -> None:
    card = parse(CCCD.replace("01011990", "31021990"))
    assert isinstance(card, IdCard)
    assert card.born is None
    assert event(card) == {"kind": "id_card", "number": "001090123456"}
    assert event(parse(CCCD.replace("01011990", "00001948")))["birth_year"] == 1948
    assert event(parse(CCCD.replace("01011990", "01/01/1990")))["birth_year"] == 1990


def test_health_insurance_is_recognised_and_not_taken_for_a_card() -> None:
    assert isinstance(parse(INSURANCE), HealthInsurance)
    assert event(parse(INSURANCE)) == {"kind": "health_insurance"}


@pytest.mark.parametrize("number", ["DN4010123456789", "0123456789", "001090123456"])
def test_an_insurance_card_by_any_of_its_numbers_is_never_an_identity_card(number: str) -> None:
    """Since 2025 the insurance number may be the person's own twelve digits."""
    assert event(parse(INSURANCE.replace("DN4010123456789", number))) == {"kind": "health_insurance"}


def test_text_that_may_be_a_name_does_not_leave() -> None:
    assert event(parse("Nguyễn Thị Đào")) == {"kind": "text"}
    assert event(parse("KV-17")) == {"kind": "text", "code": "KV-17"}


def test_a_qr_drawn_and_decoded_by_others_is_the_card(tmp_path: Path) -> None:
    """segno draws the code, zbarimg reads it; what it prints goes the way of a scanner's bytes."""
    segno.make(CCCD, error="m", encoding="utf-8").save(str(tmp_path / "card.png"), scale=4, border=4)
    read = subprocess.run(["zbarimg", "--raw", "-q", "-Sbinary", str(tmp_path / "card.png")], capture_output=True, check=True).stdout
    frames = Framer().feed(read + b"\r", 0.0)
    assert parse(decode(frames[0].data).text) == parse(CCCD)


@pytest.mark.parametrize("code", ["000.00.53.H48-220921-0001", "G09.20-20260609-0000001", "H36.1-261121-00012"])
def test_both_forms_of_dossier_code(code: str) -> None:
    assert parse(code) == Dossier(code)
    assert parse(code.lower()) == Dossier(code)


def test_our_own_slip_and_an_appointment() -> None:
    token = "Zk3v9Qw1YbT0aXcD5eFgHi"
    assert event(parse(f"https://hangdoi.example.vn/t/{token}")) == {"kind": "slip", "token": token}
    assert isinstance(parse(f"http://192.168.1.5:8000/t/{token}"), Slip)
    assert event(parse(f"https://hangdoi.example.vn/a/{token}")) == {"kind": "appointment", "code": token}
    assert isinstance(parse("https://elsewhere.example/x/y"), PlainText)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), ("|||", "unknown_card"), ("a" * 5000, "too_long"), ("\x07\x08", "not_text"), ("x|y", "unknown_card")],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    assert parse(text) == Unreadable(reason)


def test_only_number_and_year_leave_and_nothing_shows_in_repr() -> None:
    assert event(parse(EXTRAS)) == {"kind": "id_card", "number": "001090123456", "birth_year": 1990}
    assert repr(parse(EXTRAS)) == "IdCard()"


@QUIET
@given(st.text(max_size=300))
def test_any_text_is_something(text: str) -> None:
    assert event(parse(text))["kind"] in {"id_card", "dossier", "slip", "health_insurance", "appointment", "unreadable", "text"}


@QUIET
@given(st.lists(st.text(alphabet=st.characters(exclude_characters="|"), max_size=20), min_size=1, max_size=14))
def test_any_fields_are_something_and_cards_keep_their_number(fields: list[str]) -> None:
    scan = parse("|".join(["001090123456", *fields]))
    if isinstance(scan, IdCard):
        assert scan.number == "001090123456"


def test_the_simulators_samples_are_what_they_say() -> None:
    kinds = {one.code: event(parse(one.payload))["kind"] for one in SAMPLES}
    assert kinds == {
        "cccd": "id_card",
        "cccd-old": "id_card",
        "cancuoc": "id_card",
        "bhyt": "health_insurance",
        "dossier": "dossier",
        "slip": "slip",
        "garbled": "unreadable",
    }
