"""How much of its opening hours a centre could be used, from the spells in which something was away. PURE: spans of instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # [from, to) in milliseconds


@dataclass(frozen=True, slots=True)
class Share:
    """`open_ms` of opening hours that have passed, of which `away_ms` without the service."""

    open_ms: int
    away_ms: int

    @property
    def percent(self) -> float | None:
        """Rounded down to hundredths, so that a second lost is never shown as none; None where nothing was open."""
        if not self.open_ms:
            return None
        return int(10_000 * (self.open_ms - self.away_ms) / self.open_ms) / 100


def union(spans: Iterable[Span]) -> list[Span]:
    """The same instants as few spans, in order."""
    joined: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def both(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """The instants that lie in one of `a` and in one of `b`."""
    theirs = union(b)
    return [(max(x, u), min(y, v)) for x, y in union(a) for u, v in theirs if max(x, u) < min(y, v)]


def all_of(groups: Sequence[Iterable[Span]]) -> list[Span]:
    """The instants at which every one of the groups was away; none where there is no group."""
    if not groups:
        return []
    common = union(groups[0])
    for group in groups[1:]:
        common = both(common, group)
    return common


def length(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in union(spans))


def share(opened: Iterable[Span], away: Iterable[Span]) -> Share:
    opened = union(opened)
    return Share(length(opened), length(both(opened, away)))
