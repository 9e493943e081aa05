"""7. Compose and encrypt: the shared packet once per letter, the key packets per delivery."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.errors import GatekeeperError, OurFault
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.team import NOT_IN_TEAM, Team
from gatekeeper.issues import letterhead
from gatekeeper.issues.letterhead import Draft
from gatekeeper.issues.reading import Reader, stays_whole
from gatekeeper.mail import compose
from gatekeeper.mail.reading import Reading
from gatekeeper.pgp import fanout
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Fanout, Recipient
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store import audit, deliveries, letters, messages
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.letters import LetterRow

_LOG: Final = logging.getLogger("gatekeeper.outbound")

GPG_RUNS: Final = 4
"""A lease lasts at least as long as so many runs of gpg may."""

RETRY_AFTER: Final = 10 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Turns letters into ciphertext; `lease` in microseconds, `signer` the alias's fingerprint."""

    store: Store
    reader: Reader
    engine: Engine
    keyring: Keyring
    team: Team
    signer: str
    lease: int
    chance: Callable[[int], bytes]
    now: Callable[[], Instant]

    def tick(self) -> int:
        """Seal the letter that waits longest; return how many were claimed, one or none."""
        token = self.chance(ROW_ID_BYTES)
        now = self.now()
        lease = max(self.lease, GPG_RUNS * self.reader.limits.gpg_wait)
        claimed = self.store.write(
            lambda tx: letters.claim_unsealed(tx, now=now, lease=lease, token=token, limit=1)
        )
        for letter in claimed:
            self._take(letter, token)
        return len(claimed)

    def _take(self, letter: RowId, lease: bytes) -> None:
        try:
            self._seal(letter, lease)
        except GatekeeperError as error:
            # Ours, and it may pass: the letter waits, and nothing leaves meanwhile.
            _LOG.error("letter not sealed: %s", error.diagnostics())
            due_at = later(self.now(), RETRY_AFTER)
            self._record(lambda tx: letters.release(tx, letter=letter, token=lease, due_at=due_at))
        except MemoryError:
            _LOG.error("letter not sealed: out of memory; it is tried again when its lease ends")
        except Exception as error:  # noqa: BLE001 - one letter must not hold up all others
            reason = f"it could not be composed (unexpected {type(error).__name__})"
            _LOG.error("letter BLOCKED: %s", reason)
            now = self.now()
            self._record(lambda tx: _block_all(tx, letter, reason, lease, now))

    def _record(self, write: Callable[[Tx], None]) -> None:
        try:
            self.store.write(write)
        except GatekeeperError as error:
            # The lease ends by itself, and the letter is claimed again.
            _LOG.warning("letter not put back: %s", error.diagnostics())

    def _seal(self, letter_id: RowId, lease: bytes) -> None:
        letter = self.store.read(lambda tx: letters.load(tx, letter_id))
        waiting = self.store.read(lambda tx: deliveries.pending_of(tx, letter_id))
        recipients, blocked = self._recipients(waiting)
        now = self.now()
        made = Fanout(shared=b"", key_packets={}, blocked={})
        if recipients:
            made = fanout.seal(
                self.engine,
                self.keyring,
                plaintext=self._plaintext(letter),
                recipients=recipients,
                signer=self.signer,
                now=now,
            )
        outcome = _Outcome(
            letter=letter, waiting=waiting, made=made, blocked={**blocked, **made.blocked}
        )
        self.store.write(lambda tx: _write(tx, outcome, lease, now))
        _LOG.info("letter sealed: %d deliveries, %d blocked", len(waiting), len(outcome.blocked))

    def _recipients(self, waiting: Sequence[DeliveryRow]) -> tuple[list[Recipient], dict[str, str]]:
        """Return whom to seal to, by the team in force now, and who is blocked and why."""
        recipients: list[Recipient] = []
        blocked: dict[str, str] = {}
        for row in waiting:
            person = self.team.by_address(row.recipient)
            if person is None:
                blocked[_ref(row.id)] = NOT_IN_TEAM
            else:
                recipients.append(Recipient(ref=_ref(row.id), fingerprints=person.keys))
        return recipients, blocked

    def _plaintext(self, letter: LetterRow) -> bytes:
        draft = letterhead.load(letter.plaintext)
        message = letter.message
        if message is None:
            return compose.inner(
                head=draft.head,
                outer_subject=draft.outer_subject,
                block=draft.block,
                content=None,
                header_block=b"",
            )
        raw = self.store.read(lambda tx: messages.load(tx, message)).raw or b""
        reading = self.reader.outside(raw) if draft.whole else self.reader.read(raw)
        _ensure_as_told(draft, reading)
        return compose.inner(
            head=draft.head,
            outer_subject=draft.outer_subject,
            block=draft.block,
            content=None if draft.whole else reading.content,
            header_block=reading.mail.root.header_block,
            pieces=reading.pieces,
            raw_attachment=raw if draft.whole else None,
        )


def _ensure_as_told(draft: Draft, reading: Reading) -> None:
    """Raise OurFault when less can be opened now than the block in the letter says.

    Sealing it all the same would send people ciphertext that only the alias can open.
    """
    opened = sum(piece.data is not None for piece in reading.pieces)
    if draft.whole or (not stays_whole(reading) and opened == draft.pieces):
        return
    raise OurFault(
        "a message that was opened before cannot be opened now",
        remedy="it is tried again; check gpg, the machine's load and the alias's key",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What one gpg call made for a letter, and every delivery that stays blocked, and why."""

    letter: LetterRow
    waiting: Sequence[DeliveryRow]
    made: Fanout
    blocked: Mapping[str, str]


def _write(tx: Tx, outcome: _Outcome, lease: bytes, now: Instant) -> None:
    """Commit the letter's packet and each delivery's in one go; the lease is checked first.

    A letter keeps the first shared packet for ever, because copies made with it may be on their
    way; whoever is unblocked later gets a data packet of the own.
    """
    made, letter = outcome.made, outcome.letter
    first = letter.shared is None and bool(made.key_packets)
    if first:
        letters.sealed(tx, letter=letter.id, token=lease, shared=made.shared, now=now)
    else:
        letters.release(tx, letter=letter.id, token=lease, due_at=now)
    for row in outcome.waiting:
        reason = outcome.blocked.get(_ref(row.id))
        if reason is not None:
            _block(tx, row, reason, now)
            continue
        sealed = made.key_packets[_ref(row.id)]
        deliveries.sealed(
            tx,
            delivery=row.id,
            key_packets=sealed,
            fingerprints=made.fingerprints[_ref(row.id)],
            own_packet=None if first else made.shared,
            now=now,
        )
        if _ref(row.id) in made.partly:
            _note_left_out(tx, row, made.partly[_ref(row.id)], now)
    audit.append(
        tx,
        kind="letter.sealed",
        actor="gatekeeper",
        now=now,
        payload={"deliveries": len(outcome.waiting), "blocked": len(outcome.blocked)},
        issue=letter.issue,
        message=letter.message,
    )


def _block_all(tx: Tx, letter: RowId, reason: str, lease: bytes, now: Instant) -> None:
    letters.release(tx, letter=letter, token=lease, due_at=now)
    for row in deliveries.pending_of(tx, letter):
        _block(tx, row, reason, now)


def _note_left_out(tx: Tx, row: DeliveryRow, reason: str, now: Instant) -> None:
    audit.append(
        tx,
        kind="delivery.key_left_out",
        actor="gatekeeper",
        now=now,
        payload={"reason": reason},
        issue=row.issue,
        delivery=row.id,
    )


def _block(tx: Tx, row: DeliveryRow, reason: str, now: Instant) -> None:
    deliveries.blocked(tx, delivery=row.id, reason=reason, now=now)
    audit.append(
        tx,
        kind="delivery.blocked",
        actor="gatekeeper",
        now=now,
        payload={"reason": reason},
        issue=row.issue,
        delivery=row.id,
    )


def _ref(delivery: RowId) -> str:
    return delivery.hex()
