"""The event log takes entries only: by triggers on both databases, by rights on PostgreSQL."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import text, update

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store import audit, resealing, schema, sealing
from gatekeeper.store.engine import Store
from gatekeeper.store.masterkey import MasterKey
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx
from tests.store import full, samples
from tests.store.opened import every_value
from tests.store.tampering import unguarded

CHAINED = [one.name for one in events.columns if one.name not in {"salt", "payload"}]
OLD = MasterKey.of(bytes(range(32)))
NEW = OLD.successor()
POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
"""SQLite has neither TRUNCATE nor roles: whoever may write its file owns it."""


def two(tx: Tx) -> None:
    """Append two entries."""
    for _ in range(2):
        audit.append(tx, kind="x", actor="Alice", now=samples.NOW, payload={})


def execute(store: Store, statement: str) -> None:
    """Change the database behind the store's back."""
    store.write(lambda tx: tx.connection.execute(text(statement)).close())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 2",
        *(str(update(events).values({name: events.c[name]})) for name in CHAINED),
        "UPDATE events SET salt = NULL, payload = NULL, kind = 'y'",
    ],
)
def test_no_entry_is_changed_or_removed(statement: str, store: Store) -> None:
    store.write(two)
    with pytest.raises(OurFault, match="the database refused a statement"):
        execute(store, statement)
    assert () == store.read(audit.verify)
    store.write(unguarded)
    execute(store, statement)


@POSTGRESQL
def test_the_log_is_not_emptied_at_once(store: Store) -> None:
    store.write(two)
    with pytest.raises(OurFault, match="the database refused a statement"):
        execute(store, "TRUNCATE events")
    assert 2 == store.read(audit.head).seq
    store.write(unguarded)
    execute(store, "TRUNCATE events")


def test_content_is_erased_and_the_chain_holds_yet_it_is_missed(store: Store) -> None:
    store.write(two)
    execute(store, "UPDATE events SET salt = NULL, payload = NULL WHERE seq = 1")
    says = "entry 1: its content was removed, and no entry says that it was erased"
    assert (1, (says,)) == (store.read(audit.erased), store.read(audit.verify))
    store.write(two)
    assert (says,) == store.read(audit.verify)


@contextmanager
def service_role(url: str) -> Iterator[str]:
    """Give a role the rights of migrations/roles.sql, and lend the URL by which it connects."""
    name = f"gatekeeper_test_{uuid.uuid4().hex}"
    word = uuid.uuid4().hex
    rights = (schema.MIGRATIONS / "roles.sql").read_text(encoding="utf-8")
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{word}'".encode())
        try:
            owner.execute(rights.replace("gatekeeper_service", name).encode())
            yield urlunsplit(parts._replace(netloc=f"{name}:{word}@{host}"))
        finally:
            owner.execute(f"DROP OWNED BY {name}".encode())
            owner.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
def as_service(migrated_url: str) -> Iterator[Store]:
    """A store that connects as the service's role."""
    with service_role(migrated_url) as url:
        store = Store.open(url, Codec(OLD, NEW))
        try:
            yield store
        finally:
            store.close()


@POSTGRESQL
def test_the_services_role_can_do_all_that_the_service_does(as_service: Store) -> None:
    """Every function that writes, erasure of content, and a new master key."""
    as_service.write(full.fill)
    before = as_service.read(every_value)
    execute(as_service, "UPDATE events SET salt = NULL, payload = NULL WHERE seq = 1")
    as_service.write(partial(sealing.change, new=NEW.key_id))
    for table in resealing.TABLES:
        after: resealing.Key | None = None
        read = partial(resealing.batch, table=table, former=OLD.key_id)
        while (found := as_service.read(partial(read, after=after))) is not None:
            as_service.write(partial(resealing.write, found=found))
            after = found.last
    as_service.write(sealing.retire)
    assert {NEW.key_id} == set(as_service.read(resealing.counts))
    assert {place for place in before if place.table not in {"meta", "events"}} <= set(
        as_service.read(every_value)
    )
    # Nothing says so of this entry, which the database allows and the log shows.
    (missed,) = as_service.read(audit.verify)
    assert missed.startswith("entry 1: its content was removed")


@POSTGRESQL
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "TRUNCATE events",
        *(str(update(events).values({name: events.c[name]})) for name in CHAINED),
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_no_delete ON events",
        "DROP TABLE events",
        "UPDATE alembic_version SET version_num = '0001'",
        "DROP FUNCTION events_refuse() CASCADE",
        "SET session_replication_role = replica",
    ],
)
def test_the_services_role_cannot_take_the_guard_off(statement: str, as_service: Store) -> None:
    as_service.write(two)
    with pytest.raises((OurFault, Misconfigured)):
        execute(as_service, statement)
    assert () == as_service.read(audit.verify)
