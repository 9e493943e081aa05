"""Write letters to one person: the plaintext that is encrypted, or the whole mail in clear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gatekeeper.mail.chunks import Chunk, boundary, clear_text_chunk, file_chunk, joined, text_chunk
from gatekeeper.mail.compose import Letterhead, inner_header, outer_header

FILE_NAME_MAX: Final = 100

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WORD: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,100}"
_CONTENT_TYPE: Final = re.compile(rf"{_WORD}/{_WORD}(?:; [a-z0-9-]+=[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes with a letter: a plain name, `type/subtype` and its octets."""

    name: str
    content_type: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a name or a type that could be more than that in a header."""
        if not _NAME.fullmatch(self.name) or len(self.name) > FILE_NAME_MAX:
            message = "a file's name has letters, digits, dots, dashes and underscores only"
            raise ValueError(message)
        if not _CONTENT_TYPE.fullmatch(self.content_type):
            message = "a file's type is written as type/subtype"
            raise ValueError(message)
        if self.content_type.lower().startswith(("multipart/", "message/")):
            message = "a file is one part of a mail, not a mail in itself"
            raise ValueError(message)


def personal_inner(
    *, head: Letterhead, outer_subject: str, text: str, files: Sequence[File] = ()
) -> bytes:
    """Return the plaintext of a letter to one person, its headers protected (RFC 9788)."""
    chunks = [text_chunk(text), *map(_chunk, files)]
    mark = boundary(head.boundary_seed, chunks)
    return inner_header(head, outer_subject, mark) + joined(chunks, mark)


def clear_message(*, head: Letterhead, text: str, files: Sequence[File] = ()) -> bytes:
    """Return a whole mail of 7-bit lines (RFC 5322) that anybody may read on its way."""
    chunks = [clear_text_chunk(text), *map(_chunk, files)]
    written = outer_header(head, head.subject) + b"MIME-Version: 1.0\r\n"
    if not files:
        return written + chunks[0].head + b"\r\n" + chunks[0].body
    mark = boundary(head.boundary_seed, chunks)
    kind = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\r\n'
    return written + kind + joined(chunks, mark)


def _chunk(file: File) -> Chunk:
    return file_chunk(file.data, name=file.name, content_type=file.content_type)
