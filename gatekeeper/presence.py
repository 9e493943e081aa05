"""This process among those on the database: it says that it runs, and compares its clock.

Leases end by the clock of whoever looks. A process whose clock is far off the database's would
take work from others that they still do; so it claims none until the clocks agree again. Nor does
one that was started with another team or policy than the one in force.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.roles import Role
from gatekeeper.issues import running
from gatekeeper.store import processes
from gatekeeper.store.engine import Store
from gatekeeper.store.processes import Name
from gatekeeper.store.tx import Tx

_LOG: Final = logging.getLogger("gatekeeper.service")

SHARE: Final = 4
"""By what part of a lease, at most, our clock may be off: two of them are off by half of it."""


STALE_SECONDS: Final = 1.0
"""How long a look at what is in force stands for whoever claims work."""


class InForce:
    """Watches whether what is in force is still what this process was started with."""

    def __init__(self, *, store: Store, mark: bytes, now: Callable[[], Instant]) -> None:
        """Take the mark of what was in force at the start, see `issues.running`."""
        self._store = store
        self._mark = mark
        self._now = now
        self._looked = 0.0
        self.changed = False
        self.on_change: Callable[[], object] | None = None

    def tick(self) -> int:
        """Look now, and say once that it has changed; there is never more to do."""
        self._looked = time.monotonic()
        mark = self._store.read(lambda tx: running.mark_of(tx, now=self._now()))
        if mark != self._mark and not self.changed:
            self.changed = True
            _LOG.warning("the team, policy, texts or addresses in force have changed")
            if self.on_change is not None:
                self.on_change()
        return 0

    def holds(self) -> bool:
        """Say whether it was so within the last second."""
        if not self.changed and time.monotonic() - self._looked > STALE_SECONDS:
            self.tick()
        return not self.changed


class Presence:
    """One process; `begin` it before its work, `tick` it now and then, `end` it after.

    `lease` is the shortest that work is claimed for, in microseconds.
    """

    def __init__(
        self,
        *,
        store: Store,
        name: Name,
        roles: Iterable[Role],
        lease: int,
        now: Callable[[], Instant],
    ) -> None:
        """Take who we are and what we do; nothing is written yet."""
        self._store = store
        self._name = name
        self._roles = frozenset(roles)
        self._tolerated = lease // SHARE
        self._now = now
        self._fit = True
        self._id: RowId | None = None

    @property
    def id(self) -> RowId:
        """The process's row, once it has begun."""
        if self._id is None:
            message = "a process that has not begun has no row"
            raise RuntimeError(message)
        return self._id

    def fit(self) -> bool:
        """Say whether our clock is near enough to the database's for claiming work."""
        return self._fit

    def begin(self) -> None:
        """Write this process down, and compare the clocks."""
        now = self._now()
        self._id = self._store.write(
            lambda tx: processes.register(tx, name=self._name, roles=self._roles, now=now)
        )
        self.tick()

    def tick(self) -> int:
        """Say that we run and compare the clocks; return 0, for that is no work."""
        ahead = self._ahead()
        now = self._now()
        self._store.write(lambda tx: self._beat(tx, ahead, now))
        self._judge(ahead)
        return 0

    def end(self) -> None:
        """Say that we run no more."""
        process = self.id
        self._store.write(lambda tx: processes.leave(tx, process=process))

    def _beat(self, tx: Tx, ahead: int, now: Instant) -> None:
        process, name = self.id, self._name
        if not processes.beat(tx, process=process, name=name, ahead=ahead, now=now):
            # We stood still for so long that we were taken for dead and forgotten.
            processes.register(tx, name=name, roles=self._roles, now=now, process=process)

    def _ahead(self) -> int:
        """Return how far our clock is certainly ahead of the database's; negative is behind.

        The database looked at its clock between two looks at ours: what may be the way there and
        back counts for nothing.
        """
        before = self._now()
        there = self._store.read(processes.database_now)
        after = self._now()
        if there is None or before <= there <= after:
            return 0
        return before - there if there < before else after - there

    def _judge(self, ahead: int) -> None:
        fit = abs(ahead) <= self._tolerated
        if fit and not self._fit:
            _LOG.warning("the clock agrees with the database's again: work is claimed")
        elif not fit and self._fit:
            _LOG.error(
                "this machine's clock is %d seconds %s the database's: nothing is claimed here"
                " until they agree; have both follow one time source",
                abs(ahead) // SECOND,
                "ahead of" if ahead > 0 else "behind",
            )
        self._fit = fit
