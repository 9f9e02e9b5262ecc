"""Fixtures that every room shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.hall import Hall, make_hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A centre of its own for each test."""
    made = make_hall(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of the run."""
    with chromium() as opened:
        yield opened
