"""Who of the team counts now: suspend at once, reinstate by two, be away, have codes (S-0).

Signed mail and the command line come to the same functions (S-1).
"""

from typing import Final

from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.governed import Kind, load
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.rosters import team_of
from gatekeeper.domain.team import Person, Team
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import asking, governing, notices, paper, suspended
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.asking import Effect, Granted, Payload
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import Notice
from gatekeeper.store import applied, attendance, audit
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx

SUSPENDED: Final = "person.suspended"
REINSTATED: Final = "person.reinstated"
AWAY: Final = "person.away"
CODES: Final = "person.codes"

_PERSON: Final = "person"


def suspend(tx: Tx, desk: Desk, *, actor: Actor, name: str, now: Instant) -> Done:
    """Let nothing that a person signs count from now on, and tell the others.

    One is enough, a shell too: of a stolen key every minute counts. What the person asked for and
    approved, and what waits, is void, and their codes on paper are. Refusal when they are suspended
    already, or nobody would be left.
    """
    person = find(roster(tx, desk), name)
    others = tuple(each for each in desk.team.people if each.address.key != person.address.key)
    if not others:
        raise Refusal(
            f"{person.name} is the only one whose word counts",
            remedy="have somebody else put into team.yaml first: gatekeeper team plan",
        )
    if not attendance.suspend(tx, person=person.address, now=now):
        raise Refusal(f"{person.name} is suspended already", remedy="nothing is to be done")
    voided = suspended.void(tx, person, now=now)
    who = f"{person.name} <{person.address}>"
    lines = (f"{who} was suspended by {actor.name}.", *_sentences(voided.lines))
    notice = Notice(
        kind=notices.GOVERNED,
        headline=f"{person.name} is suspended: nothing they sign counts, and no mail goes to them",
        lines=lines,
        next_step=(
            "If it was not right, two of you undo it: gatekeeper team reinstate\n"
            "Somebody who left for good goes out of team.yaml: gatekeeper team plan\n"
            "If a key was stolen, look at what was signed with it: gatekeeper audit show"
        ),
        about=actor.about,
    )
    notices.tell_people(tx, desk, others, notice, by=actor.name, now=now)
    _record(tx, SUSPENDED, actor, {_PERSON: str(person.address), "void": list(voided.lines)}, now)
    said = "".join(f"; {line}" for line in voided.lines)
    return Done(lines=(f"suspend: {who} counts as one of the team no more{said}",))


def reinstate(tx: Tx, desk: Desk, *, actor: Actor, name: str, now: Instant) -> Done:
    """Ask that a suspended person count again; two others have to approve it."""
    person = find(roster(tx, desk), name)
    if attendance.get(tx, person.address).suspended_at is None:
        raise Refusal(f"{person.name} is not suspended", remedy="nothing is to be done")
    payload = {_PERSON: str(person.address)}
    return asking.ask(tx, desk, EFFECT, issue=None, actor=actor, payload=payload, now=now)


def away(
    tx: Tx, desk: Desk, *, actor: Actor, name: str = "", until: Instant | None, now: Instant
) -> Done:
    """Note until when a person is away, None for there again; a person of the team speaks for self.

    Reminders and warnings go by it; it takes no right from anybody.
    """
    person = actor.person if actor.person is not None else find(roster(tx, desk), name)
    if until is not None and until <= now:
        raise Refusal(f"{spoken(until)} is over", remedy="name a later instant, or none")
    attendance.away(tx, person=person.address, until=until, now=now)
    what = f"is away until {spoken(until)}" if until is not None else "is there"
    _record(tx, AWAY, actor, {_PERSON: str(person.address), "until": until}, now)
    return Done(lines=(f"away: {person.name} {what}",))


def codes(tx: Tx, desk: Desk, *, actor: Actor, name: str, now: Instant) -> Done:
    """Mail a person new codes for paper, encrypted; those of before are void, and all are told."""
    person = find(desk.team, name)
    count = paper.give(tx, desk, person, now=now)
    others = tuple(each for each in desk.team.people if each.address.key != person.address.key)
    notice = Notice(
        kind=notices.GOVERNED,
        headline=f"{person.name} gets {count} new codes on paper, asked for by {actor.name}",
        lines=("Those of before are void. Each use of one is told to all of you.",),
        next_step="",
        about=actor.about,
    )
    notices.tell_people(tx, desk, others, notice, by=actor.name, now=now)
    _record(tx, CODES, actor, {_PERSON: str(person.address), "codes": count}, now)
    line = f"codes: {count} new ones go to {person.address}, encrypted; those of before are void"
    return Done(lines=(line,))


def roster(tx: Tx, desk: Desk) -> Team:
    """Return all of the team in force, those who are suspended too."""
    found = applied.get(tx, Kind.TEAM)
    return team_of(load(found.content)) if found is not None else desk.team


def find(team: Team, name: str) -> Person:
    """Return the one person of that name or address; NotThere or Refusal when there is not one."""
    wanted = name.strip().casefold()
    found = [
        person
        for person in team.people
        if wanted in {person.name.casefold(), person.address.key, str(person.address).casefold()}
    ]
    if not found:
        known = ", ".join(person.name for person in team.people)
        raise NotThere(
            f'"{one_line(name, 60)}" is nobody of the team', remedy=f"name one of: {known}"
        )
    if len(found) > 1:
        raise Refusal(
            f'"{one_line(name, 60)}" is the name of {len(found)} people of the team',
            remedy="name the one you mean by the address",
        )
    return found[0]


def _render(tx: Tx, desk: Desk, _issue: IssueRow | None, payload: Payload) -> str:
    person = find(roster(tx, desk), str(payload[_PERSON]))
    since = attendance.get(tx, person.address).suspended_at
    if since is None:
        raise Refusal(f"{person.name} is not suspended any more", remedy="nothing is to be done")
    return "\n".join(
        [
            "What:         this person counts as one of the team again",
            f"Person:       {person.name}, {person.address}, {person.employer}",
            *(f"Key:          {spaced(key)}" for key in person.keys),
            f"Suspended:    {spoken(since)}",
            "",
            "Mind:         the keys above sign for this person as soon as it is done. Of a stolen",
            "              one, another has to be in force before.",
        ]
    )


def _perform(tx: Tx, desk: Desk, _issue: IssueRow | None, granted: Granted, now: Instant) -> Done:
    person = find(roster(tx, desk), str(granted.payload[_PERSON]))
    attendance.reinstate(tx, person=person.address, now=now)
    notice = Notice(
        kind=notices.GOVERNED,
        headline=f"{person.name} counts as one of the team again",
        lines=governing.signed_by(granted),
        next_step="",
        about=granted.actor.about,
    )
    notices.tell_people(tx, desk, desk.team.people, notice, now=now)
    payload: dict[str, object] = {_PERSON: str(person.address), "people": list(granted.people)}
    _record(tx, REINSTATED, granted.actor, payload, now)
    return Done(lines=(f"approve: {person.name} counts as one of the team again",))


EFFECT: Final = Effect(
    kind=RequestKind.REINSTATE,
    title="the return of somebody suspended",
    render=_render,
    perform=_perform,
)


def _sentences(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{line[0].upper()}{line[1:]}." for line in lines)


def _record(tx: Tx, kind: str, actor: Actor, payload: dict[str, object], now: Instant) -> None:
    audit.append(tx, kind=kind, actor=actor.name, now=now, payload=payload, message=actor.about)
