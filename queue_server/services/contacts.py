"""The declared keys of booking contacts: a telephone number or address becomes a keyed hash that lives no longer than its slot.

A key of its own, never the day key of cards and in no way out of the database: made when the first contact is named, used for new
bookings for a week, destroyed with the last slot that was booked under it. Both are told in the log, the key itself is not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import TYPE_CHECKING

from queue_server.domain.calendar import DAY_MS
from queue_server.services.ids import random_token
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.sql import Row

USED_MS = 7 * DAY_MS


def plain(contact: str) -> str:
    """One spelling for one contact: a number written with or without the country's code, spaces and dots; any case of letters."""
    text = unicodedata.normalize("NFKC", contact).strip().casefold()
    digits = re.sub(r"[\s().\-]", "", text)
    if re.fullmatch(r"\+?[0-9]{6,15}", digits):
        return "0" + digits[3:] if digits.startswith("+84") else digits
    return text


def hashed(key: Row, contact: str) -> str:
    """The hash of a contact under one key; it begins with the key's number."""
    return f"{key['n']}:{hmac.new(key['key'].encode(), plain(contact).encode(), hashlib.sha256).hexdigest()}"


def booked(unit: Unit, contact: str) -> bool:
    """Whether this contact has an appointment before it, under any key that still lives."""
    keys = unit.repository.contact_keys(unit.site)
    return any(unit.repository.booked_by(unit.site, hashed(key, contact)) is not None for key in keys)


def keep(unit: Unit, contact: str) -> str:
    """The hash to keep with a new booking, under the newest key; a new key where that one has had its week."""
    keys = unit.repository.contact_keys(unit.site)
    newest = keys[-1] if keys else None
    if newest is None or unit.now_ms - newest["made_at"] >= USED_MS:
        n = (newest["n"] if newest else _last_number(unit)) + 1
        newest = {"site": unit.site, "n": n, "key": random_token(unit.repository.entropy), "made_at": unit.now_ms}
        unit.repository.add_contact_key(newest)
        unit.event("appointment.key_made", f"contact_key:{n}", {"n": n})
    return hashed(newest, contact)


def _last_number(unit: Unit) -> int:
    """Keys before it are gone, and a number is not used again: hashes of different keys must never look alike."""
    return int(unit.now_ms // 1000)


def destroy_unused(unit: Unit) -> int:
    """Destroy every key under which nothing is booked any more. How many."""
    used = {key.partition(":")[0] for key in unit.repository.contacts(unit.site).values()}
    unused = [row["n"] for row in unit.repository.contact_keys(unit.site) if str(row["n"]) not in used]
    for n in unused:
        unit.repository.drop_contact_key(unit.site, n)
        unit.event("appointment.key_destroyed", f"contact_key:{n}", {"n": n})
    return len(unused)
