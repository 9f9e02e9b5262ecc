"""The waits that were foreseen last, kept in memory for whoever issues a number or shows a wait.

Holds the kept values and the look-up: all of the estimate that happens inside a site's lock or a request, in microseconds. How
they are made, by whom and how often is `foreseeing`'s affair; where nothing fresh is kept, whoever asks follows the plain rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from queue_server.contract import times
from queue_server.domain import waiting

if TYPE_CHECKING:
    from queue_server.estimating.scene import Scene
    from queue_server.storage.reader import Reader

FRESH_MS = 30_000  # what was foreseen longer ago is not told any more
NO_WAIT = "no_wait"


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait foreseen for one place in the line, in seconds from the look on, `clock` being the same as instants where a break lies
    before its end. `raw` is what each way of foreseeing said before either was corrected: kept in the log, it is what both are
    judged by when the call comes. `ahead` stood before the place; one more of them is worth `each_s`."""

    low_s: int
    mid_s: int
    high_s: int
    basis: str
    model: str
    clock: tuple[int, int] | None
    raw: Mapping[str, tuple[int, ...]]
    ahead: int
    each_s: float

    def as_data(self) -> dict[str, Any]:
        """As it stands in the log: instants in Unix milliseconds."""
        data: dict[str, Any] = {"low_s": self.low_s, "mid_s": self.mid_s, "high_s": self.high_s, "basis": self.basis, "model": self.model}
        if self.clock is not None:
            data["clock_ms"] = list(self.clock)
        return data | {"raw": {basis: list(said) for basis, said in sorted(self.raw.items())}} if self.raw else data


@dataclass(frozen=True, slots=True)
class Foresight:
    """What was foreseen of one site at one moment: for who would come now, by service and whether they had a credit, and for
    everyone in line by ticket. `shown` names what pages show of it: it changes when a page would look different."""

    seq: int
    made_at: int
    good_until: int
    newcomers: Mapping[tuple[str, bool], Wait] = field(default_factory=dict)
    line: Mapping[str, Wait] = field(default_factory=dict)
    shown: str = ""


def keep(reader: Reader, site: str, found: Foresight) -> None:
    """From now on this is told."""
    reader.memo["foresight", site] = found


def keep_hall(reader: Reader, site: str, scene: Scene, good_until: int) -> None:
    """The hall as it was pictured last, with what was learned in it: for who looks further ahead than a newcomer's wait."""
    reader.memo["hall", site] = (good_until, scene)


def hall(reader: Reader, site: str, now: int) -> Scene | None:
    """What is kept of it, unless it is too old to be told."""
    kept: tuple[int, Scene] | None = reader.memo.get(("hall", site))
    return kept[1] if kept is not None and now <= kept[0] else None


def newest(reader: Reader, site: str, now: int) -> Foresight | None:
    """What is kept of a site, unless it is too old to be told."""
    found: Foresight | None = reader.memo.get(("foresight", site))
    return found if found is not None and now <= found.good_until else None


def of_newcomer(reader: Reader, site: str, service: str, *, privileged: bool, ahead: int, now: int) -> Wait | None:
    """The wait of who takes a number now with so many ahead. None where the plain rule must do."""
    found = newest(reader, site, now)
    wait = found.newcomers.get((service, privileged)) if found is not None else None
    return None if wait is None else moved_on(wait, ahead)


def of_ticket(reader: Reader, site: str, ticket: str, service: str, *, privileged: bool, ahead: int, now: int) -> Wait | None:
    """The wait from now on of somebody in line; who came after the last look is foreseen like a newcomer in that place."""
    found = newest(reader, site, now)
    if found is None:
        return None
    wait = found.line.get(ticket) or found.newcomers.get((service, privileged))
    return None if wait is None else moved_on(wait, ahead)


def moved_on(wait: Wait, ahead: int) -> Wait | None:
    """The same wait with another number of people ahead: what came since the last look is reckoned in proportion. None where that
    says nothing, because nobody was ahead of a free counter and somebody is now."""
    more_s = (ahead - wait.ahead) * wait.each_s
    if not more_s:
        return wait
    if wait.basis == NO_WAIT or wait.mid_s <= 0:
        return None
    share = max(0.0, wait.mid_s + more_s) / wait.mid_s
    low_s, high_s = waiting.round_outward(wait.low_s * share, wait.high_s * share)
    more_ms = int(1000 * more_s)
    clock = None if wait.clock is None else (wait.clock[0] + more_ms, wait.clock[1] + more_ms)
    raw = {basis: tuple(max(0, round(end * share)) for end in said) for basis, said in wait.raw.items()}
    return replace(wait, low_s=low_s, mid_s=round(wait.mid_s * share), high_s=high_s, clock=clock, raw=raw, ahead=ahead)


def of_newcomers(reader: Reader, site: str, now: int) -> dict[str, Wait]:
    """What pages show: by service, the wait of whoever would come now without a credit. Nothing where nothing fresh is kept."""
    found = newest(reader, site, now)
    return {} if found is None else {code: wait for (code, privileged), wait in found.newcomers.items() if not privileged}


def over(waits: Iterable[Wait]) -> dict[str, Any] | None:
    """One range over several services, from the shortest to the longest; a time of day where every one of them has that."""
    found = list(waits)
    if not found:
        return None
    longest = max(found, key=lambda wait: wait.high_s)
    data: dict[str, Any] = {"low_s": min(wait.low_s for wait in found), "high_s": longest.high_s, "basis": longest.basis}
    clocks = [wait.clock for wait in found if wait.clock is not None]
    if len(clocks) == len(found):
        data["clock_ms"] = [min(begin for begin, _ in clocks), max(end for _, end in clocks)]
    return estimate_json(data)


def estimate_json(estimate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What was told, as the contract has it: instants in RFC 3339, without what only the judging needs."""
    if not estimate:
        return None
    told = {name: value for name, value in estimate.items() if name not in ("raw", "clock_ms")}
    if not estimate.get("clock_ms"):
        return told
    from_ms, to_ms = estimate["clock_ms"]
    return told | {"from_at": times.encode(from_ms), "to_at": times.encode(to_ms)}
