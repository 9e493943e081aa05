"""A frozen database works again when people have signed what it holds (promises P-3, P-8).

They sign the SHA-256 of the statement below, which is rendered again in the transaction in which
they are believed: so nobody reaffirms what they were not shown.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant, rfc3339
from gatekeeper.domain.team import Person, Team
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store import audit, frozen, issues, numbers, reaffirmations, withheld
from gatekeeper.store.chain import Head
from gatekeeper.store.frozen import Freeze
from gatekeeper.store.tables import OPEN_STATES
from gatekeeper.store.tx import Tx

VERB: Final = "reaffirm"
REFUSED: Final = "database.not_reaffirmed"
_LOOK: Final = "look at it anew with: gatekeeper audit frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What of the installation a statement names: the alias, the prefix of ids, the team."""

    alias: Address
    prefix: str
    team: Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What people are shown of a frozen database, and the digest of it that they sign.

    `by` are the people who have signed it, `enough` says whether no more are needed.
    """

    text: str
    digest: bytes
    by: tuple[Person, ...]
    enough: bool


def statement(tx: Tx, place: Place, freeze: Freeze, *, after: IssueId | None = None) -> Statement:
    """Return what is to be signed; with `after`, issue numbers go on above that one.

    Refusal when `after` is no number of this installation.
    """
    if after is not None and after.prefix != place.prefix:
        raise Refusal(
            f"{after} is no issue of this installation",
            remedy=f"its ids begin with {place.prefix}-",
        )
    text = "\n".join(_lines(tx, place, freeze, after)) + "\n"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    people = {person.address: person for person in place.team.people}
    by = tuple(people[each] for each in reaffirmations.among(tx, shown=digest, people=people))
    return Statement(text=text, digest=digest, by=by, enough=_enough(place.team, by))


def reaffirm(tx: Tx, desk: Desk, *, actor: Actor, effect: str, after: str, now: Instant) -> Done:
    """Write down that a person found a frozen database right, and thaw it when enough did.

    Then what was written about mail that had come before is withheld too. Refusal, with nothing
    changed, for anybody and anything else.
    """
    if actor.person is None:
        raise Refusal("a shell cannot reaffirm anything", remedy="send a signed mail")
    freeze = frozen.held(tx)
    if freeze is None:
        raise Refusal("the database is not frozen", remedy="nothing is to be done")
    number = _number(after)
    place = Place(alias=desk.own.security, prefix=desk.prefix, team=desk.team)
    shown = statement(tx, place, freeze, after=number)
    if effect != shown.digest.hex():
        raise Refusal("that is not the hash of what there is to reaffirm now", remedy=_LOOK)
    person = actor.person
    if not reaffirmations.add(
        tx, shown=shown.digest, person=person.address, name=person.name, now=now
    ):
        raise Refusal("you reaffirmed it before", remedy="another person of the team has to")
    _record(tx, "database.reaffirmed", actor, {"shown": effect}, now=now)
    both = statement(tx, place, freeze, after=number)
    if not both.enough:
        return Done(lines=(f"reaffirm: counted; {_needed(desk.team)} sign {effect}",))
    return _thaw(tx, freeze, actor, both, number, now=now)


def refused(tx: Tx, *, actor: Actor, problems: Sequence[str], now: Instant) -> None:
    """Write down why a signed mail that was to reaffirm something did not."""
    _record(tx, REFUSED, actor, {"problems": list(problems)}, now=now)


def _thaw(
    tx: Tx,
    freeze: Freeze,
    actor: Actor,
    shown: Statement,
    after: IssueId | None,
    *,
    now: Instant,
) -> Done:
    more = withheld.withhold_answers(tx, since=freeze.since, now=now)
    numbers.raise_to(tx, [*freeze.numbers, *([after] if after is not None else [])])
    highest = max(head.seq for head in (freeze.head, *freeze.witnesses))
    frozen.thaw(tx)
    people = [person.name for person in shown.by]
    payload = {"people": people, "withheld": freeze.held + more, "accepted": highest}
    _record(tx, frozen.THAWED, actor, payload, now=now)
    lines = [f"reaffirm: the database works again, say {' and '.join(people)}"]
    if freeze.held + more:
        lines.append(
            f"reaffirm: {freeze.held + more} deliveries may have been sent before and stay"
            " blocked; send those again that are missing: gatekeeper delivery list --state blocked"
        )
    return Done(lines=tuple(lines))


def _enough(team: Team, by: tuple[Person, ...]) -> bool:
    """Say whether two people did, of two employers where the team has them; one where it is one."""
    if len(team.people) == 1:
        return len(by) == 1
    wanted = min(2, len({person.employer for person in team.people}))
    return len(by) >= 2 and len({person.employer for person in by}) >= wanted


def _needed(team: Team) -> str:
    several = len({person.employer for person in team.people}) > 1
    return "another person, of another employer, must" if several else "another person must"


def _number(text: str) -> IssueId | None:
    if not text:
        return None
    try:
        return IssueId.parse(text)
    except ValueError as error:
        raise Refusal(
            f"after= names no issue: {error}", remedy="name the highest number you know of"
        ) from None


def _lines(tx: Tx, place: Place, freeze: Freeze, after: IssueId | None) -> Iterator[str]:
    yield f"Installation: {place.alias}"
    yield f"Frozen:       {rfc3339(freeze.since)}: {freeze.reason}"
    if freeze.nonce:
        yield f"Freeze:       {freeze.nonce.hex()}"
    yield f"Event log:    ends with {_shown(freeze.head)}"
    for head in freeze.witnesses:
        yield f"Seen before:  {_shown(head)}, which is not in it"
    yield f"Withheld:     {freeze.held} deliveries that may have been sent"
    yield from _numbers(place, freeze, after)
    for person in place.team.people:
        yield f"Team:         {person.name}, {person.address}, {person.employer}"
        yield from (f"              {spaced(key)}" for key in person.keys)
    for row in issues.list_all(tx):
        if row.state in OPEN_STATES and row.opened_at <= freeze.since:
            yield f"Issue:        {row.issue_id} {row.state}, opened {rfc3339(row.opened_at)}"


def _numbers(place: Place, freeze: Freeze, after: IssueId | None) -> Iterator[str]:
    highest = {(each.prefix, each.year): each.number for each in freeze.numbers}
    if after is not None:
        named = (after.prefix, after.year)
        highest[named] = max(after.number, highest.get(named, 0))
    for (prefix, year), number in sorted(highest.items()):
        if prefix == place.prefix:
            yield f"Numbers:      go on after {IssueId(prefix=prefix, year=year, number=number)}"


def _shown(head: Head) -> str:
    return f"entry {head.seq}, {head.digest.hex()}"


def _record(tx: Tx, kind: str, actor: Actor, payload: dict[str, object], *, now: Instant) -> None:
    audit.append(tx, kind=kind, actor=actor.name, now=now, payload=payload, message=actor.about)
