"""Alembic's entry: run the migrations on the connection, and in the transaction, given to it."""

from alembic import context

# the tables of the code stay out of it: a migration says by itself what it makes
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
