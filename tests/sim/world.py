"""The scheduler port: one order of events for everybody, clocks that read it, and processes that may die at a commit.

Holds no part of the centre. Programs are generators that yield how many seconds they rest; nobody has a thread and
nobody waits in real time, so a seed fixes everything that happens.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Program = Iterator[float]


class Crash(BaseException):
    """The process is gone at this very instruction."""


@dataclass(frozen=True)
class Weather:
    """How often what goes wrong. Shares of 1, per message or per commit."""

    lost: float = 0.0
    answer_lost: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    crash: float = 0.0
    slow_disk: float = 0.0
    board_cut: float = 0.0


BAD = Weather(lost=0.02, answer_lost=0.03, late=0.02, doubled=0.03, crash=0.01, slow_disk=0.01, board_cut=0.02)
CALM = Weather()


class World:
    """Site time, the dice, and what happens next."""

    def __init__(self, start_ms: int, seed: int) -> None:
        self.now_ms = self.start_ms = start_ms
        self.seed = seed
        self.weather = CALM
        self.happened = 0
        self.crashes: list[tuple[int, str]] = []
        self._next: list[tuple[int, int, Callable[[], None]]] = []
        self._places = itertools.count()

    def dice(self, name: str) -> random.Random:
        """Chance of somebody's own: one who throws more often does not change another's luck."""
        return random.Random(f"{self.seed}:{name}")

    def at(self, at_ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._next, (max(at_ms, self.now_ms), next(self._places), act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.at(self.now_ms + int(seconds * 1000), act)

    def run(self, until_ms: int) -> None:
        while self._next and self._next[0][0] <= until_ms:
            at_ms, _, act = heapq.heappop(self._next)
            self.now_ms = max(self.now_ms, at_ms)
            self.happened += 1
            act()
        self.now_ms = max(self.now_ms, until_ms)

    def leap(self, to_ms: int) -> None:
        """The night: nobody is there, and every pause goes on behind it."""
        by_ms = to_ms - self.now_ms
        self._next = [(at_ms + by_ms, place, act) for at_ms, place, act in self._next]
        self.now_ms = to_ms


class Clock:
    """One machine's clock: the wall may be wrong by `skew_ms`, the steady part never is."""

    def __init__(self, world: World, skew_ms: int = 0) -> None:
        self._world, self.skew_ms = world, skew_ms

    def wall_ms(self) -> int:
        return self._world.now_ms + self.skew_ms

    def monotonic(self) -> float:
        return (self._world.now_ms - self._world.start_ms) / 1000 + 100.0

    def sleep_until(self, monotonic: float) -> None:
        raise AssertionError("nobody waits in a simulation")


class Process:
    """A program that can die. `build` makes its parts from what is on disk, `programs` are what it then does."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.up = world, name, False
        self.dice = world.dice(name)
        self._life = 0

    def build(self) -> None:
        raise NotImplementedError

    def drop(self) -> None:
        """Let go of files without a word to anybody."""

    def start(self) -> None:
        self._life += 1
        self.up = True
        try:
            self.build()
        except Crash:
            self.die()

    def die(self) -> None:
        """Everything in memory is gone; it is started again after a while."""
        if not self.up:
            return
        self.up = False
        self._life += 1
        self.world.crashes.append((self.world.now_ms, self.name))
        self.drop()
        self.world.after(self.dice.uniform(1.0, 20.0), self.start)

    def spawn(self, program: Program, after_s: float = 0.0) -> None:
        life = self._life

        def step() -> None:
            if self._life != life:
                return
            try:
                pause_s = next(program, None)
            except Crash:
                self.die()
                return
            if pause_s is not None and self._life == life:
                self.world.after(pause_s, step)

        self.world.after(after_s, step)

    def edge(self) -> int:
        """What happens at a commit: 0 nothing, -1 dies before it, +1 dies right after it."""
        if self.dice.random() >= self.world.weather.crash:
            return 0
        return self.dice.choice((-1, 1))


class Edged:
    """A connection to SQLite whose process may die at the edges of its commits."""

    def __init__(self, inner: sqlite3.Connection, edge: Callable[[], int]) -> None:
        self._inner, self._edge = inner, edge
        inner.execute("PRAGMA synchronous = OFF")  # the machine goes on: only what was committed counts, and it is there

    def execute(self, text: str, *values: Any) -> Any:
        alone = not self._inner.in_transaction and text.lstrip()[:6] in ("INSERT", "UPDATE", "DELETE")
        if text != "COMMIT" and not alone:
            return self._inner.execute(text, *values)
        fate = self._edge()
        if fate < 0:
            if self._inner.in_transaction:
                self._inner.execute("ROLLBACK")
            raise Crash
        done = self._inner.execute(text, *values)
        if fate > 0:
            raise Crash
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
