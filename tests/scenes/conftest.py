"""The one stage of a test process, and the people of one scene."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.scenes.people import People
from tests.scenes.stage import Stage


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture
def stage(centre: Stage) -> Iterator[Stage]:
    """The stage, after a scene as before it: nothing that happened upset a program."""
    yield centre
    for name in centre.centre.supervisor.programs:
        assert "Traceback" not in centre.centre.supervisor.last_words(name, 400), name


@pytest.fixture
def people(stage: Stage, browser: Browser) -> Iterator[People]:
    made = People(stage, browser)
    yield made
    made.close()
