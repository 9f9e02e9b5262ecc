"""Twelve scenes of a hall, each a script of its own: `make test ARGS=tests/scenes`, or one of them by `-k lunch`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenes import s01_seven_o_clock, s02_lunch, s06_dead_server, s07_paper_book, s08_blind_citizen, s11_clerk_swap
from tests.scenes.people import People
from tests.scenes.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow("starts the programs of a centre once and plays on all of them")]
SCENES = (s01_seven_o_clock, s02_lunch, s06_dead_server, s07_paper_book, s11_clerk_swap)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__.rsplit(".", 1)[1][4:])
def test_scene(scene: object, stage: Stage, people: People) -> None:
    scene.play(stage, people)  # type: ignore[attr-defined]


def test_blind_citizen(stage: Stage, people: People, tmp_path: Path) -> None:
    s08_blind_citizen.play(stage, people, tmp_path)
