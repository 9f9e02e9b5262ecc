"""Fixtures of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import shim


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preloaded library, compiled once per run."""
    return shim.built(tmp_path_factory.mktemp("shim"))
