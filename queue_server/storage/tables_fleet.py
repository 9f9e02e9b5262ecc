"""Devices with keys of their own: who asked to be admitted, who was, under which keys; keys that admit beforehand.

`enrolment`, `enrolled`, `device_key` and `join_key` are what events of the log add up to (`services/projecting_fleet`); a standby
makes the same rows from them. `device_use` is how far each key has counted and which starts of the machine it was seen
in, and `authority` holds the site's own key and certificate: both are carried beside the log.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text

from queue_server.storage.base import metadata, one_of, only, site_key

ENROLMENT_STATES = ("pending", "accepted", "refused")
DEVICE_STATES = ("active", "suspended", "revoked", "lost")

enrolment = Table(
    "enrolment",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("keyid", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Text),
    Column("hardware", Text, nullable=False),
    Column("address", Text),
    Column("state", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("join_key", Text),
    Column("device", Text),
    Column("decided_at", BigInteger),
    Column("decided_by", Text),
    CheckConstraint(one_of("state", ENROLMENT_STATES), name="state"),
    Index("ix_enrolment_keyid", "keyid"),
    Index("ix_enrolment_pending", "site", "expires_at", **only("state = 'pending'")),
)

enrolled = Table(
    "enrolled",
    metadata,
    site_key(),
    Column("device", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("hardware", Text, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("reason", Text),
    Column("lost_at", BigInteger),
    Column("cloned_at", BigInteger),
    CheckConstraint(one_of("state", DEVICE_STATES), name="state"),
)

device_key = Table(
    "device_key",
    metadata,
    Column("keyid", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("good_until", BigInteger),
    Column("withdrawn_at", BigInteger),
    Index("ix_device_key_device", "site", "device"),
)

device_use = Table(
    "device_use",
    metadata,
    Column("keyid", Text, primary_key=True),
    Column("high", BigInteger, nullable=False),
    Column("seen", Text, nullable=False),
    Column("boots", Text, nullable=False),
)

join_key = Table(
    "join_key",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("name", Text),
    Column("profile", Text, nullable=False),
    Column("replaces", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("used_by", Text),
    Column("revoked_at", BigInteger),
)

authority = Table(
    "authority",
    metadata,
    Column("id", Text, primary_key=True),
    Column("private_pem", Text, nullable=False),
    Column("certificate_pem", Text),
    Column("made_at", BigInteger, nullable=False),
)
