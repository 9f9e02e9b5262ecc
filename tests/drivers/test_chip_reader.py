"""A card laid on a reader, as a person and a kiosk meet it: in memory, and through a real pcscd with its virtual reader."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.codecs.mrtd import lds
from drivers.devices.chip_outcome import OUTCOMES
from drivers.devices.chip_request import parse
from drivers.health import HINTS
from drivers.ports.base import OpenFailed
from drivers.ports.pcsc import open_pcsc, trouble
from drivers.sim.mrtd_person import Authority
from tests.drivers.chip.pcscd import Pcscd
from tests.drivers.chip.stand import BY_CAN, BY_ZONE, EVENT, Stand, an_authority, stand

Until = Callable[..., Any]
Make = Callable[..., Stand]


@pytest.fixture(scope="module")
def pcscd() -> Iterator[Pcscd]:
    """One daemon for the module; the worker processes find it by the environment."""
    before = os.environ.get("PCSCLITE_CSOCK_NAME")
    daemon = Pcscd()
    os.environ["PCSCLITE_CSOCK_NAME"] = str(daemon.socket)
    yield daemon
    daemon.close()
    if before is None:
        del os.environ["PCSCLITE_CSOCK_NAME"]
    else:
        os.environ["PCSCLITE_CSOCK_NAME"] = before


@pytest.fixture(scope="module")
def authority() -> Authority:
    return an_authority()


@pytest.fixture(params=["memory", "pcscd"])
def make_stand(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Make]:
    made: list[Stand] = []

    def make(*args: Any, **options: Any) -> Stand:
        daemon = request.getfixturevalue("pcscd") if request.param == "pcscd" else None
        made.append(stand(request.param, daemon, authority, *args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def make_real(authority: Authority, pcscd: Pcscd) -> Iterator[Make]:
    made: list[Stand] = []

    def make(*args: Any, **options: Any) -> Stand:
        made.append(stand("pcscd", pcscd, authority, *args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(("access", "key"), [("both", BY_CAN), ("both", BY_ZONE), ("bac", BY_ZONE), ("pace", BY_ZONE)])
def test_a_card_is_one_event_and_three_small_files(make_stand: Make, access: str, key: dict[str, str]) -> None:
    at = make_stand(access=access)
    result = at.read(key)
    assert (result.code, result.trust) == ("ok", "verified")
    assert at.cards == [EVENT]
    assert set(at.chip.selected_ever) <= {lds.EF_CARD_ACCESS, lds.EF_COM, lds.EF_DG1, lds.EF_SOD}
    assert at.slot.status.health.code == "ok"


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ("wrong-key", "wrong_key"),
        ("garbage", "garbled"),
        ("forged", "not_genuine"),
        ("not-id-card", "not_id_card"),
        ("moved", "moved"),
    ],
)
def test_each_mishap_has_its_own_word_and_gives_no_card(make_stand: Make, faults: str, code: str, until: Until) -> None:
    at = make_stand(faults)
    result = at.read(BY_CAN)
    assert (result.code, at.cards) == (code, [])
    at.chip.faults.clear()
    at.lay()
    if faults != "forged":  # what stands on the card stays forged
        assert until(lambda: at.read(BY_CAN).code in ("ok", "moved") and at.cards, "the same card, better behaved")
        assert at.cards == [EVENT]


def test_a_wrong_number_and_then_the_right_one(make_stand: Make) -> None:
    at = make_stand()
    assert at.read({"can": "654321"}).code == "wrong_key"
    assert at.read({**BY_ZONE, "birth": "1990-01-02"}).code == "wrong_key"
    assert at.read(BY_CAN).code == "ok"


def test_a_chip_without_pace_wants_the_zone(make_stand: Make) -> None:
    at = make_stand(access="bac")
    assert at.read(BY_CAN).code == "can_not_taken"
    assert at.read(BY_ZONE).code == "ok"


def test_a_signer_whom_nobody_knows_is_told_apart(make_stand: Make) -> None:
    at = make_stand("no-anchor")
    result = at.read(BY_CAN)
    assert (result.code, result.trust) == ("ok", "no_anchor")
    assert at.cards == [{**EVENT, "trust": "no_anchor"}]
    assert result.as_json()["hint"]["en"] == HINTS["no_anchor"][1]


def test_a_machine_without_a_trust_list_says_so_and_reads(make_stand: Make, until: Until) -> None:
    at = make_stand(anchored=False)
    until(lambda: at.slot.status.health.code == "no_anchor", "told before the first card")
    assert str(at.slot.status.state) == "degraded"
    assert at.read(BY_CAN).trust == "no_anchor"


def test_no_card_and_then_a_card(make_stand: Make) -> None:
    at = make_stand(laid=False, wait_s=0.3)
    assert at.read(BY_CAN).code == "no_card"


def test_a_card_that_comes_while_it_is_waited_for(make_stand: Make) -> None:
    at = make_stand(laid=False)
    later = threading.Timer(0.2, at.lay)
    later.start()
    assert at.read(BY_CAN).code == "ok"
    later.join()


def test_a_slow_chip_is_read(make_stand: Make) -> None:
    assert make_stand("slow").read(BY_CAN).code == "ok"


@pytest.mark.parametrize("fault", ["silent", "stall"])
def test_a_chip_that_says_nothing_is_given_up_and_a_better_one_read(make_stand: Make, until: Until, fault: str) -> None:
    at = make_stand(fault, answer_s=0.5)
    until(lambda: at.read(BY_CAN).code == "timeout", "given up in time")
    at.chip.faults.clear()
    at.take()
    at.lay()
    until(lambda: at.read(BY_CAN).code == "ok", "read again with nobody's help", 20.0)


# ------------------------------------------------------------ what only a real pcscd can do
def test_a_card_held_by_another_program_is_told_and_read_when_it_is_let_go(make_real: Make, pcscd: Pcscd) -> None:
    at = make_real(wait_s=1.0)
    assert at.read(BY_CAN).code == "ok"
    other = open_pcsc(pcscd.reader)
    other.meet(deadline())
    assert at.read(BY_CAN).code == "busy"
    other.close()
    assert at.read(BY_CAN).code == "ok"


def test_pcscd_restarted_under_us_is_found_again(make_real: Make, pcscd: Pcscd, until: Until) -> None:
    at = make_real()
    assert at.read(BY_CAN).code == "ok"
    pcscd.stop()
    until(lambda: at.slot.status.health.code == "no_pcscd", "told by its name")
    assert at.read(BY_CAN).code == "no_pcscd"
    pcscd.start()
    until(lambda: str(at.slot.status.state) == "ready", "back")
    until(lambda: at.read(BY_CAN).code == "ok", "and reads", 20.0)


def test_two_readers_are_not_guessed_between(pcscd: Pcscd) -> None:
    with pytest.raises(OpenFailed, match="fits several readers") as caught:
        open_pcsc("Tried Reader*")
    assert caught.value.code == "error"
    with pytest.raises(OpenFailed) as missing:
        open_pcsc("ACS ACR122U*")
    assert missing.value.code == "absent"


def test_without_pcscd_the_reason_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm")
    assert trouble() == "no_pcscd"
    with pytest.raises(OpenFailed) as caught:
        open_pcsc("*")
    assert caught.value.code == "no_pcscd"


def deadline() -> float:
    import time

    return time.monotonic() + 5.0


# ------------------------------------------------------------ what a kiosk may ask
def test_a_request_names_a_field_and_never_its_value() -> None:
    wrong: list[Any] = [None, [], {}, {"can": 123456}, {"can": "12345"}, {"can": "１２３４５６"}, {"can": "123456", "document": "1"}]
    wrong += [{**BY_ZONE, "birth": "01/01/1990"}, {**BY_ZONE, "document": "0010901234567890123456"}, {**BY_ZONE, "document": "a b"}]
    wrong += [{**BY_ZONE, "expiry": 20300101}, {"document": "001090123456", "birth": "1990-01-01"}]
    for body in wrong:
        with pytest.raises(ValueError) as caught:
            parse(body)
        assert not any(character.isdigit() for character in str(caught.value).replace("A–Z", ""))


def test_the_long_number_is_the_short_one_of_the_zone_and_no_end_is_a_date() -> None:
    assert parse({**BY_ZONE, "document": "090123456"}).key.secret == parse(BY_ZONE).key.secret
    assert parse({**BY_ZONE, "expiry": None}).key.secret == parse({**BY_ZONE, "expiry": "2099-12-31"}).key.secret


def test_every_outcome_has_words_in_both_languages() -> None:
    assert all(vi and en and vi != en for vi, en in OUTCOMES.values())
