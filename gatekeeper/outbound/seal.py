"""7. Compose and encrypt: the shared packet once per letter, the key packets per delivery.

What leaves in clear is composed here as well, once; the store keeps it like a shared packet.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.errors import GatekeeperError, OurFault
from gatekeeper.domain.forms import KeyChanged
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.protection import Form
from gatekeeper.domain.team import NOT_IN_TEAM, Team
from gatekeeper.issues import letterhead
from gatekeeper.issues.letterhead import Desk, Draft
from gatekeeper.issues.reading import Reader, stays_whole
from gatekeeper.mail import compose, personal
from gatekeeper.mail.reading import Reading
from gatekeeper.outbound import forms
from gatekeeper.outbound.telling import NO_CLEAR_PORT, NO_KEY, NOT_STORED, REMOVED, Tell, tell_of
from gatekeeper.pgp import fanout
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Fanout, Recipient
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store import (
    audit,
    copies,
    correspondents,
    deliveries,
    frozen,
    letters,
    messages,
    setback,
)
from gatekeeper.store.copies import Copy
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.letters import LetterRow

_LOG: Final = logging.getLogger("gatekeeper.outbound")

GPG_RUNS: Final = 4
"""A lease lasts at least as long as so many runs of gpg may."""

RETRY_AFTER: Final = 10 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Turns letters into what leaves; `lease` in microseconds.

    `tell` writes a notice to the team when a mail to somebody outside is held back.
    """

    store: Store
    reader: Reader
    engine: Engine
    keyring: Keyring
    desk: Desk
    lease: int
    tell: Tell
    now: Callable[[], Instant]

    def tick(self) -> int:
        """Seal the letter that waits longest; return how many were claimed, one or none.

        None in a frozen database: the outbox says why.
        """
        token = self.desk.chance(ROW_ID_BYTES)
        now = self.now()
        lease = max(self.lease, GPG_RUNS * self.reader.limits.gpg_wait)

        def claim(tx: Tx) -> tuple[RowId, ...]:
            setback.compare(tx, self.store.memory, now=now)
            if frozen.of(tx) is not None:
                return ()
            return letters.claim_unsealed(tx, now=now, lease=lease, token=token, limit=1)

        claimed = self.store.write(claim)
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
            self._record(
                lambda tx: _block_all(
                    tx, letter, reason=reason, lease=lease, now=now, tell=self.tell
                )
            )

    def _record(self, write: Callable[[Tx], None]) -> None:
        try:
            self.store.write(write)
        except GatekeeperError as error:
            # The lease ends by itself, and the letter is claimed again.
            _LOG.warning("letter not put back: %s", error.diagnostics())

    def _seal(self, letter_id: RowId, lease: bytes) -> None:
        letter = self.store.read(lambda tx: letters.load(tx, letter_id))
        waiting = self.store.read(lambda tx: deliveries.pending_of(tx, letter_id))
        now = self.now()
        if letter.form is Form.SEALED:
            outcome = self._sealed(letter, waiting, now)
        else:
            outcome = self._clear(letter, waiting)
        self.store.write(lambda tx: _write(tx, outcome, lease, now, self.tell))
        _LOG.info("letter composed: %d deliveries, %d blocked", len(waiting), len(outcome.blocked))

    def _sealed(
        self, letter: LetterRow, waiting: Sequence[DeliveryRow], now: Instant
    ) -> "_Outcome":
        chosen = self.store.read(lambda tx: _choose(tx, self.desk.team, waiting))
        made = Fanout(shared=b"", key_packets={}, blocked={})
        if chosen.recipients:
            draft = self._draft(letter, now)
            made = fanout.seal(
                self.engine,
                self.keyring,
                plaintext=self._plaintext(letter, draft),
                recipients=chosen.recipients,
                signer=draft.signed_by or self.desk.fingerprint,
                now=now,
                guests=chosen.guests,
            )
        return _Outcome(
            letter=letter,
            waiting=waiting,
            shared=made.shared,
            key_packets=made.key_packets,
            fingerprints=made.fingerprints,
            partly=made.partly,
            blocked={**chosen.blocked, **made.blocked},
        )

    def _clear(self, letter: LetterRow, waiting: Sequence[DeliveryRow]) -> "_Outcome":
        """Compose what leaves in clear, or take it as it was composed before."""
        content = letter.shared
        if content is None:
            draft = _as_of_now(self.desk, letterhead.load(letter.plaintext))
            content = forms.composed(self.desk, draft, letter.form).content
        blocked: dict[str, str] = {}
        if letter.form is Form.CLEAR_REPLY:
            blocked = self.store.read(lambda tx: _not_to_be_told(tx, self.desk, waiting))
        open_to = [_ref(row.id) for row in waiting if _ref(row.id) not in blocked]
        return _Outcome(
            letter=letter,
            waiting=waiting,
            shared=content,
            key_packets=dict.fromkeys(open_to, b""),
            fingerprints=dict.fromkeys(open_to, ()),
            partly={},
            blocked=blocked,
        )

    def _draft(self, letter: LetterRow, now: Instant) -> Draft:
        """Return a letter as it is to be sealed now: what it says of its signature has to be true.

        A former key that was to sign it may have ended meanwhile, or its secret may be gone; then
        the present one signs it, and a letter that speaks of that says so.
        """
        draft = letterhead.load(letter.plaintext)
        form = draft.form
        if draft.signed_by:
            signer = self.keyring.find(draft.signed_by, now)
            if signer is None or not signer.signs:
                if isinstance(form, KeyChanged):
                    form = replace(form, signed_by=form.new)
                draft = replace(draft, signed_by="", form=form)
        return _as_of_now(self.desk, draft)

    def _plaintext(self, letter: LetterRow, draft: Draft) -> bytes:
        if draft.personal:
            return self._personal(draft)
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

    def _personal(self, draft: Draft) -> bytes:
        text, files = draft.block, draft.files
        if draft.form is not None:
            said = forms.filled(self.desk, draft)
            text, files = said.body, said.files
        return personal.personal_inner(
            head=draft.head, outer_subject=draft.outer_subject, text=text, files=files
        )


def _as_of_now(desk: Desk, draft: Draft) -> Draft:
    return draft if draft.form is None else replace(draft, form=forms.present(desk, draft.form))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Whom to seal to, with which certificates that are not in the key ring; who is blocked."""

    recipients: Sequence[Recipient]
    guests: Sequence[bytes]
    blocked: Mapping[str, str]


def _choose(tx: Tx, team: Team, waiting: Sequence[DeliveryRow]) -> _Choice:
    """Decide by the team in force and the keys pinned now."""
    recipients: list[Recipient] = []
    guests: list[bytes] = []
    blocked: dict[str, str] = {}
    for row in waiting:
        ref = _ref(row.id)
        if row.correspondent is None:
            person = team.by_address(row.recipient)
            if person is None:
                blocked[ref] = NOT_IN_TEAM
            else:
                recipients.append(Recipient(ref=ref, fingerprints=person.keys))
            continue
        other = correspondents.by_row(tx, row.correspondent)
        if other.removed_at is not None:
            blocked[ref] = REMOVED
        elif other.address.key != row.recipient.key:
            blocked[ref] = NOT_STORED
        elif other.certificate is None or other.fingerprint is None:
            blocked[ref] = NO_KEY
        else:
            recipients.append(Recipient(ref=ref, fingerprints=(other.fingerprint,)))
            guests.append(other.certificate)
    return _Choice(recipients=recipients, guests=guests, blocked=blocked)


def _not_to_be_told(tx: Tx, desk: Desk, waiting: Sequence[DeliveryRow]) -> dict[str, str]:
    """Return who must not get free text in clear, and why."""
    if not desk.clear_replies:
        return {_ref(row.id): NO_CLEAR_PORT for row in waiting}
    return {
        _ref(row.id): NOT_STORED
        for row in waiting
        if row.correspondent is None
        or correspondents.by_row(tx, row.correspondent).address.key != row.recipient.key
    }


def _ensure_as_told(draft: Draft, reading: Reading) -> None:
    """Raise OurFault when less can be opened now than the block in the letter says.

    Sealing it all the same would send people ciphertext that only the alias can open.
    """
    opened = sum(piece.data is not None for piece in reading.pieces)
    if draft.whole or (not stays_whole(reading) and opened >= draft.pieces):
        return
    raise OurFault(
        "a message that was opened before cannot be opened now",
        remedy="it is tried again; check gpg, the machine's load and the alias's key",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What was made of a letter, and every delivery that stays blocked, and why.

    `shared` is what goes to everybody: the data packet, or the whole mail of a clear letter.
    """

    letter: LetterRow
    waiting: Sequence[DeliveryRow]
    shared: bytes
    key_packets: Mapping[str, bytes]
    fingerprints: Mapping[str, tuple[str, ...]]
    partly: Mapping[str, str]
    blocked: Mapping[str, str]


def _write(tx: Tx, outcome: _Outcome, lease: bytes, now: Instant, tell: Tell) -> None:
    """Commit what a letter shares and each delivery's part in one go; the lease is checked first.

    A letter keeps the first shared packet for ever, because copies made with it may be on their
    way; whoever is unblocked later gets a data packet of the own. A mail in clear is always the
    one that was kept.
    """
    letter = outcome.letter
    first = letter.shared is None and bool(outcome.key_packets)
    if not first:
        letters.release(tx, letter=letter.id, token=lease, due_at=now)
    elif letter.form is Form.SEALED:
        letters.sealed(tx, letter=letter.id, token=lease, shared=outcome.shared, now=now)
    else:
        letters.keep(tx, letter=letter.id, token=lease, content=outcome.shared, now=now)
    own = None if first or letter.form is not Form.SEALED else outcome.shared
    _seal_open(tx, outcome, own, now)
    for row in outcome.waiting:
        ref = _ref(row.id)
        if ref in outcome.blocked:
            _block(tx, row, outcome.blocked[ref], now, tell)
        elif ref in outcome.partly:
            _note_left_out(tx, row, outcome.partly[ref], now)
    audit.append(
        tx,
        kind="letter.sealed" if letter.form is Form.SEALED else "letter.composed",
        actor="gatekeeper",
        now=now,
        payload={
            "deliveries": len(outcome.waiting),
            "blocked": len(outcome.blocked),
            "form": letter.form,
        },
        issue=letter.issue,
        message=letter.message,
    )


def _seal_open(tx: Tx, outcome: _Outcome, own_packet: bytes | None, now: Instant) -> None:
    """Keep the copies of all deliveries that are not blocked."""
    kept = [
        Copy(
            delivery=row.id,
            key_packets=outcome.key_packets[ref],
            fingerprints=outcome.fingerprints[ref],
            own_packet=own_packet,
        )
        for row in outcome.waiting
        if (ref := _ref(row.id)) not in outcome.blocked
    ]
    copies.seal_all(tx, kept, now=now)


def _block_all(
    tx: Tx, letter: RowId, *, reason: str, lease: bytes, now: Instant, tell: Tell
) -> None:
    letters.release(tx, letter=letter, token=lease, due_at=now)
    for row in deliveries.pending_of(tx, letter):
        _block(tx, row, reason, now, tell)


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


def _block(tx: Tx, row: DeliveryRow, reason: str, now: Instant, tell: Tell) -> None:
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
    tell_of(tx, tell, row, reason)


def _ref(delivery: RowId) -> str:
    return delivery.hex()
