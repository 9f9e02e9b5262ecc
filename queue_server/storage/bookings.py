"""Appointments and the declared keys of their contacts: statements, what can be read of them, what one unit of work may change.

Holds two halves that `reader` and `repository` are made with. No rules: those are the domain's and the services'.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam as b
from sqlalchemy import delete, func, insert, literal_column, null, or_, select, text, update

from queue_server.domain.event import Event
from queue_server.storage import tables as t
from queue_server.storage.rows import event_of, ticket_of
from queue_server.storage.sql import Row, Runner, Statement

SEALS = Statement(select(t.seal).where(t.seal.c.site == b("site")).order_by(t.seal.c.business_day))
_a, _k, _ticket = t.appointment.c, t.contact_key.c, t.ticket.c
ADD = Statement(insert(t.appointment).values({c.name: b(c.name) for c in t.appointment.columns}))
PUT = Statement(update(t.appointment).where(_a.id == b("k_id")).values(state=b("state"), ticket=b("ticket"), contact_key=null()))
ONE = Statement(select(t.appointment).where(_a.site == b("site"), _a.id == b("id")))
BY_CODE = Statement(select(t.appointment).where(_a.code_hash == b("code_hash")))
EVERY = Statement(select(t.appointment).where(_a.site == b("site")).order_by(_a.id))
TAKEN = Statement(
    select(_a.slot_from, func.count().label("n"))
    .where(
        _a.site == b("site"), _a.service == b("service"), _a.slot_from >= b("since"), _a.slot_from < b("until"),
        text("state IN ('booked', 'checked_in')"),
    )
    .group_by(_a.slot_from),
    "ix_appointment_slot",
)  # fmt: skip
BOOKED_UNTIL = Statement(
    select(t.appointment).where(_a.site == b("site"), _a.day <= b("day"), text("state = 'booked'")).order_by(_a.id), "ix_appointment_booked"
)
OF_CONTACT = Statement(
    select(t.appointment)
    .where(_a.site == b("site"), _a.contact_key == b("contact_key"), text("state = 'booked'"))
    .limit(literal_column("1"))
    .offset(literal_column("0"))
)
CONTACTS = Statement(
    select(_a.id, _a.contact_key).where(_a.site == b("site"), _a.contact_key.is_not(None)).order_by(_a.id), "ix_appointment_contact"
)
KEYS = Statement(select(t.contact_key).where(_k.site == b("site")).order_by(_k.n))
ADD_KEY = Statement(insert(t.contact_key).values({c.name: b(c.name) for c in t.contact_key.columns}))
DROP_KEY = Statement(delete(t.contact_key).where(_k.site == b("site"), _k.n == b("n")))
LIVE_ANYWHERE = Statement(
    select(t.ticket)
    .where(_ticket.holder_key == b("holder_key"), text("state IN ('waiting', 'called', 'serving', 'held')"))
    .order_by(_ticket.issued_at),
    "ix_ticket_holder_anywhere",
)
HOLD_CARD = Statement(select(func.pg_advisory_xact_lock(func.hashtextextended(b("holder_key"), literal_column("0")))))
LAST_COMPLETED = Statement(
    select(t.ticket)
    .where(
        _ticket.site == b("site"), _ticket.business_day == b("business_day"), _ticket.counter == b("counter"),
        text("state = 'completed'"), _ticket.ended_at >= b("since"),
    )
    .order_by(_ticket.ended_at.desc())
    .limit(literal_column("1")).offset(literal_column("0")),
    "sqlite_autoindex_ticket_2",
)  # fmt: skip
TAKERS = Statement(
    select(_ticket.holder_key, func.count().label("n"))
    .where(_ticket.site == b("site"), _ticket.holder_key.is_not(None), _ticket.business_day == b("business_day"))
    .group_by(_ticket.holder_key)
    .having(func.count() >= b("least")),
    "ix_ticket_holder",
)
HELD_BY = Statement(
    select(_ticket.label).where(_ticket.site == b("site"), _ticket.holder_key == b("holder_key")).order_by(_ticket.issued_seq),
    "ix_ticket_holder",
)
_event = t.event.c
CHOSEN = '%"rule":"chosen"%'
DAYS_ROWS = Statement(  # the rows of a day lie together: their ends come from the seals, so that no other day is read
    select(t.event)
    .where(
        _event.site == b("site"), _event.seq > b("after"), _event.seq <= b("until"), _event.business_day == b("business_day"),
        text("type IN ('called', 'transferred', 'moved', 'let_passed', 'readmitted', 'released', 'amended')"),
        or_(text("type <> 'called'"), _event.data.like(b("chosen"))),
    )
    .order_by(_event.seq)
)  # fmt: skip
COUNTER_ROWS = Statement(
    select(t.event)
    .where(
        _event.site == b("site"), _event.seq > b("after"), _event.seq <= b("until"), _event.business_day == b("business_day"),
        text("type IN ('counter.opened', 'counter.closed', 'counter.paused', 'counter.resumed', 'counter.wrapping_up')"),
    )
    .order_by(_event.seq)
)  # fmt: skip
TAKEN_BY_DEVICE = Statement(
    select(_ticket.device, _ticket.issued_at)
    .where(_ticket.site == b("site"), _ticket.business_day == b("business_day"), _ticket.device.is_not(None))
    .order_by(_ticket.issued_at),
    "sqlite_autoindex_ticket_2",
)
STATES_OF_DAY = Statement(
    select(_ticket.taken_for, _ticket.state, _ticket.label)
    .where(_ticket.site == b("site"), _ticket.business_day == b("business_day"))
    .order_by(_ticket.issued_seq),
    "sqlite_autoindex_ticket_2",
)


class BookingReader:
    """What can be read of appointments."""

    __slots__ = ()
    _sql: Runner

    def appointment(self, site: str, appointment: str) -> Row | None:
        """One appointment of the site."""
        return self._sql.one(ONE, {"site": site, "id": appointment})

    def appointment_by_code(self, code_hash: str) -> Row | None:
        """The appointment whose code has this hash."""
        return self._sql.one(BY_CODE, {"code_hash": code_hash})

    def appointments(self, site: str) -> list[Row]:
        """Every appointment of the site."""
        return self._sql.all(EVERY, {"site": site})

    def seats_taken(self, site: str, service: str, since: int, until: int) -> dict[int, int]:
        """Instant at which a slot begins → seats booked in it."""
        rows = self._sql.all(TAKEN, {"site": site, "service": service, "since": since, "until": until})
        return {row["slot_from"]: row["n"] for row in rows}

    def booked_until(self, site: str, day: str) -> list[Row]:
        """Appointments of a day and of those before that still wait for their person."""
        return self._sql.all(BOOKED_UNTIL, {"site": site, "day": day})

    def booked_by(self, site: str, contact_key: str) -> Row | None:
        """The appointment that a contact still has before it."""
        return self._sql.one(OF_CONTACT, {"site": site, "contact_key": contact_key})

    def contacts(self, site: str) -> dict[str, str]:
        """Appointment → keyed hash of its contact, where that is still kept."""
        return {row["id"]: row["contact_key"] for row in self._sql.all(CONTACTS, {"site": site})}

    def contact_keys(self, site: str) -> list[Row]:
        """The declared keys that are not destroyed yet, oldest first."""
        return self._sql.all(KEYS, {"site": site})

    def live_anywhere(self, holder_key: str) -> list[Any]:
        """The live tickets of one holder at every site of this database."""
        return [ticket_of(row) for row in self._sql.all(LIVE_ANYWHERE, {"holder_key": holder_key})]

    def last_completed(self, site: str, business_day: str, counter: str, since: int) -> Any:
        """Whose visit ended last at a counter, since an instant; None where nobody's did."""
        row = self._sql.one(LAST_COMPLETED, {"site": site, "business_day": business_day, "counter": counter, "since": since})
        return ticket_of(row) if row else None

    def taken_by_device(self, site: str, business_day: str) -> dict[str, list[int]]:
        """Instants of issue on a day by the device that took them, in order."""
        found: dict[str, list[int]] = {}
        for row in self._sql.all(TAKEN_BY_DEVICE, {"site": site, "business_day": business_day}):
            found.setdefault(row["device"], []).append(row["issued_at"])
        return found

    def states_of_day(self, site: str, business_day: str) -> list[tuple[str, str, str]]:
        """Service, state and label of each number of a day, in order of issue."""
        rows = self._sql.all(STATES_OF_DAY, {"site": site, "business_day": business_day})
        return [(row["taken_for"], row["state"], row["label"]) for row in rows]

    def moves(self, site: str, business_day: str) -> list[Event]:
        """The rows of a day that may have changed somebody's place in the order; calls only where they were out of turn."""
        params = {"site": site, "business_day": business_day, "chosen": CHOSEN, **self._ends(site, business_day)}
        return [event_of(row) for row in self._sql.all(DAYS_ROWS, params)]

    def counter_changes(self, site: str, business_day: str) -> list[Event]:
        """The rows of a day in which a counter opened, closed, paused or went on."""
        params = {"site": site, "business_day": business_day, **self._ends(site, business_day)}
        return [event_of(row) for row in self._sql.all(COUNTER_ROWS, params)]

    def _ends(self, site: str, business_day: str) -> dict[str, int]:
        """Between which rows of the log a day lies, by the seals."""
        after, until = 0, 2**62
        for seal in self._sql.all(SEALS, {"site": site}):
            if seal["business_day"] < business_day:
                after = seal["last_seq"]
            elif seal["business_day"] == business_day:
                until = seal["last_seq"]
        return {"after": after, "until": until}

    def frequent_takers(self, site: str, business_day: str, least: int) -> list[list[str]]:
        """The labels taken by each card that took at least so many numbers today. Which card it was is not told."""
        rows = self._sql.all(TAKERS, {"site": site, "business_day": business_day, "least": least})
        return [[one["label"] for one in self._sql.all(HELD_BY, {"site": site, "holder_key": row["holder_key"]})] for row in rows]


class BookingWriter(BookingReader):
    """What one unit of work may change of appointments."""

    __slots__ = ()

    def hold_card(self, holder_key: str) -> None:
        """Nobody else gives a number to this card, at any site of this database, until this unit of work is on disk. A file has
        one writer anyway. Two groups that hold cards crosswise are a deadlock, which PostgreSQL tells to one of them; its units
        of work then run one by one, each with a single card."""
        if self._sql.dialect == "postgresql":
            self._sql.do(HOLD_CARD, {"holder_key": holder_key})

    def add_appointment(self, row: dict[str, Any]) -> None:
        """A new appointment."""
        self._sql.do(ADD, row)

    def end_appointment(self, appointment: str, *, state: str, ticket: str | None = None) -> None:
        """No longer booked: the hash of the contact goes with it."""
        self._sql.do(PUT, {"k_id": appointment, "state": state, "ticket": ticket})

    def add_contact_key(self, row: dict[str, Any]) -> None:
        """A new declared key."""
        self._sql.do(ADD_KEY, row)

    def drop_contact_key(self, site: str, n: int) -> None:
        """Destroy a declared key."""
        self._sql.do(DROP_KEY, {"site": site, "n": n})
