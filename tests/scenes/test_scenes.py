"""Twelve scenes of a hall, each a script of its own: `make test ARGS=tests/scenes`, or one of them by `-k lunch`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.scenes import (
    s01_seven_o_clock,
    s02_lunch,
    s03_half_past_four,
    s04_six_dossiers,
    s05_wrong_service,
    s06_dead_server,
    s07_paper_book,
    s08_blind_citizen,
    s09_bru_speaker,
    s10_guide_with_a_phone,
    s11_clerk_swap,
    s12_remote_number,
)
from tests.scenes.people import People
from tests.scenes.stage import Stage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow("starts the programs of a centre once and plays on all of them"),
    pytest.mark.timeout(400),  # a busy machine's patience, as everywhere here
]
ALWAYS = (s01_seven_o_clock, s04_six_dossiers, s05_wrong_service, s10_guide_with_a_phone, s12_remote_number)
IN_FULL = (s02_lunch, s03_half_past_four, s06_dead_server, s07_paper_book, s09_bru_speaker, s11_clerk_swap)


def name(scene: ModuleType) -> str:
    return scene.__name__.rsplit(".", 1)[1][4:]


@pytest.mark.parametrize("scene", ALWAYS, ids=name)
def test_scene(scene: ModuleType, stage: Stage, people: People) -> None:
    scene.play(stage, people)


@pytest.mark.full
@pytest.mark.parametrize("scene", IN_FULL, ids=name)
def test_scene_in_full(scene: ModuleType, stage: Stage, people: People) -> None:
    scene.play(stage, people)


@pytest.mark.full
def test_blind_citizen(stage: Stage, people: People, tmp_path: Path) -> None:
    s08_blind_citizen.play(stage, people, tmp_path)
