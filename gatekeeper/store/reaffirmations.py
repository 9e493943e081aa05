"""Who said of a frozen database that it is right, by the digest of what they were shown."""

from collections.abc import Iterable

from sqlalchemy import select

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store.running import reaffirmations
from gatekeeper.store.tx import Tx, insert_or


def add(tx: Tx, *, shown: bytes, person: Address, name: str, now: Instant) -> bool:
    """Write down that a person said so; False when they had said it before."""
    frozen_key, person_key = keys.of_effect(tx, shown), keys.of_address(tx, person)
    row = frozen_key + person_key
    statement = insert_or(tx, reaffirmations).values(
        frozen_key=frozen_key,
        person_key=person_key,
        name=fields.seal_text(tx, reaffirmations.c.name, row, name),
        at=now,
    )
    made = statement.on_conflict_do_nothing().returning(reaffirmations.c.at)
    return tx.connection.execute(made).one_or_none() is not None


def among(tx: Tx, *, shown: bytes, people: Iterable[Address]) -> tuple[Address, ...]:
    """Return those of the people who said so; whoever has left since is none of them."""
    query = select(reaffirmations.c.person_key).where(
        reaffirmations.c.frozen_key == keys.of_effect(tx, shown)
    )
    found = set(tx.connection.scalars(query))
    return tuple(person for person in people if keys.of_address(tx, person) in found)
