"""The bones: site, log, tickets, counters, numbers, answers, configuration, leases, seals, who, devices."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None


def upgrade() -> None:
    op.create_table('api_key',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('key_hash', sa.Text(), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('sites', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_api_key_key_hash'))
    )
    op.create_table('config',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('applied_at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'version', name=op.f('pk_config'))
    )
    op.create_table('counter',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('clerk', sa.Text(), nullable=True),
    sa.Column('services', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=True),
    sa.Column('since', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('undo_cmd', sa.Text(), nullable=True),
    sa.Column('undo_until', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("state IN ('closed', 'open', 'paused', 'wrapping_up')", name=op.f('ck_counter_state')),
    sa.PrimaryKeyConstraint('site', 'code', name=op.f('pk_counter'))
    )
    op.create_table('device',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=True),
    sa.Column('version', sa.Text(), nullable=True),
    sa.Column('last_seen_at', sa.BigInteger(), nullable=True),
    sa.Column('report', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'device', name=op.f('pk_device'))
    )
    op.create_table('disowned',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'epoch', 'seq', name=op.f('pk_disowned'))
    )
    op.create_table('epoch',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('continues_after', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'epoch', name=op.f('pk_epoch'))
    )
    op.create_table('event',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('business_day', sa.Text(), nullable=False),
    sa.Column('cmd', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('config_version', sa.Integer(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=True),
    sa.Column('label', sa.Text(), nullable=True),
    sa.Column('service', sa.Text(), nullable=True),
    sa.Column('counter', sa.Text(), nullable=True),
    sa.Column('data', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.CheckConstraint('seq > 0', name=op.f('ck_event_seq')),
    sa.PrimaryKeyConstraint('site', 'seq', name=op.f('pk_event'))
    )
    op.create_index(op.f('ix_event_site_cmd'), 'event', ['site', 'cmd'], unique=False)
    op.create_index(op.f('ix_event_site_subject_seq'), 'event', ['site', 'subject', 'seq'], unique=False)
    op.create_table('lease',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('business_day', sa.Text(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('first_number', sa.Integer(), nullable=False),
    sa.Column('last_number', sa.Integer(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("state IN ('live', 'burnt')", name=op.f('ck_lease_state')),
    sa.CheckConstraint('first_number <= last_number', name=op.f('ck_lease_range')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lease')),
    sa.UniqueConstraint('site', 'business_day', 'series', 'first_number', name=op.f('uq_lease_site_business_day_series_first_number'))
    )
    op.create_table('person',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('login', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('sites', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('disabled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('login', name=op.f('uq_person_login'))
    )
    op.create_table('request',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('request_id', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'request_id', name=op.f('pk_request'))
    )
    op.create_index(op.f('ix_request_at'), 'request', ['at'], unique=False)
    op.create_table('retention',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('before_day', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('site', name=op.f('pk_retention'))
    )
    op.create_table('seal',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('business_day', sa.Text(), nullable=False),
    sa.Column('first_seq', sa.BigInteger(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('previous', sa.Text(), nullable=False),
    sa.Column('sealed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'business_day', name=op.f('pk_seal'))
    )
    op.create_table('series_counter',
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('business_day', sa.Text(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('last_number', sa.Integer(), nullable=False),
    sa.Column('last_reserved', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('site', 'business_day', 'series', name=op.f('pk_series_counter'))
    )
    op.create_table('site',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('day_hash', sa.Text(), nullable=False),
    sa.Column('previous_seal', sa.Text(), nullable=False),
    sa.Column('config_version', sa.Integer(), nullable=False),
    sa.Column('board_token', sa.Text(), nullable=False),
    sa.Column('token_key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("kind IN ('live', 'pilot', 'training', 'demo')", name=op.f('ck_site_kind')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_site')),
    sa.UniqueConstraint('board_token', name=op.f('uq_site_board_token'))
    )
    op.create_table('ticket',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('site', sa.Text(), nullable=False),
    sa.Column('business_day', sa.Text(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('service', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('issued_seq', sa.BigInteger(), nullable=False),
    sa.Column('available_from', sa.BigInteger(), nullable=False),
    sa.Column('arrived_from', sa.BigInteger(), nullable=False),
    sa.Column('effective_at', sa.BigInteger(), nullable=False),
    sa.Column('steps', sa.Text(), nullable=False),
    sa.Column('priority_class', sa.Text(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=True),
    sa.Column('lang', sa.Text(), nullable=False),
    sa.Column('needs', sa.Text(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('party', sa.Integer(), nullable=False),
    sa.Column('on_behalf', sa.Integer(), nullable=False),
    sa.Column('dossier_code', sa.Text(), nullable=True),
    sa.Column('appointment', sa.Text(), nullable=True),
    sa.Column('tasks', sa.Text(), nullable=False),
    sa.Column('counter', sa.Text(), nullable=True),
    sa.Column('for_counter', sa.Text(), nullable=True),
    sa.Column('return_to', sa.Text(), nullable=True),
    sa.Column('held_until', sa.BigInteger(), nullable=True),
    sa.Column('called_at', sa.BigInteger(), nullable=True),
    sa.Column('last_called_at', sa.BigInteger(), nullable=True),
    sa.Column('serving_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('recalls', sa.Integer(), nullable=False),
    sa.Column('readmissions', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('print', sa.Text(), nullable=False),
    sa.Column('reprints', sa.Integer(), nullable=False),
    sa.Column('rating', sa.Integer(), nullable=True),
    sa.Column('machine_closed', sa.Integer(), nullable=False),
    sa.Column('voided', sa.Integer(), nullable=False),
    sa.Column('ahead', sa.Integer(), nullable=False),
    sa.Column('estimate', sa.Text(), nullable=False),
    sa.Column('credits', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=True),
    sa.Column('lease', sa.Text(), nullable=True),
    sa.Column('device', sa.Text(), nullable=True),
    sa.Column('issued_device_at', sa.BigInteger(), nullable=True),
    sa.Column('boot_id', sa.Text(), nullable=True),
    sa.Column('boot_ms', sa.BigInteger(), nullable=True),
    sa.Column('clock_synced', sa.Integer(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('holder_key', sa.Text(), nullable=True),
    sa.CheckConstraint("print IN ('pending', 'printed', 'sent_unconfirmed', 'not_sent', 'unknown', 'none')", name=op.f('ck_ticket_print')),
    sa.CheckConstraint("state IN ('waiting', 'called', 'serving', 'held', 'completed', 'no_show', 'cancelled', 'expired', 'moved')", name=op.f('ck_ticket_state')),
    sa.CheckConstraint("state NOT IN ('called', 'serving') OR counter IS NOT NULL", name=op.f('ck_ticket_at_counter')),
    sa.CheckConstraint('number > 0', name=op.f('ck_ticket_number')),
    sa.CheckConstraint('rating IS NULL OR rating BETWEEN 1 AND 5', name=op.f('ck_ticket_rating')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('site', 'business_day', 'series', 'number', name=op.f('uq_ticket_site_business_day_series_number'))
    )
    op.create_index('ix_ticket_called', 'ticket', ['site', 'service', 'last_called_at'], unique=False)
    op.create_index('ix_ticket_dossier', 'ticket', ['site', 'dossier_code'], unique=False, sqlite_where=sa.text('dossier_code IS NOT NULL'), postgresql_where=sa.text('dossier_code IS NOT NULL'))
    op.create_index('ix_ticket_holder', 'ticket', ['site', 'holder_key'], unique=False, sqlite_where=sa.text('holder_key IS NOT NULL'), postgresql_where=sa.text('holder_key IS NOT NULL'))
    op.create_index('ix_ticket_live', 'ticket', ['site', 'business_day'], unique=False, sqlite_where=sa.text("state IN ('waiting', 'called', 'serving', 'held')"), postgresql_where=sa.text("state IN ('waiting', 'called', 'serving', 'held')"))
    op.create_index('ix_ticket_waiting', 'ticket', ['site', 'effective_at', 'issued_seq', 'service', 'for_counter'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('uq_ticket_at_counter', 'ticket', ['site', 'counter'], unique=True, sqlite_where=sa.text("state IN ('called', 'serving')"), postgresql_where=sa.text("state IN ('called', 'serving')"))
    op.create_index('uq_ticket_token', 'ticket', ['token_hash'], unique=True, sqlite_where=sa.text('token_hash IS NOT NULL'), postgresql_where=sa.text('token_hash IS NOT NULL'))
    op.create_table('lease_entry',
    sa.Column('lease', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('ticket', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['lease'], ['lease.id'], name=op.f('fk_lease_entry_lease')),
    sa.PrimaryKeyConstraint('lease', 'number', name=op.f('pk_lease_entry')),
    sa.UniqueConstraint('ticket', name=op.f('uq_lease_entry_ticket'))
    )
    op.create_table('session',
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('csrf', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.id'], name=op.f('fk_session_person')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_session'))
    )
    op.create_index(op.f('ix_session_person'), 'session', ['person'], unique=False)
    for statement in LOG_IS_APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


# The log is never rewritten, and its rows go only through an open retention window. The database says so itself.
LOG_IS_APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER event_no_update BEFORE UPDATE ON event
           BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
        """CREATE TRIGGER event_no_delete BEFORE DELETE ON event
           WHEN NOT EXISTS (SELECT 1 FROM retention r WHERE r.site = OLD.site AND OLD.business_day < r.before_day)
           BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM retention r WHERE r.site = OLD.site AND OLD.business_day < r.before_day)
             THEN RETURN OLD; END IF;
             RAISE EXCEPTION 'the log is append-only'; END $$""",
        """CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
           FOR EACH ROW EXECUTE FUNCTION event_is_append_only()""",
    ),
}
