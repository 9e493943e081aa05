"""Changes of what decides who is trusted: asked for, approved by the roster of before, applied.

What comes into force is the content that was approved, not the file that lies there by then; it
is compared with what is in force in the transaction that applies it (05, "Configuration"; P-8).
"""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.changes import differences
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.governed import Content, Kind, load
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.rosters import team_of
from gatekeeper.domain.team import Team
from gatekeeper.issues import asking, notices, running, suspended
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.asking import Effect, Granted, Payload
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import Notice
from gatekeeper.store import applied, attendance, audit, requests
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request
from gatekeeper.store.tx import Tx

APPLIED: Final = "governed.applied"
CONTENT: Final = "content"
"""The key of a payload that holds what is to come into force."""

_TITLES: Final = {
    Kind.TEAM: "a change of the team",
    Kind.POLICY: "a change of the policy",
    Kind.TEMPLATES: "a change of the texts that we send",
    Kind.ADDRESSES: "a change of our addresses and peers",
}


def ask(tx: Tx, desk: Desk, *, content: Content, actor: Actor, now: Instant) -> Done:
    """Ask that `content` come into force; what waits with the same content is not asked again.

    Refusal when it is in force already, NotThere when nothing of its kind is.
    """
    before = _before(tx, content.kind)
    if before.digest == content.digest:
        where = content.kind.where
        raise Refusal(f"{where}: what it says is in force", remedy="nothing is to be done")
    effect = EFFECTS[content.kind]
    waits = waiting(tx, content)
    if waits is not None:
        return _waits(tx, desk, effect, waits)
    payload = {CONTENT: content.dump().decode("ascii")}
    return asking.ask(tx, desk, effect, issue=None, actor=actor, payload=payload, now=now)


def waiting(tx: Tx, content: Content) -> Request | None:
    """Return the request that asks for exactly this content, None when none waits."""
    kind = EFFECTS[content.kind].kind
    return next(
        (
            request
            for request in requests.waiting(tx)
            if request.kind == kind and _asked(request.payload).digest == content.digest
        ),
        None,
    )


def _waits(tx: Tx, desk: Desk, effect: Effect, request: Request) -> Done:
    stands = asking.standing(tx, desk, request)
    line = asking.line(desk, None, f"approve {request.effect.hex()}")
    who = asking.who_can(tx, desk, request)
    said = f"{effect.title} waits already: {stands.why_not} ({who}): {line}"
    return Done(lines=(said,), waiting=request.effect.hex())


def _before(tx: Tx, kind: Kind) -> Content:
    found = applied.get(tx, kind)
    if found is None:
        raise NotThere(
            f"{kind.where}: nothing is in force yet",
            remedy="start the service: the first start puts the files into force as they are",
        )
    return load(found.content)


def _asked(payload: Payload) -> Content:
    return load(str(payload[CONTENT]).encode("ascii"))


def _render(tx: Tx, desk: Desk, _issue: IssueRow | None, payload: Payload, *, kind: Kind) -> str:
    """Return the whole change against what is in force now, and both digests."""
    before, after = _before(tx, kind), _asked(payload)
    return "\n".join(
        [
            f"What:         this comes into force: {kind.where}",
            f"In force now: sha256 {before.digest.hex()}",
            f"Then:         sha256 {after.digest.hex()}",
            *_roster_lines(after, desk),
            "",
            *differences(before, after),
        ]
    )


def _roster_lines(after: Content, desk: Desk) -> Iterator[str]:
    """Say who the team is then, as far as that is of interest to those who approve it."""
    if after.kind is not Kind.TEAM:
        return
    team = team_of(after)
    yield f"The team:     {', '.join(person.name for person in team.people)}"
    yield f"Employers:    {', '.join(team.employers)}"
    if warning := team.weight_warning(desk.policy.approvals.employer_share):
        yield f"Mind:         {warning}"


def _perform(
    tx: Tx, desk: Desk, _issue: IssueRow | None, granted: Granted, now: Instant, *, kind: Kind
) -> Done:
    before, after = _before(tx, kind), _asked(granted.payload)
    said = differences(before, after)
    stay = desk.team.people
    lines = list(said)
    if kind is Kind.TEAM:
        team = team_of(after)
        stay = tuple(each for each in stay if team.by_address(each.address) is not None)
        lines += _leave(tx, team_of(before), team, now=now)
    row = running.as_row(after, request=granted.request.id, now=now)
    applied.replace(tx, row, before=before.digest)
    shown = (*lines, "", *signed_by(granted))
    notice = Notice(
        kind=notices.GOVERNED,
        headline=f"In force since now: {EFFECTS[kind].title}",
        lines=shown,
        next_step="Every service of this installation works by it within seconds.",
        about=granted.actor.about,
    )
    notices.tell_people(tx, desk, stay, notice, now=now)
    payload: dict[str, object] = {
        "kind": str(kind),
        "before": before.digest.hex(),
        "digest": after.digest.hex(),
        "changes": list(said),
        "people": list(granted.people),
    }
    audit.append(
        tx,
        kind=APPLIED,
        actor=granted.actor.name,
        now=now,
        payload=payload,
        message=granted.actor.about,
    )
    return Done(lines=(f"approve: {EFFECTS[kind].title} is in force",))


def signed_by(granted: Granted) -> tuple[str, str]:
    """Say who asked and who approved, in lines for people."""
    request = granted.request
    by = dict.fromkeys((*request.approved_by, granted.actor.name))
    return f"Asked by:    {request.created_by}", f"Approved by: {' and '.join(by)}"


def _leave(tx: Tx, before: Team, after: Team, *, now: Instant) -> Iterator[str]:
    """Make void what rests on the word of those who leave; they begin anew should they return."""
    for person in before.people:
        if after.by_address(person.address) is None:
            voided = suspended.void(tx, person, now=now)
            attendance.reinstate(tx, person=person.address, now=now)
            yield from (f"  {person.name}: {line}" for line in voided.lines)


def _effect(kind: Kind, asked_as: RequestKind) -> Effect:
    return Effect(
        kind=asked_as,
        title=_TITLES[kind],
        render=partial(_render, kind=kind),
        perform=partial(_perform, kind=kind),
    )


EFFECTS: Final[Mapping[Kind, Effect]] = MappingProxyType(
    {kind: _effect(kind, RequestKind(kind.value)) for kind in Kind}
)
"""What carries a change of each kind out."""
