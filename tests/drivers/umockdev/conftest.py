"""One testbed for the process, made before anything looks at udev."""

from __future__ import annotations

import pytest

from tests.drivers.umockdev.bed import Bed, the_bed

the_bed()


@pytest.fixture
def bed() -> Bed:
    return the_bed()
