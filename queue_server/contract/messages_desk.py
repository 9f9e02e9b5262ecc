"""Commands of the clerk's desk beyond opening and calling."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Command
from .strict import Text, required


@dataclass(frozen=True, kw_only=True)
class HandOver(Command):
    """`to`: the log-in name of the colleague who goes on here, with the person at the desk."""

    to: str = required(Text(64))
