"""Ask for what needs more than one person: write it down with the hash of its full effect.

A module that has something to be approved makes an Effect of it and asks with that; `effects`
lists them all, so that `approving` finds what carries a request out.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from gatekeeper.domain.approving import RequestKind, Standing, enough
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId, short_tag
from gatekeeper.domain.instants import Instant, later, spoken
from gatekeeper.domain.team import Person
from gatekeeper.issues.acting import Actor, Done, record
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.notices import NOTICE
from gatekeeper.issues.post import Words, to_team
from gatekeeper.store import approvers, attendance, requests
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.requests import Request
from gatekeeper.texts.templates import APPROVAL_WANTED

ONCE: Final = "once"
"""The key of a payload that makes each request another, so that an approval is for this one."""

Payload: TypeAlias = Mapping[str, object]
Render: TypeAlias = Callable[[Tx, Desk, IssueRow | None, Payload], str]
"""Says what would be done now, in full and in lines; it is shown, hashed, and compared again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A request that enough people approved, on its way to be carried out.

    `actor` is whose approval made it enough, and the message in which they said so.
    """

    request: Request
    actor: Actor

    @property
    def payload(self) -> Payload:
        """What was asked for."""
        return self.request.payload

    @property
    def people(self) -> tuple[str, ...]:
        """Who asked and who approved, each once, in that order."""
        request = self.request
        named = (request.created_by, *request.approved_by, self.actor.name)
        return tuple(dict.fromkeys(named))


Perform: TypeAlias = Callable[[Tx, Desk, IssueRow | None, Granted, Instant], Done]
"""Carries a request out; Refusal when that may not be any more, and then nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is done once enough people approved it: how it is shown, and how it is carried out.

    `title` names it in the middle of a sentence, such as "an answer in clear". `render` gets the
    payload of the request and looks up the rest, so that a change of what it would do voids the
    approvals.
    """

    kind: RequestKind
    title: str
    render: Render
    perform: Perform


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request as the team is asked about it: all that it would do, and how to answer.

    `confirming` and `refusing` are the lines to be signed, `who` names those who can approve,
    `standing` says what is missing yet.
    """

    effect: Effect
    issue: IssueRow | None
    actor: Actor
    payload: Payload
    rendered: str
    digest: bytes
    standing: Standing
    who: str
    confirming: str
    refusing: str
    until: Instant


def of(issue: IssueRow | None) -> IssueRow:
    """Return the issue of an effect that is always about one."""
    if issue is None:
        message = "this is asked for in an issue only"
        raise ValueError(message)
    return issue


def ask(
    tx: Tx,
    desk: Desk,
    effect: Effect,
    *,
    issue: IssueRow | None,
    actor: Actor,
    payload: Payload,
    now: Instant,
) -> Done:
    """Write down what is asked for, and ask the team; whoever asks by signed mail has approved.

    A team that is one person by policy needs nobody else: then it is done at once. `issue` is
    None for what is about the installation. Refusal when it could not be done even now.
    """
    whole = {**payload, ONCE: short_tag(desk.chance(ROW_ID_BYTES))}
    rendered = sheet(tx, desk, effect, issue, whole)
    digest = hash_of(rendered)
    nobody = _enough(tx, desk, effect.kind, ())
    until = later(now, desk.policy.approvals.expiry)
    row = requests.add(
        tx,
        issue=issue.id if issue is not None else None,
        kind=effect.kind,
        effect=digest,
        payload=whole,
        needed=nobody.needed,
        created_by=actor.name,
        expires_at=until,
        now=now,
    )
    record(tx, "request.made", issue, actor, {"effect": digest.hex()}, now=now)
    if actor.person is not None:
        approved_by(tx, row, actor.person, now=now)
    request = found(tx, digest)
    stands = standing(tx, desk, request)
    if stands.enough:
        return carry_out(
            tx, desk, effect, issue=issue, granted=Granted(request=request, actor=actor), now=now
        )
    asked = _Asked(
        effect=effect,
        issue=issue,
        actor=actor,
        payload=whole,
        rendered=rendered,
        digest=digest,
        standing=stands,
        who=who_can(tx, desk, request),
        confirming=line(desk, issue, f"approve {digest.hex()}"),
        refusing=line(desk, issue, f'refuse {digest.hex()} "WHY"'),
        until=until,
    )
    return _tell(tx, desk, asked, now=now)


def _tell(tx: Tx, desk: Desk, asked: _Asked, *, now: Instant) -> Done:
    """Ask the team, and return what whoever asked is told."""
    title = asked.effect.title
    words = Words(
        kind=NOTICE,
        subject=f"To be confirmed: {title}",
        text=_presented(desk, asked),
        by=asked.actor.name,
        about=asked.actor.about,
    )
    to_team(tx, desk, words, issue=asked.issue, now=now)
    said = f"{title}: {asked.standing.why_not} ({asked.who}): {asked.confirming}"
    return Done(lines=(said,), waiting=asked.digest.hex())


def _presented(desk: Desk, asked: _Asked) -> str:
    """Return the mail that asks the team, in the operator's template."""
    place = str(asked.issue.issue_id) if asked.issue is not None else desk.name
    values: Mapping[str, object] = {
        "headline": f"{place}: {asked.effect.title} waits for approval",
        "author": asked.actor.name,
        "effect": tuple(asked.rendered.splitlines()),
        "missing": asked.standing.why_not,
        "people": asked.who,
        "remark": asked.standing.remark,
        "until": spoken(asked.until),
        "approve": asked.confirming,
        "refuse": asked.refusing,
        "alias": "" if asked.issue is not None else str(desk.own.security),
    }
    return desk.texts.fill(APPROVAL_WANTED, values)


def sheet(tx: Tx, desk: Desk, effect: Effect, issue: IssueRow | None, payload: Payload) -> str:
    """Return what is shown and hashed: for which issue or installation, and the whole effect."""
    alias = desk.own.security
    about = f"Issue:        {issue.issue_id} at {alias}" if issue else f"Installation: {alias}"
    rendered = effect.render(tx, desk, issue, payload)
    return f"{about}\nOnce:         {payload[ONCE]}\n{rendered}".rstrip("\n") + "\n"


def hash_of(rendered: str) -> bytes:
    """Return the SHA-256 by which an effect is approved."""
    return hashlib.sha256(rendered.encode("utf-8", "surrogatepass")).digest()


def line(desk: Desk, issue: IssueRow | None, what: str) -> str:
    """Return a command as it is signed: in an issue, or about the installation."""
    return command(desk, issue.issue_id, what) if issue is not None else f"!{what}"


def found(tx: Tx, digest: bytes) -> Request:
    """Return the request of that effect, as it is now."""
    request = requests.by_effect(tx, digest)
    if request is None:
        message = "the request was written in this transaction"
        raise LookupError(message)
    return request


def approved_by(tx: Tx, request: RowId, person: Person, *, now: Instant) -> None:
    """Write down that a person approves.

    A person's keys change, their place in the team does not: they count by address.
    """
    requests.approve(tx, request=request, person=person.address.key, name=person.name, now=now)


def standing(tx: Tx, desk: Desk, request: Request, *, with_: Sequence[Person] = ()) -> Standing:
    """Return how a request stands with the team of now; `with_` as if these approved, too."""
    people = [person.address.key for person in desk.team.people]
    approved = approvers.among(tx, request=request.id, people=people)
    named = (*approved, *(person.address.key for person in with_))
    return _enough(tx, desk, RequestKind(request.kind), named)


def _enough(tx: Tx, desk: Desk, kind: RequestKind, approved: Sequence[str]) -> Standing:
    """Return how it stands; whoever asked by signed mail is among those who approved."""
    suspended = frozenset(
        each.person.key for each in attendance.list_all(tx) if each.suspended_at is not None
    )
    return enough(
        kind,
        asked_by="",
        approved_by=approved,
        team=desk.team,
        policy=desk.policy.approvals,
        suspended=suspended,
    )


def who_can(tx: Tx, desk: Desk, request: Request) -> str:
    """Return the names of those whose approval would count, in words."""
    before = standing(tx, desk, request)
    names = [
        person.name
        for person in desk.team.people
        if helps(before, standing(tx, desk, request, with_=(person,)))
    ]
    if not names:
        return "nobody of the team"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def helps(before: Standing, after: Standing) -> bool:
    """Say whether an approval brings a request further: it counts, and others can still follow."""
    if len(after.counted) == len(before.counted):
        return False
    return after.enough or len(after.counted) < after.needed


def carry_out(
    tx: Tx, desk: Desk, effect: Effect, *, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    """Do what enough people approved, once; Refusal when it is not what they approved any more."""
    request = granted.request
    remark = standing(tx, desk, request).remark
    requests.close(tx, request=request.id, state=requests.DONE, now=now)
    done = effect.perform(tx, desk, issue, granted, now)
    payload = {"effect": request.effect.hex(), "people": list(granted.people), "fewer": remark}
    record(tx, "request.done", issue, granted.actor, payload, now=now)
    said = (f"approve: fewer than usual were enough: {remark}",) if remark else ()
    return replace(done, lines=(*done.lines, *said))
