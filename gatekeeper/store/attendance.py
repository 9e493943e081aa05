"""Attendance: who of the team is away until when, and who is suspended (S-0)."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store import tx as transaction
from gatekeeper.store.procedure import attendance
from gatekeeper.store.tx import Tx, insert_or

_A: Final = attendance.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Whether a person of the team can be counted on; both None for somebody who is there."""

    person: Address
    away_until: Instant | None = None
    suspended_at: Instant | None = None

    def is_away(self, now: Instant) -> bool:
        """Say whether the person is away at that instant."""
        return self.away_until is not None and now < self.away_until


def get(tx: Tx, person: Address) -> Attendance:
    """Return a person's attendance; who is not listed is there."""
    query = select(attendance).where(_A.person_key == keys.of_address(tx, person))
    found = tx.connection.execute(query).one_or_none()
    return _attendance(tx, found) if found is not None else Attendance(person=person)


def list_all(tx: Tx) -> tuple[Attendance, ...]:
    """Return all who were ever away or suspended, by address."""
    found = [_attendance(tx, row) for row in tx.connection.execute(select(attendance))]
    return tuple(sorted(found, key=lambda one: one.person.key))


def away(tx: Tx, *, person: Address, until: Instant | None, now: Instant) -> None:
    """Write down until when a person is away, None for there again."""
    _put(tx, person, {"away_until": until}, now)


def suspend(tx: Tx, *, person: Address, now: Instant) -> bool:
    """Suspend a person; False when they were suspended already, since when they were."""
    _lock(tx, person)
    if get(tx, person).suspended_at is not None:
        return False
    _put(tx, person, {"suspended_at": now}, now)
    return True


def reinstate(tx: Tx, *, person: Address, now: Instant) -> bool:
    """Suspend a person no more, and say whether they were suspended."""
    _lock(tx, person)
    if get(tx, person).suspended_at is None:
        return False
    _put(tx, person, {"suspended_at": None}, now)
    return True


def _lock(tx: Tx, person: Address) -> None:
    transaction.lock(tx, "attendance", keys.of_address(tx, person))


def _put(tx: Tx, person: Address, change: dict[str, Instant | None], now: Instant) -> None:
    key = keys.of_address(tx, person)
    sealed = fields.seal_text(tx, _A.person, key, str(person))
    values = {"person": sealed, "updated_at": now, **change}
    statement = insert_or(tx, attendance).values(person_key=key, **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[_A.person_key], set_=values)
    )


def _attendance(tx: Tx, row: Row[Any]) -> Attendance:
    return Attendance(
        person=Address.parse(fields.unseal_text(tx, _A.person, row.person_key, row.person)),
        away_until=Instant(row.away_until) if row.away_until is not None else None,
        suspended_at=Instant(row.suspended_at) if row.suspended_at is not None else None,
    )
