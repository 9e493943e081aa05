"""Whose word counts no more: what they asked for, approved and hold on paper becomes void (S-0)."""

from dataclasses import dataclass

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.team import Person
from gatekeeper.store import paper_codes, requests, voiding
from gatekeeper.store.tx import Tx

_WHY = "who asked for it left the team, or is suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """How much of a person's word became void: approvals, requests, and codes on paper."""

    approvals: int
    requests: int
    codes: int

    @property
    def lines(self) -> tuple[str, ...]:
        """Say it in words, nothing when there was nothing."""
        said = (
            (self.approvals, "approval of what waits is void", "approvals of what waits are void"),
            (self.requests, "request of theirs is taken back", "requests of theirs are taken back"),
            (self.codes, "code on paper is void", "codes on paper are void"),
        )
        return tuple(f"{n} {one if n == 1 else many}" for n, one, many in said if n)


def void(tx: Tx, person: Person, *, now: Instant) -> Voided:
    """Make void what rests on the word of `person`; what was done already stands."""
    asked = [each for each in requests.waiting(tx) if each.created_by == person.name]
    for each in asked:
        requests.close(tx, request=each.id, state=requests.WITHDRAWN, now=now, why=_WHY)
    return Voided(
        approvals=voiding.approvals_of(tx, person.address.key),
        requests=len(asked),
        codes=paper_codes.revoke_all(tx, person=person.address),
    )
