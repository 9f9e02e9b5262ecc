"""Who acts: one kind of value for programs, people, devices and citizens, and the table of what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["key", "person", "device", "board", "citizen", "system"]

# issue: make and amend tickets · call: work at a counter · read: look at one site · feed: follow the log
# fleet: devices and their health · manage: configuration, people, figures · admin: keys and everything else
SCOPES = ("issue", "call", "read", "feed", "fleet", "manage", "admin")

ROLES: dict[str, frozenset[str]] = {
    "director": frozenset({"read", "feed", "manage", "fleet"}),
    "deputy": frozenset({"read", "feed", "manage", "fleet"}),
    "control": frozenset({"read", "feed", "manage"}),
    "site_head": frozenset({"read", "feed", "manage", "issue", "call", "fleet"}),
    "clerk": frozenset({"read", "feed", "call"}),
    "attendant": frozenset({"read", "feed", "issue"}),
    "technician": frozenset({"read", "feed", "fleet"}),
    "auditor": frozenset({"read", "feed"}),
    "kiosk": frozenset({"issue", "read"}),
    "board": frozenset({"board"}),
    "keypad": frozenset({"call"}),
    "server": frozenset({"feed", "read"}),
}
# What an enrolled device of each role may do: as its role, and for itself (report, take orders, change its key).
DEVICE = "device"
DEVICE_ROLES: dict[str, frozenset[str]] = {
    **{role: ROLES[role] | {DEVICE} for role in ("kiosk", "board", "keypad", "server")},
    "dossier": frozenset({"feed", "read", DEVICE}),
}
PERSON_ROLES = ("director", "deputy", "control", "site_head", "clerk", "attendant", "technician", "auditor")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: `sites` it may act on, `permissions` from its role or the scopes of its key."""

    kind: Kind
    id: str
    sites: tuple[str, ...]
    permissions: frozenset[str]
    role: str = ""
    name: str = ""

    def may(self, permission: str) -> bool:
        """Whether this permission is held; `admin` holds them all."""
        return permission in self.permissions or "admin" in self.permissions

    @property
    def actor(self) -> str:
        """How the log names it: kind and id, never a person's name."""
        return f"{self.kind}:{self.id}"


SYSTEM = Principal("system", "server", (), frozenset({"admin"}))
