"""Claim stored messages, one at a time, and take each through stages 3 to 6.

What a mail provokes quarantines it after three times; what is our own fault (no gpg, no database)
never does: then the message waits.
"""

import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import ROW_ID_BYTES
from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.domain.protection import SignatureState
from gatekeeper.domain.report import MAX_ATTEMPTS, Classified, Kind
from gatekeeper.inbound.classify import classify
from gatekeeper.inbound.decrypt import decrypt
from gatekeeper.issues.appended import without_appended
from gatekeeper.issues.case import Arrival
from gatekeeper.issues.handling import handle
from gatekeeper.issues.key_offers import KeyOffer, examined
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reading import Reader
from gatekeeper.mail.reading import Reading
from gatekeeper.store import audit, correspondents, messages
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.faults import StaleLease
from gatekeeper.store.messages import ClaimedMessage, StoredMessage

_LOG: Final = logging.getLogger("gatekeeper.inbound")

GPG_RUNS: Final = 4
"""A lease lasts at least as long as so many runs of gpg may, so that a slow message is not taken
over, and done twice, while it is read."""

RETRY_AFTER: Final = (10 * SECOND, 1 * MINUTE, 5 * MINUTE)
"""How long a message rests after a failure; then again and again the last of these."""

UNEXPECTED: Final = "unexpected "
_NEVER_OPENED: Final = frozenset({Kind.BOUNCE, Kind.LOOP})
_TOLD_AT: Final = re.compile(r"\(attempt ([0-9]+)\)\Z")


def _nothing(_tx: Tx) -> None:
    """Let everything be handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundWorker:
    """Stages 3 to 6 over one store; `lease` in microseconds.

    `guard` raises OurFault when a message may not be handled by what this worker was made of.
    """

    store: Store
    desk: Desk
    reader: Reader
    lease: int
    now: Callable[[], Instant]
    guard: Callable[[Tx], None] = _nothing
    _unrecorded: deque[tuple[Callable[[Tx], None], str]] = field(
        default_factory=deque, init=False, repr=False, compare=False
    )

    def tick(self) -> int:
        """Handle the message that waits longest; return how many were claimed, one or none.

        Never more: one that kills the program must not count against those that wait behind it.
        """
        self._settle()
        token = self.desk.chance(ROW_ID_BYTES)
        now = self.now()
        lease = max(self.lease, GPG_RUNS * self.reader.limits.gpg_wait)
        claimed = self.store.write(
            lambda tx: messages.claim(tx, now=now, lease=lease, token=token, limit=1)
        )
        for message in claimed:
            self._take(message, token)
        return len(claimed)

    def _take(self, claimed: ClaimedMessage, lease: bytes) -> None:
        before = ""
        try:
            stored = self.store.read(lambda tx: messages.load(tx, claimed.id))
            before = stored.problem
            if claimed.attempts - _told_at(before) > MAX_ATTEMPTS:
                self._quarantine(claimed, lease, "the program stopped each time it was handled")
                return
            kind = self._handle(stored, lease)
        except GatekeeperError as error:
            # Ours, and it may pass: the message waits for as long as it takes.
            self._put_back(claimed, lease, error.diagnostics())
        except Exception as error:  # noqa: BLE001 - whatever a mail provokes ends in quarantine
            problem = f"{UNEXPECTED}{type(error).__name__}"
            # Attempts that failed for our own reasons do not count against the mail.
            if claimed.attempts >= MAX_ATTEMPTS and before.startswith(UNEXPECTED):
                self._quarantine(claimed, lease, problem)
            else:
                self._put_back(claimed, lease, problem)
        else:
            _LOG.info("message handled: %s", kind)

    def _handle(self, stored: StoredMessage, lease: bytes) -> Kind:
        raw = stored.raw or b""
        # Stage 4 goes by the outside alone, so it can say first what stage 3 must leave closed.
        reading = self.reader.outside(raw)
        classified = self._classified(stored, reading)
        offers: tuple[KeyOffer, ...] = ()
        alone = None
        if classified.kind not in _NEVER_OPENED:
            reading = decrypt(self.reader, raw)
            offers = examined(self.reader.engine, reading, self.now())
            reading = self._verified(raw, reading, offers)
            classified = self._classified(stored, reading)
            alone = self._alone(reading)
        arrival = Arrival(
            id=stored.id,
            lease=lease,
            envelope=stored.envelope,
            received_at=stored.received_at,
            reading=reading,
            classified=classified,
            offers=offers,
            alone=alone,
        )
        now = self.now()

        def write(tx: Tx) -> Kind:
            # who left a moment ago commands nothing (S-0)
            self.guard(tx)
            return handle(tx, self.desk, arrival, now)

        return self.store.write(write)

    def _verified(self, raw: bytes, reading: Reading, offers: Sequence[KeyOffer]) -> Reading:
        """Read a message once more with the keys of those who may have signed it.

        They are the pinned keys that the signature may be by, and the keys that it brought itself:
        a good signature by one of those proves that its sender holds that key, and no more.
        """
        unknown = [
            signature.key_id
            for signature in reading.protection.signatures
            if signature.state is SignatureState.UNKNOWN_SIGNER and signature.key_id
        ]
        if not unknown:
            return reading
        holders = self.store.read(lambda tx: correspondents.by_key_ids(tx, unknown))
        brought = [offer.guest for offer in offers if offer.guest is not None]
        guests: dict[str | None, bytes] = {g.info.fingerprint: g.certificate for g in brought}
        guests |= {c.fingerprint: c.certificate for c in holders if c.certificate is not None}
        return decrypt(self.reader, raw, tuple(guests.values())) if guests else reading

    def _alone(self, reading: Reading) -> Reading | None:
        """Read a team mail's signed part without the notice that a mailing system appended."""
        sender = reading.outer_from
        if sender is None or self.desk.team.by_address(sender) is None:
            return None
        raw = without_appended(reading.mail)
        return decrypt(self.reader, raw) if raw is not None else None

    def _classified(self, stored: StoredMessage, reading: Reading) -> Classified:
        return classify(reading, stored.envelope, self.desk.own, self.desk.token_key)

    def _put_back(self, claimed: ClaimedMessage, lease: bytes, problem: str) -> None:
        now = self.now()
        wait = RETRY_AFTER[min(claimed.attempts, len(RETRY_AFTER)) - 1]
        self._record(
            lambda tx: messages.fail(
                tx,
                message=claimed.id,
                token=lease,
                problem=_told(problem, claimed),
                quarantine=False,
                now=now,
                retry_at=later(now, wait),
            ),
            f"message will be tried again: {problem}",
        )

    def _quarantine(self, claimed: ClaimedMessage, lease: bytes, problem: str) -> None:
        now = self.now()

        def write(tx: Tx) -> None:
            messages.fail(
                tx,
                message=claimed.id,
                token=lease,
                problem=_told(problem, claimed),
                quarantine=True,
                now=now,
            )
            audit.append(
                tx,
                kind="message.quarantined",
                actor="gatekeeper",
                now=now,
                payload={"problem": problem},
                message=claimed.id,
            )

        self._record(write, f"message QUARANTINED: {problem}")

    def _record(self, write: Callable[[Tx], None], what: str) -> None:
        self._unrecorded.append((write, what))
        try:
            self._settle()
        except GatekeeperError as error:
            _LOG.warning("message not put back yet: %s", error.diagnostics())

    def _settle(self) -> None:
        """Record what could not be recorded; else its messages would rest until their leases end.

        OurFault while the database still cannot.
        """
        while self._unrecorded:
            write, what = self._unrecorded[0]
            try:
                self.store.write(write)
            except StaleLease:
                _LOG.warning("message not put back: another has taken it up")
            else:
                _LOG.warning(what)
            self._unrecorded.popleft()


def _told(problem: str, claimed: ClaimedMessage) -> str:
    return f"{problem} (attempt {claimed.attempts})"


def _told_at(problem: str) -> int:
    """Return the last attempt that said what went wrong; those after it just ended."""
    found = _TOLD_AT.search(problem)
    return int(found[1]) if found else 0
