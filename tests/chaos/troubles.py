"""The switch of the preloaded library: what is wrong with a running process's disk and clock, changed from outside.

Holds building, the environment a process needs, and the four numbers of the shared page. What each means: troubles.c.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.faults import shim

SOURCE = Path(__file__).with_name("troubles.c")
PAGE = struct.Struct("4q")


def built(folder: Path) -> Path:
    """The library, compiled into a folder."""
    return shim.built(folder, SOURCE)


class Troubles:
    """One process's switch. `below`: the disk that has the trouble."""

    def __init__(self, library: Path, page: Path, below: Path) -> None:
        self._page = page
        page.write_bytes(PAGE.pack(0, 0, 0, 0))
        self.environment = {"LD_PRELOAD": str(library), "TROUBLES": str(page), "TROUBLES_BELOW": str(below.resolve())}

    def set(self, *, write: int = 0, flush: int = 0, read: int = 0, clock_s: int = 0) -> None:
        """What is wrong from now on: an errno each, and the leap of the clock. In place: the process has the page mapped."""
        with self._page.open("r+b") as page:
            page.write(PAGE.pack(write, flush, read, clock_s))

    def end(self) -> None:
        """All is well again."""
        self.set()
