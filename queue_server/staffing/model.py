"""A centre as the simulation needs it: what people come for, who serves it, how a day goes. Values only.

Instants are milliseconds after local midnight of the simulated day, durations seconds unless the name says otherwise. Shares
and chances are 0 to 1. The same values describe an invented centre (its truth) and a real one (what was learned of it).
"""

from __future__ import annotations

from dataclasses import dataclass

HALF_HOUR_MS = 1_800_000
HALF_HOURS = 48
HOUR_MS = 3_600_000

Span = tuple[int, int]  # [from_ms, to_ms)


@dataclass(frozen=True, slots=True)
class Work:
    """One service: how long one piece of it takes (log-normal with this mean and spread of the logarithm) and how often its
    people are sent on to a second service."""

    code: str
    mean_s: float
    log_sd: float = 0.6
    transfer_p: float = 0.0
    transfer_to: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A counter: the services it serves, by their place in `Centre.services`, and how many times the usual time it takes."""

    code: str
    skills: tuple[int, ...]
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What people and clerks do. A clerk is absent for a whole day with `absent_p`, takes `pauses_per_hour` short pauses, and
    one lunch of `lunch_s` that begins within `lunch` (None: the house closes over noon, or nobody is away). `day_sd` is the
    spread of the logarithm of a day's volume about its mean. Who has waited longer than a patience (exponential, `patience_s`
    in the mean) has left: `tells_p` of them say so, the others do not come when called; `no_show_p` of all do not come anyway."""

    day_sd: float = 0.12
    absent_p: float = 0.04
    pauses_per_hour: float = 0.35
    pause_s: float = 420.0
    lunch: Span | None = None
    lunch_s: float = 2700.0
    walk_s: float = 25.0
    no_show_p: float = 0.03
    no_show_s: float = 75.0
    patience_s: float | None = 9000.0
    tells_p: float = 0.3
    priority_p: float = 0.08
    appointment_p: float = 0.06
    more_p: float = 0.12  # brings several pieces, two to four
    more_share: float = 0.6  # of the usual time for each piece beyond the first


@dataclass(frozen=True, slots=True)
class Credits:
    """How far a rule moves somebody ahead, in seconds; the defaults are the house's."""

    priority_s: int = 1800
    appointment_s: int = 1800
    transfer_s: int = 600


USUAL_HABITS, HOUSE_CREDITS = Habits(), Credits()


@dataclass(frozen=True, slots=True)
class Centre:
    """All of it. `rates[h][k]`: people expected in half hour h for service k on a usual day; `opening`: when it is served."""

    services: tuple[Work, ...]
    posts: tuple[Post, ...]
    rates: tuple[tuple[float, ...], ...]
    opening: tuple[Span, ...]
    habits: Habits = USUAL_HABITS
    credits: Credits = HOUSE_CREDITS

    @property
    def visits(self) -> float:
        """People expected on a usual day."""
        return sum(map(sum, self.rates))

    @property
    def open_ms(self) -> int:
        return self.opening[0][0]

    @property
    def close_ms(self) -> int:
        return self.opening[-1][1]


Roster = tuple[tuple[Span, ...], ...]  # by counter, in the order of `Centre.posts`: when somebody is meant to be there


def all_day(centre: Centre) -> Roster:
    """Every counter whenever the house is open."""
    return tuple(centre.opening for _ in centre.posts)


def slot_of(at_ms: int) -> int:
    """The half hour of the day that an instant belongs to."""
    return min(HALF_HOURS - 1, max(0, at_ms // HALF_HOUR_MS))
