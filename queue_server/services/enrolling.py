"""Admitting devices: one asks with a key of its own, a technician who stands before it accepts, or a join key did so beforehand.

The rules of asking and waiting are RFC 8628's; what is granted is not a token but the admission of that very key. Nothing here
reads a signature: the web layer has checked that whoever asks holds the key. What becomes of a device later is `devices`'.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from queue_server.contract import device as shared
from queue_server.domain.errors import Refusal, invalid
from queue_server.services.ids import random_token, token_hash
from queue_server.services.projecting_fleet import plain
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

MOST_PENDING = 64  # of one site: whoever floods it leaves no more rows than that
NAME = re.compile(r"[0-9A-Za-z_.-]{1,64}")


# ---------------------------------------------------------------- a device asks
def ask(
    unit: Unit, *, public_key: str, role: str, name: str | None, hardware: dict[str, Any], join_key: str | None, address: str
) -> dict[str, Any]:
    """What the key that signed this is to do: wait for a technician, or begin. Asking again changes nothing."""
    keyid = shared.keyid(raw_key(public_key))
    known = unit.repository.device_key(keyid)
    if known is not None:
        return _known(unit, known)
    found = [row for row in unit.repository.enrolments_of_key(keyid) if row["site"] == unit.site and row["expires_at"] > unit.now_ms]
    if found and found[0]["state"] == "refused":
        raise Refusal("enrolment_refused")
    joins = _join_key(unit, join_key, role)
    if found and joins is None:
        return waiting(unit.row["token_key"], found[0], unit.now_ms) | _useless(join_key)
    enrolment = found[0]["id"] if found else None
    if enrolment is None:
        if len(unit.repository.pending_enrolments(unit.site, unit.now_ms)) >= MOST_PENDING and joins is None:
            raise Refusal("rate_limited", retry_after_s=60)
        enrolment = unit.new_id()
        asked = {"keyid": keyid, "public_key": public_key, "role": role, "name": name, "hardware": hardware, "address": address}
        unit.event("device.enrol_asked", f"enrolment:{enrolment}", asked | {"expires_at": unit.now_ms + shared.EXPIRES_S * 1000})
    row = unit.repository.enrolment(unit.site, enrolment)
    assert row is not None
    if joins is None:
        return waiting(unit.row["token_key"], row, unit.now_ms) | _useless(join_key)
    wanted = joins["replaces"] or free_name(unit, joins["name"] or name, role)
    return admit(unit, row, device=wanted, role=role, profile=plain(joins["profile"]), join_key=joins["id"])


def raw_key(public_key: str) -> bytes:
    """The 32 bytes of a public key as it stands in a message."""
    try:
        raw = shared.decode(public_key)
    except ValueError:
        raw = b""
    if len(raw) != shared.PUBLIC_KEY_BYTES:
        raise invalid("/public_key", "bad_format", "base64url of 32 bytes")
    return raw


def _known(unit: Unit, key: Row) -> dict[str, Any]:
    row = unit.repository.enrolled(key["site"], key["device"])
    if row is None or key["withdrawn_at"] is not None or row["state"] in ("revoked", "lost"):
        raise Refusal("device_revoked")
    if row["state"] == "suspended":
        raise Refusal("device_suspended")
    return admitted(row)


def _join_key(unit: Unit, join_key: str | None, role: str) -> Row | None:
    """The join key that was shown, where it still admits a device of this role to this site."""
    row = unit.repository.join_key_by_hash(token_hash(join_key)) if join_key else None
    if row is None or row["site"] != unit.site or row["role"] != role:
        return None
    over = row["used_at"] is not None or row["revoked_at"] is not None or row["expires_at"] <= unit.now_ms
    return None if over else row


def join_key_row(reader: Reader, join_key: str) -> Row | None:
    """A join key as it is kept, whether it still counts or not."""
    return reader.join_key_by_hash(token_hash(join_key))


def _useless(join_key: str | None) -> dict[str, Any]:
    """A join key that is used up keeps nobody out: a technician may still accept."""
    return {"join_key": "not_valid"} if join_key else {}


def free_name(unit: Unit, wanted: str | None, role: str) -> str:
    """The name that was wished for, or the first free number of its kind."""
    taken = {row["device"] for row in unit.repository.all_enrolled(unit.site)}
    if wanted and NAME.fullmatch(wanted) and wanted not in taken:
        return wanted
    return next(name for n in range(1, len(taken) + 2) if (name := f"{role}-{n:02d}") not in taken)


def code_of(token_key: str, enrolment: str) -> str:
    """The code that the device shows: it follows from the site's secret, so no table and no log holds it."""
    return shared.user_code(hmac.digest(token_key.encode(), f"enrolment:{enrolment}".encode(), "sha256"))


def waiting(token_key: str, row: Row, now_ms: int) -> dict[str, Any]:
    """What a device shows while it waits."""
    return {
        "state": "pending",
        "enrolment": row["id"],
        "user_code": code_of(token_key, row["id"]),
        "words": list(shared.words(shared.decode(row["public_key"]))),
        "interval_s": shared.INTERVAL_S,
        "expires_in_s": max(0, (row["expires_at"] - now_ms) // 1000),
    }


def admitted(row: Row) -> dict[str, Any]:
    """What a device is from now on; settings and certificates are put to it where it is answered."""
    about = {"state": "accepted", "device": row["device"], "name": row["device"], "site": row["site"], "role": row["role"]}
    return about | {"profile": plain(row["profile"])}


def standing(reader: Reader, enrolment: str, keyid: str, now_ms: int) -> dict[str, Any]:
    """How it stands with what a key has asked for; `not_found` for another key's."""
    row = reader.enrolment_anywhere(enrolment)
    if row is None or row["keyid"] != keyid:
        raise Refusal("not_found", what="enrolment")
    if row["state"] == "refused":
        raise Refusal("enrolment_refused")
    if row["state"] == "accepted":
        device = reader.enrolled(row["site"], row["device"])
        key = reader.device_key(keyid)
        if device is None or key is None or key["withdrawn_at"] is not None or device["state"] in ("revoked", "lost"):
            raise Refusal("device_revoked")
        return admitted(device)
    if row["expires_at"] <= now_ms:
        raise Refusal("not_found", what="enrolment", why="expired")
    site = reader.site(row["site"]) or {}
    return waiting(site["token_key"], row, now_ms)


# ---------------------------------------------------------------- a technician decides
def pending(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Who waits: what stands on the device's label and screen, but never the code. That is read from the device itself."""
    return {"enrolments": [_pending(row, now) for row in reader.pending_enrolments(site, now)]}


def _pending(row: Row, now: int) -> dict[str, Any]:
    return {
        "id": row["id"],
        "role": row["role"],
        "name": row["name"],
        "hardware": plain(row["hardware"]),
        "address": row["address"],
        "words": list(shared.words(shared.decode(row["public_key"]))),
        "requested_at": moment(row["requested_at"]),
        "expires_in_s": max(0, (row["expires_at"] - now) // 1000),
    }


def code_is_right(reader: Reader, site: str, enrolment: str, typed: str) -> bool:
    """Whether this is the code on the device's screen."""
    row = reader.site(site)
    right = shared.plain_code(code_of(row["token_key"], enrolment)) if row else ""
    return bool(right) and hmac.compare_digest(shared.plain_code(typed).encode(), right.encode())


def accept(
    unit: Unit, enrolment: str, *, name: str = "", user_code: str | None = None, words_match: bool | None = None,
    replaces: str | None = None, profile: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Admit this key under a name; with `replaces` it takes over the name, settings and lease of a dead device."""
    row = _open(unit, enrolment)
    if user_code is not None and not code_is_right(unit.repository, unit.site, enrolment, user_code):
        raise Refusal("wrong_code")
    if user_code is None and not words_match:
        raise invalid("/words_match", "required", "compare the four words, or type the code on the device's screen")
    old = unit.repository.enrolled(unit.site, replaces or name)
    if replaces is not None and old is None:
        raise Refusal("not_found", what="device")
    if replaces is None and old is not None:
        raise Refusal("conflict", why="name_taken", device=name)
    if old is not None and old["role"] != row["role"]:
        raise Refusal("conflict", why="other_role", role=old["role"])
    kept = plain(old["profile"]) if old is not None else {}
    return admit(unit, row, device=replaces or name, role=row["role"], profile=kept | (profile or {}))


def refuse(unit: Unit, enrolment: str, *, reason: str | None = None) -> dict[str, Any]:
    """Not this one."""
    row = _open(unit, enrolment)
    unit.event("device.enrol_refused", f"enrolment:{row['id']}", {"keyid": row["keyid"], "reason": reason})
    return {"enrolment": row["id"], "state": "refused"}


def _open(unit: Unit, enrolment: str) -> Row:
    row = unit.repository.enrolment(unit.site, enrolment)
    if row is None or (row["state"] == "pending" and row["expires_at"] <= unit.now_ms):
        raise Refusal("not_found", what="enrolment")
    if row["state"] != "pending":
        raise Refusal("conflict", why="decided", state=row["state"])
    return row


def admit(unit: Unit, row: Row, *, device: str, role: str, profile: dict[str, Any], join_key: str | None = None) -> dict[str, Any]:
    """Write down that this key is this device."""
    before = unit.repository.enrolled(unit.site, device)
    data = {"enrolment": row["id"], "keyid": row["keyid"], "public_key": row["public_key"], "role": role, "profile": profile}
    more = {"hardware": plain(row["hardware"]), "replaces": before is not None, "join_key": join_key}
    unit.event("device.enrolled", f"device:{device}", data | more)
    made = unit.repository.enrolled(unit.site, device)
    assert made is not None
    return admitted(made)


# ---------------------------------------------------------------- join keys
def make_join_key(
    unit: Unit, *, role: str, ttl_s: int, name: str | None = None, profile: dict[str, Any] | None = None, replaces: str | None = None
) -> dict[str, Any]:
    """A key that admits one device. It is shown now and kept as a hash."""
    old = unit.repository.enrolled(unit.site, replaces) if replaces else None
    if replaces and old is None:
        raise Refusal("not_found", what="device")
    if old is not None and old["role"] != role:
        raise Refusal("conflict", why="other_role", role=old["role"])
    key, made = f"{shared.JOIN_KEY_PREFIX}{random_token(unit.repository.entropy)}", unit.new_id()
    kept = (plain(old["profile"]) if old is not None else {}) | (profile or {})
    data = {"key_hash": token_hash(key), "role": role, "name": name, "profile": kept, "replaces": replaces}
    unit.event("device.join_key_made", f"join_key:{made}", data | {"expires_at": unit.now_ms + ttl_s * 1000})
    return {"id": made, "join_key": key, "role": role, "name": name, "replaces": replaces, "expires_at": moment(unit.now_ms + ttl_s * 1000)}


def join_keys(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Every join key and what became of it; never the key."""
    return {"join_keys": [_join_key_json(row, now) for row in reader.join_keys(site)]}


def _join_key_json(row: Row, now: int) -> dict[str, Any]:
    over = "expired" if row["expires_at"] <= now else "good"
    state = "revoked" if row["revoked_at"] is not None else "used" if row["used_at"] is not None else over
    about = {name: row[name] for name in ("id", "role", "name", "replaces", "made_by", "used_by")}
    return about | {"state": state, "made_at": moment(row["made_at"]), "expires_at": moment(row["expires_at"])}


def revoke_join_key(unit: Unit, key: str) -> dict[str, Any]:
    """Nobody comes in with it any more. Whoever has come stays."""
    row = unit.repository.join_key(unit.site, key)
    if row is None:
        raise Refusal("not_found", what="join_key")
    if row["revoked_at"] is None:
        unit.event("device.join_key_revoked", f"join_key:{key}", {})
        row = unit.repository.join_key(unit.site, key) or row
    return _join_key_json(row, unit.now_ms)
