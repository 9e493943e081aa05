"""Runs the pump until nothing is due any more, and lends it jobs that lie in no database."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.outbound.job import Job, Room
from gatekeeper.outbound.pump import Pump, Source
from gatekeeper.outbound.relay import Relay

WAIT = 30.0
NOW = Instant(1_800_000_000_000_000)


class _Watched:
    """An outbox that says when everything that was due has its mark."""

    def __init__(self, outbox: Source) -> None:
        self.outbox = outbox
        self.pump: Pump | None = None
        self.dry: Callable[[], object] = lambda: None
        self.taken = 0
        self.open = 0
        self.error: Exception | None = None

    def claim(self, room: Room) -> Sequence[Job]:
        try:
            jobs = self.outbox.claim(room)
        except Exception as error:
            self._failed(error)
            raise
        self.taken += len(jobs)
        self.open += len(jobs)
        if not jobs and not self.open:
            self.dry()
        return jobs

    def record_all(self, sent: Sequence[tuple[Job, Attempt]]) -> None:
        try:
            self.outbox.record_all(sent)
        except Exception as error:
            self._failed(error)
            raise
        self._ended(len(sent))

    def settle(self) -> None:
        self.outbox.settle()

    def release(self, jobs: Sequence[Job], *, wait: int = 0) -> None:
        self.outbox.release(jobs, wait=wait)
        self._ended(len(jobs))

    def _ended(self, count: int) -> None:
        self.open -= count
        if not self.open and self.pump is not None:
            self.pump.wake()

    def _failed(self, error: Exception) -> None:
        self.error = error
        self.dry()


async def pump_dry(
    outbox: Source, relay: Relay, policy: OutboxPolicy, now: Callable[[], Instant]
) -> int:
    """Send until nothing is due; return how many jobs that were, or raise what went wrong."""
    watched, stop = _Watched(outbox), asyncio.Event()
    loop = asyncio.get_running_loop()
    watched.dry = lambda: loop.call_soon_threadsafe(stop.set)
    watched.pump = Pump(outbox=watched, relay=relay, policy=policy, now=now)
    await watched.pump.run(stop)
    if watched.error is not None:
        raise watched.error
    return watched.taken


class Stock:
    """Jobs in memory, what came of them by number, and a database that can be away.

    The number of a job is its row id. `noted` is called for each group of marks before it counts.
    """

    def __init__(self) -> None:
        self.of: dict[int, Attempt] = {}
        self.released: list[int] = []
        self.threads: set[int] = set()
        self.rooms: list[Room] = []
        self.groups: list[int] = []
        self.away: Exception | None = None
        self.noted: Callable[[], None] = lambda: None
        self.claims = 0
        self.kept: list[tuple[Job, Attempt]] = []
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()

    def add(self, jobs: Sequence[Job]) -> None:
        """Make jobs due."""
        with self._changed:
            self._jobs.extend(jobs)

    def claim(self, room: Room) -> Sequence[Job]:
        """Return jobs as the outbox does: urgent ones first, and one whatever its size."""
        with self._changed:
            self.claims += 1
            self._changed.notify_all()
            if self.away:
                raise self.away
            self.rooms.append(room)
            able = [job for job in self._jobs if job.urgent]
            if not able and not room.urgent:
                able = list(self._jobs)
            size = len(able[0].what.content) if able else 1
            taken = able[: max(1, min(room.jobs, room.octets // size))]
            for job in taken:
                self._jobs.remove(job)
            return taken

    def record_all(self, sent: Sequence[tuple[Job, Attempt]]) -> None:
        """Note what came of jobs, unless the database is away."""
        if self.away:
            with self._changed:
                self.kept += sent
                self._changed.notify_all()
            raise self.away
        self.noted()
        with self._changed:
            self.groups.append(len(sent))
            self.threads.add(threading.get_ident())
            for job, attempt in sent:
                assert int.from_bytes(job.id) not in self.of
                self.of[int.from_bytes(job.id)] = attempt
            self._changed.notify_all()

    def settle(self) -> None:
        """Note what could not be noted before."""
        if self.away:
            raise self.away
        kept, self.kept = self.kept, []
        self.record_all(kept)

    def release(self, jobs: Sequence[Job], *, wait: int = 0) -> None:
        """Note what was not begun."""
        del wait
        with self._changed:
            self.released += [int.from_bytes(job.id) for job in jobs]
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Return as soon as that many jobs have ended one way or the other."""
        self.until(lambda: len(self.of) + len(self.released) >= count)

    def until(self, true: Callable[[], bool]) -> None:
        """Return as soon as something is true that may change with a call."""
        with self._changed:
            assert self._changed.wait_for(true, WAIT), self.outcomes()

    def outcomes(self) -> dict[int, Outcome]:
        """Return the outcomes by number."""
        return {number: attempt.outcome for number, attempt in self.of.items()}
