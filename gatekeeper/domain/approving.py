"""Approvals: what needs how many people, who of them counts, what is missing (P-8, T-11)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.process_policy import ApprovalPolicy, Employers
from gatekeeper.domain.team import Person, Role, Team


class RequestKind(StrEnum):
    """What can wait for approval."""

    REPLY_CLEAR = "reply-clear"
    REPORTER_KEY = "reporter-key"
    DATE_MOVE = "date-move"
    AGREEMENT = "agreement"
    TRACK = "track"
    REJECT = "reject"
    HAND_OVER = "hand-over"
    MERGE = "merge"
    INVITE = "invite"
    REMOVE = "remove"
    WAIVE = "waive"
    TEAM = "team"
    REINSTATE = "reinstate"
    POLICY = "policy"
    TEMPLATES = "templates"
    ADDRESSES = "addresses"
    PURGE = "purge"
    QUARANTINE_DROP = "quarantine-drop"
    DELIVERY_CANCEL = "delivery-cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a kind of request needs: `people` None for as many as policy says.

    `employers` says whether policy's rule about employers holds for it · `admins` that admins alone
    decide, where the team has enough of them.
    """

    people: int | None = None
    employers: bool = True
    admins: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be done without a second look."""
        if self.people is not None and self.people < 2:
            message = "an approval needs two people at least"
            raise ValueError(message)


_ALL: Final = Need()
_LOOKED_AT: Final = Need(people=2, employers=False)
_GOVERNED: Final = Need(admins=True)

NEEDS: Final[Mapping[RequestKind, Need]] = MappingProxyType(
    {
        **dict.fromkeys(RequestKind, _ALL),
        **dict.fromkeys((RequestKind.REPLY_CLEAR, RequestKind.REPORTER_KEY), _LOOKED_AT),
        RequestKind.TEAM: _GOVERNED,
        RequestKind.REINSTATE: _GOVERNED,
        RequestKind.POLICY: _GOVERNED,
        RequestKind.TEMPLATES: _GOVERNED,
        RequestKind.ADDRESSES: _GOVERNED,
    }
)
"""An answer in clear and a reporter's key are a second look at text (02); all else is P-8's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a request stands.

    `counted` of `needed` people count · `why_not` says in words what is missing, "" when it is
    enough · `remark` says where fewer people or employers do than the rule asks for, "" else;
    it is shown wherever the request is.
    """

    counted: tuple[str, ...]
    needed: int
    why_not: str
    remark: str

    @property
    def enough(self) -> bool:
        """Say whether it may be done."""
        return not self.why_not


def enough(
    kind: RequestKind,
    *,
    asked_by: str,
    approved_by: Sequence[str],
    team: Team,
    policy: ApprovalPolicy,
    shell: bool = False,
    suspended: Set[str] = frozenset(),
) -> Standing:
    """Return how a request stands with the team as it is now.

    `asked_by` and `approved_by` are addresses' keys or names; who asked by signed mail counts
    once, who asked from a `shell` not at all. Nobody counts twice, nobody who is not in the team
    any more, and nobody among `suspended` (addresses' keys). Where the team has two employers,
    two have to agree (T-11).
    """
    need = NEEDS[kind]
    people = need.people if need.people is not None else policy.people
    present = tuple(each for each in team.people if each.address.key not in suspended)
    active = _admins(present, people) if need.admins else present
    alone = len(active) < people and policy.alone_allowed
    needed = max(len(active), 1) if alone else people
    counted = _counted(active, [*([] if shell else [asked_by]), *approved_by])
    differ = need.employers and policy.employers is Employers.DISTINCT_IF_AVAILABLE
    wanted = 2 if differ and needed > 1 else 1
    available = _employers(active)
    remarks: list[str] = []
    if alone:
        remarks.append(
            f"{_all_of_the_team(active)}, so {needed} can approve what else needs {people}"
        )
    if wanted > len(available) >= team.roster_employers and len(active) > 1:
        remarks.append(f"everybody of the team is employed by {available[0]}")
    return Standing(
        counted=tuple(person.name for person in counted),
        needed=needed,
        why_not=_why_not(
            active, counted, needed, min(wanted, max(len(available), team.roster_employers))
        ),
        remark="; ".join(remarks),
    )


def _admins(present: Sequence[Person], people: int) -> tuple[Person, ...]:
    """Return the admins, or everybody where admins alone would be fewer, or of fewer employers."""
    admins = tuple(each for each in present if Role.ADMIN in each.roles)
    several = min(2, len(_employers(present))) <= len(_employers(admins))
    return admins if len(admins) >= people and several else tuple(present)


def _counted(active: Sequence[Person], named: Sequence[str]) -> tuple[Person, ...]:
    """Return who of those named counts, each once; a name that two people have counts for one."""
    found: dict[str, Person] = {}
    for name in named:
        for person in active:
            if name in {person.address.key, person.name}:
                found.setdefault(person.address.key, person)
                break
    return tuple(found.values())


def _employers(people: Sequence[Person]) -> tuple[str, ...]:
    return Team(people=tuple(people)).employers if people else ()


def _why_not(
    active: Sequence[Person], counted: Sequence[Person], needed: int, employers: int
) -> str:
    if not active:
        return "nobody of the team is there to approve"
    if len(active) < needed:
        return f"{_all_of_the_team(active)}, and {needed} have to approve"
    of = _employers(counted)
    left = needed - len(counted)
    if left > 0:
        more = "1 more person has" if left == 1 else f"{left} more people have"
        other = f", of an employer other than {of[0]}" if len(of) == 1 < employers else ""
        return f"{more} to approve{other if left == 1 else ''}"
    if len(of) < employers:
        return (
            f"all who approved are employed by {of[0]}: somebody of another employer has to"
            " approve, too"
        )
    return ""


def _all_of_the_team(active: Sequence[Person]) -> str:
    count = len(active)
    return "1 person is all of the team" if count == 1 else f"{count} people are all of the team"
