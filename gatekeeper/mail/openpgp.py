"""Which OpenPGP layer a mail has, by its structure alone; no cryptography, nothing believed."""

import re
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.mail import inline, mangled
from gatekeeper.mail.mangled import MANGLED
from gatekeeper.mail.structure import Part

_NEWLINE: Final = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """A mail that is encrypted as a whole (RFC 3156 §4); `problem` when its form was not sound."""

    ciphertext: bytes = field(repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A mail that is signed as a whole (RFC 3156 §5); `problem` when its form was not sound.

    `content` is what the signature covers, with CRLF line ends; `inner` the same as a part.
    """

    content: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    inner: Part
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineEncrypted:
    """A mail whose whole single text body is one armored message.

    `charset` is what its text may be in when it is not UTF-8: as the armor says, else the mail.
    """

    armor: bytes = field(repr=False)
    charset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSigned:
    """A mail whose whole single text body is one clear-signed text.

    `unstuffed` is the same without what format=flowed puts before lines, where that differs:
    programs sign either.
    """

    armor: bytes = field(repr=False)
    unstuffed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """A mail with no OpenPGP layer around the whole of it."""


Layer = Encrypted | Signed | InlineEncrypted | InlineSigned | Clear


def layer(root: Part) -> Layer:
    """Return the outermost OpenPGP layer that covers the whole mail."""
    if root.content_type == "multipart/encrypted":
        return _encrypted(root)
    if root.content_type == "multipart/signed":
        return _signed(root)
    if root.content_type == "multipart/mixed":
        return _mixed(root)
    if root.content_type == "text/plain":
        return _inline(root)
    return Clear()


def canonical(content: bytes) -> bytes:
    """Return `content` with CRLF for every LF or CRLF line end (RFC 3156 §5)."""
    return _NEWLINE.sub(b"\r\n", content)


def signed_by(inner: Part, signature: Part, problem: str = "") -> Signed:
    """Return the layer in which `signature` is over `inner`, header and all."""
    return Signed(
        content=canonical(inner.entity),
        signature=signature.decoded(),
        inner=inner,
        problem=problem,
    )


def _encrypted(root: Part) -> Layer:
    """Read RFC 3156 §4: two parts, the second holds the message; beside it nothing else may be."""
    parts = root.children
    if not parts:
        problem = "multipart/encrypted that could not be taken apart"
        return Encrypted(ciphertext=root.body, problem=problem)
    if len(parts) == 1:
        problem = "multipart/encrypted with one part only"
        return Encrypted(ciphertext=inline.narrowed(parts[0].decoded()), problem=problem)
    if len(parts) > 2:
        return Clear()
    first, second = parts
    if mangled.is_control(first):
        is_typed = first.content_type == "application/pgp-encrypted"
        problem = "" if is_typed else "multipart/encrypted whose control part lost its type"
        return Encrypted(ciphertext=inline.narrowed(second.decoded()), problem=problem)
    if mangled.is_control(second):
        problem = "multipart/encrypted with its parts in the wrong order"
        return Encrypted(ciphertext=inline.narrowed(first.decoded()), problem=problem)
    found = second if mangled.holds_message(second) else first
    problem = "multipart/encrypted without its control part"
    return Encrypted(ciphertext=inline.narrowed(found.decoded()), problem=problem)


def _signed(root: Part) -> Layer:
    match root.children:
        case (inner, signature) if signature.content_type == "application/pgp-signature":
            # What another program divides otherwise is another text than the one verified here.
            return signed_by(inner, signature) if root.is_divided_one_way else Clear()
        case _:
            return Clear()


def _mixed(root: Part) -> Layer:
    """Recognise what is left of RFC 3156 when a mail system has made a multipart/mixed of it."""
    if (found := mangled.encrypted_part(root)) is not None:
        part, problem = found
        return Encrypted(ciphertext=inline.narrowed(part.decoded()), problem=problem)
    if (parts := mangled.signed_parts(root)) is not None:
        return signed_by(*parts, problem=MANGLED)
    return Clear()


def _inline(root: Part) -> Layer:
    """Read a text body that from its first to its last line is one armored or signed message."""
    text = inline.ascii_text(root)
    kind, armor = inline.whole(text)
    if kind == "MESSAGE":
        charset = inline.charset_of(armor, root.params.get("charset", ""))
        return InlineEncrypted(armor=armor, charset=charset)
    if kind == "SIGNED MESSAGE":
        is_flowed = root.params.get("format", "").lower() == "flowed"
        other = inline.unstuffed(armor) if is_flowed else armor
        return InlineSigned(armor=armor, unstuffed=None if other == armor else other)
    return Clear()
