"""Keep every connection to the relay busy, from claim to mark, and let none wait for another.

Jobs are claimed a little ahead and wait on shelves in memory. A connection takes its next job only
when the mark of the one before is committed; the marks of all connections that wait for it are
committed together. While marks cannot be committed, nothing more is begun (promise P-6). What was
claimed and is not begun soon enough for its lease goes back, without counting as a try.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gatekeeper.domain.delivery import Attempt
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.pace import Pace
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.domain.protection import ClearReply
from gatekeeper.outbound.job import Job, Room, octets
from gatekeeper.outbound.outbox import AHEAD_BYTES
from gatekeeper.outbound.relay import Relay, Way

_LOG: Final = logging.getLogger("gatekeeper.outbound")


class Source(Protocol):
    """Where jobs come from and marks go to: the outbox. Called on threads; raises what it may."""

    def claim(self, room: Room, /) -> Sequence[Job]:
        """Return jobs to send, none when nothing is due."""

    def record_all(self, sent: Sequence[tuple[Job, Attempt]], /) -> None:
        """Commit what came of them; what it cannot commit it keeps for `settle`."""

    def settle(self) -> None:
        """Commit what was kept."""

    def release(self, jobs: Sequence[Job], /, *, wait: int = 0) -> None:
        """Let go of jobs that were not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A job on a shelf; by the loop's clock it may begin until `until`."""

    job: Job
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """An outcome that waits to be committed, and the connection that waits for that.

    `took` is how long the attempt lasted, in seconds.
    """

    job: Job
    attempt: Attempt
    took: float
    committed: "asyncio.Future[None]"


_Shelf = deque[_Claimed]

GATHER: Final = (SECOND // 200, SECOND // 20)
"""For so long a mark waits for those of the attempts that began just now, to be one commit.

That is half as long as its own attempt took, but no less than the first and no more than the last.
"""

JUST_NOW: Final = SECOND // 20
"""An attempt that takes longer, and longer than twice the one that waits, is not waited for."""

CLEAR_AHEAD: Final = 8
"""Replies in clear that wait for their one connection; what is claimed beyond that goes back."""


class Pump:
    """Sends what is due over the relay's connections until it is told to stop.

    Each of the relay's lines takes from the shelves of urgent and ordinary jobs, `relay.urgent`
    from the first alone, so that what is urgent never waits behind what is not; a ClearReply goes
    over its own. `policy.per_minute` spreads what is not urgent.
    """

    def __init__(
        self, *, outbox: Source, relay: Relay, policy: OutboxPolicy, now: Callable[[], Instant]
    ) -> None:
        """Take stages 8 and 9; `now` is the clock of the pace."""
        self._outbox = outbox
        self._relay = relay
        self._policy = policy
        self._now = now
        self._pace = Pace(policy.per_minute)
        self._urgent: _Shelf = deque()
        self._ordinary: _Shelf = deque()
        self._clear: _Shelf = deque()
        self._under_way: dict[RowId, Job] = {}
        self._begun_at: dict[RowId, float] = {}
        self._marks: list[_Mark] = []
        self._late: list[Job] = []
        self._woken = True
        self._more = True
        self._finished = False
        self._stuck = False
        self._over = False
        self._said: tuple[str, str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look = asyncio.Event()
        self._marked = asyncio.Event()
        self._changed = asyncio.Event()
        self._again = asyncio.Event()

    def wake(self) -> None:
        """Say that something may be due; from any thread, also before and after `run`."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, then finish what is on the wire and let go of the rest.

        A call that is cancelled ends in the same way.
        """
        self._loop = asyncio.get_running_loop()
        ways: list[tuple[Way, Sequence[_Shelf]]] = [
            *((line, (self._urgent, self._ordinary)) for line in self._relay.lines),
            (self._relay.urgent, (self._urgent,)),
            (self._relay.clear, (self._clear,)),
        ]
        lanes = [asyncio.create_task(self._lane(way, shelves)) for way, shelves in ways]
        marking = asyncio.create_task(self._marking())
        claiming = asyncio.create_task(self._claiming())
        try:
            await stop.wait()
        finally:
            await asyncio.shield(self._end(lanes, marking, claiming))

    async def _end(
        self,
        lanes: "Sequence[asyncio.Task[None]]",
        marking: "asyncio.Task[None]",
        claiming: "asyncio.Task[None]",
    ) -> None:
        self._over = True
        self._wake()
        self._broadcast()
        await asyncio.gather(claiming, *lanes)
        self._finished = True
        self._marked.set()
        await marking
        left = [claimed.job for shelf in self._shelves() for claimed in shelf]
        await self._quietly("not let go", self._release([*self._late, *left]))
        await self._relay.close()

    # Claims

    async def _claiming(self) -> None:
        while not self._over:
            self._look.clear()
            await self._quietly("not let go", self._release(self._taken_late()))
            if not await self._claim_once():
                await self._look.wait()

    async def _claim_once(self) -> bool:
        """Fill the shelves by what one claim gives, and say whether there may be more."""
        room = None if self._stuck else self._room()
        if room is None:
            return False
        self._woken, self._more = False, self._more and room.urgent
        # From before the claim, for the lease runs from within it.
        until = asyncio.get_running_loop().time() + self._relay.wait / SECOND
        try:
            jobs = await asyncio.to_thread(self._outbox.claim, room)
        except Exception as error:  # noqa: BLE001 - sending must outlive what it does not know
            self._complain("nothing claimed", error)
            return False
        self._works()
        if jobs:
            # Urgent ones come first: what is not urgent says that no urgent one was due.
            self._woken = self._woken or jobs[0].urgent
            self._more = self._more or not room.urgent
            await self._shelve([_Claimed(job=job, until=until) for job in jobs])
        return bool(jobs)

    async def _shelve(self, claimed: Sequence[_Claimed]) -> None:
        back: list[Job] = []
        for one in claimed:
            if not isinstance(one.job.what, ClearReply):
                (self._urgent if one.job.urgent else self._ordinary).append(one)
            elif len(self._clear) < CLEAR_AHEAD:
                self._clear.append(one)
            else:
                back.append(one.job)
        self._broadcast()
        await self._quietly("not let go", self._release(back, wait=self._relay.wait))

    def _room(self) -> Room | None:
        """Return how much is to be claimed, None for nothing.

        When there is no room for anything else, what is urgent is claimed all the same, but only
        looked for when somebody said that there may be something.
        """
        if self._more and self._wants():
            able = self._pace.within(self._relay.wait)
            batch = self._policy.batch
            jobs = (batch if able is None else min(batch, able)) - len(self._ordinary)
            waiting = (claimed.job for shelf in self._shelves() for claimed in shelf)
            free = AHEAD_BYTES - octets((*self._under_way.values(), *waiting))
            if free > 0 and jobs > 0:
                return Room(jobs=jobs, octets=free)
        jobs = self._policy.batch - len(self._urgent)
        if self._woken and jobs > 0:
            return Room(jobs=jobs, octets=AHEAD_BYTES, urgent=True)
        return None

    def _wants(self) -> bool:
        """Whether the shelf is nearly empty: a few large claims cost less than many small ones."""
        return len(self._ordinary) <= self._policy.batch // 4

    def _shelves(self) -> tuple[_Shelf, _Shelf, _Shelf]:
        return self._urgent, self._ordinary, self._clear

    def _taken_late(self) -> list[Job]:
        late, self._late = self._late, []
        return late

    async def _release(self, jobs: Sequence[Job], *, wait: int = 0) -> None:
        if jobs:
            await asyncio.to_thread(self._outbox.release, jobs, wait=wait)

    # Connections

    async def _lane(self, way: Way, shelves: Sequence[_Shelf]) -> None:
        while (job := await self._next(shelves)) is not None:
            self._under_way[job.id] = job
            try:
                await self._commit(await self._attempted(way, job))
            except Exception as error:  # noqa: BLE001 - one job must not end a connection for ever
                # It may have left: it is due again when its lease ends, and that counts as a try.
                self._complain("an attempt was broken off", error)
            del self._under_way[job.id]
            self._refill()

    async def _attempted(self, way: Way, job: Job) -> _Mark:
        loop = asyncio.get_running_loop()
        begun = self._begun_at[job.id] = loop.time()
        try:
            attempt = await way.attempt(job)
        finally:
            del self._begun_at[job.id]
        _LOG.debug("delivery attempted: %s", attempt.outcome)
        committed = loop.create_future()
        return _Mark(job=job, attempt=attempt, took=loop.time() - begun, committed=committed)

    async def _next(self, shelves: Sequence[_Shelf]) -> Job | None:
        """Return the next job that may begin, None when it is over."""
        while not self._over:
            wait = None
            if not self._stuck:
                job, wait = self._begun(shelves)
                if job is not None:
                    return job
            await self._change(wait)
        return None

    def _begun(self, shelves: Sequence[_Shelf]) -> tuple[Job | None, float | None]:
        """Take a job from the first shelf that has one; else say how long the pace makes it wait.

        Waiting times are seconds, None when nothing waits for the pace.
        """
        loop = asyncio.get_running_loop()
        for shelf in shelves:
            while shelf:
                now = self._now()
                paces = shelf is not self._urgent
                paced = self._pace.wait(now) if paces else 0
                if loop.time() > shelf[0].until:
                    self._late.append(shelf.popleft().job)
                    self._look.set()
                    continue
                if paced:
                    return None, paced / SECOND
                if paces:
                    self._pace.begun(now)
                job = shelf.popleft().job
                self._refill()
                return job, None
        return None, None

    async def _commit(self, mark: _Mark) -> None:
        self._marks.append(mark)
        self._marked.set()
        await mark.committed

    # Marks

    async def _marking(self) -> None:
        """Commit the marks that wait, all in one go, until it is over and none is left."""
        while True:
            await self._marked.wait()
            await self._gather()
            group, self._marks = self._marks, []
            if group:
                await self._commit_all(group)
            if self._finished and not self._marks:
                return

    async def _gather(self) -> None:
        """Wait a moment for what will be marked in a moment: the commit is what costs most."""
        loop = asyncio.get_running_loop()
        least, most = (each / SECOND for each in GATHER)
        took = max((mark.took for mark in self._marks), default=0.0)
        end = loop.time() + min(max(took / 2, least), most)
        late = max(2 * took, JUST_NOW / SECOND)
        self._marked.clear()
        while any(loop.time() - begun < late for begun in self._begun_at.values()):
            try:
                async with asyncio.timeout_at(end):
                    await self._marked.wait()
            except TimeoutError:
                break
            self._marked.clear()

    async def _commit_all(self, group: Sequence[_Mark]) -> None:
        sent = [(mark.job, mark.attempt) for mark in group]
        try:
            await asyncio.to_thread(self._outbox.record_all, sent)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may go out meanwhile
            self._complain("an outcome is not recorded, nothing more is sent until it is", error)
            await self._settled()
        for mark in group:
            mark.committed.set_result(None)

    async def _settled(self) -> None:
        """Try again whenever woken, also while a try is under way; give up only at the end."""
        self._stuck = True
        self._again.clear()
        while not await self._quietly(
            "an outcome is still not recorded", asyncio.to_thread(self._outbox.settle)
        ):
            if self._over:
                _LOG.error("an outcome was not recorded, its copy goes out again")
                return
            await self._again.wait()
            self._again.clear()
        self._stuck = False
        self._wake()
        self._broadcast()

    # Signals

    def _wake(self) -> None:
        self._woken = self._more = True
        self._look.set()
        self._again.set()

    def _refill(self) -> None:
        if self._more and self._wants():
            self._look.set()

    def _broadcast(self) -> None:
        """Let everybody who waits for a change look once."""
        self._changed.set()
        self._changed.clear()

    async def _change(self, wait: float | None) -> None:
        try:
            async with asyncio.timeout(wait):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _quietly(self, what: str, work: Coroutine[Any, Any, None]) -> bool:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - sending must outlive what it does not know
            self._complain(what, error)
            return False
        return True

    def _complain(self, what: str, error: Exception) -> None:
        """Say what went wrong; the same is said once, until something works again."""
        said = error.diagnostics() if isinstance(error, GatekeeperError) else type(error).__name__
        if self._said != (what, said):
            _LOG.error("relaying: %s: %s", what, said)
        self._said = (what, said)

    def _works(self) -> None:
        if self._said is not None:
            _LOG.warning("relaying goes on")
        self._said = None
