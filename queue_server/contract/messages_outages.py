"""Commands about outages of outside systems: one is marked, it is over, its times are corrected."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import CODE, REASON, Command
from .problem import FieldFault
from .strict import Flag, Listing, Text, When, optional, required


@dataclass(frozen=True, kw_only=True)
class MarkOutage(Command):
    """`services`: which work waits for it; none named: what depends on the system by the configuration."""

    system: str = required(Text(32))
    note: str | None = optional(Text(200))
    services: tuple[str, ...] = optional(Listing(CODE, 60), ())


@dataclass(frozen=True, kw_only=True)
class CorrectOutage(Command):
    started_at: int | None = optional(When())
    ended_at: int | None = optional(When())
    withdrawn: bool | None = optional(Flag())
    reason: str = required(REASON)

    def check(self) -> FieldFault | None:
        if self.started_at is None and self.ended_at is None and self.withdrawn is None:
            return FieldFault("/started_at", "one_of", "give started_at, ended_at or withdrawn")
        return None
