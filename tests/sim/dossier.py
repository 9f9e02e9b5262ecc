"""The dossier feed in the simulation: the real worker and its state folder, and the mock's judgement with a bad line before it.

Holds the death of the worker between its acts and what became of every batch. What is sent when is the worker's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.dossier.adapters import Result, Wait
from queue_server.dossier.files import Place, State
from queue_server.dossier.mock_store import Store as Mock
from queue_server.dossier.payload import Names, Record
from queue_server.dossier.worker import Worker
from tests.sim.network import Quiet
from tests.sim.world import Clock, Crash, Process, World

POLL_S = 120.0


class Folder(State):
    """The state folder of a worker that may die before or after each move."""

    def __init__(self, folder: Path, process: Process) -> None:
        super().__init__(folder)
        self._process = process

    def move(self, place: Place) -> None:
        fate = self._process.edge()
        if fate < 0:
            raise Crash
        super().move(place)
        if fate > 0:
            raise Crash


class ToMock:
    """The partner behind a line that loses requests and answers. `sent` is what arrived there, in order."""

    def __init__(self, process: Process, mock: Mock, sent: list[Record]) -> None:
        self._process, self._mock, self._sent = process, mock, sent

    def deliver(self, records: Sequence[Record]) -> list[Result]:
        dice, weather = self._process.dice, self._process.world.weather
        if dice.random() < weather.lost * 5:
            raise Wait("lost")
        judged = []
        for record in records:
            judged.append(self._mock.put(record))
            self._sent.append(dict(record))
            if dice.random() < weather.crash:
                raise Crash
        if dice.random() < weather.answer_lost * 5:
            raise Wait("the answer was lost")
        return [Result(each["record_id"], each["status"], each.get("code", ""), each.get("detail", "")) for each in judged]


class Feed(Process):
    def __init__(self, world: World, folder: Path, client: Client, mock: Mock, sent: list[Record]) -> None:
        super().__init__(world, "feed")
        self._folder, self._client, self._mock, self._sent = folder, client, mock, sent

    def build(self) -> None:
        state: Any = Folder(self._folder, self)
        partner: Any = ToMock(self, self._mock, self._sent)
        self.worker = Worker(self._client, partner, state, Clock(self.world), Quiet(), names=Names())
        self.idle = False
        self.spawn(self._run(), 1.0)

    def _run(self) -> Iterator[float]:
        while True:
            try:
                self.idle = self.worker.step()
                yield POLL_S if self.idle else 0.1
            except (Unreachable, Problem, Wait) as trouble:
                if isinstance(trouble, Problem) and trouble.code == "epoch_changed":
                    self.worker._follow_epoch(trouble.body)
                yield self.dice.uniform(1.0, 30.0)
