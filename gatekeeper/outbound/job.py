"""One message on its way to one recipient, as stage 8 hands it to stage 9."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import ClearForm, ClearReply, Lines, Public, Sealed

Outgoing: TypeAlias = Sealed | Public | ClearForm | ClearReply
"""What may leave; a plain string cannot be sent (design: house, "Rules")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much may be claimed: about so many deliveries, and so many bytes of them at once.

    One is always claimed, however large it is · `urgent` that only urgent ones are.
    """

    jobs: int
    octets: int
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed delivery, ready to send.

    `id` is the delivery's row, `lease` the token under which it is held, `sender` the bounce
    address, None for `<>`, to which nobody answers · `envelope_id` names the delivery in reports
    (RFC 3461 §4.4), "" for none · `urgent` ones go before all others. TypeError when `what` is no
    type that may leave, or not made of lines that were looked through.
    """

    id: RowId
    lease: bytes
    sender: Address | None
    recipient: Address
    what: Outgoing
    envelope_id: str = ""
    urgent: bool = False

    def __post_init__(self) -> None:
        """Refuse what must not, or could not safely, be sent."""
        what: object = self.what  # whatever the annotation says: this is the last gate
        if not isinstance(what, Sealed | Public | ClearForm | ClearReply):
            message = "only Sealed, Public, ClearForm and ClearReply may be sent"
            raise TypeError(message)
        if any(type(part) is not Lines for part in what.parts):
            message = "a message to send is made of Lines"
            raise TypeError(message)


def octets(jobs: Iterable[Job]) -> int:
    """Return how many bytes of memory jobs hold; a piece that several share counts once."""
    return sum({id(part): len(part) for job in jobs for part in job.what.parts}.values())
