"""Scenes are scripts, not tests; what they assert is told as a test tells it."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{path.stem}" for path in Path(__file__).parent.glob("s[01]*.py")))
