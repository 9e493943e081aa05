"""One message on its way to one recipient, as stage 8 hands it to stage 9."""

from dataclasses import dataclass
from typing import TypeAlias

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import ClearForm, ClearReply, Public, Sealed

Outgoing: TypeAlias = Sealed | Public | ClearForm | ClearReply
"""What may leave; a plain string cannot be sent (design: house, "Rules")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed delivery, ready to send.

    `id` is the delivery's row, `lease` the token under which it is held, `sender` the bounce
    address, None for `<>`, to which nobody answers. TypeError when `what` is no type that may
    leave; ValueError when its bytes are not 7-bit lines that end with CRLF, which every relay
    takes and none reads differently.
    """

    id: RowId
    lease: bytes
    sender: Address | None
    recipient: Address
    what: Outgoing

    def __post_init__(self) -> None:
        """Refuse what must not, or could not safely, be sent."""
        what: object = self.what  # whatever the annotation says: this is the last gate
        if not isinstance(what, Sealed | Public | ClearForm | ClearReply):
            message = "only Sealed, Public, ClearForm and ClearReply may be sent"
            raise TypeError(message)
        content = what.content
        ends = content.count(b"\r\n")
        if not content.endswith(b"\r\n") or {content.count(b"\r"), content.count(b"\n")} != {ends}:
            message = "a message to send consists of lines that end with CRLF"
            raise ValueError(message)
        if not content.isascii() or b"\0" in content:
            message = "a message to send is 7-bit and has no NUL"
            raise ValueError(message)
