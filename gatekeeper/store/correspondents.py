"""Correspondents: whom we write to outside in one issue, at which address and to which key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, delete, insert, select, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.participants import Credit, Part
from gatekeeper.store import fields, keys
from gatekeeper.store.conversation import correspondent_keys, correspondents, offered_keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import OPEN_STATES, issues
from gatekeeper.store.tx import Tx, insert_or

OFFERED_MAX: Final = 8
"""Keys that are kept for one correspondent until one is pinned; the oldest goes."""

_C: Final = correspondents.c
_O: Final = offered_keys.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """Someone outside whom we write to in one issue; `name` is our word (`reporter`).

    `role` as what they take part · `address` where answers go · `route` what the token of the
    address for replies names · `certificate` and `fingerprint` the pinned key, if one is · `nonce`
    the code that was sent, while it is waited for · `wrote_in_clear` whether the first mail was not
    encrypted · `credit` how they want to be named, None until they were asked and answered ·
    `consented_at` when they agreed to a shared conversation · `removed_at` since when they are told
    nothing more.
    """

    id: RowId
    issue: RowId
    name: str
    address: Address
    route: RowId
    certificate: bytes | None
    fingerprint: str | None
    nonce: str | None
    wrote_in_clear: bool
    created_at: Instant
    role: Part = Part.REPORTER
    credit: Credit | None = None
    consented_at: Instant | None = None
    removed_at: Instant | None = None


def add(
    tx: Tx,
    *,
    issue: RowId,
    name: str,
    address: Address,
    wrote_in_clear: bool,
    now: Instant,
    role: Part = Part.REPORTER,
) -> Correspondent:
    """Add a correspondent with a fresh route; Conflict when the issue has one of that name."""
    made = keys.new_id()
    values = {
        "id": made,
        "issue": issue,
        "name": name,
        "address": fields.seal_text(tx, _C.address, made, str(address)),
        "address_key": keys.of_address(tx, address),
        "route": keys.new_id(),
        "wrote_in_clear": wrote_in_clear,
        "created_at": now,
        "updated_at": now,
        "role": role,
    }
    statement = insert_or(tx, correspondents).values(values)
    unique = statement.on_conflict_do_nothing(index_elements=[_C.issue, _C.name])
    if tx.connection.scalar(unique.returning(_C.id)) is None:
        raise Conflict("the issue has a correspondent of that name already")
    return by_row(tx, made)


def of_issue(tx: Tx, issue: RowId) -> tuple[Correspondent, ...]:
    """Return the issue's correspondents, oldest first."""
    return _listed(tx, select(correspondents).where(_C.issue == issue))


def taking_part(tx: Tx, issue: RowId) -> tuple[Correspondent, ...]:
    """Return those of the issue's correspondents who were not removed, oldest first."""
    return _listed(tx, select(correspondents).where(_C.issue == issue, _C.removed_at.is_(None)))


def in_open_issues(tx: Tx) -> tuple[RowId, ...]:
    """Return the rows of those to whom there may still be something to write, oldest first.

    Those of open issues who take part still.
    """
    query = (
        select(_C.id)
        .join(issues, issues.c.id == _C.issue)
        .where(issues.c.state.in_(OPEN_STATES), _C.removed_at.is_(None))
        .order_by(_C.created_at, _C.id)
    )
    return tuple(row_id(found) for found in tx.connection.scalars(query))


def by_row(tx: Tx, correspondent: RowId) -> Correspondent:
    """Return the correspondent of that row; Conflict when there is none."""
    found = _listed(tx, select(correspondents).where(_C.id == correspondent))
    if not found:
        raise Conflict("there is no such correspondent")
    return found[0]


def by_route(tx: Tx, route: RowId) -> Correspondent | None:
    """Return the correspondent whose reply address names this route now, or None."""
    found = _listed(tx, select(correspondents).where(_C.route == route))
    return found[0] if found else None


def by_address(tx: Tx, *, issue: RowId, address: Address) -> Correspondent | None:
    """Return the issue's correspondent at this address, the oldest if several, or None."""
    key = keys.of_address(tx, address)
    query = select(correspondents).where(_C.issue == issue, _C.address_key == key)
    found = _listed(tx, query)
    return found[0] if found else None


def by_key_ids(tx: Tx, key_ids: Sequence[str]) -> tuple[Correspondent, ...]:
    """Return those of any issue whose pinned certificate signs with one of these, oldest first.

    `key_ids` of 16 hex digits; they are claims of a signature, so this says whom to check with.
    """
    wanted = [keys.of_key_id(tx, key_id) for key_id in key_ids]
    holders = select(correspondent_keys.c.correspondent).where(
        correspondent_keys.c.key_id.in_(wanted)
    )
    return _listed(tx, select(correspondents).where(_C.id.in_(holders)))


def pin(
    tx: Tx,
    *,
    correspondent: RowId,
    certificate: bytes,
    fingerprint: str,
    key_ids: Sequence[str],
    now: Instant,
) -> None:
    """Make this the one key of the correspondent, and forget the keys that were offered.

    `key_ids` are those it can sign with. Conflict when there is no such row.
    """
    values = {
        "certificate": fields.seal(tx, _C.certificate, correspondent, certificate),
        "fingerprint": fields.seal_text(tx, _C.fingerprint, correspondent, checked(fingerprint)),
    }
    _change(tx, correspondent, values, now)
    held = correspondent_keys.c.correspondent
    tx.connection.execute(delete(correspondent_keys).where(held == correspondent))
    tx.connection.execute(delete(offered_keys).where(_O.correspondent == correspondent))
    for key in sorted({keys.of_key_id(tx, key_id) for key_id in key_ids}):
        row = {"correspondent": correspondent, "key_id": key}
        tx.connection.execute(insert(correspondent_keys).values(row))


def offer(
    tx: Tx, *, correspondent: RowId, certificate: bytes, fingerprint: str, now: Instant
) -> None:
    """Keep a key that came in the correspondent's name, in place of an earlier offer of it.

    Beyond OFFERED_MAX the oldest goes. Conflict when there is no such correspondent.
    """
    _locked(tx, correspondent)
    plain = checked(fingerprint)
    key = keys.of_fingerprint(tx, plain)
    place = correspondent + key
    values = {
        "certificate": fields.seal(tx, _O.certificate, place, certificate),
        "fingerprint": fields.seal_text(tx, _O.fingerprint, place, plain),
        "offered_at": now,
    }
    this = (_O.correspondent == correspondent, _O.fingerprint_key == key)
    tx.connection.execute(delete(offered_keys).where(*this))
    kept = (
        select(_O.fingerprint_key)
        .where(_O.correspondent == correspondent)
        .order_by(_O.offered_at.desc(), _O.fingerprint_key)
        .limit(OFFERED_MAX - 1)
    )
    others = tx.connection.scalars(kept).all()
    tx.connection.execute(
        delete(offered_keys).where(
            _O.correspondent == correspondent, _O.fingerprint_key.not_in(others)
        )
    )
    row = {"correspondent": correspondent, "fingerprint_key": key, **values}
    tx.connection.execute(insert(offered_keys).values(row))


def offered(tx: Tx, *, correspondent: RowId, fingerprint: str) -> bytes | None:
    """Return the certificate with that fingerprint which the correspondent offered, or None."""
    key = keys.of_fingerprint(tx, checked(fingerprint))
    query = select(_O.certificate).where(
        _O.correspondent == correspondent, _O.fingerprint_key == key
    )
    found = tx.connection.scalar(query)
    if found is None:
        return None
    return fields.unseal(tx, _O.certificate, correspondent + key, found)


def all_offered(tx: Tx, correspondent: RowId) -> tuple[str, ...]:
    """Return the fingerprints of the keys the correspondent offered, newest first."""
    query = (
        select(_O.fingerprint_key, _O.fingerprint)
        .where(_O.correspondent == correspondent)
        .order_by(_O.offered_at.desc(), _O.fingerprint_key)
    )
    return tuple(
        fields.unseal_text(tx, _O.fingerprint, correspondent + row.fingerprint_key, row.fingerprint)
        for row in tx.connection.execute(query)
    )


def give_nonce(tx: Tx, *, correspondent: RowId, nonce: str, now: Instant) -> None:
    """Remember the code that the correspondent is to send back; Conflict without such a row."""
    values = {"nonce": fields.seal_text(tx, _C.nonce, correspondent, nonce)}
    _change(tx, correspondent, values, now)


def drop_nonce(tx: Tx, *, correspondent: RowId, now: Instant) -> None:
    """Forget the code, which is worth nothing from now on; Conflict without such a row."""
    _change(tx, correspondent, {"nonce": None}, now)


def allow_clear(tx: Tx, *, correspondent: RowId, now: Instant) -> None:
    """Note that the correspondent, who has no key, writes in clear; Conflict when not there."""
    _change(tx, correspondent, {"wrote_in_clear": True}, now)


def renew_route(tx: Tx, *, correspondent: RowId, now: Instant) -> RowId:
    """Return a fresh route; the address for replies of before leads nowhere from now on.

    Conflict when there is no such correspondent.
    """
    route = keys.new_id()
    _change(tx, correspondent, {"route": route}, now)
    return route


def set_credit(tx: Tx, *, correspondent: RowId, credit: Credit | None, now: Instant) -> None:
    """Keep how a finder wants to be named, None for not asked yet; Conflict without such a row."""
    said = None if credit is None else {"named": credit.named, "line": credit.line}
    sealed = None if said is None else fields.seal_json(tx, _C.credit, correspondent, said)
    _change(tx, correspondent, {"credit": sealed}, now)


def consent(tx: Tx, *, correspondent: RowId, on: bool, now: Instant) -> None:
    """Note that they agree to a shared conversation, or no more; Conflict without such a row."""
    _change(tx, correspondent, {"consented_at": now if on else None}, now)


def remove(tx: Tx, *, correspondent: RowId, now: Instant) -> None:
    """Let somebody take part no more: they are kept, and their address for replies leads nowhere.

    Conflict when there is no such correspondent, or they were removed before.
    """
    query = select(_C.removed_at).where(_C.id == correspondent).with_for_update()
    if tx.connection.execute(query).scalar() is not None:
        raise Conflict("they were removed already")
    values = {"removed_at": now, "route": keys.new_id(), "nonce": None, "consented_at": None}
    _change(tx, correspondent, values, now)


def go_over(
    tx: Tx, *, correspondent: RowId, issue: RowId, name: str, role: Part, now: Instant
) -> None:
    """Let somebody take part in another issue instead, under a name that is free there.

    Their address for replies leads there from now on; others take part there, so that a consent
    of before is none there. Conflict when there is no such correspondent.
    """
    values = {"issue": issue, "name": name, "role": role, "consented_at": None}
    _change(tx, correspondent, values, now)


def _change(tx: Tx, correspondent: RowId, values: dict[str, Any], now: Instant) -> None:
    statement = update(correspondents).where(_C.id == correspondent)
    if tx.connection.execute(statement.values(updated_at=now, **values)).rowcount != 1:
        raise Conflict("there is no such correspondent")


def _locked(tx: Tx, correspondent: RowId) -> None:
    query = select(_C.id).where(_C.id == correspondent).with_for_update()
    if tx.connection.scalar(query) is None:
        raise Conflict("there is no such correspondent")


def _listed(tx: Tx, query: Select[Any]) -> tuple[Correspondent, ...]:
    rows = tx.connection.execute(query.order_by(_C.created_at, _C.id))
    return tuple(_correspondent(tx, row) for row in rows)


def _correspondent(tx: Tx, row: Row[Any]) -> Correspondent:
    pinned = row.certificate is not None
    return Correspondent(
        id=row_id(row.id),
        issue=row_id(row.issue),
        name=row.name,
        address=Address.parse(fields.unseal_text(tx, _C.address, row.id, row.address)),
        route=row_id(row.route),
        certificate=fields.unseal(tx, _C.certificate, row.id, row.certificate) if pinned else None,
        fingerprint=fields.unseal_text(tx, _C.fingerprint, row.id, row.fingerprint) or None,
        nonce=fields.unseal_text(tx, _C.nonce, row.id, row.nonce) or None,
        wrote_in_clear=row.wrote_in_clear,
        created_at=Instant(row.created_at),
        role=Part(row.role),
        credit=_credit(fields.unseal_object(tx, _C.credit, row.id, row.credit)),
        consented_at=_instant(row.consented_at),
        removed_at=_instant(row.removed_at),
    )


def _credit(said: dict[str, object] | None) -> Credit | None:
    return None if said is None else Credit(line=str(said["line"]))


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)
