"""Requests: what waits for a second person, who approved it, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.store import fields, keys
from gatekeeper.store.conversation import (
    DONE,
    EXPIRED,
    REFUSED,
    REQUEST_STATES,
    WAITING,
    WITHDRAWN,
    approvals,
    requests,
)
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tx import Tx, insert_or

__all__ = [
    "DONE",
    "EXPIRED",
    "REFUSED",
    "WAITING",
    "WITHDRAWN",
    "Request",
    "add",
    "approve",
    "by_effect",
    "close",
    "ended",
    "expired",
    "void_approvals",
    "waiting",
]

_R: Final = requests.c
_A: Final = approvals.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that is done once `needed` persons have approved it.

    `issue` None for what concerns no single one · `kind` one word for people · `effect` the digest
    of exactly what would be done, by which it is approved · `payload` JSON, what is needed to do it
    · `state` WAITING, DONE, WITHDRAWN, REFUSED or EXPIRED · `approved_by` names, in the order in
    which they approved · `expires_at` until when it waits, None for ever · `ended_by` and `why` who
    refused or withdrew it and what they said, "" for nobody and nothing.
    """

    id: RowId
    issue: RowId | None
    kind: str
    effect: bytes
    payload: Mapping[str, object]
    needed: int
    state: str
    created_by: str
    created_at: Instant
    approved_by: tuple[str, ...]
    expires_at: Instant | None = None
    ended_by: str = ""
    why: str = ""


def add(
    tx: Tx,
    *,
    issue: RowId | None,
    kind: str,
    effect: bytes,
    payload: Mapping[str, object],
    needed: int,
    created_by: str,
    now: Instant,
    expires_at: Instant | None = None,
) -> RowId:
    """Keep a request that nobody has approved yet; Conflict when that effect was asked for before.

    An effect is asked for once, whatever came of it: whoever wants the same again has to make
    another of it.
    """
    made = keys.new_id()
    values = {
        "id": made,
        "issue": issue,
        "kind": kind,
        "effect": fields.seal(tx, _R.effect, made, effect),
        "effect_key": keys.of_effect(tx, effect),
        "payload": fields.seal_json(tx, _R.payload, made, payload),
        "needed": needed,
        "state": WAITING,
        "created_by": fields.seal_text(tx, _R.created_by, made, created_by),
        "created_at": now,
        "updated_at": now,
        "expires_at": expires_at,
    }
    statement = insert_or(tx, requests).values(values)
    unique = statement.on_conflict_do_nothing(index_elements=[_R.effect_key])
    if tx.connection.scalar(unique.returning(_R.id)) is None:
        raise Conflict("exactly this was asked for before")
    return made


def by_effect(tx: Tx, effect: bytes) -> Request | None:
    """Return the request with that effect, in whatever state, or None."""
    query = select(requests).where(_R.effect_key == keys.of_effect(tx, effect))
    found = _listed(tx, query)
    return found[0] if found else None


def waiting(tx: Tx, issue: RowId | None = None) -> tuple[Request, ...]:
    """Return the requests that wait, oldest first; those of one issue if given."""
    query = select(requests).where(_R.state == WAITING)
    return _listed(tx, query if issue is None else query.where(_R.issue == issue))


def ended(tx: Tx, *, since: Instant, issue: RowId | None = None) -> tuple[Request, ...]:
    """Return the requests that ended at or after an instant, oldest first; an issue's if given."""
    query = select(requests).where(_R.state != WAITING, _R.updated_at >= since)
    return _listed(tx, query if issue is None else query.where(_R.issue == issue))


def expired(tx: Tx, *, now: Instant) -> tuple[Request, ...]:
    """Return the requests that wait though their time is over, oldest first."""
    return _listed(tx, select(requests).where(_R.state == WAITING, _R.expires_at <= now))


def approve(tx: Tx, *, request: RowId, person: str, name: str, now: Instant) -> int:
    """Record that a person approves, and return how many persons have.

    `person` is the fingerprint of their key: the same person counts once. Until the commit no
    other transaction can approve or close it. Conflict unless the request waits.
    """
    _require_waiting(tx, request)
    key = keys.of_fingerprint(tx, person)
    values = {
        "request": request,
        "person_key": key,
        "name": fields.seal_text(tx, _A.name, request + key, name),
        "at": now,
    }
    tx.connection.execute(insert_or(tx, approvals).values(values).on_conflict_do_nothing())
    query = select(func.count()).select_from(approvals).where(_A.request == request)
    return tx.connection.scalar(query) or 0


def void_approvals(tx: Tx, persons: Sequence[str]) -> int:
    """Take back what these persons approved of what still waits, and return how many that were.

    `persons` are what `approve` was given for them: whoever is suspended approved nothing (S-0).
    """
    wanted = [keys.of_fingerprint(tx, person) for person in persons]
    waits = select(_R.id).where(_R.state == WAITING)
    statement = delete(approvals).where(_A.person_key.in_(wanted), _A.request.in_(waits))
    return tx.connection.execute(statement).rowcount


def close(tx: Tx, *, request: RowId, state: str, now: Instant, by: str = "", why: str = "") -> None:
    """Write down how the request ended, and who ended it; Conflict unless it waits.

    `state` any but WAITING · `by` and `why` who refused or withdrew it, and what they said.
    """
    if state == WAITING or state not in REQUEST_STATES:
        message = f"a request does not end {state}"
        raise ValueError(message)
    _require_waiting(tx, request)
    values = {
        "state": state,
        "updated_at": now,
        "ended_by": fields.seal_text(tx, _R.ended_by, request, by) if by else None,
        "why": fields.seal_text(tx, _R.why, request, why) if why else None,
    }
    tx.connection.execute(update(requests).where(_R.id == request).values(values))


def _require_waiting(tx: Tx, request: RowId) -> None:
    query = select(_R.state).where(_R.id == request).with_for_update()
    state = tx.connection.scalar(query)
    if state is None:
        raise Conflict("there is no such request")
    if state != WAITING:
        raise Conflict(f"the request is {state} already")


def _listed(tx: Tx, query: Select[Any]) -> tuple[Request, ...]:
    rows = tx.connection.execute(query.order_by(_R.created_at, _R.id)).all()
    return tuple(_request(tx, row) for row in rows)


def _request(tx: Tx, row: Row[Any]) -> Request:
    return Request(
        id=row_id(row.id),
        issue=row_id(row.issue) if row.issue is not None else None,
        kind=row.kind,
        effect=fields.unseal(tx, _R.effect, row.id, row.effect),
        payload=fields.unseal_json(tx, _R.payload, row.id, row.payload),
        needed=row.needed,
        state=row.state,
        created_by=fields.unseal_text(tx, _R.created_by, row.id, row.created_by),
        created_at=Instant(row.created_at),
        approved_by=_approved_by(tx, row_id(row.id)),
        expires_at=Instant(row.expires_at) if row.expires_at is not None else None,
        ended_by=fields.unseal_text(tx, _R.ended_by, row.id, row.ended_by),
        why=fields.unseal_text(tx, _R.why, row.id, row.why),
    )


def _approved_by(tx: Tx, request: RowId) -> tuple[str, ...]:
    query = (
        select(_A.person_key, _A.name).where(_A.request == request).order_by(_A.at, _A.person_key)
    )
    return tuple(
        fields.unseal_text(tx, _A.name, request + row.person_key, row.name)
        for row in tx.connection.execute(query)
    )
