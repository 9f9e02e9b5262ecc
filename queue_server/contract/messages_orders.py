"""Messages about orders to devices, waves of them, settings of devices, and cards for new ones."""

# ruff: noqa: RUF009 - required() and optional() only wrap dataclasses.field, which ruff knows by name alone
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .messages import Command
from .messages_hall import DEVICE
from .orders import OrderKind
from .problem import FieldFault
from .strict import Choice, Flag, Listing, Nested, Plain, Text, Whole, optional, required

EVERY_OR_DEVICE = Text(64, pattern=r"\*|[0-9A-Za-z_.-]+")
RECORD = Text(200, pattern=r"[^\s]+")
WORD = Text(64, pattern=r"[0-9A-Za-z.+~:-]+")


@dataclass(frozen=True, kw_only=True)
class OrderArgs:
    """`since` is for logs, `version` for an update, `record` for what a dossier system refused."""

    since: str | None = optional(WORD)
    version: str | None = optional(WORD)
    record: str | None = optional(RECORD)


@dataclass(frozen=True, kw_only=True)
class GiveOrder(Command):
    """`confirm` repeats the device's name where an order cannot be taken back."""

    kind: str = required(Choice(OrderKind))
    args: OrderArgs | None = optional(Nested(OrderArgs))
    confirm: str | None = optional(DEVICE)


@dataclass(frozen=True, kw_only=True)
class OrderDone(Command):
    """What became of an order. A file goes before it."""

    ok: bool = required(Flag())
    code: str | None = optional(Text(64, pattern=r"[a-z0-9_]+"))
    detail: str | None = optional(Text(1000, shortest=0, lines=True))


@dataclass(frozen=True, kw_only=True)
class StartWave(Command):
    """One order to exactly these devices, `size` at a time; after `stop_after` failures no more are asked."""

    kind: str = required(Choice(OrderKind))
    devices: tuple[str, ...] = required(Listing(DEVICE, 500, 1))
    args: OrderArgs | None = optional(Nested(OrderArgs))
    size: int = optional(Whole(1, 100), 5)
    stop_after: int = optional(Whole(1, 100), 1)


@dataclass(frozen=True, kw_only=True)
class DeviceSettings(Command):
    """`device` is a name, or `*` for all; `version` the one that the change was made from, 0 where there was none."""

    device: str = optional(EVERY_OR_DEVICE, "*")
    version: int = required(Whole(0))
    document: Any = required(Plain())

    def check(self) -> FieldFault | None:
        return None if isinstance(self.document, dict) else FieldFault("/document", "wrong_type", "object expected")


@dataclass(frozen=True, kw_only=True)
class RestoreSettings(Command):
    """`to`: the older version that is to hold again."""

    device: str = optional(EVERY_OR_DEVICE, "*")
    version: int = required(Whole(0))
    to: int = required(Whole(1))


class CardRole(StrEnum):
    KIOSK = "kiosk"
    BOARD = "board"
    SERVER = "server"
    STANDBY = "standby"


@dataclass(frozen=True, kw_only=True)
class MakeCard(Command):
    """What the files of a card are made from (`contract.card`). Nothing of it is kept."""

    role: str = required(Choice(CardRole))
    name: str = required(Text(63))
    servers: tuple[str, ...] = required(Listing(Text(200), 8, 1))
    join_key: str | None = optional(Text(128, pattern=r"[0-9A-Za-z_-]+"))
    panel: str | None = optional(Text(32, pattern=r"[0-9a-z-]+"))
    printer: str | None = optional(Text(32, pattern=r"[0-9a-z-]+"))
    ssh_keys: tuple[str, ...] = optional(Listing(Text(1200), 10), ())
    wifi_name: str | None = optional(Text(32))
    wifi_password: str | None = optional(Text(63))
    address: str | None = optional(Text(64))
    gateway: str | None = optional(Text(64))
    dns: tuple[str, ...] = optional(Listing(Text(64), 4), ())
    apt_source: str | None = optional(Text(300))
    apt_key: str | None = optional(Text(8000, lines=True))
