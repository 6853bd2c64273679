"""Alembic's entry: migrates over the connection that :mod:`services.store.database` hands in."""

from alembic import context

from services.store.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
