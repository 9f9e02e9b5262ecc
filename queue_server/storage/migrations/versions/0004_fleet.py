"""Devices of a fleet: their keys and admission; orders to them, waves of orders, their settings by version."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = sa.text("state = 'open'")
PENDING = sa.text("state = 'pending'")
IN_WAVE = sa.text("wave IS NOT NULL")


def upgrade() -> None:
    _orders()
    _waves()
    _device_settings()
    _device_files()
    _admission()
    _device_keys()
    _authority()
    _alerts()


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


def _device_files() -> None:
    op.create_table(
        "device_file",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("came_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "order_id", name=op.f("pk_device_file")),
    )


def _admission() -> None:
    op.create_table(
        "enrolment",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("join_key", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'accepted', 'refused')", name=op.f("ck_enrolment_state")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_enrolment")),
    )
    op.create_index("ix_enrolment_keyid", "enrolment", ["keyid"])
    op.create_index("ix_enrolment_pending", "enrolment", ["site", "expires_at"], sqlite_where=PENDING, postgresql_where=PENDING)
    op.create_table(
        "join_key",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_join_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_join_key_key_hash")),
    )


def _device_keys() -> None:
    op.create_table(
        "enrolled",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.Column("cloned_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('active', 'suspended', 'revoked', 'lost')", name=op.f("ck_enrolled_state")),
        sa.PrimaryKeyConstraint("site", "device", name=op.f("pk_enrolled")),
    )
    op.create_table(
        "device_key",
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("good_until", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_device_key")),
    )
    op.create_index("ix_device_key_device", "device_key", ["site", "device"])
    op.create_table(
        "device_use",
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("boots", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_device_use")),
    )


def _authority() -> None:
    op.create_table(
        "authority",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("private_pem", sa.Text(), nullable=False),
        sa.Column("certificate_pem", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.CheckConstraint("severity IN ('urgent', 'look')", name=op.f("ck_alert_severity")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_alert")),
    )
    UNCLEARED = sa.text("cleared_at IS NULL")
    op.create_index("ix_alert_open", "alert", ["site", "raised_at"], sqlite_where=UNCLEARED, postgresql_where=UNCLEARED)
    op.create_index("ix_alert_raised", "alert", ["site", "raised_at"])
    op.create_table(
        "server_life",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("alive_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_server_life")),
    )
