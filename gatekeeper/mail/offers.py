"""Find the keys that came with a mail, by form alone: attached, in a text, or in Autocrypt."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.packet_start import starts_key
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import bare

OFFERS_MAX: Final = 4
BLOCK_TAKEN: Final = 512 * 1024
"""Bytes of a block that are handed on; whoever examines it refuses one half as long."""

_PEEK: Final = 4096
_READ_MAX: Final = 4 * 1024 * 1024
"""Bytes of an attachment, in its transfer encoding, that are searched for keys."""

_KEY_NAMES: Final = (".asc", ".gpg", ".key", ".pgp")
_MARK: Final = b"-----BEGIN PGP P"
_HINT: Final = b"BEGIN PGP P"
_BEGIN: Final = re.compile(
    rb"^-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----[ \t\r]*+$", re.MULTILINE
)
_FIELDS_MAX: Final = 20
_CRITICAL: Final = frozenset({"addr", "prefer-encrypt", "keydata"})
_BLANKS: Final = re.compile(rb"[ \t\r\n]+")
AUTOCRYPT: Final = "the Autocrypt header"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedKey:
    """A key block as it came, unexamined: armored or binary, perhaps secret, perhaps no key.

    `label` says where it stood, in one printable line · `covered` that it lay inside the content,
    where a signature over the whole covers it.
    """

    label: str
    block: bytes = field(repr=False)
    covered: bool = True

    def __post_init__(self) -> None:
        """Refuse a label that could not be shown."""
        if not is_printable_line(self.label):
            message = "a label is one printable line"
            raise ValueError(message)


def offered(content: Part, mail: Mail) -> tuple[OfferedKey, ...]:
    """Return the keys in `content` and in the header of `mail`, four at most, each once.

    Attached ones come first, then those in texts, then the Autocrypt header, which counts only
    if there is one for the one address in From (Autocrypt 1.1, "Deriving").
    """
    found: dict[bytes, OfferedKey] = {}
    for key in (*_attached(content), *_in_texts(content), *_autocrypt(mail)):
        found.setdefault(key.block, key)
        if len(found) == OFFERS_MAX:
            break
    return tuple(found.values())


def _attached(content: Part) -> Iterator[OfferedKey]:
    found = (key for part in _own_leaves(content) if _is_attached(part) for key in _in_file(part))
    return islice(found, OFFERS_MAX)


def _in_texts(content: Part) -> Iterator[OfferedKey]:
    texts = (part for part in _own_leaves(content) if not _is_attached(part))
    found = (
        OfferedKey(label="the text", block=block)
        for part in texts
        for block in _armored(_text(part))
    )
    return islice(found, OFFERS_MAX)


def _own_leaves(content: Part) -> Iterator[Part]:
    """Yield what the sender wrote or attached; a mail that is passed on holds keys of others."""
    for part in content.walk():
        if not part.children and not part.content_type.startswith("message/"):
            yield part


def _is_attached(part: Part) -> bool:
    named = part.filename is not None or part.disposition == "attachment"
    return named or not part.content_type.startswith("text/")


def _in_file(part: Part) -> Iterator[OfferedKey]:
    label = f"the attachment {part.filename}" if part.filename else "an attachment"
    head = part.decoded(_PEEK)
    if starts_key(head):
        yield OfferedKey(label=label, block=part.decoded(_READ_MAX)[:BLOCK_TAKEN])
    elif _MARK in head or _is_named_key(part):
        armored = _armored(part.decoded(_READ_MAX))
        yield from (OfferedKey(label=label, block=block) for block in armored)


def _is_named_key(part: Part) -> bool:
    named = (part.filename or "").lower().endswith(_KEY_NAMES)
    return named or part.content_type == "application/pgp-keys"


def _text(part: Part) -> bytes:
    body = part.decoded()
    return bare(part).encode() if part.content_type == "text/html" and _HINT in body else body


def _armored(text: bytes) -> Iterator[bytes]:
    """Yield each armored key in a text; one without its last line reaches to the text's end."""
    if _MARK not in text:
        return
    at = 0
    while begin := _BEGIN.search(text, at):
        end_line = b"\n-----END PGP " + begin[1] + b" KEY BLOCK-----"
        end = text.find(end_line, begin.end())
        at = len(text) if end < 0 else end + len(end_line)
        yield text[begin.start() : at][:BLOCK_TAKEN] + b"\n"


def _autocrypt(mail: Mail) -> Iterator[OfferedKey]:
    sender = mail.from_[0].address if len(mail.from_) == 1 else None
    if sender is None:
        return
    raws = mail.root.every("Autocrypt")[:_FIELDS_MAX]
    keys = [key for key in (_keydata(raw, sender) for raw in raws) if key is not None]
    if len(keys) == 1:
        yield OfferedKey(label=AUTOCRYPT, block=keys[0], covered=False)


def _keydata(raw: bytes, sender: Address) -> bytes | None:
    """Return the key of one Autocrypt field if it is sound and for `sender`."""
    attributes: dict[str, bytes] = {}
    for each in raw[: 2 * BLOCK_TAKEN].split(b";"):
        name, _, value = each.partition(b"=")
        attributes.setdefault(name.strip().decode("latin-1").lower(), value.strip())
    unknown = {name for name in attributes if name and not name.startswith("_")} - _CRITICAL
    try:
        address = Address.parse(attributes.get("addr", b"").decode("utf-8"))
        data = binascii.a2b_base64(_BLANKS.sub(b"", attributes.get("keydata", b"")))
    except ValueError:
        return None
    is_key = bool(data) and not unknown and address.key == sender.key
    return data[:BLOCK_TAKEN] if is_key else None
