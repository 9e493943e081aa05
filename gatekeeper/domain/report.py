"""What a message is (stage 4's answer) and how its handling stands."""

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId


class Kind(StrEnum):
    """What a message turned out to be."""

    REPORT = "report"
    REPLY = "reply"
    POSTMASTER = "postmaster"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    LOOP = "loop"


class MessageState(StrEnum):
    """Where an accepted message stands."""

    STORED = "stored"
    CLAIMED = "claimed"
    HANDLED = "handled"
    QUARANTINED = "quarantined"


MAX_ATTEMPTS = 3
"""After three failures a message is quarantined and listed, never dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How a message arrived: SMTP envelope and session, nothing from inside the message.

    `sender` None is the null sender `<>`; `peer` the client's IP address or "local";
    `protocol` one of SMTP, ESMTP, LMTP; `tls` the version of TLS such as TLSv1.3, "" in clear.
    """

    sender: Address | None
    recipients: tuple[Address, ...]
    peer: str
    protocol: str
    tls: str = ""

    def __post_init__(self) -> None:
        """Refuse an envelope that leads nowhere."""
        if not self.recipients:
            message = "an envelope needs a recipient"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """Stage 4's answer: the kind, and the row that a token of ours named, if one did.

    `delivery` is the one a bounce is about, `carried` the message inside a letter that came back.

    `route` names whom the reply address was given to that the message came to.

    `automatic` is what the headers say of themselves; it may keep an answer back, it never keeps
    a report from being opened (design: mail engine, "In").
    """

    kind: Kind
    delivery: RowId | None = None
    carried: RowId | None = None
    automatic: bool = False
    route: RowId | None = None
