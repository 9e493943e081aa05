"""Alembic's entry: run the migrations on the connection, and in the transaction, given to it."""

from alembic import context

from gatekeeper.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
