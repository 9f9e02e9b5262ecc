"""The schema, as SQLAlchemy Core tables: what may be stored, said a second time by constraints of the database.

Instants are Unix milliseconds, durations are named with their unit, lists and objects are JSON text. The event table is
the truth; `ticket`, `counter`, `site` and `series_counter` are what its events add up to. Columns and tables for leases, devices
and seals are here from the first migration on, so that later parts widen the house and never rebuild it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from queue_server.domain import booking, visit
from queue_server.domain import counter as counter_rules
from queue_server.domain.config import KINDS
from queue_server.storage import tables_alerts as tables_alerts
from queue_server.storage import tables_fleet as tables_fleet
from queue_server.storage import tables_hall as tables_hall
from queue_server.storage import tables_orders as tables_orders
from queue_server.storage import tables_waits as tables_waits
from queue_server.storage.base import metadata, one_of, only, site_key

site = Table(
    "site",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("day", Text, nullable=False),
    Column("day_hash", Text, nullable=False),
    Column("previous_seal", Text, nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("board_token", Text, nullable=False, unique=True),
    Column("token_key", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint(one_of("kind", KINDS), name="kind"),
)

epoch = Table(
    "epoch",
    metadata,
    site_key(),
    Column("epoch", Integer, primary_key=True),
    Column("continues_after", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

event = Table(
    "event",
    metadata,
    site_key(),
    Column("seq", BigInteger, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("business_day", Text, nullable=False),
    Column("cmd", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("ticket", Text),
    Column("label", Text),
    Column("service", Text),
    Column("counter", Text),
    Column("data", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("seq > 0", name="seq"),
    Index(None, "site", "subject", "seq"),
    Index(None, "site", "cmd"),
)

# A window in which rows older than `before_day` may be dropped; without an open one no event row can be deleted.
retention = Table("retention", metadata, site_key(), Column("before_day", Text, nullable=False))

# Branches of an old epoch that turned up after another one had begun: kept for a person, never merged.
disowned = Table(
    "disowned",
    metadata,
    site_key(),
    Column("epoch", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# Somebody who moved to another site of this database has a row at both, under one id and one page.
ticket = Table(
    "ticket",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("business_day", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("issued_seq", BigInteger, nullable=False),
    Column("available_from", BigInteger, nullable=False),
    Column("arrived_from", BigInteger, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("steps", Text, nullable=False),
    Column("priority_class", Text),
    Column("source", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("zone", Text),
    Column("lang", Text, nullable=False),
    Column("needs", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("party", Integer, nullable=False),
    Column("on_behalf", Integer, nullable=False),
    Column("dossier_code", Text),
    Column("appointment", Text),
    Column("tasks", Text, nullable=False),
    Column("counter", Text),
    Column("for_counter", Text),
    Column("return_to", Text),
    Column("held_until", BigInteger),
    Column("called_at", BigInteger),
    Column("last_called_at", BigInteger),
    Column("serving_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("recalls", Integer, nullable=False),
    Column("readmissions", Integer, nullable=False),
    Column("outcome", Text),
    Column("print", Text, nullable=False),
    Column("doubt", Integer, nullable=False, server_default="0"),
    Column("reprints", Integer, nullable=False),
    Column("rating", Integer),
    Column("machine_closed", Integer, nullable=False),
    Column("voided", Integer, nullable=False),
    Column("ahead", Integer, nullable=False),
    Column("estimate", Text, nullable=False),
    Column("credits", Text, nullable=False),
    Column("token_hash", Text),
    Column("lease", Text),
    Column("device", Text),
    Column("issued_device_at", BigInteger),
    Column("boot_id", Text),
    Column("boot_ms", BigInteger),
    Column("clock_synced", Integer),
    Column("revision", Integer, nullable=False),
    Column("taken_for", Text, nullable=False, server_default=""),
    Column("half", Text),
    Column("carried_to", Text),
    Column("priority_check", Text),
    Column("let_pass", Integer, nullable=False, server_default="0"),
    Column("moved_from", Text),
    # A keyed hash, wiped at day close: it never enters the log.
    Column("holder_key", Text),
    UniqueConstraint("site", "business_day", "series", "number"),
    CheckConstraint(one_of("state", visit.STATES), name="state"),
    CheckConstraint(one_of("print", visit.PRINTS), name="print"),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name="rating"),
    CheckConstraint("state NOT IN ('called', 'serving') OR counter IS NOT NULL", name="at_counter"),
    Index("uq_ticket_at_counter", "site", "counter", unique=True, **only("state IN ('called', 'serving')")),
    Index("ix_ticket_waiting", "site", "doubt", "effective_at", "issued_seq", "service", "for_counter", **only("state = 'waiting'")),
    Index("ix_ticket_live", "site", "business_day", **only("state IN ('waiting', 'called', 'serving', 'held')")),
    Index("ix_ticket_holder", "site", "holder_key", **only("holder_key IS NOT NULL")),
    Index("ix_ticket_holder_anywhere", "holder_key", **only("holder_key IS NOT NULL")),
    Index("ix_ticket_no_show", "site", "ended_at", **only("state = 'no_show'")),
    Index("ix_ticket_moved", "ended_at", **only("state = 'moved'")),
    Index("uq_ticket_token", "token_hash", "site", unique=True, **only("token_hash IS NOT NULL")),
    Index("ix_ticket_called", "site", "service", "last_called_at"),
    Index("uq_ticket_carried", "site", "carried_to", "series", "number", unique=True, **only("carried_to IS NOT NULL")),
    Index("ix_ticket_dossier", "site", "dossier_code", **only("dossier_code IS NOT NULL")),
)  # fmt: skip

counter = Table(
    "counter",
    metadata,
    site_key(),
    Column("code", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("clerk", Text),
    Column("services", Text, nullable=False),
    Column("opened_at", BigInteger),
    Column("since", BigInteger),
    Column("reason", Text),
    Column("undo_cmd", Text),
    Column("undo_until", BigInteger),
    Column("freed_at", BigInteger),
    CheckConstraint(one_of("state", counter_rules.STATES), name="state"),
)

series_counter = Table(
    "series_counter",
    metadata,
    site_key(),
    Column("business_day", Text, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("last_number", Integer, nullable=False),
    Column("last_reserved", Integer, nullable=False),
)

# The stored first answer of every accepted command, kept 30 days.
request = Table(
    "request",
    metadata,
    site_key(),
    Column("request_id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),
)

config = Table(
    "config",
    metadata,
    site_key(),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)

seal = Table(
    "seal",
    metadata,
    site_key(),
    Column("business_day", Text, primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("sealed_at", BigInteger, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("business_day", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("first_number", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    CheckConstraint(one_of("state", ("live", "burnt")), name="state"),
    CheckConstraint("first_number <= last_number", name="range"),
    UniqueConstraint("site", "business_day", "series", "first_number"),
)

lease_entry = Table(
    "lease_entry",
    metadata,
    Column("lease", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("ticket", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False),
    Column("settled_at", BigInteger),
    ForeignKeyConstraint(["lease"], ["lease.id"]),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["person"], ["person.id"]),
    Index(None, "person"),
)

device = Table(
    "device",
    metadata,
    site_key(),
    Column("device", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("public_key", Text),
    Column("version", Text),
    Column("last_seen_at", BigInteger),
    Column("report", Text, nullable=False),
)

# What was booked. The code is kept as a hash; `contact_key` is a keyed hash under `contact_key.key`, wiped with its last slot.
appointment = Table(
    "appointment",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("code_hash", Text, nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("slot_from", BigInteger),
    Column("slot_to", BigInteger),
    Column("state", Text, nullable=False),
    Column("ticket", Text),
    Column("booked_at", BigInteger, nullable=False),
    Column("contact_key", Text),
    CheckConstraint(one_of("state", booking.STATES), name="state"),
    Index("ix_appointment_booked", "site", "day", **only("state = 'booked'")),
    Index("ix_appointment_slot", "site", "service", "slot_from"),
    Index("ix_appointment_contact", "site", "contact_key", **only("contact_key IS NOT NULL")),
)

# The declared keys of contacts: each is destroyed with the last slot that was booked under it.
contact_key = Table(
    "contact_key",
    metadata,
    site_key(),
    Column("n", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)
