"""What issues began with: the subject and text of the first report of each, the newest issues."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from gatekeeper.domain.identity import IssueId, RowId, row_id
from gatekeeper.domain.report import Kind
from gatekeeper.store import fields
from gatekeeper.store.tables import issues, messages
from gatekeeper.store.tx import Tx

_I: Final = issues.c
_M: Final = messages.c


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """An issue and the report that opened it, as it was read; `state` is the issue's."""

    issue: RowId
    issue_id: IssueId
    state: str
    subject: str
    text: str


def newest(tx: Tx, *, prefix: str, but: RowId, limit: int) -> tuple[First, ...]:
    """Return the first reports of the `limit` newest issues of that prefix, without issue `but`.

    Those whose mail was erased are left out.
    """
    wanted = (
        select(_I.id, _I.prefix, _I.year, _I.number, _I.state)
        .where(_I.prefix == prefix, _I.id != but)
        .order_by(_I.year.desc(), _I.number.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(wanted, _M.id.label("message"), _M.summary)
        .join(messages, _M.issue == wanted.c.id)
        .where(_M.kind == Kind.REPORT, _M.erased_at.is_(None))
        .order_by(wanted.c.year.desc(), wanted.c.number.desc(), _M.received_at, _M.id)
    )
    found: dict[RowId, First] = {}
    for row in tx.connection.execute(query):
        issue = row_id(row.id)
        if issue in found:
            continue
        summary = fields.unseal_object(tx, _M.summary, row.message, row.summary) or {}
        found[issue] = First(
            issue=issue,
            issue_id=IssueId(prefix=row.prefix, year=row.year, number=row.number),
            state=row.state,
            subject=str(summary.get("subject", "")),
            text=str(summary.get("text", "")),
        )
    return tuple(found.values())
