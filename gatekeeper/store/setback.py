"""Stop a database that was set back: frozen, what may have been sent withheld, numbers raised."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import Instant, rfc3339, to_datetime
from gatekeeper.store import audit, eras, frozen, numbers, withheld
from gatekeeper.store import witness as witnesses
from gatekeeper.store.memory import Memory
from gatekeeper.store.tx import Tx, savepoint
from gatekeeper.store.witness import Witness

ACTOR: Final = "gatekeeper"

SKIPPED: Final = 100
"""Issue numbers left out where nobody knows how many were given out that are not in a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a database must be frozen, as `stop` takes it."""

    reason: str
    witness: Witness | None = None
    skip: int = 0


def by_witness(tx: Tx, seen: Witness) -> Iterator[Cause]:
    """Yield that the database is behind what this host saw of it, if it is."""
    if how := witnesses.setback(tx, seen):
        reason = f"it is behind what {os.uname().nodename} has seen of it: {how}"
        yield Cause(reason=reason, witness=seen)


def by_memory(tx: Tx, memory: Memory) -> Iterator[Cause]:
    """Yield that the database is behind what this process saw of it, if it is."""
    if found := witnesses.forgotten(tx, memory):
        how, seen = found
        reason = f"it is behind what a process of {os.uname().nodename} has seen of it: {how}"
        yield Cause(reason=reason, witness=seen, skip=SKIPPED)


def by_removal(tx: Tx, *, after: int = 0) -> Iterator[Cause]:
    """Yield that it was frozen in an entry of the log after that one, is not, and nobody thawed it.

    In a transaction that writes, ask `frozen.held` first: else a freeze may come between.
    """
    since = frozen.removed(tx, after=after)
    if since is not None:
        yield Cause(reason=f"its freeze of {rfc3339(since)} was removed, and nobody had thawed it")


def compare(tx: Tx, memory: Memory, *, now: Instant) -> None:
    """Freeze the database if it lacks what this process saw of it; before anything is claimed."""
    for cause in by_memory(tx, memory):
        stop(tx, reason=cause.reason, now=now, witness=cause.witness, skip=cause.skip)


def stop(
    tx: Tx, *, reason: str, now: Instant, witness: Witness | None = None, skip: int = 0
) -> bool:
    """Freeze the database for `reason`, a sentence for people; False when `witness` is known.

    Every delivery that has not ended is blocked, and issue numbers continue after the highest that
    `witness` knows, with a gap of `skip` where nobody knows it. So also when it is frozen already:
    it may be a copy that was made while it was, and what was signed of that freeze must
    not thaw this one. Only what this freeze was made for is no reason to make it anew.
    A new era begins: hosts and processes miss what `witness` saw no more, and what comes from now
    on they do.
    """
    before = frozen.held(tx)
    known = before.witnesses if before is not None else ()
    given = numbers.together(numbers.highest(tx), before.numbers if before is not None else ())
    if witness is None:
        eras.begin(tx, since=now)
    else:
        eras.begin(tx, since=now, gone=witness.head.seq, after=witness.era)
        if witness.head in known:
            return False
        known = tuple(sorted((*known, witness.head), key=lambda head: (head.seq, head.digest)))
        given = numbers.together(given, witness.numbers)
    if skip:
        given = tuple(numbers.skipped(tx, given, year=to_datetime(now).year, by=skip))
    numbers.raise_to(tx, given)
    held = withheld.withhold_all(tx, now=now)
    frozen.freeze(tx, reason=reason, now=now, witnesses=known, held=held, numbers=given)
    _record(tx, frozen.FROZEN, {"reason": reason, "withheld": held}, now)
    return True


def _record(tx: Tx, kind: str, payload: dict[str, object], now: Instant) -> None:
    """Append to the log; where it is too broken for that, the freeze stands without."""
    try:
        with savepoint(tx):
            audit.append(tx, kind=kind, actor=ACTOR, now=now, payload=payload)
    except (OurFault, SQLAlchemyError):
        return
