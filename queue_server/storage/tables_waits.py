"""Waits and what they hang on: marks of outages of outside systems, and figures of closed days.

`outage` is what events of the log add up to (`services/projecting_outages`); a standby makes the same rows from them. Instants
are those of the site's clock as corrected last; `marked_at` is when the button was pressed.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from queue_server.domain.outages import HOW_ENDED
from queue_server.storage.base import metadata, one_of, only, site_key

# `services` are those that whoever marked it chose; empty: every service that depends on the system by the configuration.
outage = Table(
    "outage",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("marked_at", BigInteger, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("ended_by", Text),
    Column("ended_how", Text),
    Column("note", Text),
    Column("services", Text, nullable=False),
    Column("corrected_at", BigInteger),
    Column("corrected_by", Text),
    Column("withdrawn", Integer, nullable=False, server_default="0"),
    CheckConstraint(one_of("ended_how", HOW_ENDED), name="ended_how"),
    CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="order"),
    Index("uq_outage_running", "site", "system", unique=True, **only("ended_at IS NULL")),
    Index("ix_outage_started", "site", "started_at"),
)

# Figures of a closed day as `domain.metrics` makes them, so that a month is quickly added up. Good while `version` is that of the log;
# they can be made again from tickets and spells at any time, and the audit does.
day_figures = Table(
    "day_figures",
    metadata,
    site_key(),
    Column("business_day", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
