"""A message as it would have come unencrypted: its own header around what was inside."""

import re
from collections.abc import Iterator
from typing import Final

from gatekeeper.mail.reading import Reading
from gatekeeper.mail.sheltered import CONTENT_FIELDS
from gatekeeper.mail.structure import Part

_STRAY: Final = re.compile(rb"\r(?!\n)|\x00")
_VERSION: Final = b"MIME-Version: 1.0\r\n"


def opened_mail(reading: Reading) -> bytes:
    """Return the message with its opened content; one that held nothing closed, as it came.

    The header is the original's, but for the fields that describe the content, which are those of
    the content, and a Subject that was protected inside. The body is the content's, byte for byte.
    """
    root, content = reading.mail.root, reading.content
    if content is root:
        return reading.mail.raw
    header = b"".join((*_outside(reading, root), _VERSION, *_content_fields(content)))
    return header + b"\r\n" + content.body


def _outside(reading: Reading, root: Part) -> Iterator[bytes]:
    inside = reading.content.first("Subject")
    protected = inside if inside is not None and reading.subject != reading.mail.subject else None
    for each in root.fields:
        name = each.name.lower()
        if name in CONTENT_FIELDS or name == "mime-version":
            continue
        if name == "subject" and protected is not None:
            yield _line("X-Outer-Subject", each.raw)
        else:
            yield _line(each.name, each.raw)
    if protected is not None:
        yield _line("Subject", protected)


def _content_fields(content: Part) -> Iterator[bytes]:
    for each in content.fields:
        if each.name.lower() in CONTENT_FIELDS:
            yield _line(each.name, each.raw)


def _line(name: str, raw: bytes) -> bytes:
    return name.encode("ascii") + b":" + _STRAY.sub(b" ", raw) + b"\r\n"
