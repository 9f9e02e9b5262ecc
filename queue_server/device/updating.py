"""Whether an update may stay: what is asked of a machine before and after, and the rule that decides.

Holds rules only, nothing is run or read here. A machine is compared with itself: what was bad before an update is no reason
to take the update back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

CHECKS, EVERY_S = 15, 60  # a quarter of an hour
STEADY = 5  # of the last so many minutes every one must be good
TEXT = """# Written by toiluot-update from update.toml and this machine's ring.
Types: deb
URIs: {repository}
Suites: {ring}/
Signed-By: {signed_by}
"""
RINGS = ("first", "early", "rest")


class Verdict(StrEnum):
    WAIT = "wait"
    KEEP = "keep"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Health:
    """One look. None: this machine has no such thing, or it could not be asked."""

    units: bool | None = None  # every program of ours that was running runs, and none was restarted since the last look
    page: bool | None = None  # the page that citizens see is served
    server: bool | None = None  # the site's server answers; on the server's own machine: it can write its database
    printer: bool | None = None  # the printer is ready

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Health:
        names = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in told.items() if name in names and isinstance(value, bool)})

    def told(self) -> dict[str, bool | None]:
        return asdict(self)


# Ours alone, and an update's first victims: good in every one of the last minutes.
STRICT = ("units", "page")
# These have lives of their own: a server restarts for its own update, somebody opens the printer. One good minute proves that
# the new version can still speak to them.
ONCE = ("server", "printer")


def verdict(before: Health, checks: Sequence[Health]) -> Verdict:
    """After each look. Early only where waiting cannot help any more; otherwise at the end of the quarter."""
    if any(worse(before, checks, name) for name in STRICT):
        return Verdict.BACK
    if len(checks) < CHECKS:
        return Verdict.WAIT
    return Verdict.BACK if reasons(before, checks) else Verdict.KEEP


def worse(before: Health, checks: Sequence[Health], name: str) -> bool:
    """Whether one of the minutes that count is bad already."""
    counting = checks[CHECKS - STEADY :]
    return getattr(before, name) is True and any(getattr(check, name) is not True for check in counting)


def reasons(before: Health, checks: Sequence[Health]) -> list[str]:
    """What is worse than it was, by name."""
    lost = [name for name in ONCE if getattr(before, name) is True and not any(getattr(check, name) is True for check in checks)]
    return [*(name for name in STRICT if worse(before, checks, name)), *lost]


@dataclass(frozen=True, slots=True)
class Plan:
    """From one version of all our packages on a machine to one other."""

    names: tuple[str, ...]
    before: str
    after: str


def plan(installed: Mapping[str, str], offered: Mapping[str, str], newer: bool, refused: Sequence[str]) -> Plan | None:
    """Nothing where the ring offers nothing newer, where packages would come apart, or where that version went back before."""
    have, get = set(installed.values()), {offered.get(name, "") for name in installed}
    if len(have) != 1 or len(get) != 1 or not newer:
        return None
    before, after = have.pop(), get.pop()
    if not after or after == before or after in refused:
        return None
    return Plan(tuple(sorted(installed)), before, after)


def ring_of(*told: str | None) -> str:
    """The first that is a ring; a machine nobody decided about goes last."""
    return next((ring for ring in told if ring in RINGS), "rest")


def source(repository: str, ring: str, signed_by: str) -> str:
    """The apt source, for one ring: a flat folder `RING/` of the repository with its own Packages and InRelease."""
    for word in (repository, signed_by):
        if not word or any(letter.isspace() for letter in word):
            raise ValueError(f"update.toml: {word!r} is no address or path")
    return TEXT.format(repository=repository, ring=ring, signed_by=signed_by)
