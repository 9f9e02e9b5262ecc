"""What the hall has today: help calls, slips wanted at a chosen kiosk, rush mode, gone with the day's close; and how long
counters wrapped up or stood paused, which stays.

Each row is what its events in the log add up to (`services/projecting`); a standby makes the same rows from them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from queue_server.storage.base import metadata, one_of, site_key

help_call = Table(
    "help_call",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("need", Text),
    Column("state", Text, nullable=False),
    Column("called_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("answered_by", Text),
    Column("done_at", BigInteger),
    CheckConstraint(one_of("kind", ("help", "alarm")), name="kind"),
    CheckConstraint(one_of("state", ("open", "answered", "done")), name="state"),
)

print_job = Table(
    "print_job",
    metadata,
    site_key(),
    Column("id", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("reprint", Integer, nullable=False),
    Column("wanted_at", BigInteger, nullable=False),
    Column("outcome", Text),
    Column("detail", Text),
    Column("ended_at", BigInteger),
)

hall = Table("hall", metadata, site_key(), Column("rush_since", BigInteger), Column("rush_by", Text))

# A stretch of a counter's time in which nobody was called: paperwork after a person, or a pause. `seq` is the event that ended it.
counter_spell = Table(
    "counter_spell",
    metadata,
    site_key(),
    Column("seq", BigInteger, primary_key=True),
    Column("business_day", Text, nullable=False),
    Column("counter", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Index("ix_counter_spell_day", "site", "business_day"),
)
