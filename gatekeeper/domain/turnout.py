"""Turnout: who of the team is there, who is told of what, and whether enough can approve (S-0)."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from gatekeeper.domain.approving import RequestKind, enough
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.process_policy import ApprovalPolicy
from gatekeeper.domain.reminders import Audience
from gatekeeper.domain.team import Person, Role, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnout:
    """The team with who is away until when and who is suspended, by addresses' keys."""

    team: Team
    away: Mapping[str, Instant]
    suspended: Set[str]

    def active(self) -> tuple[Person, ...]:
        """Return those who are not suspended."""
        return tuple(p for p in self.team.people if p.address.key not in self.suspended)

    def there(self, at: Instant) -> tuple[Person, ...]:
        """Return those who can be counted on at an instant."""
        return tuple(p for p in self.active() if at >= self.away.get(p.address.key, at))


def addressed(audience: Audience, owner: str, turnout: Turnout, now: Instant) -> tuple[Person, ...]:
    """Return who is told: nobody who is suspended, and who is away only if nobody else is there.

    What is for the owner is for whoever looks after the issue, `owner` by name; when that is nobody
    who is there, for those on call; when none of these is there, for everybody.
    """
    there = turnout.there(now) or turnout.active()
    if audience is Audience.OWNER:
        owners = tuple(person for person in there if owner and person.name == owner)
        on_call = tuple(person for person in there if Role.ON_CALL in person.roles)
        return owners or on_call or there
    return there


def too_few(at: Instant, turnout: Turnout, policy: ApprovalPolicy) -> str:
    """Return why those who are there at an instant cannot approve, "" if they can.

    Judged by the rule for a date move with the team as it is; who is away at that instant is asked
    for by nobody.
    """
    there = turnout.there(at)
    names = [person.address.key for person in there]
    found = enough(
        RequestKind.DATE_MOVE,
        asked_by="",
        approved_by=names,
        team=turnout.team,
        policy=policy,
        suspended=turnout.suspended,
    )
    if found.enough:
        return ""
    if not there:
        return "nobody is there"
    listed = ", ".join(person.name for person in there)
    if len(there) < found.needed:
        return f"only {listed} {'is' if len(there) == 1 else 'are'} there"
    return f"all who are there are employed by {there[0].employer}: {listed}"
