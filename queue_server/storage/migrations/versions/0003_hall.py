"""What the hall has today: help calls, slips wanted at a chosen kiosk, rush mode; a priority that somebody looked at; appointments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


HOLDER = sa.text("holder_key IS NOT NULL")
CONTACT = sa.text("contact_key IS NOT NULL")
BOOKED = sa.text("state = 'booked'")


def upgrade() -> None:
    _hall()
    _appointments()
    _counters()
    _numbers_taken_and_carried()
    _tickets_of_two_sites()


def _hall() -> None:
    op.add_column("ticket", sa.Column("priority_check", sa.Text(), nullable=True))
    op.create_table(
        "help_call",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('help', 'alarm')", name=op.f("ck_help_call_kind")),
        sa.CheckConstraint("state IN ('open', 'answered', 'done')", name=op.f("ck_help_call_state")),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_help_call")),
    )
    op.create_table(
        "print_job",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("reprint", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_print_job")),
    )
    op.create_table(
        "hall",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("rush_since", sa.BigInteger(), nullable=True),
        sa.Column("rush_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_hall")),
    )


def _appointments() -> None:
    op.add_column("ticket", sa.Column("let_pass", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_ticket_holder_anywhere", "ticket", ["holder_key"], sqlite_where=HOLDER, postgresql_where=HOLDER)
    op.create_table(
        "appointment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("slot_from", sa.BigInteger()),
        sa.Column("slot_to", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text()),
        sa.Column("booked_at", sa.BigInteger(), nullable=False),
        sa.Column("contact_key", sa.Text()),
        sa.CheckConstraint("state IN ('booked', 'checked_in', 'missed', 'cancelled')", name=op.f("ck_appointment_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_appointment_code_hash")),
    )
    op.create_index("ix_appointment_booked", "appointment", ["site", "day"], sqlite_where=BOOKED, postgresql_where=BOOKED)
    op.create_index("ix_appointment_slot", "appointment", ["site", "service", "slot_from"])
    op.create_index("ix_appointment_contact", "appointment", ["site", "contact_key"], sqlite_where=CONTACT, postgresql_where=CONTACT)
    op.create_table(
        "contact_key",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "n", name=op.f("pk_contact_key")),
    )


def _counters() -> None:
    op.add_column("counter", sa.Column("freed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "counter_spell",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("business_day", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "seq", name=op.f("pk_counter_spell")),
    )
    op.create_index("ix_counter_spell_day", "counter_spell", ["site", "business_day"])


CARRIED = sa.text("carried_to IS NOT NULL")
TAKEN_FOR = "SELECT service FROM event WHERE event.site = ticket.site AND subject = 'ticket:' || ticket.id AND type = 'issued' LIMIT 1"


def _numbers_taken_and_carried() -> None:
    """What a number was taken for, whatever became of it since; and numbers that are good for another day."""
    op.add_column("ticket", sa.Column("taken_for", sa.Text(), nullable=False, server_default=""))
    op.add_column("ticket", sa.Column("half", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("carried_to", sa.Text(), nullable=True))
    op.execute(f"UPDATE ticket SET taken_for = COALESCE(({TAKEN_FOR}), service)")  # noqa: S608 - our own words
    columns = ["site", "carried_to", "series", "number"]
    op.create_index("uq_ticket_carried", "ticket", columns, unique=True, sqlite_where=CARRIED, postgresql_where=CARRIED)


ABSENT = sa.text("state = 'no_show'")
MOVED = sa.text("state = 'moved'")
TOKEN = sa.text("token_hash IS NOT NULL")


def _tickets_of_two_sites() -> None:
    """Somebody who moved to another site of this database keeps id and page: the key of a ticket is its id at a site."""
    op.add_column("ticket", sa.Column("moved_from", sa.Text(), nullable=True))
    op.drop_index("uq_ticket_token", "ticket")
    if op.get_bind().dialect.name == "sqlite":
        _new_key_on_sqlite()
    else:
        op.execute("ALTER TABLE ticket DROP CONSTRAINT pk_ticket, ADD CONSTRAINT pk_ticket PRIMARY KEY (id, site)")
    op.create_index("uq_ticket_token", "ticket", ["token_hash", "site"], unique=True, sqlite_where=TOKEN, postgresql_where=TOKEN)
    op.create_index("ix_ticket_no_show", "ticket", ["site", "ended_at"], sqlite_where=ABSENT, postgresql_where=ABSENT)
    op.create_index("ix_ticket_moved", "ticket", ["ended_at"], sqlite_where=MOVED, postgresql_where=MOVED)


def _new_key_on_sqlite() -> None:
    """SQLite cannot change a key: the table is written anew from its own words, and its indexes after it."""
    connection = op.get_bind()
    words = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'ticket'").scalar_one()
    found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ticket' AND sql IS NOT NULL")
    indexes = list(found.scalars())
    anew = words.replace("PRIMARY KEY (id)", "PRIMARY KEY (id, site)").replace("CREATE TABLE ticket", "CREATE TABLE ticket_anew")
    connection.exec_driver_sql(anew)
    connection.exec_driver_sql("INSERT INTO ticket_anew SELECT * FROM ticket")
    connection.exec_driver_sql("DROP TABLE ticket")
    connection.exec_driver_sql("ALTER TABLE ticket_anew RENAME TO ticket")
    for index in indexes:
        connection.exec_driver_sql(index)
