"""What servers owe each other and everybody when one takes over from another: numbers, followed logs, times given without a server.

Beside `checker`, by the same rule: wires and logs alone, nothing of the product. What an outage may cost is told by `fates`: what
one machine alone had answered when it was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.sim.centre import Evidence
from tests.sim.story import Story, local_day, read

OFFLINE_MS = 12_000  # so far a kiosk's idea of the time may be from the site's, and a screen from its number


@dataclass
class Excuses:
    """What may have been lost with a machine: answers that nobody else had, and tickets that no kiosk tells again."""

    windows: list[tuple[int, int, str]]
    lost: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)  # tickets whose reports may be missing

    def said(self, said: Any) -> bool:
        return not said.two and any(since <= said.at_ms <= until and said.base == base for since, until, base in self.windows)


def excuses(found: Evidence) -> Excuses:
    made = Excuses(found.rules.loose)
    for said in found.heard:
        if said.status >= 300 or not made.said(said):
            continue
        parts = said.path.split("/")
        if parts[-1] == "tickets":
            made.reported.add(said.answer["id"])
            if not said.who.startswith("kiosk"):
                made.lost.add(said.answer["id"])
        elif parts[-1] in ("settle", "restate"):
            made.reported |= {one["ticket_id"] for one in said.answer["tickets"]}
        else:
            made.reported.add(parts[-2])
    return made


def shift(found: Evidence, at_ms: int) -> int:
    """How far site time stands from the world's at an instant: somebody set the clock and said that it is right."""
    return next((by for since, by in reversed(found.rules.shifted) if since <= at_ms), 0)


def growth(found: Evidence) -> list[tuple[int, int, int]]:
    """When each row of the log was on disk first, whichever server wrote it: instant, epoch, row."""
    there = {(row["epoch"], row["seq"]) for row in found.log}
    known = sorted(one for commits in found.commits.values() for one in commits if one[1:] in there)
    first: dict[tuple[int, int], int] = {}
    for at_ms, epoch, seq in known:
        first.setdefault((epoch, seq), at_ms)
    return [(at_ms, *place) for place, at_ms in first.items()]


def boards(found: Evidence, story: Story) -> dict[tuple[int, int], Any]:
    """What a board may show at each row, of the log and of those that did not go on."""
    true: dict[tuple[int, int], Any] = {}
    for branch in found.rules.branches:
        true |= read(branch).boards
    return true | story.boards


# ---------------------------------------------------------------- looks
def _numbers(found: Evidence, story: Story) -> Iterator[str]:
    """A number is one person's, whichever server told it."""
    owners: dict[tuple[str, str], str] = {}
    for said in found.heard:
        if said.status >= 300:
            continue
        what = said.path.rsplit("/", 1)[-1]
        told = [said.answer] if what == "tickets" else said.answer["entries"] if what == "leases" else []
        day = said.answer.get("business_day") or local_day(said.at_ms + shift(found, said.at_ms))
        for one in told:
            ticket = str(one.get("id") if what == "tickets" else one["ticket_id"])
            if owners.setdefault((day, one["label"]), ticket) != ticket:
                yield f"{one['label']} was told by {said.base} for another ticket before"
    for row in found.log:
        if row["type"] == "issued" and owners.get((row["data"]["business_day"], row["label"]), row["ticket"]) != row["ticket"]:
            yield f"{row['label']} is in the log for another ticket than was told"


def _followed(found: Evidence, story: Story) -> Iterator[str]:
    """The standby's log is the server's."""
    if not found.followed:
        return
    if [row["hash"] for row in found.followed] != [row["hash"] for row in found.log[: len(found.followed)]]:
        yield "the standby has another log"
    elif len(found.followed) < len(found.log):
        yield f"the standby has {len(found.followed)} rows of {len(found.log)}"


def _alone(found: Evidence, story: Story) -> Iterator[str]:
    """Whoever got a number without a server stands where they stood then, not where the settling was."""
    issued = {row["ticket"]: row for row in found.log if row["type"] == "issued"}
    for person in found.people:
        for at_ms, ticket, label in person.labels:
            row = issued.get(ticket)
            if row is None or not person.kiosk or not 700 <= row["data"]["number"] <= 999:
                continue
            late_ms = at_ms + shift(found, at_ms) - row["data"]["issued_at"]
            if not -OFFLINE_MS / 4 <= late_ms <= OFFLINE_MS and not found.rules.shifted:
                yield f"{label} was given {late_ms / 1000:.0f} s after the time the log says"


LOOKS = (_numbers, _followed, _alone)
