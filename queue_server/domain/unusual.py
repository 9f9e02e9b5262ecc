"""What is unusual about a day: plain counts against plain limits, each with its reason in words a manager can check.

Pure. It accuses nobody: a line says what happened how often, and a person looks. Counts come from the log's own rows; which card took
many numbers is not known here, only that one did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CARD_NUMBERS = 4  # numbers of one card in a day
CHOSEN_CALLS = 5  # calls out of turn by one person
CHANGED = 10  # tickets that one person moved to another service or class
TRANSFERS = 3  # of one ticket
READMISSIONS = 2
LET_PASS = 6
ABSENT_RUN = 5  # numbers of one service, one after the other, whose holders never came: taken to be passed on, or the hall cannot hear


@dataclass(frozen=True, slots=True)
class Outlier:
    """One line: `who` is a device, an actor or a label; `labels` are the numbers it is about."""

    kind: str
    who: str
    count: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the log that changed a place in the order: `kind` is its type (`chosen` for a call out of turn)."""

    at_ms: int
    kind: str
    label: str
    actor: str
    counter: str | None = None
    reason: str | None = None
    count: int = 1


def fastest(instants: Sequence[int], window_ms: int) -> int:
    """The most instants that any window of this length holds; they come in order."""
    most = first = 0
    for n, at in enumerate(instants):
        while at - instants[first] >= window_ms:
            first += 1
        most = max(most, n - first + 1)
    return most


def absent_runs(ended: Iterable[tuple[str, str, str]]) -> list[Outlier]:
    """Numbers of one service in a row whose holders never came. `ended`: service, state and label in order of issue; who still waits,
    gave the number back or was never called says nothing either way."""
    running: dict[str, list[str]] = {}
    found: list[tuple[str, list[str]]] = []
    for service, state, label in ended:
        if state == "no_show":
            run = running.setdefault(service, [])
            run.append(label)
            if len(run) == ABSENT_RUN:
                found.append((service, run))
        elif state in ("completed", "serving", "held"):
            running.pop(service, None)
    return [Outlier("absent_run", service, len(run), tuple(run)) for service, run in found]


def outliers(
    cards: Iterable[Sequence[str]],
    taken: Mapping[str, Sequence[int]],
    moves: Sequence[Move],
    *,
    alarm_count: int,
    alarm_s: int,
    ended: Iterable[tuple[str, str, str]] = (),
) -> list[Outlier]:
    """Every line of a day. `cards`: the labels of each card that took several; `taken`: instants of issue by device; `ended`: as
    `absent_runs` takes it."""
    found = [Outlier("card", "", len(labels), tuple(labels)) for labels in cards if len(labels) >= CARD_NUMBERS]
    for device, instants in sorted(taken.items()):
        most = fastest(sorted(instants), alarm_s * 1000)
        if alarm_count and most >= alarm_count:
            found.append(Outlier("burst", device, most))
    found += absent_runs(ended)
    found += _by(moves, "chosen", CHOSEN_CALLS, of_ticket=False)
    found += _by(moves, "amended", CHANGED, of_ticket=False)
    found += _by(moves, "transferred", TRANSFERS, of_ticket=True)
    found += _by(moves, "readmitted", READMISSIONS, of_ticket=True)
    found += _by(moves, "let_passed", LET_PASS, of_ticket=True)
    return found


def _by(moves: Sequence[Move], kind: str, least: int, *, of_ticket: bool) -> list[Outlier]:
    counts: Counter[str] = Counter()
    labels: dict[str, dict[str, None]] = {}
    for move in moves:
        if move.kind == kind:
            who = move.label if of_ticket else move.actor
            counts[who] += move.count
            labels.setdefault(who, {})[move.label] = None
    return [Outlier(kind, who, n, tuple(labels[who])) for who, n in counts.most_common() if n >= least]
