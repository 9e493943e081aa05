"""Write letters: the plaintext that is encrypted, and the frame that stands around ciphertext."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import Instant
from gatekeeper.mail.chunks import (
    BASE64,
    Chunk,
    attached,
    base64_lines,
    boundary,
    joined,
    text_chunk,
)
from gatekeeper.mail.header_writing import (
    encode_date,
    encode_header,
    encode_mailbox,
    encode_message_ids,
    encode_token,
    field_lines,
)
from gatekeeper.mail.headers import MESSAGE_IDS_MAX
from gatekeeper.mail.parse import LOOP_FIELD
from gatekeeper.mail.reading import Piece
from gatekeeper.mail.sheltered import sheltered
from gatekeeper.mail.structure import Part

INNER_FIELDS: Final = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
)
"""What the plaintext says of itself, and what `HP-Outer` repeats of the frame (RFC 9788 §2.2)."""

OUTER_FIELDS: Final = (
    *INNER_FIELDS,
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Precedence",
    "List-Id",
    LOOP_FIELD,
    "Autocrypt",
)
"""The only fields, besides MIME's own, that ever stand outside the encryption."""

BY_PERSON: Final = "no"
"""What a letter says of itself that a person wrote: nothing, no field is written."""

SEED_MIN: Final = 16
_AUTO_SUBMITTED: Final = frozenset({"auto-generated", "auto-replied", BY_PERSON})
_UNSAFE_IN_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_7BIT: Final = re.compile(rb"[^\t\r\n -~]|\r(?!\n)|[^\n]{999}")
_ENCRYPTED_SUFFIX: Final = re.compile(r"\.(?:gpg|pgp|asc)\Z", re.IGNORECASE)


_CONTROL_PART: Final = (
    b"\r\nContent-Type: application/pgp-encrypted\r\n"
    b"Content-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n\r\n--"
)
_ARMOR_PART: Final = (
    b'\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n'
    b"Content-Description: OpenPGP encrypted message\r\n"
    b'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands at the head of one letter, checked so that no value can add a field.

    `from_`, `to`, `reply_to` are `name <address>` or an address ("" for no Reply-To) · `subject`
    the real one, protected inside · `message_id` and `references` with angle brackets, the last
    reference is the mail answered · `boundary_seed` 16 or more secret bytes · `list_id` the bare
    identifier of RFC 2919 ("" for none) · `loop_token` what we know our own mail by ·
    `came_through` the loop tokens of others that the mail passed on came with; told inside only ·
    `auto_submitted` a keyword of RFC 3834, BY_PERSON for what a person wrote · `autocrypt` the
    value of that field, our key for whoever answers, as `encode_autocrypt` makes it ("" for none).
    """

    from_: str
    to: str
    subject: str
    date: Instant
    message_id: str
    reply_to: str = ""
    references: tuple[str, ...] = ()
    boundary_seed: bytes = field(repr=False)
    list_id: str = ""
    loop_token: str
    came_through: tuple[str, ...] = ()
    auto_submitted: str = "auto-generated"
    autocrypt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse every value that could not stand in a header field."""
        if len(self.boundary_seed) < SEED_MIN:
            message = f"a boundary needs a seed of {SEED_MIN} bytes"
            raise ValueError(message)
        if len(self.references) > MESSAGE_IDS_MAX:
            message = f"a letter refers to {MESSAGE_IDS_MAX} others at most"
            raise ValueError(message)
        if self.auto_submitted not in _AUTO_SUBMITTED:
            message = "a letter is written by a person, by itself or as an answer"
            raise ValueError(message)
        field_lines("Autocrypt", self.autocrypt)
        _outer_values(self, self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterFrame:
    """The message around an armored ciphertext: `head` + armor + `tail` is what is sent."""

    head: bytes
    tail: bytes


def inner(
    *,
    head: Letterhead,
    outer_subject: str,
    block: str,
    content: Part | None,
    header_block: bytes,
    pieces: Sequence[Piece] = (),
    raw_attachment: bytes | None = None,
) -> bytes:
    """Return the plaintext of a letter: a MIME entity with its headers protected (RFC 9788).

    In order: `block`, our own text; `content`, with no page, image or mail in it that a program
    would show; each opened piece, the original's `header_block` and `raw_attachment` as
    attachments.
    """
    chunks = [text_chunk(block)]
    if content is not None:
        chunks.extend(sheltered(content))
    opened = [each for each in pieces if each.data is not None]
    chunks.extend(_piece_chunk(each, number) for number, each in enumerate(opened, 1))
    if header_block:
        chunks.append(_header_chunk(header_block))
    if raw_attachment is not None:
        chunks.append(attached(raw_attachment, name="original.eml", about="The mail as received"))
    mark = boundary(head.boundary_seed, chunks)
    return inner_header(head, outer_subject, mark) + joined(chunks, mark)


def outer(*, head: Letterhead, outer_subject: str) -> OuterFrame:
    """Return the frame of RFC 3156 §4 for `head`; its Subject is `outer_subject`, not the real one.

    Nothing but OUTER_FIELDS and MIME's own fields is in it; no armor can hold its boundary.
    """
    mark = boundary(head.boundary_seed, ())
    written = [
        outer_header(head, outer_subject),
        b"MIME-Version: 1.0\r\n",
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n boundary="',
        mark,
        b'"\r\n\r\n--',
        mark,
        _CONTROL_PART,
        mark,
        _ARMOR_PART,
    ]
    return OuterFrame(head=b"".join(written), tail=b"\r\n--" + mark + b"--\r\n")


def outer_header(head: Letterhead, subject: str) -> bytes:
    """Return every field of ours that may be read on the way, with this Subject."""
    values = _outer_values(head, subject)
    written = [field_lines(name, values[name]) for name in OUTER_FIELDS if values[name]]
    return b"".join(written)


def _outer_values(head: Letterhead, subject: str) -> Mapping[str, str]:
    """Return every field that may stand outside, encoded; an empty value is not written."""
    by_person = head.auto_submitted == BY_PERSON
    return MappingProxyType(
        {
            "From": encode_mailbox(head.from_),
            "To": encode_mailbox(head.to),
            "Subject": encode_header(subject),
            "Date": encode_date(head.date),
            "Message-ID": encode_message_ids((head.message_id,)),
            "Reply-To": encode_mailbox(head.reply_to) if head.reply_to else "",
            "In-Reply-To": encode_message_ids(head.references[-1:]),
            "References": encode_message_ids(head.references),
            "Auto-Submitted": "" if by_person else head.auto_submitted,
            "X-Auto-Response-Suppress": "" if by_person else "All",
            "Precedence": "list" if head.list_id else "",
            "List-Id": f"<{encode_token(head.list_id)}>" if head.list_id else "",
            LOOP_FIELD: encode_token(head.loop_token),
            "Autocrypt": head.autocrypt,
        }
    )


def inner_header(head: Letterhead, outer_subject: str, mark: bytes) -> bytes:
    """Return the header of a plaintext whose parts the boundary `mark` divides (RFC 9788)."""
    real = _outer_values(head, head.subject)
    outside = _outer_values(head, outer_subject)
    written = [field_lines(name, real[name]) for name in INNER_FIELDS if real[name]]
    tokens = (head.loop_token, *head.came_through)
    written.append(field_lines(LOOP_FIELD, " ".join(encode_token(each) for each in tokens)))
    written += [
        field_lines("HP-Outer", f"{name}: {outside[name]}")
        for name in INNER_FIELDS
        if outside[name]
    ]
    written += [
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="',
        mark,
        b'";\r\n protected-headers="v1"; hp="cipher"\r\n',
    ]
    return b"".join(written)


def _piece_chunk(piece: Piece, number: int) -> Chunk:
    name = _UNSAFE_IN_NAME.sub("_", _ENCRYPTED_SUFFIX.sub("", piece.label)).strip("._")[-60:]
    name = f"piece-{number}-{name or 'opened'}{'.eml' if piece.is_mail else ''}"
    return attached(piece.data or b"", name=name, about=piece.label)


def _header_chunk(header_block: bytes) -> Chunk:
    head = (
        b"Content-Type: text/rfc822-headers\r\nContent-Description: The header as received\r\n"
        b'Content-Disposition: attachment; filename="header.txt"\r\n'
    )
    if _NOT_7BIT.search(header_block):
        return Chunk(head=head + BASE64, body=base64_lines(header_block))
    return Chunk(head=head, body=header_block)
