"""What is in force and who is suspended, from the database: by this every process works (05, S-0).

A process that was started by something else does no work until it has begun anew.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.governed import Content, Kind, load
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.team import Person
from gatekeeper.store import applied, attendance, audit
from gatekeeper.store.applied import Applied
from gatekeeper.store.tx import Tx

ADOPTED: Final = "governed.adopted"
SETTLED_AFTER: Final = 7 * DAY
"""So long one person's word that another is suspended lowers nothing that approvals need (P-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """What is in force now.

    `held` by kind, empty before the first start · `suspended` the addresses' keys of people whose
    word counts for nothing · `fresh` says whether one of them was suspended so lately that a team
    which is small because of it may not work with less.
    """

    held: Mapping[Kind, Content]
    suspended: frozenset[str]
    fresh: bool

    @property
    def mark(self) -> bytes:
        """Return what changes with anything of it: 32 bytes."""
        digests = {kind: content.digest for kind, content in self.held.items()}
        return _mark(digests, self.suspended, fresh=self.fresh)

    def active(self, people: Iterable[Person]) -> tuple[Person, ...]:
        """Return those whose word counts."""
        return tuple(each for each in people if each.address.key not in self.suspended)


NOTHING: Final = Force(held=MappingProxyType({}), suspended=frozenset(), fresh=False)
"""What is in force before the first start."""


def of(tx: Tx, *, now: Instant) -> Force:
    """Return what is in force."""
    held = {Kind(row.kind): load(row.content) for row in applied.list_all(tx)}
    suspended, fresh = _suspended(tx, now)
    return Force(held=MappingProxyType(held), suspended=suspended, fresh=fresh)


def mark_of(tx: Tx, *, now: Instant) -> bytes:
    """Return the mark of what is in force, without reading all of it."""
    suspended, fresh = _suspended(tx, now)
    digests = {Kind(row.kind): row.digest for row in applied.list_all(tx)}
    return _mark(digests, suspended, fresh=fresh)


def require(tx: Tx, mark: bytes, *, now: Instant) -> None:
    """Raise OurFault when what is in force is not what this process works by."""
    if mark_of(tx, now=now) != mark:
        raise OurFault(
            "what is in force has changed: the team, the policy, texts or addresses",
            remedy="the service begins anew with it by itself",
        )


def adopt(tx: Tx, files: Mapping[Kind, Content], *, now: Instant) -> tuple[Kind, ...]:
    """Put what the files say into force where nothing is yet, and return the kinds.

    That is the first start, or the first of a version that governs more: nobody is written to.
    """
    new = tuple(kind for kind in Kind if applied.adopt(tx, as_row(files[kind], now=now)))
    if new:
        digests = {str(kind): files[kind].digest.hex() for kind in new}
        audit.append(tx, kind=ADOPTED, actor="gatekeeper", now=now, payload={"digests": digests})
    return new


def as_row(content: Content, *, request: RowId | None = None, now: Instant) -> Applied:
    """Return a content as the store keeps it; `request` is what people approved, if they did."""
    return Applied(
        kind=content.kind,
        digest=content.digest,
        content=content.dump(),
        at=now,
        request=request,
    )


def _suspended(tx: Tx, now: Instant) -> tuple[frozenset[str], bool]:
    """Return whose word counts for nothing, and whether one was suspended lately."""
    found = {
        each.person.key: each.suspended_at
        for each in attendance.list_all(tx)
        if each.suspended_at is not None
    }
    lately = later(now, -SETTLED_AFTER)
    return frozenset(found), any(at > lately for at in found.values())


def _mark(digests: Mapping[Kind, bytes], suspended: Iterable[str], *, fresh: bool) -> bytes:
    parts = [f"{kind} {digests[kind].hex()}" for kind in Kind if kind in digests]
    return hashlib.sha256("\n".join([*parts, *sorted(suspended), str(fresh)]).encode()).digest()
