"""One testbed for the process, made before anything looks at udev."""

from __future__ import annotations

import os

import pytest

from tests.drivers.umockdev.bed import Bed, the_bed

# The cases are collected under the wrapper only; a session without it may still read this file on its way.
if "umockdev-preload" in os.environ.get("LD_PRELOAD", ""):
    the_bed()


@pytest.fixture
def bed() -> Bed:
    return the_bed()
