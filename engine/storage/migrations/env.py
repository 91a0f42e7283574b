"""What Alembic runs to migrate: the connection and the transaction are the caller's (`storage.migrate`)."""

from __future__ import annotations

from alembic import context

from engine.storage.tables import metadata
from engine.storage.tables.search import is_beside

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=lambda name, kind, parents: not is_beside(name),
    render_as_batch=True,  # SQLite alters most things by copying the table
)
context.run_migrations()
