"""Commands of a manager: settings changed, a temporary service made and ended."""

# ruff: noqa: RUF009 - required() and optional() only wrap dataclasses.field, which ruff knows by name alone
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .messages import Command
from .strict import Flag, Listing, Nested, Plain, Text, When, Whole, optional, required

POINTER = Text(140, pattern=r"/[A-Za-z0-9_./-]+")
SERVICE_CODE = Text(28, pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One setting, by its place with codes instead of numbers, and its new value; null: none."""

    pointer: str = required(POINTER)
    value: Any = optional(Plain())


@dataclass(frozen=True, kw_only=True)
class ConfigChange(Command):
    """`version`: the configuration that the changes were made from."""

    version: int = required(Whole(1))
    changes: tuple[Change, ...] = required(Listing(Nested(Change), 200, 1))


@dataclass(frozen=True, kw_only=True)
class SurgeService(Command):
    """A temporary service; `split`: one each for bringing papers, fetching results and asking."""

    code: str = required(SERVICE_CODE)
    name: str = required(Text(120))
    name_en: str | None = optional(Text(120))
    series: str = required(Text(2, pattern=r"[A-Z]{1,2}"))
    counters: tuple[str, ...] = required(Listing(Text(64), 100, 1))
    until: int | None = optional(When())
    split: bool = optional(Flag(), False)
    prior_gap_s: int = optional(Whole(30, 7200), 300)
    quota_day: int | None = optional(Whole(0, 100_000))
    zone: str | None = optional(Text(64))
