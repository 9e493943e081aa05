"""One message in the transaction that handles it, and the place it is given."""

from dataclasses import dataclass

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Classified, Envelope, Kind
from gatekeeper.domain.team import Person
from gatekeeper.domain.verdict import Verdict
from gatekeeper.issues.key_offers import KeyOffer
from gatekeeper.issues.letterhead import Desk
from gatekeeper.mail.reading import Reading
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it reaches stage 6: claimed, read and classified.

    `offers` are the keys that came with it, looked at beforehand, because no gpg may run in the
    transaction · `alone` is its signed part read without what a mailing system put beside it, None
    when nothing was.
    """

    id: RowId
    lease: bytes
    envelope: Envelope
    received_at: Instant
    reading: Reading
    classified: Classified
    offers: tuple[KeyOffer, ...] = ()
    alone: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message ends up.

    `claimed` is an issue that it named without being believed, `void` says that it came to a
    reply address that leads nowhere any more, `crowded` that it is one unsigned mail too many.
    """

    kind: Kind
    issue: IssueRow | None
    opened: bool = False
    claimed: str = ""
    void: bool = False
    crowded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One message in the transaction that handles it.

    `sender` is the one address in From, `signers` the correspondents whose pinned key made the
    single good signature over the whole message · `ordered_by` the verdict on what commands may
    stand in: the message, or its signed part alone.
    """

    tx: Tx
    desk: Desk
    arrival: Arrival
    sender: Address | None
    signers: tuple[Correspondent, ...]
    verdict: Verdict
    ordered_by: Verdict
    now: Instant

    @property
    def reading(self) -> Reading:
        """What the message holds."""
        return self.arrival.reading

    @property
    def ordered(self) -> Reading:
        """What commands may stand in: the message, or its signed part alone."""
        return self.arrival.alone or self.arrival.reading

    @property
    def colleague(self) -> Person | None:
        """The person of the team who seems to have written, by signature or else by From."""
        if self.ordered_by.signer is not None:
            return self.ordered_by.signer
        return self.desk.team.by_address(self.sender) if self.sender is not None else None
