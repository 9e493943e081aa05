"""Erase what policy keeps no longer: a little at a time, each in one commit with its entry.

Whatever is killed: what was erased is recorded, and what was not is erased the next time. Of open
issues nothing is erased, nor of those under legal hold, nor while the database is frozen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.retention import Why, older_than
from gatekeeper.store import audit, chain, erasure, forgetting, frozen, issues, scores
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.erasure import Erased

_ACTOR: Final = "gatekeeper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is erased over one store, by the terms of `policy.retention`."""

    store: Store
    policy: Policy
    now: Callable[[], Instant]

    def tick(self) -> int:
        """Erase the next that is due, a bounded piece; return how many rows, 0 when none is left.

        Scores that are forgotten go with the last piece.
        """
        now = self.now()
        return self.store.write(lambda tx: self._piece(tx, now))

    def _piece(self, tx: Tx, now: Instant) -> int:
        if frozen.of(tx) is not None:
            return 0
        erasure.for_good(tx)
        terms = self.policy.retention
        steps: tuple[tuple[int | None, Callable[[Tx, Instant, Instant], int]], ...] = (
            (terms.automatic, _automatic),
            (terms.postmaster, _postmaster),
            (terms.mail, _mail),
            (terms.issues, _issue),
            (terms.commands, _commands),
        )
        for kept, step in steps:
            before = older_than(kept, now)
            if before is not None and (done := step(tx, before, now)):
                return done
        return scores.forget(tx, before=later(now, -self.policy.bounces.forget_after))


def _automatic(tx: Tx, before: Instant, now: Instant) -> int:
    found = erasure.automatic(tx, before=before, now=now)
    return _recorded(tx, found, why=Why.AUTOMATIC, issue=None, now=now)


def _postmaster(tx: Tx, before: Instant, now: Instant) -> int:
    found = erasure.postmaster(tx, before=before, now=now)
    asked = forgetting.requests_of_none(tx, before=before)
    return asked + _recorded(tx, found, why=Why.POSTMASTER, issue=None, now=now)


def _mail(tx: Tx, before: Instant, now: Instant) -> int:
    issue = erasure.with_mail(tx, before=before)
    if issue is None or not issues.locked_unchanged(tx, issue, before=before):
        return 0
    found = erasure.mail_of(tx, issue, now=now)
    return _recorded(tx, found, why=Why.MAIL, issue=issue, now=now)


def _issue(tx: Tx, before: Instant, now: Instant) -> int:
    issue = forgetting.next_issue(tx, before=before)
    if issue is None or not issues.locked_unchanged(tx, issue, before=before):
        return 0
    erased = forgetting.entries(tx, issue)
    ended = erased < forgetting.ENTRIES_MAX
    if ended:
        forgetting.rest(tx, issue)
    audit.append(
        tx,
        kind=chain.ISSUE_ERASED if ended else chain.PIECE_ERASED,
        actor=_ACTOR,
        now=now,
        payload={"why": Why.ISSUES},
        issue=issue,
    )
    return erased + 1


def _commands(tx: Tx, before: Instant, now: Instant) -> int:
    del now
    return erasure.commands(tx, before=before)


def _recorded(tx: Tx, found: Erased, *, why: Why, issue: RowId | None, now: Instant) -> int:
    """Append what was erased, if anything was, and return how many rows."""
    if found.rows:
        audit.append(
            tx,
            kind=chain.MAIL_ERASED,
            actor=_ACTOR,
            now=now,
            payload={"why": why, "messages": found.messages, "letters": found.letters},
            issue=issue,
        )
    return found.rows
