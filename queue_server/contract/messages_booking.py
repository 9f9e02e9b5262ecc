"""Commands around appointments, letting others pass and the four faces at the counter.

Holds field names, kinds and limits. A contact that a person types is left out of what a repeated request is told by, because a plain
hash of a telephone number is no secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .messages import CODE, LANG, NEEDS, TICKET_ID, Command
from .strict import Text, When, Whole, optional, required


@dataclass(frozen=True, kw_only=True)
class Book(Command):
    """By a program. `contact_key` is a keyed hash that the program made: never a telephone number or a name. Without a slot: a
    number from afar."""

    service: str = required(CODE)
    slot: int | None = optional(When())
    contact_key: str | None = optional(Text(128, 32, pattern=r"[0-9A-Za-z_+/=:.-]+"))


@dataclass(frozen=True, kw_only=True)
class BookOnline(Command):
    """By anybody, on the public page. The contact is hashed under the declared key before anything is stored."""

    UNMARKED: ClassVar[tuple[str, ...]] = ("contact",)
    service: str = required(CODE)
    slot: int | None = optional(When())
    contact: str | None = optional(Text(120, shortest=0))


@dataclass(frozen=True, kw_only=True)
class CheckIn(Command):
    device: str | None = optional(Text(64))
    lang: str = optional(LANG, "vi")
    priority_class: str | None = optional(CODE)
    needs: tuple[str, ...] = optional(NEEDS, ())
    ticket_id: str | None = optional(TICKET_ID)
    token_hash: str | None = optional(Text(64, 64, pattern=r"[0-9a-f]{64}"))


@dataclass(frozen=True, kw_only=True)
class LetPass(Command):
    count: int = required(Whole(1, 5))


@dataclass(frozen=True, kw_only=True)
class RateHere(Command):
    """One of the four faces; `ticket` is whom the screen asked, where there is a screen."""

    stars: int = required(Whole(1, 4))
    ticket: str | None = optional(TICKET_ID)
