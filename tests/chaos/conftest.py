"""Fixtures of the room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import troubles
from tests.chaos.server import Server


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preloaded library, compiled once per run."""
    return troubles.built(tmp_path_factory.mktemp("troubles"))


@pytest.fixture
def server(tmp_path: Path, library: Path) -> Iterator[Server]:
    """A server that is not started yet."""
    made = Server(tmp_path, library)
    yield made
    made.troubles.end()
    made.kill()
