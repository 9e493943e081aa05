"""Copies of protected header fields that stand in a text, for programs that do not know better.

RFC 9788 §4.5.3 puts them above the text of a part and says so in its type; the draft before it
made a first part of them. Both are the writer's program's words, and not the writer's.
"""

import re
from typing import Final

from gatekeeper.mail.structure import Part
from gatekeeper.mail.transfer import decode

_COPIED_TYPES: Final = frozenset({"text/plain", "text/rfc822-headers"})
_COPY_MAX: Final = 64 * 1024
_FIELDS: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9-]{0,60}:(?:[ \t][^\n]*+)?\n(?:[ \t]+\S[^\n]*+\n)*+)++"
)
_BLANK_LINE: Final = re.compile(r"[ \t]*+\n")


def payload(content: Part) -> Part:
    """Return the entity whose header is the protected one: of what is signed, what it covers."""
    is_signed = content.content_type == "multipart/signed" and bool(content.children)
    return content.children[0] if is_signed else content


def is_copy(part: Part, content: Part) -> bool:
    """Say whether a part of `content` is nothing but a copy of the header fields of its payload.

    It is the first of a payload that declares `protected-headers="v1"`, declares the same, and
    holds header fields only.
    """
    root = payload(content)
    if not root.children or part is not root.children[0] or part.content_type not in _COPIED_TYPES:
        return False
    if not all(_declares(each) for each in (part, root)) or part.size > _COPY_MAX:
        return False
    text = decode(part.body, part.encoding).decode("latin-1").replace("\r\n", "\n").strip()
    return _FIELDS.fullmatch(text + "\n") is not None


def has_copy(part: Part, content: Part) -> bool:
    """Say whether a part of `content` begins with a copy of header fields of its payload."""
    is_marked = part.params.get("hp-legacy-display", "") == "1"
    return is_marked and payload(content).params.get("hp", "").lower() == "cipher"


def without_copy(text: str, part: Part, content: Part) -> str:
    """Return the text of a part without the copy above it, which an empty line ends.

    What does not look like header fields stays.
    """
    if not has_copy(part, content):
        return text
    copied = _FIELDS.match(text)
    blank = _BLANK_LINE.match(text, copied.end()) if copied else None
    return text[blank.end() :] if blank else text


def _declares(part: Part) -> bool:
    return part.params.get("protected-headers", "").lower() == "v1"
