"""Fixtures of the room: the server process of the web room's tests, a fresh site for each, and a provider for single sign-on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.oidc_mock import MockProvider
from tests.web.conftest import server, site, store, url

__all__ = ["server", "site", "store", "url"]


@pytest.fixture(scope="module")
def provider() -> Iterator[MockProvider]:
    made = MockProvider()
    yield made
    made.close()
