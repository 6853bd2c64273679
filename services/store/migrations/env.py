"""Alembic's entry: migrates over the connection that :mod:`services.store.database` hands in."""

from alembic import context

from services.store.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
if connection.dialect.name == "postgresql":
    # Several processes start at once: one migrates, the others wait for it.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7205759403792793)")
context.run_migrations()
