"""What waits for approval, as people are shown it: the effect in full, and who is missing."""

from dataclasses import dataclass

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.identity import RowId
from gatekeeper.issues.asking import hash_of, line, sheet, standing, who_can
from gatekeeper.issues.effects import known
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store import issues, requests
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One request that waits.

    `issue` None for what is about the installation · `text` what would be done, as it is hashed,
    "" where this version cannot say · `changed` whether it is not what was asked for any more, so
    that nobody can approve it · `missing`, `who` and `remark` how far it is · `approve` and
    `refuse` the lines to be signed.
    """

    request: Request
    issue: IssueRow | None
    title: str
    text: str
    changed: bool
    missing: str
    who: str
    remark: str
    approve: str
    refuse: str


def pending(tx: Tx, desk: Desk, issue: RowId | None = None) -> tuple[Pending, ...]:
    """Return what waits, oldest first; in one issue if given."""
    return tuple(shown(tx, desk, each) for each in requests.waiting(tx, issue=issue))


def shown(tx: Tx, desk: Desk, request: Request) -> Pending:
    """Return a request as people are shown it; also one of a kind that this version knows not."""
    issue = issues.by_row(tx, request.issue) if request.issue is not None else None
    digest = request.effect.hex()
    effect = known(request.kind)
    can_count = request.kind in set(RequestKind)
    text = sheet(tx, desk, effect, issue, request.payload) if effect is not None else ""
    stands = standing(tx, desk, request) if can_count else None
    return Pending(
        request=request,
        issue=issue,
        title=effect.title if effect is not None else request.kind,
        text=text,
        changed=effect is None or hash_of(text) != request.effect,
        missing=stands.why_not if stands is not None else "nobody can approve it here",
        who=who_can(tx, desk, request) if can_count else "nobody of the team",
        remark=stands.remark if stands is not None else "",
        approve=line(desk, issue, f"approve {digest}"),
        refuse=line(desk, issue, f'refuse {digest} "WHY"'),
    )
