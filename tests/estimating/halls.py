"""Halls to ask about: a few desks, a line, a fixed moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from queue_server.estimating.scene import Busy, Desk, InLine, Scene, ServiceModel

NOW = 1_800_000_000_000
MINUTE = 60_000
SERVICES = ("A", "B", "C")


def hall(desks: Sequence[Desk], line: Sequence[InLine] = (), **more: Any) -> Scene:
    services = more.pop("services", {code: ServiceModel(300.0, visits=200) for code in SERVICES})
    return Scene(NOW, services, tuple(desks), tuple(line), **more)


def desk(n: int = 1, services: Sequence[str] = ("A",), **more: Any) -> Desk:
    return Desk(f"Q{n}", more.pop("state", "open"), tuple(services), **more)


def busy(n: int = 1, services: Sequence[str] = ("A",), minutes: float = 1.0, **more: Any) -> Desk:
    return desk(n, services, busy=Busy(services[0], NOW - int(minutes * MINUTE)), **more)


def person(n: int, service: str = "A", **more: Any) -> InLine:
    at = NOW - 30 * MINUTE + n * 1000
    return InLine(f"t{n}", service, more.pop("effective_at_ms", at), more.pop("available_from_ms", at), **more)


@st.composite
def halls(draw: st.DrawFn) -> Scene:
    """Any hall of up to six desks and fifteen people, some to come, some privileged, some doubtful."""
    skills = st.lists(st.sampled_from(SERVICES), min_size=1, max_size=3, unique=True)
    states = st.sampled_from(["idle", "busy", "busy", "paused", "closed"])
    desks = []
    for n in range(draw(st.integers(0, 6))):
        state, own, minutes = draw(states), draw(skills), draw(st.floats(0, 90))
        if state == "busy":
            desks.append(busy(n, own, minutes))
        elif state == "paused":
            desks.append(desk(n, own, state="paused", paused_since_ms=NOW - int(minutes * MINUTE)))
        else:
            desks.append(desk(n, own, state="closed" if state == "closed" else "open", freed_at_ms=NOW))
    line = [
        person(
            n,
            draw(st.sampled_from(SERVICES)),
            quantity=draw(st.integers(1, 4)),
            privileged=draw(st.booleans()),
            presence_p=draw(st.sampled_from([1.0, 1.0, 0.5])),
            available_from_ms=NOW + draw(st.sampled_from([-20, -20, 15])) * MINUTE,
        )
        for n in range(draw(st.integers(0, 15)))
    ]
    spans = {"A": ((NOW - 60 * MINUTE, NOW + 20 * MINUTE), (NOW + 80 * MINUTE, NOW + 300 * MINUTE))}
    rates = {"A": draw(st.sampled_from([0.0, 6.0]))}
    return hall(desks, line, spans=draw(st.sampled_from([{}, spans])), overtaking=rates, pauses_per_hour=0.3, turnover_s=10.0)
