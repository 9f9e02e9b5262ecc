"""Alembic's entry: connects to the URL it is given and runs the revisions; nothing is read from an ini file."""

from alembic import context
from sqlalchemy import create_engine, pool

from queue_server.storage.base import metadata

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA journal_mode = WAL").close()
        connection.commit()
    else:
        # Two servers may start at once: one migrates, the other waits and finds it done.
        connection.exec_driver_sql("SELECT pg_advisory_lock(7401)").close()
        connection.commit()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
