"""Rows of devices with keys, as they follow from the log: who asked, who was admitted, under which keys, and what became of them.

Called by `projecting` on the server and on a standby alike. Nothing else writes these tables; how far a key has counted is
not here, because it is no event.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from queue_server.domain.event import Event, canonical

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository


def _subject(event: Event) -> str:
    return event.subject.partition(":")[2]


# ---------------------------------------------------------------- asking and being admitted
def _asked(repository: Repository, event: Event) -> None:
    data = event.data
    kept = {name: data.get(name) for name in ("keyid", "public_key", "role", "name", "address", "expires_at", "join_key")}
    repository.add_enrolment({
        **kept, "site": event.site, "id": _subject(event), "hardware": canonical(data["hardware"]), "state": "pending",
        "requested_at": event.at, "device": None, "decided_at": None, "decided_by": None,
    })  # fmt: skip


def _refused(repository: Repository, event: Event) -> None:
    repository.decide_enrolment(event.site, _subject(event), state="refused", device=None, at=event.at, by=event.actor)


def _admitted(repository: Repository, event: Event) -> None:
    """A device of this name, new or in the place of the one before: earlier keys of the name count no more."""
    data, device = event.data, _subject(event)
    repository.decide_enrolment(event.site, data["enrolment"], state="accepted", device=device, at=event.at, by=event.actor)
    repository.withdraw_device_keys(event.site, device, event.at)
    repository.add_device_key(_key(event, device))
    repository.put_enrolled({
        "site": event.site, "device": device, "role": data["role"], "state": "active", "profile": canonical(data["profile"]),
        "hardware": canonical(data["hardware"]), "enrolled_at": event.at, "enrolled_by": event.actor, "changed_at": event.at,
        "changed_by": event.actor, "reason": None, "lost_at": None, "cloned_at": None,
    })  # fmt: skip
    repository.put_device(event.site, device, role=data["role"], version=None, last_seen_at=event.at, report={})
    if data.get("join_key"):
        repository.use_join_key(event.site, data["join_key"], at=event.at, by=device)


def _key(event: Event, device: str) -> dict[str, Any]:
    about = {"site": event.site, "device": device, "added_at": event.at, "good_until": None, "withdrawn_at": None}
    return {**about, "keyid": event.data["keyid"], "public_key": event.data["public_key"]}


def _rotated(repository: Repository, event: Event) -> None:
    repository.add_device_key(_key(event, _subject(event)))
    repository.end_device_key(event.data["was"], event.data["good_until"])


# ---------------------------------------------------------------- what becomes of a device
def _change(repository: Repository, event: Event, **changed: Any) -> None:
    row = repository.enrolled(event.site, _subject(event))
    if row is not None:
        about = {"changed_at": event.at, "changed_by": event.actor, "reason": event.data.get("reason")}
        repository.put_enrolled({**dict(row), **about, **changed})


def _suspended(repository: Repository, event: Event) -> None:
    _change(repository, event, state="suspended")


def _resumed(repository: Repository, event: Event) -> None:
    _change(repository, event, state="active", cloned_at=None)


def _revoked(repository: Repository, event: Event) -> None:
    _change(repository, event, state="revoked")


def _lost(repository: Repository, event: Event) -> None:
    _change(repository, event, state="lost", lost_at=event.data["since"])


def _cloned(repository: Repository, event: Event) -> None:
    row = repository.enrolled(event.site, _subject(event))
    if row is not None:
        repository.put_enrolled({**dict(row), "cloned_at": event.at})


# ---------------------------------------------------------------- keys that admit beforehand
def _join_key_made(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_join_key({
        "site": event.site, "id": _subject(event), "key_hash": data["key_hash"], "role": data["role"],
        "name": data.get("name"),
        "replaces": data.get("replaces"), "profile": canonical(data["profile"]), "made_at": event.at, "made_by": event.actor,
        "expires_at": data["expires_at"],
        "used_at": None, "used_by": None, "revoked_at": None,
    })  # fmt: skip


def _join_key_revoked(repository: Repository, event: Event) -> None:
    repository.revoke_join_key(event.site, _subject(event), event.at)


def plain(text: str) -> dict[str, Any]:
    """A profile or a description of hardware as it was told."""
    found: dict[str, Any] = json.loads(text)
    return found


ADMISSION: dict[str, Callable[[Repository, Event], None]] = {
    "device.enrol_asked": _asked,
    "device.enrol_refused": _refused,
    "device.enrolled": _admitted,
    "device.key_rotated": _rotated,
    "device.suspended": _suspended,
    "device.resumed": _resumed,
    "device.revoked": _revoked,
    "device.lost": _lost,
    "device.cloned": _cloned,
    "device.join_key_made": _join_key_made,
    "device.join_key_revoked": _join_key_revoked,
}
