"""Every statement that the server runs, by name. Parameters are named as the columns; `n_` forms take lists."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)

from queue_server.storage import tables as t
from queue_server.storage import tables_fleet as f
from queue_server.storage import tables_hall as h
from queue_server.storage.rows import COUNTER_COLUMNS, EVENT_COLUMNS, TICKET_COLUMNS
from queue_server.storage.sql import Statement

b = bindparam
ZERO: ColumnElement[int] = literal_column("0")  # spelt out, because the SQLite dialect would bind an anonymous one


def _insert(table: Table, *columns: str) -> Statement:
    return Statement(insert(table).values({name: b(name) for name in columns or [c.name for c in table.columns]}))


def _update(table: Table, keys: tuple[str, ...], *columns: str) -> Statement:
    found = and_(*(table.c[name] == b(f"k_{name}") for name in keys))
    return Statement(update(table).where(found).values({name: b(name) for name in columns}))


def _where(table: Table, *names: str) -> Statement:
    return Statement(select(table).where(*(table.c[name] == b(name) for name in names)))


# ---------------------------------------------------------------- site, epochs, configuration
SITE = _where(t.site, "code")
SITE_LOCKED = Statement(select(t.site).where(t.site.c.code == b("code")).with_for_update())
SITES = Statement(select(t.site).order_by(t.site.c.code))
SITE_BY_BOARD = _where(t.site, "board_token")
INSERT_SITE = _insert(t.site)
ADVANCE_SITE = _update(t.site, ("code",), "seq", "last_at", "day", "day_hash")
SET_SITE_EPOCH = _update(t.site, ("code",), "epoch")
SET_SITE_CONFIG = _update(t.site, ("code",), "config_version", "name")
SET_SITE_SEAL = _update(t.site, ("code",), "previous_seal")
INSERT_EPOCH = _insert(t.epoch)
SET_EPOCH = _update(t.epoch, ("site", "epoch"), "continues_after", "started_at", "reason")
EPOCHS = Statement(select(t.epoch).where(t.epoch.c.site == b("site")).order_by(t.epoch.c.epoch))
INSERT_CONFIG = _insert(t.config)
CONFIG = _where(t.config, "site", "version")

# ---------------------------------------------------------------- log
INSERT_EVENT = _insert(t.event, *EVENT_COLUMNS)
_event = t.event.c
EVENTS_AFTER = Statement(
    select(t.event).where(_event.site == b("site"), _event.seq > b("after")).order_by(_event.seq).limit(b("n")).offset(ZERO)
)
EVENTS_OF = Statement(select(t.event).where(_event.site == b("site"), _event.subject == b("subject")).order_by(_event.seq))
EVENTS_OF_CMD = Statement(select(t.event).where(_event.site == b("site"), _event.cmd == b("cmd")).order_by(_event.seq), "ix_event_site_cmd")
INSERT_SEAL = _insert(t.seal)
INSERT_DISOWNED = _insert(t.disowned)
DISOWNED = Statement(select(t.disowned).where(t.disowned.c.site == b("site")).order_by(t.disowned.c.epoch, t.disowned.c.seq))
SEALS = Statement(select(t.seal).where(t.seal.c.site == b("site")).order_by(t.seal.c.business_day))

# ---------------------------------------------------------------- tickets
INSERT_TICKET = _insert(t.ticket, *TICKET_COLUMNS, "holder_key")


@lru_cache
def update_ticket(columns: tuple[str, ...]) -> Statement:
    """Change these columns and no others: SQLite rewrites every index that a named column is part of."""
    return _update(t.ticket, ("id", "site"), *columns)


_ticket = t.ticket.c
TICKET = _where(t.ticket, "site", "id")
# Where somebody has moved to another site, the page tells of the ticket that lives.
TICKET_BY_TOKEN = Statement(
    select(t.ticket).where(_ticket.token_hash == b("token_hash")).order_by(text("state = 'moved'"), _ticket.issued_at.desc())
)
_NUMBER = and_(*(_ticket[name] == b(name) for name in ("site", "series", "number")))
TICKETS_BY_NUMBER = Statement(  # issued on that day, or of a day before and good for it
    select(t.ticket).where(
        or_(and_(_NUMBER, _ticket.business_day == b("business_day")), and_(_NUMBER, _ticket.carried_to == b("business_day")))
    )
)
CARRIED_NUMBERS = Statement(
    select(_ticket.series, _ticket.number).where(_ticket.site == b("site"), _ticket.carried_to >= b("business_day")), "uq_ticket_carried"
)
TICKETS_BY_DOSSIER = Statement(
    select(t.ticket)
    .where(_ticket.site == b("site"), _ticket.dossier_code == b("dossier_code"))
    .order_by(_ticket.issued_at.desc())
    .limit(b("n"))
    .offset(ZERO)
)
_OF_DAY = or_(_ticket.business_day == b("business_day"), _ticket.carried_to == b("business_day"))
TICKETS_OF_NUMBER = Statement(select(t.ticket).where(_ticket.site == b("site"), _ticket.number == b("number"), _OF_DAY))
# The dossier's code may stand on the slip or among what was done: JSON text with the code between its own quotes.
TICKETS_OF_DAY_NAMING = Statement(
    select(t.ticket)
    .where(
        _ticket.site == b("site"),
        _OF_DAY,
        or_(_ticket.dossier_code == b("code"), _ticket.appointment == b("code"), _ticket.steps.like(b("within"), escape="!")),
    )
    .order_by(_ticket.issued_seq)
    .limit(b("n"))
    .offset(ZERO)
)
WAITING_FOR = Statement(
    select(t.ticket)
    .where(_ticket.site == b("site"), text("state = 'waiting'"), _ticket.for_counter == b("counter"))
    .order_by(_ticket.issued_seq)
)
ABSENT_AT = Statement(
    select(t.ticket)
    .where(_ticket.site == b("site"), text("state = 'no_show'"), _ticket.ended_at >= b("since"), _ticket.counter == b("counter"))
    .order_by(_ticket.ended_at.desc())
    .limit(b("n"))
    .offset(ZERO),
    "ix_ticket_no_show",
)
MOVED_SINCE = Statement(
    select(_ticket.site, _ticket.id).where(text("state = 'moved'"), _ticket.ended_at >= b("since")).order_by(_ticket.ended_at),
    "ix_ticket_moved",
)
TICKETS_OF_DAY = Statement(
    select(t.ticket).where(_ticket.site == b("site"), _ticket.business_day == b("business_day")).order_by(_ticket.issued_seq)
)
_AT_DESK = text("state IN ('called', 'serving')")
_WAITING = text("state = 'waiting'")
_PLACE = (_ticket.doubt, _ticket.effective_at, _ticket.issued_seq)  # the rule is `routing.key`
_LIVE = text("state IN ('waiting', 'called', 'serving', 'held')")
AT_COUNTER = Statement(select(t.ticket).where(_ticket.site == b("site"), _ticket.counter == b("counter"), _AT_DESK))
AT_COUNTERS = Statement(select(t.ticket).where(_ticket.site == b("site"), _AT_DESK), "uq_ticket_at_counter")
# Counters that stand open with nobody at the desk.
FREE_COUNTERS = Statement(
    select(t.counter.c.code, t.counter.c.services).where(
        t.counter.c.site == b("site"),
        text("counter.state = 'open'"),
        ~exists().where(
            _ticket.site == t.counter.c.site, _ticket.counter == t.counter.c.code, text("ticket.state IN ('called', 'serving')")
        ),
    )
)
HELD = Statement(
    select(t.ticket).where(_ticket.site == b("site"), _LIVE, text("state = 'held'")).order_by(_ticket.issued_seq), "ix_ticket_live"
)
LIVE_BEFORE = Statement(
    select(t.ticket)
    .where(
        _ticket.site == b("site"),
        _ticket.business_day < b("business_day"),
        or_(_ticket.carried_to.is_(None), _ticket.carried_to < b("business_day")),
        _LIVE,
    )
    .order_by(_ticket.issued_seq),
    "ix_ticket_live",
)
LIVE_OF_HOLDER = Statement(
    select(t.ticket).where(_ticket.site == b("site"), _ticket.holder_key == b("holder_key"), _LIVE).order_by(_ticket.issued_seq)
)
FORGET_HOLDERS = Statement(
    update(t.ticket)
    .where(_ticket.site == b("site"), _ticket.business_day < b("business_day"), _ticket.holder_key.is_not(None))
    .values(holder_key=null())
)
TAKEN = Statement(  # numbers by what they were taken for: whatever became of them since
    select(_ticket.taken_for, _ticket.half, func.count().label("n"))
    .where(_ticket.site == b("site"), _ticket.business_day == b("business_day"))
    .group_by(_ticket.taken_for, _ticket.half),
    "sqlite_autoindex_ticket_2",
)
WAITING = Statement(
    select(t.ticket).where(_ticket.site == b("site"), _WAITING).order_by(*_PLACE).limit(b("n")).offset(ZERO),
    "ix_ticket_waiting",
)
WAITING_SUMMARY = Statement(
    select(_ticket.service, _ticket.for_counter, func.count().label("n"), func.min(_ticket.available_from).label("oldest"))
    .where(_ticket.site == b("site"), _WAITING)
    .group_by(_ticket.service, _ticket.for_counter),
    "ix_ticket_waiting",
)
RECENT_ON_BOARD = Statement(select(t.ticket).where(_ticket.site == b("site"), _AT_DESK).order_by(_ticket.last_called_at.desc()))


def _services(n: int) -> list[object]:
    return [b(f"s{i}") for i in range(n)]


@lru_cache
def next_for(n: int) -> Statement:
    """The first waiting ticket of n services `s0 …`, or meant for this counter, in calling order."""
    mine = or_(and_(_ticket.for_counter.is_(None), _ticket.service.in_(_services(n))), _ticket.for_counter == b("counter"))
    found = select(t.ticket).where(_ticket.site == b("site"), _WAITING, mine).order_by(*_PLACE)
    return Statement(found.limit(literal_column("1")).offset(ZERO), "ix_ticket_waiting")


@lru_cache
def ahead_of(n: int) -> Statement:
    """How many wait before (`doubt`, `effective_at`, `issued_seq`) for n services `s0 …`."""
    before = tuple_(*_PLACE) < tuple_(b("doubt"), b("effective_at"), b("issued_seq"))
    which = _ticket.service.in_(_services(n))
    return Statement(
        select(func.count()).select_from(t.ticket).where(_ticket.site == b("site"), _WAITING, before, which), "ix_ticket_waiting"
    )


@lru_cache
def behind(n: int) -> Statement:
    """Who waits after (`doubt`, `effective_at`, `issued_seq`) for n services `s0 …`, nearest first."""
    after = tuple_(*_PLACE) > tuple_(b("doubt"), b("effective_at"), b("issued_seq"))
    found = select(t.ticket).where(_ticket.site == b("site"), _WAITING, after, _ticket.service.in_(_services(n)))
    return Statement(found.order_by(*_PLACE).limit(b("n")).offset(ZERO), "ix_ticket_waiting")


@lru_cache
def recent_calls(n: int) -> Statement:
    """Instants of calls of n services `s0 …` since `since`, newest first."""
    found = and_(_ticket.site == b("site"), _ticket.service.in_(_services(n)), _ticket.last_called_at > b("since"))
    return Statement(select(_ticket.last_called_at).where(found).order_by(_ticket.last_called_at.desc()).limit(b("n")).offset(ZERO))


@lru_cache
def callers(n: int) -> Statement:
    """How many counters made the calls of n services `s0 …` since `since`."""
    found = and_(_ticket.site == b("site"), _ticket.service.in_(_services(n)), _ticket.last_called_at > b("since"))
    return Statement(select(func.count(_ticket.counter.distinct()).label("n")).where(found), "ix_ticket_called")


@lru_cache
def calls_by_class(n: int) -> Statement:
    """Calls of n services `s0 …` since `since`, by priority class."""
    found = and_(_ticket.site == b("site"), _ticket.service.in_(_services(n)), _ticket.last_called_at > b("since"))
    shares = select(_ticket.priority_class, func.count().label("n")).where(found).group_by(_ticket.priority_class)
    return Statement(shares, "ix_ticket_called")


HOLDERS = Statement(
    select(_ticket.id, _ticket.holder_key).where(_ticket.site == b("site"), _ticket.holder_key.is_not(None)), "ix_ticket_holder"
)


# ---------------------------------------------------------------- counters, numbers, answers
INSERT_SPELL = _insert(h.counter_spell)
SPELLS = Statement(
    select(h.counter_spell)
    .where(h.counter_spell.c.site == b("site"), h.counter_spell.c.business_day == b("business_day"))
    .order_by(h.counter_spell.c.seq)
)
COUNTER = _where(t.counter, "site", "code")
COUNTERS = Statement(select(t.counter).where(t.counter.c.site == b("site")).order_by(t.counter.c.code))
INSERT_COUNTER = _insert(t.counter)
UPDATE_COUNTER = _update(t.counter, ("site", "code"), *(name for name in COUNTER_COLUMNS if name not in ("site", "code")))
SERIES = _where(t.series_counter, "site", "business_day", "series")
ALL_SERIES = _where(t.series_counter, "site")
INSERT_SERIES = _insert(t.series_counter)
SET_LAST_NUMBERS = _update(t.series_counter, ("site", "business_day", "series"), "last_number", "last_reserved")
REQUEST = _where(t.request, "site", "request_id")
REQUESTS_SINCE = Statement(
    select(t.request)
    .where(t.request.c.site == b("site"), t.request.c.at >= b("since"))
    .order_by(t.request.c.at)
    .limit(b("n"))
    .offset(ZERO),
    "ix_request_at",
)
INSERT_REQUEST = _insert(t.request)
FORGET_REQUESTS = Statement(delete(t.request).where(t.request.c.site == b("site"), t.request.c.at < b("before")))

# ---------------------------------------------------------------- leases
INSERT_LEASE = _insert(t.lease)
LEASE = _where(t.lease, "site", "id")
SET_LEASE_STATE = _update(t.lease, ("id",), "state")
LEASES_BEFORE = Statement(
    select(t.lease).where(t.lease.c.site == b("site"), t.lease.c.business_day < b("business_day"), text("state = 'live'"))
)
INSERT_LEASE_ENTRY = _insert(t.lease_entry)
LEASE_ENTRIES = Statement(select(t.lease_entry).where(t.lease_entry.c.lease == b("lease")).order_by(t.lease_entry.c.number))
SETTLE_ENTRY = _update(t.lease_entry, ("lease", "number"), "settled_at")

# ---------------------------------------------------------------- the hall today
INSERT_HELP_CALL = _insert(h.help_call)
HELP_CALL = _where(h.help_call, "site", "id")
HELP_CALLS = Statement(
    select(h.help_call)
    .where(h.help_call.c.site == b("site"), h.help_call.c.state != text("'done'"))
    .order_by(h.help_call.c.called_at, h.help_call.c.id)
)
ANSWER_HELP_CALL = _update(h.help_call, ("site", "id"), "state", "answered_at", "answered_by")
END_HELP_CALL = _update(h.help_call, ("site", "id"), "state", "done_at")
INSERT_PRINT_JOB = _insert(h.print_job)
PRINT_JOB = _where(h.print_job, "site", "id")
_job = h.print_job.c
PRINT_JOBS_OF_TICKET = Statement(
    select(h.print_job).where(_job.site == b("site"), _job.ticket == b("ticket")).order_by(_job.wanted_at, _job.id)
)
PRINT_JOBS_FOR = Statement(
    select(h.print_job)
    .where(_job.site == b("site"), _job.device == b("device"), _job.outcome.is_(None), _job.wanted_at > b("since"))
    .order_by(_job.wanted_at, _job.id)
)
END_PRINT_JOB = _update(h.print_job, ("site", "id"), "outcome", "detail", "ended_at")
HALL = _where(h.hall, "site")
INSERT_HALL = _insert(h.hall)
UPDATE_HALL = _update(h.hall, ("site",), "rush_since", "rush_by")
FORGET_HALL = tuple(Statement(delete(table).where(table.c.site == b("site"))) for table in (h.help_call, h.print_job, h.hall))

# ---------------------------------------------------------------- who, and devices
INSERT_KEY = _insert(t.api_key)
KEY_BY_HASH = _where(t.api_key, "key_hash")
KEYS = Statement(select(t.api_key).order_by(t.api_key.c.created_at))
REVOKE_KEY = _update(t.api_key, ("id",), "revoked_at")
INSERT_PERSON = _insert(t.person)
PERSON_BY_LOGIN = _where(t.person, "login")
PERSON = _where(t.person, "id")
PEOPLE = Statement(select(t.person).order_by(t.person.c.login))
SET_PERSON_FAILURES = _update(t.person, ("id",), "failures", "locked_until")
SET_PERSON_PASSWORD = _update(t.person, ("id",), "password_hash", "failures", "locked_until")
SET_PERSON_DISABLED = _update(t.person, ("id",), "disabled_at")
INSERT_SESSION = _insert(t.session)
SESSION = Statement(
    select(t.session, t.person.c.login, t.person.c.name, t.person.c.role, t.person.c.sites, t.person.c.disabled_at)
    .join_from(t.session, t.person)
    .where(t.session.c.token_hash == b("token_hash"))
)
DELETE_SESSION = Statement(delete(t.session).where(t.session.c.token_hash == b("token_hash")))
DELETE_SESSIONS_OF = Statement(delete(t.session).where(t.session.c.person == b("person")))
DELETE_OLD_SESSIONS = Statement(delete(t.session).where(t.session.c.expires_at < b("now")))
DEVICES = Statement(select(t.device).where(t.device.c.site == b("site")).order_by(t.device.c.device))
DEVICE = _where(t.device, "site", "device")
ALL_DEVICES = Statement(select(t.device).order_by(t.device.c.site, t.device.c.device))
INSERT_DEVICE = _insert(t.device)
UPDATE_DEVICE = _update(t.device, ("site", "device"), "role", "version", "last_seen_at", "report")

# Beside the log: name -> (change of a row by its key, its first writing, the key's columns).
ASIDE = {
    table.name: (
        _update(table, tuple(c.name for c in table.primary_key), *(c.name for c in table.columns if not c.primary_key)),
        _insert(table),
        tuple(c.name for c in table.primary_key),
    )
    for table in (t.api_key, t.person, t.device, f.device_use, f.authority)
}
