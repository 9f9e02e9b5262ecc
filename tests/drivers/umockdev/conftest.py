"""One testbed for the process, made before anything looks at udev."""

from __future__ import annotations

import pytest

from tests.drivers.umockdev.bed import Bed

_BED = Bed()


@pytest.fixture
def bed() -> Bed:
    return _BED
