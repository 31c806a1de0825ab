"""Runs migrations on the connection that `velma_sync.ledger.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from velma_sync.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
