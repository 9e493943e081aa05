"""Name and weigh the files in a mail; their bytes stay as they were."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.filenames import file_name
from gatekeeper.mail.charset import is_printable_line, printable_line
from gatekeeper.mail.legacy_display import is_copy
from gatekeeper.mail.mangled import is_control, is_signature, signed_parts
from gatekeeper.mail.media import names_of
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import first_text_part, has_words

NAME_MAX: Final = 255
_FIELD_MAX: Final = 16 * 1024
_CONTROL: Final = frozenset({"application/pgp-encrypted", "application/pgp-signature"})
_GENERIC: Final = frozenset(
    {"application/octet-stream", "application/x-download", "application/force-download"}
)
_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable"})
_EXTENSIONS: Final = MappingProxyType(
    {
        "text/plain": "txt",
        "text/html": "html",
        "text/calendar": "ics",
        "text/x-patch": "patch",
        "text/x-diff": "diff",
        "message/rfc822": "eml",
        "application/pdf": "pdf",
        "application/zip": "zip",
        "application/gzip": "gz",
        "application/json": "json",
        "application/pgp-keys": "asc",
        "image/png": "png",
        "image/jpeg": "jpg",
        "image/gif": "gif",
        "image/webp": "webp",
        "image/svg+xml": "svg",
        "video/mp4": "mp4",
    }
)
_SAME: Final = MappingProxyType({"jpeg": "jpg", "htm": "html", "text": "txt", "tgz": "gz"})
_TYPES: Final = MappingProxyType(
    {extension: kind for kind, extension in _EXTENSIONS.items() if extension != "asc"}
)
_ALIASES: Final = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
        "image/svg": "image/svg+xml",
        "application/x-pdf": "application/pdf",
        "application/x-zip": "application/zip",
        "application/x-zip-compressed": "application/zip",
        "application/x-gzip": "application/gzip",
        "application/x-tgz": "application/gzip",
        "application/x-compressed-tar": "application/gzip",
        "application/x-patch": "text/x-patch",
        "application/x-diff": "text/x-diff",
        "application/ics": "text/calendar",
    }
)
_DOCUMENTS: Final = frozenset(
    {*_TYPES, *_SAME, "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "csv"}
)
_NAMES: Final = """
exe com scr pif bat cmd msi vbs vbe js jse wsf wsh hta lnk ps1 jar reg cpl chm iso desktop
"""
_PROGRAMS: Final = frozenset(_NAMES.split())
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_EXTENSION: Final = re.compile(r"\.([A-Za-z0-9]{1,10})$")
_MANY_BLANKS: Final = re.compile(r"\s{5}")

TURNED: Final = "its name holds characters that turn text around"
HIDDEN: Final = "its name holds characters that cannot be seen"
PATH: Final = "its name holds a path"
TWO_NAMES: Final = "it has two names that differ, and programs show one or the other"
PROGRAM: Final = "its name looks like a document's and ends like a program's"
BLANKS: Final = "its name holds many blanks, which push its end out of sight"
OTHER_TYPE: Final = "its type is not the one that its name's extension means"
NO_TYPE: Final = "neither its type nor its name says what it is"
ENCODED: Final = "its transfer encoding is unknown, so it is still encoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of a mail.

    `number` from 1 in the order of the mail · `name` as the sender wrote it, made printable, ""
    without one · `file` the name to keep it under, never a path · `size` bytes once decoded ·
    `notes` what people may see otherwise than it is, in words that quote nothing · `part` holds
    the bytes.
    """

    number: int
    name: str
    file: str
    content_type: str
    size: int
    notes: tuple[str, ...] = ()
    part: Part = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a name that could not be shown."""
        if not is_printable_line(self.name):
            message = "a name is one printable line"
            raise ValueError(message)


def attachments(content: Part) -> tuple[Attachment, ...]:
    """Return the files in `content`: whatever has a name, and all but its text and signatures.

    A second form of the text (multipart/alternative) is no file; neither is an empty text, nor a
    copy of protected header fields.
    """
    body = first_text_part(content)
    signed = signed_parts(content)
    found = (
        part
        for part, alternative in _leaves(content)
        if _is_file(part, body, alternative=alternative)
        and not is_copy(part, content)
        and not (signed and part is signed[1])
    )
    return tuple(_attachment(number, part) for number, part in enumerate(found, 1))


def pages(content: Part) -> tuple[tuple[str, Part], ...]:
    """Return each page of `content` that is shown and no file, with the name it travels under."""
    files = {id(each.part) for each in attachments(content)}
    found = (
        part
        for part in content.walk()
        if not part.children and is_page(part) and id(part) not in files
    )
    return tuple((f"page-{number}.html", part) for number, part in enumerate(found, 1))


def is_page(part: Part) -> bool:
    """Say whether a part is markup that a program shows as a page."""
    return part.content_type.endswith(("html", "xml"))


def _leaves(content: Part) -> Iterator[tuple[Part, bool]]:
    """Yield each part without children, and whether it lies in a multipart/alternative."""
    waiting = [(content, False)]
    while waiting:
        part, alternative = waiting.pop()
        if not part.children:
            yield part, alternative
        inside = alternative or part.content_type == "multipart/alternative"
        waiting.extend((child, inside) for child in reversed(part.children))


def _is_file(part: Part, body: Part | None, *, alternative: bool) -> bool:
    if part.content_type in _CONTROL and (is_signature(part) or is_control(part)):
        return False
    if part.filename is not None or part.disposition == "attachment":
        return True
    if part is body:
        return False
    if not part.content_type.startswith("text/"):
        return True
    return not alternative and has_words(part)


def _attachment(number: int, part: Part) -> Attachment:
    kind, shown = part.first("Content-Type") or b"", part.first("Content-Disposition") or b""
    names = names_of(kind, shown, _FIELD_MAX)
    written = next(iter(names), "")
    fallback = f"attachment.{_EXTENSIONS.get(part.content_type, 'bin')}"
    return Attachment(
        number=number,
        name=printable_line(written)[:NAME_MAX].strip(),
        file=file_name(written, fallback=fallback),
        content_type=part.content_type,
        size=len(part.decoded()),
        notes=tuple(_notes(part, names)),
        part=part,
    )


def _notes(part: Part, names: tuple[str, ...]) -> Iterator[str]:
    for name in names[:1]:
        yield from _notes_on_name(name)
    if len(set(names)) > 1:
        yield TWO_NAMES
    extension = _extension(printable_line(names[0])) if names else ""
    expected = _TYPES.get(extension, "")
    if part.content_type in _GENERIC:
        if not extension:
            yield NO_TYPE
    elif expected and not _agrees(part.content_type, expected):
        yield OTHER_TYPE
    if part.encoding not in _ENCODINGS:
        yield ENCODED


def _notes_on_name(name: str) -> Iterator[str]:
    if _TURNING.search(name):
        yield TURNED
    if printable_line(_TURNING.sub("", name)) != _TURNING.sub("", name):
        yield HIDDEN
    if "/" in name or "\\" in name:
        yield PATH
    if _MANY_BLANKS.search(name):
        yield BLANKS
    last = _extension(name)
    before = _extension(name[: len(name) - len(last) - 1].rstrip()) if last else ""
    if last in _PROGRAMS and before in _DOCUMENTS:
        yield PROGRAM


def _extension(name: str) -> str:
    found = _EXTENSION.search(name)
    extension = found[1].lower() if found else ""
    return _SAME.get(extension, extension)


def _agrees(kind: str, expected: str) -> bool:
    """Say whether a type is the expected one; texts that are no HTML are called anything."""
    if _ALIASES.get(kind, kind) == expected:
        return True
    texts = [name.startswith("text/") and name != "text/html" for name in (kind, expected)]
    return all(texts)
