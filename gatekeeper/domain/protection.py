"""What a message's cryptography amounts to, and the four types that alone may leave."""

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.domain.instants import Instant


class SignatureState(StrEnum):
    """How one signature was found (design: OpenPGP, "Believing")."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN_SIGNER = "unknown signer"
    EXPIRED_KEY = "key expired"
    EXPIRED_SIGNATURE = "signature expired"
    REVOKED_KEY = "key revoked"
    WEAK = "weak digest"
    UNCHECKED = "could not be checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature: its state, and the signer as far as gpg named one.

    `fingerprint` is the *primary* key's 40 hex digits and set only when the key is known;
    `key_id` is what the signature itself claims.
    """

    state: SignatureState
    fingerprint: str | None = None
    key_id: str | None = None
    made_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSignature:
    """A signature over a part of a message: `label` says which part, in one printable line.

    It is told and counts for nothing: what stands around it is anybody's.
    """

    label: str
    signature: Signature

    def __post_init__(self) -> None:
        """Refuse a label that could pose as more than one finding."""
        if not self.label.strip() or not self.label.isprintable():
            message = "a part is named in one printable line"
            raise ValueError(message)


class Integrity(StrEnum):
    """How an encrypted message was protected against changes (RFC 4880 §5.14; LibrePGP §5.16)."""

    MDC = "MDC"
    AEAD = "AEAD"


class Coverage(StrEnum):
    """How much of a message was encrypted."""

    ALL = "all"
    PART = "part"
    NONE = "none"


class UnreadableReason(StrEnum):
    """Why an encrypted message could not be opened."""

    NO_KEY = "encrypted to a key we do not hold"
    NO_INTEGRITY = "no valid integrity protection"
    MALFORMED = "not a sound OpenPGP message"
    AMBIGUOUS = "more than one message, or data beside the message"
    WEAK_CIPHER = "a cipher with 64-bit blocks"
    PASSWORD_ONLY = "encrypted to a password, not to a key"  # noqa: S105 - a reason, no secret
    TOO_LARGE = "larger than allowed when opened"
    TOO_SLOW = "took longer than allowed to open"
    TOO_MANY_KEYS = "addressed to more keys than allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What was verified of one message; says only what is true, for people and for rules.

    `encrypted` how much was encrypted · `own_key` fingerprint of our (sub)key that opened it ·
    `unreadable` why encrypted content stayed closed · `cipher` and `integrity` of what was opened
    as a whole ("" and None otherwise) · `signatures` those over the whole content · `parts` those
    over a part of it, which count for nothing · `pieces` one line for each encrypted piece of an
    otherwise clear mail.
    """

    encrypted: Coverage = Coverage.NONE
    own_key: str | None = None
    unreadable: UnreadableReason | None = None
    cipher: str = ""
    integrity: Integrity | None = None
    signatures: tuple[Signature, ...] = ()
    parts: tuple[PartSignature, ...] = ()
    pieces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot have been found: opened without a key, or closed and signed."""
        whole = self.encrypted is Coverage.ALL
        if whole == (self.own_key is None and self.unreadable is None):
            message = "what was encrypted as a whole was opened by a key or stayed closed"
            raise ValueError(message)
        if self.unreadable is not None and (self.own_key is not None or self.signatures):
            message = "what stayed closed was opened by no key and shows no signature"
            raise ValueError(message)
        if bool(self.cipher) != (self.integrity is not None) or (
            self.cipher and self.own_key is None
        ):
            message = "a cipher and its integrity are known of what was opened as a whole"
            raise ValueError(message)
        if (self.encrypted is Coverage.PART) != bool(self.pieces):
            message = "encrypted in part means that there are encrypted pieces"
            raise ValueError(message)


class Form(StrEnum):
    """In which of the forms that may leave a letter goes out."""

    SEALED = "sealed"
    CLEAR_FORM = "clear form"
    CLEAR_REPLY = "clear reply"


class _Mint:
    """The right to make values that may leave; each maker's module holds one."""

    __slots__ = ()


SEALED_MINT = _Mint()
PUBLIC_MINT = _Mint()
CLEAR_FORM_MINT = _Mint()
CLEAR_REPLY_MINT = _Mint()


class Lines:
    """Whole lines of a message, which every relay takes and none reads differently.

    7-bit, without NUL, each ending with CRLF; anything else is a ValueError. They are looked
    through once, when they are made, in however many messages they stand. `dotted` says that one
    of them begins with a dot, which SMTP has doubled (RFC 5321 §4.5.2).
    """

    __slots__ = ("_content", "_dotted")

    def __init__(self, content: bytes) -> None:
        ends = content.count(b"\r\n")
        if not content.endswith(b"\r\n") or {content.count(b"\r"), content.count(b"\n")} != {ends}:
            message = "a message to send consists of lines that end with CRLF"
            raise ValueError(message)
        if not content.isascii() or b"\0" in content:
            message = "a message to send is 7-bit and has no NUL"
            raise ValueError(message)
        self._content = content
        self._dotted = content.startswith(b".") or b"\n." in content

    def __len__(self) -> int:
        return len(self._content)

    @property
    def content(self) -> bytes:
        """The lines as they are."""
        return self._content

    @property
    def dotted(self) -> bool:
        """Whether one of them begins with a dot."""
        return self._dotted


class _Outgoing:
    """A message that may be handed to the relay, made only with the right mint.

    Of the pieces that it is made of, those that other messages share are the same Lines in all.
    """

    __slots__ = ("_parts",)
    _mint: _Mint

    def __init__(self, *content: bytes | Lines, mint: _Mint) -> None:
        if mint is not self._mint:
            message = f"{type(self).__name__} is made only where its mint lives"
            raise TypeError(message)
        if not content:
            message = "a message to send has lines"
            raise ValueError(message)
        self._parts = tuple(each if isinstance(each, Lines) else Lines(each) for each in content)

    @property
    def parts(self) -> tuple[Lines, ...]:
        """The RFC 5322 message as it is sent, piece by piece."""
        return self._parts

    @property
    def content(self) -> bytes:
        """The RFC 5322 message as it is sent."""
        return b"".join(part.content for part in self._parts)

    @property
    def size(self) -> int:
        """Its octets."""
        return sum(map(len, self._parts))


class Sealed(_Outgoing):
    """Ciphertext for one recipient; made only in `pgp/`."""

    __slots__ = ()
    _mint = SEALED_MINT


class Public(_Outgoing):
    """What everyone may read; made only by notice, lift and publications after it."""

    __slots__ = ()
    _mint = PUBLIC_MINT


class ClearForm(_Outgoing):
    """An enumerated template with typed slots and no free text."""

    __slots__ = ()
    _mint = CLEAR_FORM_MINT


class ClearReply(_Outgoing):
    """Free text of the team to a reporter who wrote in clear; confirmed by a second person."""

    __slots__ = ()
    _mint = CLEAR_REPLY_MINT
