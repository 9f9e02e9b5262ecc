"""Devices with keys of their own: statements, what can be read of them, what one unit of work may change.

Holds two halves that `reader` and `repository` are made with. No rules: those are the domain's and the services'.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, literal_column, or_, select, text, update
from sqlalchemy import bindparam as b

from queue_server.storage import tables as t
from queue_server.storage import tables_fleet as f
from queue_server.storage.rows import ticket_of
from queue_server.storage.sql import Row, Runner, Statement

_e, _d, _k, _u, _j = f.enrolment.c, f.enrolled.c, f.device_key.c, f.device_use.c, f.join_key.c
ONE: ColumnElement[int] = literal_column("1")  # spelt out, because the SQLite dialect would bind an anonymous one
ZERO: ColumnElement[int] = literal_column("0")


def _add(table: Table) -> Statement:
    return Statement(insert(table).values({c.name: b(c.name) for c in table.columns}))


def _change(table: Table, keys: tuple[str, ...], *columns: str) -> Statement:
    return Statement(update(table).where(and_(*(table.c[k] == b(f"k_{k}") for k in keys))).values({c: b(c) for c in columns}))


ADD_ENROLMENT, ADD_ENROLLED, ADD_KEY = _add(f.enrolment), _add(f.enrolled), _add(f.device_key)
ADD_USE, ADD_JOIN_KEY, ADD_AUTHORITY = _add(f.device_use), _add(f.join_key), _add(f.authority)
DECIDE = _change(f.enrolment, ("site", "id"), "state", "device", "decided_at", "decided_by")
PUT_ENROLLED = _change(f.enrolled, ("site", "device"), *(c.name for c in f.enrolled.columns if not c.primary_key))
PUT_USE = _change(f.device_use, ("keyid",), "high", "seen", "boots")
END_KEY = _change(f.device_key, ("keyid",), "good_until")
USE_JOIN_KEY = _change(f.join_key, ("site", "id"), "used_at", "used_by")
REVOKE_JOIN_KEY = _change(f.join_key, ("site", "id"), "revoked_at")
WITHDRAW_KEYS = Statement(
    update(f.device_key)
    .where(_k.site == b("k_site"), _k.device == b("k_device"), _k.withdrawn_at.is_(None))
    .values(withdrawn_at=b("withdrawn_at"))
)
FORGET_ENROLMENTS = Statement(delete(f.enrolment).where(_e.site == b("site"), _e.requested_at < b("before")))
ENROLMENT = Statement(select(f.enrolment).where(_e.site == b("site"), _e.id == b("id")))
ENROLMENT_ANYWHERE = Statement(select(f.enrolment).where(_e.id == b("id")).limit(ONE).offset(ZERO))
ENROLMENTS_OF_KEY = Statement(
    select(f.enrolment).where(_e.keyid == b("keyid")).order_by(_e.requested_at.desc(), _e.id.desc()), "ix_enrolment_keyid"
)
PENDING = Statement(
    select(f.enrolment)
    .where(_e.site == b("site"), _e.expires_at > b("now"), text("state = 'pending'"))
    .order_by(_e.expires_at, _e.id),
    "ix_enrolment_pending",
)  # fmt: skip
ENROLLED = Statement(select(f.enrolled).where(_d.site == b("site"), _d.device == b("device")))
ALL_ENROLLED = Statement(select(f.enrolled).where(_d.site == b("site")).order_by(_d.device))
KEY = Statement(select(f.device_key).where(_k.keyid == b("keyid")))
KEYS_OF = Statement(
    select(f.device_key).where(_k.site == b("site"), _k.device == b("device")).order_by(_k.added_at, _k.keyid), "ix_device_key_device"
)
USE = Statement(select(f.device_use).where(_u.keyid == b("keyid")))
USES = Statement(select(f.device_use).order_by(_u.keyid))
JOIN_KEYS = Statement(select(f.join_key).where(_j.site == b("site")).order_by(_j.made_at.desc(), _j.id.desc()))
JOIN_KEY = Statement(select(f.join_key).where(_j.site == b("site"), _j.id == b("id")))
JOIN_KEY_BY_HASH = Statement(select(f.join_key).where(_j.key_hash == b("key_hash")))
AUTHORITIES = Statement(select(f.authority).order_by(f.authority.c.id))
LIVE_LEASES_OF = Statement(
    select(t.lease).where(t.lease.c.site == b("site"), t.lease.c.device == b("device"), text("state = 'live'")).order_by(t.lease.c.id)
)
_ticket = t.ticket.c
TAKEN_AT = Statement(
    select(t.ticket)
    .where(
        _ticket.site == b("site"), _ticket.business_day >= b("business_day"), _ticket.device == b("device"),
        or_(_ticket.issued_at >= b("since"), _ticket.issued_device_at >= b("since")),
    )
    .order_by(_ticket.issued_seq),
    "sqlite_autoindex_ticket_2",
)  # fmt: skip


class FleetReader:
    """What can be read of devices with keys."""

    __slots__ = ()
    _sql: Runner

    def enrolment(self, site: str, enrolment: str) -> Row | None:
        """One request for admission."""
        return self._sql.one(ENROLMENT, {"site": site, "id": enrolment})

    def enrolment_anywhere(self, enrolment: str) -> Row | None:
        """The same, whichever site of this database was asked."""
        return self._sql.one(ENROLMENT_ANYWHERE, {"id": enrolment})

    def enrolments_of_key(self, keyid: str) -> list[Row]:
        """What a key has asked for, newest first."""
        return self._sql.all(ENROLMENTS_OF_KEY, {"keyid": keyid})

    def pending_enrolments(self, site: str, now: int) -> list[Row]:
        """Who waits for a technician's word, oldest first."""
        return self._sql.all(PENDING, {"site": site, "now": now})

    def enrolled(self, site: str, device: str) -> Row | None:
        """One admitted device."""
        return self._sql.one(ENROLLED, {"site": site, "device": device})

    def all_enrolled(self, site: str) -> list[Row]:
        """Every device that was ever admitted."""
        return self._sql.all(ALL_ENROLLED, {"site": site})

    def device_key(self, keyid: str) -> Row | None:
        """The public key of this name."""
        return self._sql.one(KEY, {"keyid": keyid})

    def device_keys(self, site: str, device: str) -> list[Row]:
        """Every key that a device had, oldest first."""
        return self._sql.all(KEYS_OF, {"site": site, "device": device})

    def device_use(self, keyid: str) -> Row | None:
        """How far a key has counted."""
        return self._sql.one(USE, {"keyid": keyid})

    def device_uses(self) -> list[Row]:
        """The same of all keys."""
        return self._sql.all(USES, {})

    def join_keys(self, site: str) -> list[Row]:
        """Keys that admit beforehand, newest first."""
        return self._sql.all(JOIN_KEYS, {"site": site})

    def join_key(self, site: str, key: str) -> Row | None:
        """One of them."""
        return self._sql.one(JOIN_KEY, {"site": site, "id": key})

    def join_key_by_hash(self, key_hash: str) -> Row | None:
        """The one with this hash."""
        return self._sql.one(JOIN_KEY_BY_HASH, {"key_hash": key_hash})

    def authorities(self) -> list[Row]:
        """The site's own key and certificate authority."""
        return self._sql.all(AUTHORITIES, {})

    def live_leases_of(self, site: str, device: str) -> list[Row]:
        """The leases from which a device may still print."""
        return self._sql.all(LIVE_LEASES_OF, {"site": site, "device": device})

    def taken_at(self, site: str, device: str, business_day: str, since: int) -> list[Any]:
        """Tickets that a device issued since an instant, of a business day and later."""
        found = self._sql.all(TAKEN_AT, {"site": site, "device": device, "business_day": business_day, "since": since})
        return [ticket_of(row) for row in found]


class FleetWriter(FleetReader):
    """What one unit of work may change of them."""

    __slots__ = ()

    def add_enrolment(self, row: dict[str, Any]) -> None:
        """Somebody asks to be admitted."""
        self._sql.do(ADD_ENROLMENT, row)

    def decide_enrolment(self, site: str, enrolment: str, *, state: str, device: str | None, at: int, by: str) -> None:
        """Accepted or refused."""
        row = {"state": state, "device": device, "decided_at": at, "decided_by": by}
        self._sql.do(DECIDE, row | {"k_site": site, "k_id": enrolment})

    def forget_enrolments(self, site: str, before: int) -> None:
        """Drop what was asked before an instant; the log keeps it."""
        self._sql.do(FORGET_ENROLMENTS, {"site": site, "before": before})

    def put_enrolled(self, row: dict[str, Any]) -> None:
        """An admitted device as its events have made it."""
        values = {name: value for name, value in row.items() if name not in ("site", "device")}
        if not self._sql.touched(PUT_ENROLLED, values | {"k_site": row["site"], "k_device": row["device"]}):
            self._sql.do(ADD_ENROLLED, row)

    def add_device_key(self, row: dict[str, Any]) -> None:
        """A key that may sign for a device."""
        self._sql.do(ADD_KEY, row)

    def end_device_key(self, keyid: str, good_until: int) -> None:
        """A key that another has followed signs until then."""
        self._sql.do(END_KEY, {"k_keyid": keyid, "good_until": good_until})

    def withdraw_device_keys(self, site: str, device: str, at: int) -> None:
        """None of the keys a device has had until now counts any more."""
        self._sql.do(WITHDRAW_KEYS, {"k_site": site, "k_device": device, "withdrawn_at": at})

    def put_device_use(self, row: dict[str, Any]) -> None:
        """How far a key has counted, and where it was seen."""
        values = {name: row[name] for name in ("high", "seen", "boots")}
        if not self._sql.touched(PUT_USE, values | {"k_keyid": row["keyid"]}):
            self._sql.do(ADD_USE, row)

    def add_join_key(self, row: dict[str, Any]) -> None:
        """A key that admits beforehand (its hash)."""
        self._sql.do(ADD_JOIN_KEY, row)

    def use_join_key(self, site: str, key: str, *, at: int, by: str) -> None:
        """It admitted this device and admits no other."""
        self._sql.do(USE_JOIN_KEY, {"k_site": site, "k_id": key, "used_at": at, "used_by": by})

    def revoke_join_key(self, site: str, key: str, at: int) -> None:
        """It admits nobody."""
        self._sql.do(REVOKE_JOIN_KEY, {"k_site": site, "k_id": key, "revoked_at": at})

    def add_authority(self, row: dict[str, Any]) -> None:
        """The site's own key, made once."""
        self._sql.do(ADD_AUTHORITY, row)
