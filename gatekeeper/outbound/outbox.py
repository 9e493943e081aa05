"""8. Claim deliveries that are due, under a lease, and record what became of each.

Claim and record are commits of their own; the sending between them holds no transaction.
"""

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import MIB, OutboxPolicy
from gatekeeper.outbound import ready
from gatekeeper.outbound.job import Job, Room
from gatekeeper.outbound.ready import Maker, Objection
from gatekeeper.outbound.telling import Tell, TellOthers, tell_of
from gatekeeper.store import audit, deliveries, frozen, letters, marks, setback
from gatekeeper.store.audit import Entry
from gatekeeper.store.deliveries import ClaimedDelivery, DeliveryRow
from gatekeeper.store.engine import Store
from gatekeeper.store.marks import Held, Mark, Marked
from gatekeeper.store.tx import Tx

_T = TypeVar("_T")

_LOG: Final = logging.getLogger("gatekeeper.outbound")

AHEAD_BYTES: Final = 32 * MIB
"""About how much is assembled at once, however many deliveries are due."""

ACTOR: Final = "gatekeeper"

EVENTS: Final[Mapping[DeliveryState, str]] = MappingProxyType(
    {
        DeliveryState.DELIVERED: "delivery.delivered",
        DeliveryState.DEFERRED: "delivery.deferred",
        DeliveryState.IN_DOUBT: "delivery.in_doubt",
        DeliveryState.FAILED: "delivery.failed",
    }
)
"""What the event log calls the state that an attempt led to."""

NOT_ASSEMBLED: Final = Attempt(
    outcome=Outcome.NOT_NOW, reply="not sent: its stored packets do not make a message"
)

Say = Callable[[Tx, DeliveryRow, str], None]

Sent = tuple[Job, Attempt]
"""A job and what came of it."""


class Outbox:
    """The deliveries that wait to be sent; claim on one thread at a time, the rest on any."""

    def __init__(
        self,
        *,
        store: Store,
        policy: OutboxPolicy,
        own: OwnAddresses,
        token_key: bytes,
        objection: Objection,
        clear_replies: bool,
        tell: Tell,
        tell_others: TellOthers,
        now: Callable[[], Instant],
    ) -> None:
        """Take what stage 8 needs.

        `objection` says who of the team must not get a copy any more, `clear_replies` whether free
        text may leave in clear, `tell` writes a notice to the team when a mail to somebody outside
        is held back or refused for good, `tell_others` when one to a colleague is refused.
        """
        self._store = store
        self._policy = policy
        self._tell = tell
        self._tell_others = tell_others
        self._now = now
        self._unmarked: list[Sent] = []
        self._settling = threading.Lock()
        self._said_frozen = False
        self._maker = Maker(
            store=store,
            own=own,
            token_key=token_key,
            objection=objection,
            clear_replies=clear_replies,
        )

    def claim(self, room: Room | None = None) -> tuple[Job, ...]:
        """Claim what is due, of one letter, and return it ready to send; urgent ones first.

        Empty when nothing is due, or the database is frozen. A letter's copies are all of one
        size, so that the number that fits into `room` is known; of a large one those are claimed
        together that share nearly all. A delivery whose packets cannot be assembled is recorded as
        not sent and put off.
        """
        room = room or Room(jobs=self._policy.batch, octets=AHEAD_BYTES)
        self.settle()
        lease = secrets.token_bytes(ROW_ID_BYTES)
        while taken := self._store.write(lambda tx: self._take(tx, lease, room)):
            made = [self._maker.job(delivery, lease) for delivery in taken]
            self._hold_back([one for one in made if isinstance(one, ready.Held)], lease)
            jobs = tuple(one for one in made if isinstance(one, Job))
            if jobs:
                return jobs
        if not room.urgent:
            self._maker.forget()
        return ()

    def record_all(self, sent: Sequence[Sent]) -> None:
        """Commit what attempts came to, with their events; one whose lease is over is left alone.

        When that fails (no space, no database) the outcomes are kept, and nothing more is claimed
        until they are committed: what the relay has taken must not go out again (promise P-6).
        """
        try:
            self._record(sent)
        except Exception:
            # Whatever it is: what is not recorded goes out twice.
            self._unmarked.extend(sent)
            raise

    def record(self, job: Job, attempt: Attempt) -> None:
        """Commit what one attempt came to, as `record_all` does."""
        self.record_all([(job, attempt)])

    def settle(self) -> None:
        """Commit the outcomes that could not be committed before; raises while it still fails."""
        with self._settling:
            waiting = self._unmarked[:]
            if waiting:
                self._record(waiting)
                del self._unmarked[: len(waiting)]

    def release(self, jobs: Sequence[Job], *, wait: int = 0) -> None:
        """Let go of jobs that were not begun; they are due again after `wait` microseconds."""
        held = [Held(delivery=job.id, token=job.lease) for job in jobs]
        now = self._now()
        self._store.write(lambda tx: marks.release_all(tx, held, wait=wait, now=now))

    def _take(self, tx: Tx, lease: bytes, room: Room) -> tuple[ClaimedDelivery, ...]:
        now = self._now()
        setback.compare(tx, self._store.memory, now=now)
        freeze = frozen.of(tx)
        self._say_frozen("" if freeze is None else freeze.reason)
        if freeze is not None:
            return ()

        claim = partial(deliveries.claim, tx, now=now, lease=self._policy.lease, token=lease)
        first = claim(limit=1, urgent=True)
        if not first and not room.urgent:
            first = claim(limit=1)
        if not first:
            return ()
        one = first[0]
        fit = room.octets // max(letters.sent_size(tx, one.letter), 1)
        alike = fit < room.jobs and not one.own
        more = (room.jobs if alike else min(room.jobs, fit)) - 1
        if more < 1:
            return first
        like = one.id if alike else None
        return first + claim(limit=more, urgent=one.urgent, letter=one.letter, like=like)

    def _say_frozen(self, reason: str) -> None:
        if reason and not self._said_frozen:
            _LOG.error(
                "the database is frozen and nothing is sent: %s; `gatekeeper doctor` says what to"
                " do",
                reason,
            )
        elif self._said_frozen and not reason:
            _LOG.warning("the database is not frozen any more, mail is sent again")
        self._said_frozen = bool(reason)

    def _hold_back(self, held: Sequence[ready.Held], lease: bytes) -> None:
        for one in held:
            if one.reason:
                self._recall(one, lease)
        broken = [one for one in held if not one.reason]
        if broken:
            self._mark(
                [(_mark(one.delivery, lease, NOT_ASSEMBLED), str(one.recipient)) for one in broken]
            )

    def _recall(self, held: ready.Held, lease: bytes) -> None:
        now = self._now()

        def write(tx: Tx, say: Say) -> None:
            deliveries.recall(tx, delivery=held.delivery, token=lease, reason=held.reason, now=now)
            row = deliveries.get(tx, held.delivery)
            audit.append(
                tx,
                kind="delivery.blocked",
                actor=ACTOR,
                now=now,
                payload={"reason": held.reason},
                issue=None if row is None else row.issue,
                delivery=held.delivery,
            )
            if row is not None:
                say(tx, row, held.reason)

        self._write_and_tell(write)
        _LOG.warning("delivery blocked: %s", held.reason)

    def _record(self, sent: Sequence[Sent]) -> None:
        self._mark(
            [(_mark(job.id, job.lease, attempt), str(job.recipient)) for job, attempt in sent]
        )

    def _mark(self, group: Sequence[tuple[Mark, str]]) -> None:
        """Commit marks, each with the address that its event names."""
        now = self._now()

        def write(tx: Tx, say: Say) -> tuple[Marked | None, ...]:
            found = marks.record_all(tx, [mark for mark, _ in group], now=now)
            entries = [
                Entry(
                    kind=EVENTS[marked.state],
                    actor=ACTOR,
                    payload={"recipient": recipient, "reply": mark.attempt.reply},
                    issue=marked.issue,
                    delivery=mark.held.delivery,
                )
                for marked, (mark, recipient) in zip(found, group, strict=True)
                if marked is not None
            ]
            for marked, (mark, _) in zip(found, group, strict=True):
                if marked is not None and marked.state is DeliveryState.FAILED:
                    row = deliveries.get(tx, mark.held.delivery)
                    if row is not None:
                        say(tx, row, mark.attempt.reply)
            audit.append_all(tx, entries, now=now)
            return found

        recorded = Counter(marked and marked.state for marked in self._write_and_tell(write))
        for _ in range(recorded.pop(None, 0)):
            _LOG.warning("delivery not recorded: its lease is over, or a bounce was faster")
        for _ in range(recorded.pop(DeliveryState.FAILED, 0)):
            _LOG.error("delivery FAILED: see `gatekeeper delivery list --state failed`")
        for state, number in recorded.items():
            _LOG.info("deliveries recorded: %d %s", number, state)

    def _write_and_tell(self, write: Callable[[Tx, Say], _T]) -> _T:
        """Commit with the notices to the team, and without them only when they cannot be written.

        What came of a mail must be committed, or nothing more is sent.
        """
        told: list[Exception] = []

        def say(tx: Tx, row: DeliveryRow, what: str) -> None:
            try:
                tell_of(tx, self._tell, row, what)
                if row.state is DeliveryState.FAILED:
                    self._tell_others(tx, row, what)
            except Exception as error:
                # Raised again at once; only noted that it was the notice that failed.
                told.append(error)
                raise

        try:
            return self._store.write(lambda tx: write(tx, say))
        except Exception:
            # Only the notice may fail without the outcome: any other failure is the caller's.
            if not told:
                raise
        _LOG.error("the team could not be told of a mail: %s", type(told[0]).__name__)
        return self._store.write(lambda tx: write(tx, _say_nothing))


def _mark(delivery: RowId, lease: bytes, attempt: Attempt) -> Mark:
    return Mark(held=Held(delivery=delivery, token=lease), attempt=attempt)


def _say_nothing(_tx: Tx, _row: DeliveryRow, _what: str) -> None:
    """Stand in for a notice that could not be written."""
