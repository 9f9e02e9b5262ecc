"""Waits and what they hang on: marks of outages of outside systems; figures of closed days, kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RUNNING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    _outages()
    _day_figures()


def _outages() -> None:
    op.create_table(
        "outage",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("corrected_at", sa.BigInteger(), nullable=True),
        sa.Column("corrected_by", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Integer(), nullable=False, server_default="0"),
        sa.CheckConstraint("ended_how IN ('said', 'day_close')", name=op.f("ck_outage_ended_how")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_outage_order")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_outage")),
    )
    op.create_index("uq_outage_running", "outage", ["site", "system"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_index("ix_outage_started", "outage", ["site", "started_at"])


def _day_figures() -> None:
    op.create_table(
        "day_figures",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("business_day", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site", "business_day", name=op.f("pk_day_figures")),
    )
