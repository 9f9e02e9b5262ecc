"""The hours to come: people who will probably come are added to the line, and the queue is played on with them.

Pure. How many come is drawn anew in every round, so that the range holds the chance of a fuller hall as well as that of slower visits.
The counters stay as they stand: it is what would be if nobody opened another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from queue_server.estimating.scene import InLine, Scene, Span
from queue_server.estimating.what_if import what_if

ROUNDS, PATHS = 6, 16
COMERS_MOST = 600  # in one round; a hall that is to see more is foreseen in proportion
LOW, HIGH = 10, 90  # percent: the same eight of ten as every range that is told


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: how many are expected in it, and how long they will wait. Seconds; None where nobody is expected.
    `services`: the middle wait by service."""

    span: Span
    people: float
    low_s: int | None = None
    mid_s: int | None = None
    high_s: int | None = None
    services: Mapping[str, int] | None = None


def outlook(scene: Scene, expected: Sequence[tuple[Span, Mapping[str, float]]], seed: int = 0) -> list[Window]:
    """`expected`: for each stretch to come, how many people of each service come in it on average."""
    found: list[dict[str, list[np.ndarray]]] = [{} for _ in expected]
    total = sum(sum(means.values()) for _, means in expected)
    thin = min(1.0, COMERS_MOST / total) if total else 1.0
    for turn in range(ROUNDS if total else 0):
        rng = np.random.default_rng([seed, turn])
        comers = _draw(expected, rng, thin)
        line = sorted([*scene.line, *(one for one, _ in comers)], key=lambda one: one.effective_at_ms)
        calls = what_if(replace(scene, line=line), PATHS, seed + turn)
        for one, window in comers:
            waited = calls.line[one.ticket] - (one.available_from_ms - scene.now_ms) / 1000
            found[window].setdefault(one.service, []).append(np.maximum(waited, 0.0))
    return [_window(span, sum(means.values()), waits) for (span, means), waits in zip(expected, found, strict=True)]


def _draw(expected: Sequence[tuple[Span, Mapping[str, float]]], rng: np.random.Generator, thin: float) -> list[tuple[InLine, int]]:
    """Who comes in one round, each with the stretch it belongs to."""
    comers: list[tuple[InLine, int]] = []
    for window, ((begin, end), means) in enumerate(expected):
        for service, mean in sorted(means.items()):
            for at in rng.integers(begin, max(end, begin + 1), int(rng.poisson(mean * thin))):
                comers.append((InLine(f"+{len(comers)}", service, int(at), int(at)), window))
    return comers


def _window(span: Span, people: float, waits: Mapping[str, list[np.ndarray]]) -> Window:
    if not waits:
        return Window(span, people)
    everybody = np.concatenate([each for listed in waits.values() for each in listed])
    low, mid, high = (int(value) for value in np.percentile(everybody, (LOW, 50, HIGH)))
    return Window(span, people, low, mid, high, {code: int(np.median(np.concatenate(listed))) for code, listed in waits.items()})
