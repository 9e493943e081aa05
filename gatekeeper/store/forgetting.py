"""Erase who an issue was about and what was said of it, once its mail is erased.

What stays: its number, its tag, states, instants, how many mails there were, and the chain of its
entries in the event log, each with its commitment and without what it committed to.
"""

import os
from typing import Final

from sqlalchemy import delete, exists, select, update

from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.store import erasure, fields, keys
from gatekeeper.store.chain import ISSUE_ERASED, KEPT
from gatekeeper.store.conversation import (
    WAITING,
    approvals,
    correspondent_keys,
    correspondents,
    offered_keys,
    requests,
)
from gatekeeper.store.procedure import applied, ceilings, clocks, dates, issue_facts, reminded
from gatekeeper.store.running import events
from gatekeeper.store.tables import deliveries, issues, letters, messages
from gatekeeper.store.tx import Tx

ENTRIES_MAX: Final = 500
"""Entries of the event log that are erased in one transaction."""

_I: Final = issues.c
_E: Final = events.c
_C: Final = correspondents.c
_R: Final = requests.c
_T: Final = dates.c


def next_issue(tx: Tx, *, before: Instant) -> RowId | None:
    """Return a closed issue to forget, last changed before and without mail; None if there is none.

    One that was forgotten and changed since is forgotten again; one of which a request still
    waits is not.
    """
    done = exists().where(_E.issue == _I.id, _E.kind == ISSUE_ERASED, _E.at > _I.updated_at)
    mail = exists().where(messages.c.issue == _I.id, messages.c.erased_at.is_(None))
    written = exists().where(letters.c.issue == _I.id, letters.c.erased_at.is_(None))
    asked = exists().where(_R.issue == _I.id, _R.state == WAITING)
    query = select(_I.id).where(erasure.closed(before), ~done, ~mail, ~written, ~asked)
    found = tx.connection.scalar(query.order_by(_I.updated_at, _I.id).limit(1))
    return row_id(found) if found is not None else None


def entries(tx: Tx, issue: RowId) -> int:
    """Erase salt and payload of the issue's next entries, and return of how many.

    Fewer than ENTRIES_MAX means that none is left. In the same transaction an entry of the issue
    has to say so, of the kind ISSUE_ERASED or PIECE_ERASED of `store.chain`.
    """
    query = (
        select(_E.seq)
        .where(_E.issue == issue, _E.payload.is_not(None), _E.kind.not_in(KEPT))
        .order_by(_E.seq)
        .limit(ENTRIES_MAX)
    )
    found = tx.connection.scalars(query).all()
    statement = update(events).where(_E.seq.in_(found))
    tx.connection.execute(statement.values(salt=None, payload=None))
    return len(found)


def rest(tx: Tx, issue: RowId) -> None:
    """Erase all else that is content or says who: of the issue, its people, mail and requests."""
    values = {
        "subject": fields.seal_text(tx, _I.subject, issue, ERASED),
        "reporter": fields.seal_text(tx, _I.reporter, issue, ""),
        "owner": None,
        "track": None,
        "severity": None,
        "reason": None,
    }
    tx.connection.execute(update(issues).where(_I.id == issue).values(values))
    found = tx.connection.scalars(select(messages.c.id).where(messages.c.issue == issue)).all()
    erasure.forget_senders(tx, found)
    for letter in tx.connection.scalars(select(letters.c.id).where(letters.c.issue == issue)).all():
        summary = fields.seal_json(tx, letters.c.summary, letter, {})
        statement = update(letters).where(letters.c.id == letter)
        tx.connection.execute(statement.values(summary=summary))
    erasure.forget_recipients(tx, select(deliveries.c.id).where(deliveries.c.issue == issue))
    _people(tx, issue)
    _requests(tx, issue)
    _course(tx, issue)


def requests_of_none(tx: Tx, *, before: Instant) -> int:
    """Forget what was asked for about no issue and ended before; return how much it was.

    But for what approved that which is in force now.
    """
    stands = select(applied.c.request).where(applied.c.request.is_not(None))
    over = (_R.issue.is_(None), _R.state != WAITING, _R.updated_at < before, _R.id.not_in(stands))
    found = tx.connection.scalars(select(_R.id).where(*over).limit(ENTRIES_MAX)).all()
    tx.connection.execute(delete(approvals).where(approvals.c.request.in_(found)))
    tx.connection.execute(delete(requests).where(_R.id.in_(found)))
    return len(found)


def _people(tx: Tx, issue: RowId) -> None:
    for row in tx.connection.scalars(select(_C.id).where(_C.issue == issue)).all():
        for table in (correspondent_keys, offered_keys):
            tx.connection.execute(delete(table).where(table.c.correspondent == row))
        values = {
            "address": fields.seal_text(tx, _C.address, row, str(ERASED_ADDRESS)),
            "address_key": os.urandom(32),
            "route": keys.new_id(),
            "certificate": None,
            "fingerprint": None,
            "nonce": None,
            "credit": None,
        }
        tx.connection.execute(update(correspondents).where(_C.id == row).values(values))


def _requests(tx: Tx, issue: RowId) -> None:
    """Erase what was asked and by whom; `effect` is a digest of it, and goes as well."""
    for row in tx.connection.scalars(select(_R.id).where(_R.issue == issue)).all():
        tx.connection.execute(delete(approvals).where(approvals.c.request == row))
        values = {
            "effect": fields.seal(tx, _R.effect, row, b""),
            "payload": fields.seal_json(tx, _R.payload, row, {}),
            "created_by": fields.seal_text(tx, _R.created_by, row, ERASED),
            "ended_by": None,
            "why": None,
        }
        tx.connection.execute(update(requests).where(_R.id == row).values(values))


def _course(tx: Tx, issue: RowId) -> None:
    """Erase what was known, agreed and reminded of; the dates' instants and states stay."""
    for table in (issue_facts, ceilings, clocks, reminded):
        tx.connection.execute(delete(table).where(table.c.issue == issue))
    for number in tx.connection.scalars(select(_T.number).where(_T.issue == issue)).all():
        by = fields.seal_text(tx, _T.by, issue + number.to_bytes(4), ERASED)
        statement = update(dates).where(_T.issue == issue, _T.number == number)
        tx.connection.execute(statement.values(by=by, via=None, reason=None))
