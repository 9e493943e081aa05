"""8. Claim deliveries that are due, under a lease, and record what became of each.

Claim and record are commits of their own; the sending between them holds no transaction.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self, TypeVar

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import MIB, OutboxPolicy
from gatekeeper.domain.protection import Form
from gatekeeper.outbound import forms
from gatekeeper.outbound.job import Job, Outgoing
from gatekeeper.outbound.telling import (
    KEY_CHANGED,
    KEY_KNOWN,
    NO_CLEAR_PORT,
    NOT_STORED,
    Tell,
    tell_of,
)
from gatekeeper.pgp.assembly import SharedPacket
from gatekeeper.store import audit, correspondents, deliveries, letters
from gatekeeper.store.deliveries import ClaimedDelivery
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import StaleLease
from gatekeeper.store.letters import Frame
from gatekeeper.store.tx import Tx

_T = TypeVar("_T")

_log = logging.getLogger("gatekeeper.outbound")

BATCH_BYTES: Final = 32 * MIB
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What a letter's deliveries share; the last one is kept, as a fan-out takes many batches."""

    id: RowId
    frame: Frame
    packet: SharedPacket | None

    @classmethod
    def of(cls, letter: RowId, frame: Frame) -> Self:
        packet = frame.form is Form.SEALED and frame.shared is not None
        return cls(
            id=letter, frame=frame, packet=SharedPacket(frame.shared or b"") if packet else None
        )


Objection = Callable[[Address, Sequence[str]], str]
"""Says why a copy sealed to these keys must not go to its recipient now, "" when it may."""


class Outbox:
    """The deliveries that wait to be sent; safe to use from any thread."""

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
        now: Callable[[], Instant],
    ) -> None:
        """Take what stage 8 needs.

        `objection` says who of the team must not get a copy any more, `clear_replies` whether free
        text may leave in clear, `tell` writes a notice to the team when a mail to somebody outside
        is held back or refused for good.
        """
        self._store = store
        self._objection = objection
        self._clear_replies = clear_replies
        self._tell = tell
        self._unmarked: list[tuple[Job, Attempt]] = []
        self._policy = policy
        self._own = own
        self._token_key = token_key
        self._now = now
        self._letter: _Letter | None = None

    def claim(self) -> tuple[Job, ...]:
        """Claim what is due, at most a batch of one letter, and return it ready to send.

        Empty when nothing is due. A letter's copies are all of one size, so that the first one
        tells how many more fit into memory. A delivery whose packets cannot be assembled is
        recorded as not sent and put off.
        """
        self.settle()
        lease = secrets.token_bytes(ROW_ID_BYTES)
        while taken := self._take(lease, 1):
            first = self._job(taken[0], lease)
            if first is None:
                continue
            more = min(self._policy.batch, BATCH_BYTES // len(first.what.content)) - 1
            rest = self._take(lease, more, letter=taken[0].letter) if more > 0 else ()
            jobs = (first, *(self._job(delivery, lease) for delivery in rest))
            return tuple(job for job in jobs if job is not None)
        self._letter = None
        return ()

    def record(self, job: Job, attempt: Attempt) -> None:
        """Commit what an attempt came to, with its event; one whose lease is over is left alone.

        When that fails (no space, no database) the outcome is kept, and nothing more is sent until
        it is committed: what the relay has taken must not go out again (promise P-6).
        """
        try:
            self._record(job.id, job.lease, attempt, recipient=str(job.recipient))
        except GatekeeperError:
            self._unmarked.append((job, attempt))
            raise

    def settle(self) -> None:
        """Commit the outcomes that could not be committed before; raises while it still fails."""
        while self._unmarked:
            job, attempt = self._unmarked[0]
            self._record(job.id, job.lease, attempt, recipient=str(job.recipient))
            self._unmarked.pop(0)

    def _take(
        self, lease: bytes, limit: int, letter: RowId | None = None
    ) -> tuple[ClaimedDelivery, ...]:
        now = self._now()
        return self._store.write(
            lambda tx: deliveries.claim(
                tx, now=now, lease=self._policy.lease, token=lease, limit=limit, letter=letter
            )
        )

    def _job(self, delivery: ClaimedDelivery, lease: bytes) -> Job | None:
        try:
            letter = self._letter_of(delivery)
            objection = self._objection_to(delivery, letter.frame.form)
            if not objection:
                return Job(
                    id=delivery.id,
                    lease=lease,
                    sender=self._sender(delivery, letter),
                    recipient=delivery.recipient,
                    what=self._assemble(delivery, letter),
                )
        except (GatekeeperError, ValueError) as error:
            _log.error("delivery not assembled: %s", type(error).__name__)
            self._record(delivery.id, lease, NOT_ASSEMBLED, recipient=str(delivery.recipient))
            return None
        self._recall(delivery, lease, objection)
        return None

    def _letter_of(self, delivery: ClaimedDelivery) -> _Letter:
        letter = self._letter
        if letter is None or letter.id != delivery.letter:
            frame = self._store.read(lambda tx: letters.frame(tx, delivery.letter))
            letter = _Letter.of(delivery.letter, frame)
            self._letter = letter
        return letter

    def _objection_to(self, delivery: ClaimedDelivery, form: Form) -> str:
        """Return why this copy must not go out now, "" when it may."""
        if form is Form.CLEAR_FORM:
            return ""
        if form is Form.CLEAR_REPLY and not self._clear_replies:
            return NO_CLEAR_PORT
        correspondent = delivery.correspondent
        if correspondent is None:
            return self._objection(delivery.recipient, delivery.fingerprints)
        other = self._store.read(lambda tx: correspondents.by_row(tx, correspondent))
        if other.address.key != delivery.recipient.key:
            return NOT_STORED
        if form is Form.CLEAR_REPLY:
            return KEY_KNOWN if other.fingerprint is not None else ""
        return "" if delivery.fingerprints == (other.fingerprint,) else KEY_CHANGED

    def _sender(self, delivery: ClaimedDelivery, letter: _Letter) -> Address | None:
        """Return the bounce address, or None for what no bounce may answer (RFC 3834 §3.3)."""
        if letter.frame.automatic:
            return None
        return self._own.bounce_address(token.mint(self._token_key, "bounce", delivery.id))

    def _recall(self, delivery: ClaimedDelivery, lease: bytes, reason: str) -> None:
        now = self._now()

        def write(tx: Tx, tell: Tell) -> None:
            deliveries.recall(tx, delivery=delivery.id, token=lease, reason=reason, now=now)
            row = deliveries.get(tx, delivery.id)
            audit.append(
                tx,
                kind="delivery.blocked",
                actor=ACTOR,
                now=now,
                payload={"reason": reason},
                issue=None if row is None else row.issue,
                delivery=delivery.id,
            )
            if row is not None:
                tell_of(tx, tell, row, reason)

        self._write_and_tell(write)
        _log.warning("delivery blocked: %s", reason)

    def _assemble(self, delivery: ClaimedDelivery, letter: _Letter) -> Outgoing:
        frame, packet = letter.frame, letter.packet
        if frame.form is not Form.SEALED:
            if frame.shared is None:
                message = "a mail in clear that was not composed"
                raise ValueError(message)
            return forms.restored(frame.form, frame.shared)
        if delivery.own:
            own = self._store.read(lambda tx: deliveries.own_packet(tx, delivery.id))
            packet = SharedPacket(own)
        if packet is None:
            message = "a sealed delivery without a data packet"
            raise ValueError(message)
        return packet.assemble(
            frame_head=frame.frame_head,
            key_packets=delivery.key_packets,
            frame_tail=frame.frame_tail,
        )

    def _record(self, delivery: RowId, lease: bytes, attempt: Attempt, *, recipient: str) -> None:
        now = self._now()

        def write(tx: Tx, tell: Tell) -> DeliveryState:
            state = deliveries.record(tx, delivery=delivery, token=lease, attempt=attempt, now=now)
            row = deliveries.get(tx, delivery)
            audit.append(
                tx,
                kind=EVENTS[state],
                actor=ACTOR,
                now=now,
                payload={"recipient": recipient, "reply": attempt.reply},
                issue=None if row is None else row.issue,
                delivery=delivery,
            )
            if state is DeliveryState.FAILED and row is not None:
                tell_of(tx, tell, row, attempt.reply)
            return state

        try:
            state = self._write_and_tell(write)
        except StaleLease as error:
            _log.warning("delivery not recorded: %s", error.diagnostics())
        else:
            _log.info("delivery recorded: %s", state)

    def _write_and_tell(self, write: Callable[[Tx, Tell], _T]) -> _T:
        """Commit with the notice to the team, and without it only when it cannot be written.

        What came of a mail must be committed, or nothing more is sent.
        """
        told: list[Exception] = []

        def tell(tx: Tx, issue: RowId, line: str) -> None:
            try:
                self._tell(tx, issue, line)
            except Exception as error:
                # Raised again at once; only noted that it was the notice that failed.
                told.append(error)
                raise

        try:
            return self._store.write(lambda tx: write(tx, tell))
        except Exception:
            # Only the notice may fail without the outcome: any other failure is the caller's.
            if not told:
                raise
        _log.error("the team could not be told of a mail: %s", type(told[0]).__name__)
        return self._store.write(lambda tx: write(tx, _tell_nobody))


def _tell_nobody(_tx: Tx, _issue: RowId, _line: str) -> None:
    """Stand in for a notice that could not be written."""
