"""The clock's duty: of all processes with that role one does the work, the others stand by."""

import logging
from collections.abc import Callable
from typing import Final

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.store import duties
from gatekeeper.store.duties import Term
from gatekeeper.store.engine import Guarded, Store
from gatekeeper.store.faults import StaleLease
from gatekeeper.store.tx import Tx

_LOG: Final = logging.getLogger("gatekeeper.service")

CLOCK: Final = "clock"
"""The duty's name in the database."""

LEASE: Final = 30 * SECOND
"""How long nobody else takes over after the last word of whoever has the duty."""


class Lead:
    """Takes the duty when it is free, keeps it while this process runs, gives it up at the end."""

    def __init__(
        self,
        *,
        store: Store,
        holder: Callable[[], RowId],
        now: Callable[[], Instant],
        on_taken: Callable[[], None],
    ) -> None:
        """Take who we are, and whom to call each time that we have just got the duty."""
        self._store = store
        self._holder = holder
        self._now = now
        self._on_taken = on_taken
        self._term: Term | None = None
        self._told = False

    @property
    def store(self) -> Store:
        """The store without a question."""
        return self._store

    @property
    def term(self) -> Term | None:
        """The term under which we have the duty, None while somebody else has it."""
        return self._term

    def tick(self) -> int:
        """Take the duty or keep it; return 0, for that is no work."""
        holder, now, before = self._holder(), self._now(), self._term
        term = self._store.write(
            lambda tx: duties.take(tx, name=CLOCK, holder=holder, now=now, lease=LEASE)
        )
        self._term = term
        if term is not None and term != before:
            _LOG.info("the clock's work is done here")
            self._told = False
            self._on_taken()
        elif term is None and not self._told:
            _LOG.info("the clock's work is done by another process; this one stands by")
            self._told = True
        return 0

    def lost(self, term: Term) -> None:
        """Note that somebody was found to have the duty after that term of ours."""
        if self._term == term:
            self._term = None

    def give_up(self) -> None:
        """Let another process have the duty at once."""
        term, self._term = self._term, None
        if term is not None:
            self._store.write(lambda tx: duties.release(tx, term))


class Turn:
    """One piece of the duty's work, on a thread of its own, each round under one term.

    `store` writes only while nobody else has got the duty since the round began: a process that
    stood still, and goes on in the middle of a round, writes nothing.
    """

    def __init__(self, lead: Lead, make: Callable[[Store], Callable[[], int]]) -> None:
        """Take what makes the work over the store that it is to use."""
        self._lead = lead
        self._term: Term | None = None
        self._work = make(Guarded(lead.store, self._require))

    def tick(self) -> int:
        """Do a round if the duty is ours; return how much was done, 0 if it was lost meanwhile."""
        self._term = term = self._lead.term
        if term is None:
            return 0
        try:
            return self._work()
        except StaleLease:
            self._lead.lost(term)
            return 0

    def _require(self, tx: Tx) -> None:
        if self._term is not None:
            duties.require(tx, self._term)
