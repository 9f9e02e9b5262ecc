"""The drivers' socket as the kiosk uses it: one slip printed, one job asked after, a stream of cards and health.

Holds the translation of the drivers' client into four outcomes and one exception. Knows no session and no screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from drivers.client import DriversClient, DriversError

Json = dict[str, Any]
OUTCOMES = ("printed", "sent_unconfirmed", "not_sent", "unknown")


class DriversAway(Exception):
    """Nobody answered at the drivers' socket. `maybe_done` = a request had gone out before the line fell."""

    def __init__(self, reason: str, *, maybe_done: bool = True) -> None:
        super().__init__(reason)
        self.maybe_done = maybe_done


class Devices(Protocol):
    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int) -> Json: ...
    def job(self, job_id: str) -> Json | None: ...
    def events(self) -> Iterator[tuple[str, Json]]: ...
    def say(self, parts: Sequence[tuple[str, str]], volume: int, *, append: bool = False) -> None: ...


class DriversSocket:
    """The real thing. Each kind of work has its own connection: a slip that takes long must not hold up a card."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int) -> Json:
        try:
            with DriversClient(self._path) as client:
                return client.print_raster(job_id, raster, width_dots, height)
        except DriversError as error:
            # Only a connection that was never made proves that no slip is on its way.
            raise DriversAway(error.code, maybe_done=error.detail not in ("ConnectError", "ConnectTimeout")) from error

    def job(self, job_id: str) -> Json | None:
        try:
            with DriversClient(self._path) as client:
                return client.job(job_id)
        except DriversError as error:
            raise DriversAway(error.code) from error

    def events(self) -> Iterator[tuple[str, Json]]:
        try:
            with DriversClient(self._path) as client:
                yield from client.events()
        except DriversError as error:
            raise DriversAway(error.code) from error

    def say(self, parts: Sequence[tuple[str, str]], volume: int, *, append: bool = False) -> None:
        """Voice and text, one after the other, to the headphones; nothing at all is silence."""
        try:
            with DriversClient(self._path) as client:
                client.say(parts, volume, append=append)
        except DriversError as error:
            raise DriversAway(error.code) from error
