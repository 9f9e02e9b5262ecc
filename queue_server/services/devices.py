"""What becomes of an admitted device: suspended, resumed, revoked, lost, given a new key, found to be two.

Holds the use-cases, who a key speaks for, and how far each key has counted. Being admitted is `enrolling`'s; reports of health
are `fleet`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from queue_server.contract import device as shared
from queue_server.domain import calendar
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.principal import DEVICE_ROLES, Principal
from queue_server.domain.replay import Window
from queue_server.services.enrolling import raw_key
from queue_server.services.projecting_fleet import plain
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.sql import Row

GONE = ("revoked", "lost")
BOOTS = 4  # starts of the machine remembered: a clone gives itself away by an earlier one coming back


# ---------------------------------------------------------------- who a key speaks for
@dataclass(frozen=True, slots=True)
class Holder:
    """A key and how it stands with it: `state` is `active suspended revoked lost` or `expired` (followed by another key)."""

    keyid: str
    public_key: bytes
    who: Principal
    state: str


def holder(reader: Reader, keyid: str) -> Holder | None:
    """Whose key this is; None where nobody was admitted with it."""
    key = reader.device_key(keyid)
    row = reader.enrolled(key["site"], key["device"]) if key is not None else None
    if key is None or row is None:
        return None
    late = key["good_until"] is not None and key["good_until"] <= reader.now_ms
    state = "revoked" if key["withdrawn_at"] is not None else row["state"]
    who = Principal("device", row["device"], (row["site"],), DEVICE_ROLES[row["role"]], row["role"], row["device"])
    return Holder(keyid, shared.decode(key["public_key"]), who, "expired" if late and state not in GONE else state)


# ---------------------------------------------------------------- counting
def window(reader: Reader, keyid: str) -> Window:
    """How far a key had counted when that was last written down."""
    row = reader.device_use(keyid)
    return Window(row["high"], int(row["seen"], 16)) if row else Window()


def note(repository: Repository, keyid: str, seen: Window, counter: int) -> None:
    """Write down that a number was used, in the transaction of what it asked for: with several processes this is where a
    repeat to another one is refused, and after a restart nothing that changed something can be said again."""
    known = window(repository, keyid)
    if known.verdict(counter) != "new":
        raise Refusal("replayed", above=known.high)
    now = known.take(counter).joined(seen)
    row = repository.device_use(keyid)
    repository.put_device_use({"keyid": keyid, "high": now.high, "seen": f"{now.seen:x}", "boots": row["boots"] if row else "[]"})


def counted(use_case: Callable[[Unit], dict[str, Any]], keyid: str, seen: Window, counter: int) -> Callable[[Unit], dict[str, Any]]:
    """A use-case that also writes the number of its request down."""

    def work(unit: Unit) -> dict[str, Any]:
        note(unit.repository, keyid, seen, counter)
        return use_case(unit)

    return work


def seen_started(unit: Unit, device: str, keyid: str, boot_id: str | None) -> None:
    """A report came from this start of the machine. An earlier one that comes back after a later one is another machine."""
    row = unit.repository.device_use(keyid)
    if not boot_id or row is None:
        return
    boots: list[str] = json.loads(row["boots"])
    if boots and boots[-1] == boot_id:
        return
    if boot_id in boots:
        cloned(unit, device, why="two_starts")
        boots.remove(boot_id)
    unit.repository.put_device_use({**dict(row), "boots": json.dumps([*boots, boot_id][-BOOTS:])})


def cloned(unit: Unit, device: str, *, why: str) -> None:
    """Two machines use one key. Said once; a technician looks at both and resumes, replaces or revokes."""
    row = unit.repository.enrolled(unit.site, device)
    if row is not None and row["cloned_at"] is None and row["state"] not in GONE:
        unit.event("device.cloned", f"device:{device}", {"why": why})


# ---------------------------------------------------------------- a technician's word
def suspend(unit: Unit, device: str, *, reason: str | None = None) -> dict[str, Any]:
    """Nothing from this device for now."""
    return _change(unit, device, "suspended", reason, frm=("active", "suspended"))


def resume(unit: Unit, device: str, *, reason: str | None = None) -> dict[str, Any]:
    """It may go on; whatever looked like a second machine has been looked into."""
    row = _one(unit, device)
    if row["state"] == "active" and row["cloned_at"] is None:
        return device_json(row)
    return _change(unit, device, "resumed", reason, frm=("active", "suspended"), again=True)


def revoke(unit: Unit, device: str, *, reason: str | None = None) -> dict[str, Any]:
    """Its keys count no more and it is told to forget everything; it may ask to be admitted anew with another key."""
    row = _one(unit, device)
    if row["state"] not in GONE:
        _burn_leases(unit, device)
        unit.event("device.revoked", f"device:{device}", {"reason": reason})
    return device_json(_one(unit, device))


def lost(unit: Unit, device: str, *, since: int | None = None, reason: str | None = None) -> dict[str, Any]:
    """Stolen or gone since an instant: as revoked, and what it issued from then on is marked for whoever meets it."""
    row = _one(unit, device)
    if row["state"] == "lost":
        return device_json(row)
    at = unit.now_ms if since is None else since
    if at > unit.now_ms:
        raise invalid("/since", "in_future", "it cannot be lost later than now")
    _burn_leases(unit, device)
    unit.event("device.lost", f"device:{device}", {"since": at, "reason": reason})
    day = calendar.business_day(at, unit.config.utc_offset_min)
    for ticket in unit.repository.taken_at(unit.site, device, day, at):
        unit.ticket_event(ticket, "annotated", doubtful(device, at))
    return device_json(_one(unit, device))


def doubtful(device: str, lost_at: int) -> dict[str, Any]:
    """The mark in the log of a ticket that a lost device issued."""
    return {"code": "device_lost", "device": device, "lost_at": lost_at}


def lost_at(reader: Reader, site: str, device: str | None, issued_at: int) -> int | None:
    """Since when the device was gone that issued something at this instant; None where it was not."""
    row = reader.enrolled(site, device) if device else None
    at: int | None = row["lost_at"] if row is not None else None
    return at if at is not None and issued_at >= at else None


def _burn_leases(unit: Unit, device: str) -> None:
    for lease in unit.repository.live_leases_of(unit.site, device):
        unit.repository.burn_lease(lease["id"])
        unit.event("lease.burnt", f"lease:{lease['id']}", {"reason": "device_gone", "device": device})


def _change(unit: Unit, device: str, kind: str, reason: str | None, *, frm: tuple[str, ...], again: bool = False) -> dict[str, Any]:
    row = _one(unit, device)
    if row["state"] not in frm:
        raise Refusal("conflict", why="state", state=row["state"])
    if again or row["state"] != kind:
        unit.event(f"device.{kind}", f"device:{device}", {"reason": reason})
    return device_json(_one(unit, device))


def _one(unit: Unit, device: str) -> Row:
    row = unit.repository.enrolled(unit.site, device)
    if row is None:
        raise Refusal("not_found", what="device")
    return row


# ---------------------------------------------------------------- a new key
def rotate(unit: Unit, device: str, keyid: str, *, public_key: str) -> dict[str, Any]:
    """The key that signed this names its follower; both sign for seven days. Said again it changes nothing."""
    new = shared.keyid(raw_key(public_key))
    if new == keyid:
        raise invalid("/public_key", "same", "the new key is the old one")
    known = unit.repository.device_key(new)
    if known is not None and (known["device"] != device or known["site"] != unit.site or known["withdrawn_at"] is not None):
        raise Refusal("conflict", why="key_taken")
    good_until = unit.now_ms + shared.ROTATION_S * 1000
    if known is None:
        unit.event(
            "device.key_rotated", f"device:{device}", {"keyid": new, "public_key": public_key, "was": keyid, "good_until": good_until}
        )
    return {"device": device, "keyid": new, "words": list(shared.words(shared.decode(public_key))), "old_until": moment(good_until)}


# ---------------------------------------------------------------- looking
def device_json(row: Row) -> dict[str, Any]:
    """An admitted device as a technician sees it."""
    about = {name: row[name] for name in ("device", "role", "state", "reason", "enrolled_by", "changed_by")}
    times = {name: moment(row[name]) for name in ("enrolled_at", "changed_at", "lost_at", "cloned_at")}
    return about | times | {"hardware": plain(row["hardware"]), "profile": plain(row["profile"])}


def identity(reader: Reader, site: str, device: str) -> dict[str, Any]:
    """A device and its keys, by their words."""
    row = reader.enrolled(site, device)
    if row is None:
        raise Refusal("not_found", what="device")
    return device_json(row) | {"keys": [_key_json(key) for key in reader.device_keys(site, device)]}


def _key_json(row: Row) -> dict[str, Any]:
    times = {name: moment(row[name]) for name in ("added_at", "good_until", "withdrawn_at")}
    return {"keyid": row["keyid"], "words": list(shared.words(shared.decode(row["public_key"])))} | times


def identities(reader: Reader, site: str) -> dict[str, dict[str, Any]]:
    """Every admitted device by its name."""
    return {row["device"]: device_json(row) for row in reader.all_enrolled(site)}
