"""Commands of the people who guide the hall: help calls, a slip at a chosen kiosk, priority by papers, rush hour."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import REASON, Command
from .strict import Choice, Flag, Text, optional, required
from .vocabulary import Decision

DEVICE = Text(64, pattern=r"[0-9A-Za-z_.-]+")


@dataclass(frozen=True, kw_only=True)
class AskHelp(Command):
    """`place` is a kiosk's name or a counter's code."""

    place: str = required(DEVICE)
    need: str | None = optional(Text(16, pattern=r"[a-z_]+"))


@dataclass(frozen=True, kw_only=True, repr=False)
class AskDayKey(Command):
    """`offered` is the key that the kiosk has of today, for a server that has forgotten it. It shows in no text of the message."""

    offered: str | None = optional(Text(64, pattern=r"[0-9a-f]{64}"))


@dataclass(frozen=True, kw_only=True)
class PrintAt(Command):
    """`reprint`: a slip came out before, so this one says that it was printed again."""

    device: str = required(DEVICE)
    reprint: bool = optional(Flag(), False)
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class PriorityDecision(Command):
    decision: str = required(Choice(Decision))
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class SetRush(Command):
    on: bool = required(Flag())
