"""Alerts of a site, raised and cleared, and when this server last lived.

An alert is what its events in the log add up to (`services/projecting_alerts`); a standby makes the same rows from them.
`server_life` alone is no projection: each process that serves writes it as long as it does.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text

from queue_server.storage.base import metadata, one_of, only, site_key

alert = Table(
    "alert",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("cleared_at", BigInteger),
    Column("told", Text, nullable=False),
    CheckConstraint(one_of("severity", ("urgent", "look")), name="severity"),
    Index("ix_alert_open", "site", "raised_at", **only("cleared_at IS NULL")),
    Index("ix_alert_raised", "site", "raised_at"),
)

server_life = Table("server_life", metadata, site_key(), Column("alive_at", BigInteger, nullable=False))
