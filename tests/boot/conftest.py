"""What the boot tests share: whether this host can, the layers of the tree, the files of a machine for the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import SkipTest

import pytest

from tests.boot import tree
from tests.boot.building import Building


@pytest.fixture(scope="session")
def layers() -> list[Path]:
    """Our packages over Debian. A host that cannot boot them says so; where the tests are the gate, that is a failure."""
    why = tree.lacking()
    if why and os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"CI=true and nothing was booted: {why}")
    if why:
        raise SkipTest(f"NOTHING WAS BOOTED: {why}")  # the one thing that a test may lack: a host that can
    return tree.dressed()


@pytest.fixture(scope="module")
def building(layers: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    made = Building(tmp_path_factory.mktemp("building"))
    yield made
    made.close()
