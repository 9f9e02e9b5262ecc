"""Event loops in tests: each story runs on a thread of its own, because a browser test may have left the main thread's loop running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_story(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it to its end; what it raises comes out here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(story())).result()
