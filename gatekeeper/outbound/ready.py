"""Make a claimed delivery ready to send: its packets, its sender, and whether it may go now."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import Form
from gatekeeper.outbound import forms
from gatekeeper.outbound.forms import Clear
from gatekeeper.outbound.job import Job, Outgoing
from gatekeeper.outbound.telling import KEY_CHANGED, KEY_KNOWN, NO_CLEAR_PORT, NOT_STORED, REMOVED
from gatekeeper.pgp.assembly import SharedPacket
from gatekeeper.store import copies, correspondents, letters
from gatekeeper.store.deliveries import ClaimedDelivery
from gatekeeper.store.engine import Store
from gatekeeper.store.letters import Frame

_LOG: Final = logging.getLogger("gatekeeper.outbound")

Objection = Callable[[Address, Sequence[str]], str]
"""Says why a copy sealed to these keys must not go to its recipient now, "" when it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A delivery that does not go out now.

    `reason` is why it must not, told to the team; "" when its packets make no message.
    """

    delivery: RowId
    recipient: Address
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What a letter's deliveries share; the last one is kept, as a fan-out takes many claims."""

    id: RowId
    frame: Frame
    packet: SharedPacket | None = None
    clear: Clear | None = None

    @classmethod
    def of(cls, letter: RowId, frame: Frame) -> Self:
        if frame.shared is None:
            return cls(id=letter, frame=frame)
        if frame.form is Form.SEALED:
            return cls(id=letter, frame=frame, packet=SharedPacket(frame.shared))
        return cls(id=letter, frame=frame, clear=forms.restored(frame.form, frame.shared))


class Maker:
    """Makes jobs of claimed deliveries; used by one thread at a time."""

    def __init__(
        self,
        *,
        store: Store,
        own: OwnAddresses,
        token_key: bytes,
        objection: Objection,
        clear_replies: bool,
    ) -> None:
        """Take what is asked: our addresses, who must not get a copy, and what may go in clear."""
        self._store = store
        self._own = own
        self._token_key = token_key
        self._objection = objection
        self._clear_replies = clear_replies
        self._letter: _Letter | None = None

    def job(self, delivery: ClaimedDelivery, lease: bytes) -> Job | Held:
        """Return the delivery ready to send, or why it is held back."""
        try:
            letter = self._letter_of(delivery)
            objection = self._objection_to(delivery, letter.frame.form)
            if not objection:
                return self._made(delivery, letter, lease)
        except (GatekeeperError, ValueError) as error:
            _LOG.error("delivery not assembled: %s", type(error).__name__)
            objection = ""
        return Held(delivery=delivery.id, recipient=delivery.recipient, reason=objection)

    def forget(self) -> None:
        """Let go of the last letter: nothing more of it is due."""
        self._letter = None

    def _made(self, delivery: ClaimedDelivery, letter: _Letter, lease: bytes) -> Job:
        name = token.mint(self._token_key, "bounce", delivery.id)
        # What is automatic goes out from <>, which no bounce may answer (RFC 3834 §3.3).
        answered = not letter.frame.automatic
        return Job(
            id=delivery.id,
            lease=lease,
            sender=self._own.bounce_address(name) if answered else None,
            recipient=delivery.recipient,
            what=self._assemble(delivery, letter),
            envelope_id=name if answered else "",
            urgent=delivery.urgent,
        )

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
        if other.removed_at is not None:
            return REMOVED
        if other.address.key != delivery.recipient.key:
            return NOT_STORED
        if form is Form.CLEAR_REPLY:
            return KEY_KNOWN if other.fingerprint is not None else ""
        return "" if delivery.fingerprints == (other.fingerprint,) else KEY_CHANGED

    def _assemble(self, delivery: ClaimedDelivery, letter: _Letter) -> Outgoing:
        frame, packet = letter.frame, letter.packet
        if frame.form is not Form.SEALED:
            if letter.clear is None:
                message = "a mail in clear that was not composed"
                raise ValueError(message)
            return letter.clear
        if delivery.own:
            own = self._store.read(lambda tx: copies.own_packet(tx, delivery.id))
            packet = SharedPacket(own)
        if packet is None:
            message = "a sealed delivery without a data packet"
            raise ValueError(message)
        return packet.assemble(
            frame_head=frame.frame_head,
            key_packets=delivery.key_packets,
            frame_tail=frame.frame_tail,
        )
