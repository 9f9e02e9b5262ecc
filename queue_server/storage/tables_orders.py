"""Orders to devices, waves of them, and the settings of devices by version.

Each row is what its events in the log add up to (`services/projecting`); a standby makes the same rows from them. What a device
brought for an order is no part of the log: it stays where it came in, for a few days.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from queue_server.storage.base import metadata, one_of, only, site_key

ORDER_STATES = ("open", "done", "failed", "expired", "withdrawn")
WAVE_STATES = ("running", "done", "stopped")

device_order = Table(
    "device_order",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("wave", Text),
    Column("state", Text, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("code", Text),
    Column("detail", Text),
    Column("file_type", Text),
    Column("file_bytes", Integer),
    CheckConstraint(one_of("state", ORDER_STATES), name="state"),
    Index("ix_device_order_open", "site", "device", **only("state = 'open'")),
    Index("ix_device_order_device", "site", "device", "ordered_at"),
    Index("ix_device_order_wave", "site", "wave", **only("wave IS NOT NULL")),
)

# `devices` is the exact list that was confirmed, in the order in which they are asked.
device_wave = Table(
    "device_wave",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("devices", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("stop_after", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("reason", Text),
    CheckConstraint(one_of("state", WAVE_STATES), name="state"),
)

# `device` is a name, or `*` for what holds for all of the site. Versions count through the whole site, so that the newest of
# the two that a device follows is the version of what it should run on.
device_config = Table(
    "device_config",
    metadata,
    site_key(),
    Column("device", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("was", Integer),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
)

device_file = Table(
    "device_file",
    metadata,
    site_key(),
    Column("order_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("came_at", BigInteger, nullable=False),
)
