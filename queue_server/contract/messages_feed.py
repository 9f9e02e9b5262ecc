"""Messages about the feed to the dossier system: what people ask of it."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Command
from .messages_hall import DEVICE
from .messages_orders import RECORD
from .strict import optional


@dataclass(frozen=True, kw_only=True)
class Resend(Command):
    """`record`: the key of one refused record (`record_id:PhienBan`); left out, all are sent again. `device`: one feed of several."""

    device: str | None = optional(DEVICE)
    record: str | None = optional(RECORD)
