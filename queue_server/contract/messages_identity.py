"""Messages of devices with keys of their own: asking to be admitted, a technician's word about it, join keys, a new key."""

# ruff: noqa: RUF009 - required() and optional() only wrap dataclasses.field, which ruff knows by name alone
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .device import JOIN_KEY_MOST_S
from .messages import REASON, REQUEST_ID, Command
from .problem import FieldFault
from .strict import Choice, Flag, Nested, Plain, Text, When, Whole, optional, required
from .vocabulary import DeviceRole

PUBLIC_KEY = Text(43, 43, pattern=r"[0-9A-Za-z_-]+")
DEVICE = Text(64, pattern=r"[0-9A-Za-z_.-]+")
LABEL = Text(120, shortest=0)
JOIN_KEY = Text(64, 20, pattern=r"tlj_[0-9A-Za-z_-]+")
PROFILE = Plain()
MIN_TTL_S = 60


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What stands on a device and in it, for a technician to compare."""

    serial: str | None = optional(LABEL)
    model: str | None = optional(LABEL)
    mac: str | None = optional(Text(32, shortest=0))
    image: str | None = optional(LABEL)


@dataclass(frozen=True, kw_only=True)
class Enrol:
    """Not a command: it is signed by the very key it tells, and said again it is answered the same."""

    public_key: str = required(PUBLIC_KEY)
    role: str = required(Choice(DeviceRole))
    request_id: str | None = optional(REQUEST_ID)
    name: str | None = optional(Text(64, shortest=0, pattern=r"[0-9A-Za-z_.-]*"))
    site: str | None = optional(Text(64, shortest=0))
    hardware: Hardware | None = optional(Nested(Hardware))
    join_key: str | None = optional(JOIN_KEY)


@dataclass(frozen=True, kw_only=True)
class AcceptDevice(Command):
    """`replaces` names a dead device whose name, settings and lease the new key takes over; else `name` is a new one."""

    name: str | None = optional(DEVICE)
    user_code: str | None = optional(Text(20))
    words_match: bool | None = optional(Flag())
    replaces: str | None = optional(DEVICE)
    profile: Any = optional(PROFILE)

    def check(self) -> FieldFault | None:
        if not self.name and not self.replaces:
            return FieldFault("/name", "required", "a name, or the device it replaces")
        return _object(self.profile)


@dataclass(frozen=True, kw_only=True)
class RefuseDevice(Command):
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class MakeJoinKey(Command):
    role: str = required(Choice(DeviceRole))
    ttl_s: int = required(Whole(MIN_TTL_S, JOIN_KEY_MOST_S))
    name: str | None = optional(DEVICE)
    replaces: str | None = optional(DEVICE)
    profile: Any = optional(PROFILE)

    def check(self) -> FieldFault | None:
        return _object(self.profile)


@dataclass(frozen=True, kw_only=True)
class AboutDevice(Command):
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class LostDevice(Command):
    """`since`: when it was last where it belongs; what it issued later is marked."""

    since: int | None = optional(When())
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class ReplaceDevice(Command):
    """`enrolment`: the new card that waits to be admitted."""

    enrolment: str = required(Text(64, pattern=r"[0-9A-Za-z_-]+"))
    user_code: str | None = optional(Text(20))
    words_match: bool | None = optional(Flag())


@dataclass(frozen=True, kw_only=True)
class RotateKey(Command):
    public_key: str = required(PUBLIC_KEY)


def _object(profile: Any) -> FieldFault | None:
    return None if profile is None or isinstance(profile, dict) else FieldFault("/profile", "wrong_type", "an object expected")
