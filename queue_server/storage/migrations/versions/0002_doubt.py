"""Numbers that nobody seems to hold: a column, and the waiting index in the order that knows of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WAITING = sa.text("state = 'waiting'")
COLUMNS = ["site", "doubt", "effective_at", "issued_seq", "service", "for_counter"]


def upgrade() -> None:
    op.add_column("ticket", sa.Column("doubt", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_ticket_waiting", "ticket")
    op.create_index("ix_ticket_waiting", "ticket", COLUMNS, sqlite_where=WAITING, postgresql_where=WAITING)
