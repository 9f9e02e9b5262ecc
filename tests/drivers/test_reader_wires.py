"""A scanner on a true serial line: a card laid down is one event, whatever the line does to its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drivers.sim.faults import SCANNER_FAULTS, parse_faults
from drivers.sim.scanner import ENDS

CARD = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
EVENT = {"kind": "id_card", "number": "001090123456", "birth_year": 1990}
Make = Callable[..., Any]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16be-mix", "latin1"])
@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_card_is_one_event_in_every_setting(make_reader: Make, until: Make, encoding: str, end: str) -> None:
    bench = make_reader(encoding=encoding, end=end)
    bench.sim.scan(CARD)
    bench.sim.scan("000.00.53.H48-260921-0001")
    until(lambda: len(bench.cards) == 2, "two events")
    assert bench.cards == [EVENT, {"kind": "dossier", "code": "000.00.53.H48-260921-0001"}]


@pytest.mark.parametrize("fault", ["split", "slow", "no-end"])
def test_a_card_in_pieces_or_without_an_end_is_still_one(make_reader: Make, until: Make, fault: str) -> None:
    bench = make_reader(faults=parse_faults(fault, SCANNER_FAULTS))
    bench.sim.scan(CARD)
    until(lambda: bench.cards, "the event")
    assert bench.cards == [EVENT]


def test_noise_is_unreadable_and_the_next_card_is_read(make_reader: Make, until: Make) -> None:
    bench = make_reader()
    for _ in range(3):
        bench.sim.send_raw(b"\x07\x08\xff\x7f|\r")
    until(lambda: bench.slot.status.health.code == "scan_noise", "a scanner that is set up wrongly is told")
    bench.sim.scan(CARD)
    until(lambda: len(bench.cards) == 4, "four events")
    assert [card["kind"] for card in bench.cards] == ["unreadable"] * 3 + ["id_card"]
    until(lambda: bench.slot.status.state == "ready", "well again")


def test_a_flood_without_end_is_one_unreadable_scan_and_no_memory(make_reader: Make, until: Make) -> None:
    bench = make_reader()
    bench.sim.send_raw(b"9" * 20_000 + b"\r")
    bench.sim.scan(CARD)
    until(lambda: len(bench.cards) == 2, "two events")
    assert bench.cards == [{"kind": "unreadable", "code": "too_long"}, EVENT]


def test_what_was_scanned_before_we_came_is_for_nobody(make_reader: Make, until: Make, tmp_path: Any) -> None:
    bench = make_reader()
    bench.slot.stop()
    bench.sim.send_raw(b"001090999999\r")
    from drivers.devices.card_reader import SerialScanner
    from drivers.ports.opening import open_port, parse_address

    cards: list[Any] = []
    device = SerialScanner(cards.append)
    port = open_port(parse_address(f"serial:{bench.sim.link}"))
    device.greet(port)
    from drivers.ports.base import Waker

    waker = Waker()
    bench.sim.scan("001090123456")
    until(lambda: device.tend(port, waker) and cards, "the event")
    assert cards == [{"kind": "id_card", "number": "001090123456"}]
    port.close()
    waker.close()


def test_unplugged_in_mid_card_gives_no_half_card_and_replugged_it_reads_on(make_reader: Make, until: Make) -> None:
    bench = make_reader()
    bench.sim.send_raw(b"001090")
    bench.sim.close()
    until(lambda: bench.slot.status.state == "absent", "absent")
    again = type(bench.sim)(bench.sim.link)
    until(lambda: bench.slot.status.state == "ready", "back under the same name")
    again.scan("123456|x")
    again.scan(CARD)
    until(lambda: len(bench.cards) == 2, "two events")
    assert [card["kind"] for card in bench.cards] == ["unreadable", "id_card"]
    again.close()
