"""Devices of a fleet: orders to them, waves of orders, their settings by version."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = sa.text("state = 'open'")
IN_WAVE = sa.text("wave IS NOT NULL")


def upgrade() -> None:
    _orders()
    _waves()
    _device_settings()


def _orders() -> None:
    op.create_table(
        "device_order",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("file_type", sa.Text(), nullable=True),
        sa.Column("file_bytes", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'done', 'failed', 'expired', 'withdrawn')", name=op.f("ck_device_order_state")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_device_order")),
    )
    op.create_index("ix_device_order_open", "device_order", ["site", "device"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_device_order_device", "device_order", ["site", "device", "ordered_at"])
    op.create_index("ix_device_order_wave", "device_order", ["site", "wave"], sqlite_where=IN_WAVE, postgresql_where=IN_WAVE)


def _waves() -> None:
    op.create_table(
        "device_wave",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stop_after", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'stopped')", name=op.f("ck_device_wave_state")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_device_wave")),
    )


def _device_settings() -> None:
    op.create_table(
        "device_config",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("was", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "device", "version", name=op.f("pk_device_config")),
    )
