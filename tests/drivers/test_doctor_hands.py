"""What a person lays down or types: the switches of a scanner that types and of a card's chip, each explained in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.devices.chip_outcome import NO_ANCHOR, OUTCOMES
from drivers.health import HINTS
from drivers.sim.faults import SCANNER_FAULTS
from drivers.sim.mrtd_chip import MRTD_FAULTS
from drivers.technician.finding import of_health
from tests.drivers.chip.stand import BY_CAN, an_authority, stand
from tests.drivers.scenarios.levels import MEMORY
from tests.drivers.scenarios.reader import CARD, OTHER, WedgeStage
from tests.drivers.scenarios.stage import until

# A key that is no letter is passed over, and so is a piece or a pause within a code: the card is read, there is nothing to explain.
READ = {"garbage", "split", "slow"}
TYPED = {"wrong-layout": "scan_keyboard", "prefix": "scan_prefix", "partial": "scan_noise"}
# As on a line: nothing comes, or the plug is out. Letters are no bytes, and the end is the pause: nothing of these two reaches us.
ON_A_LINE = {"silent", "unplug", "wrong-encoding", "no-end"}
# What a chip does belongs to one card, not to the machine: its line is said with that reading. A slow one is read.
CHIP = {
    "wrong-key": "wrong_key",
    "moved": "moved",
    "silent": "timeout",
    "stall": "timeout",
    "garbage": "garbled",
    "forged": "not_genuine",
    "not-id-card": "not_id_card",
    "slow": "ok",
    "no-anchor": "ok",
}


def test_every_switch_is_told_of_here() -> None:
    assert READ | set(TYPED) | ON_A_LINE == set(SCANNER_FAULTS)
    assert set(CHIP) == set(MRTD_FAULTS)


@pytest.mark.parametrize(("fault", "code"), TYPED.items())
def test_a_scanner_that_types_wrongly_is_one_line(tmp_path: Path, fault: str, code: str) -> None:
    stage = WedgeStage(MEMORY, tmp_path, silence_s=0.3)
    try:
        stage.start()
        stage.fault(fault)
        for payload in (CARD, OTHER, CARD):
            stage.lay(payload)
        stage.until_code(code)
        health = stage.slot.status.health
        one = of_health(health.code, "reader", health.detail)
        assert (one.vi, one.en) == HINTS[code]
        assert "\n" not in one.line("vi") + one.line("en")
        assert "001090" not in one.line("vi")
    finally:
        stage.close()


@pytest.mark.parametrize("fault", sorted(READ))
def test_what_is_read_all_the_same_is_no_finding(tmp_path: Path, fault: str) -> None:
    stage = WedgeStage(MEMORY, tmp_path)
    try:
        stage.start()
        stage.fault(fault)
        assert stage.lay(CARD)["kind"] == "id_card"
        assert stage.code == "ok"
    finally:
        stage.close()


@pytest.mark.parametrize(("fault", "code"), CHIP.items())
def test_each_switch_of_a_chip_is_one_line_with_its_reading(fault: str, code: str) -> None:
    at = stand("memory", None, an_authority(), fault, answer_s=0.5)
    try:
        until(lambda: str(at.slot.status.state) == "ready", "ready")
        told = at.read(BY_CAN)
        assert told.code == code
        wanted = NO_ANCHOR if fault == "no-anchor" else OUTCOMES[code]
        assert tuple(told.as_json()["hint"].values()) == wanted
        assert not any("\n" in words or BY_CAN["can"] in words for words in wanted)
    finally:
        at.close()
