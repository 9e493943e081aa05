"""Write header fields: 7-bit, folded, and never more than the one field they are."""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Final

from gatekeeper.domain.instants import Instant, to_datetime
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.headers import addresses

LINE: Final = 78
"""Where lines are folded (RFC 5322 §2.1.1); a word longer than that stays whole."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_WORD_MAX: Final = 60
_ENCODED_BYTES: Final = 39
"""UTF-8 bytes in one encoded word: short enough to stand beside `Subject:` (RFC 2047 §2: 75)."""

_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SPECIAL: Final = re.compile(r'(["\\])')
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:-]{1,200}")
_ADDRESS_TEXT_MAX: Final = 2000
_KEYDATA: Final = 76


def encode_header(text: str) -> str:
    """Return `text` as a 7-bit value in which every space is a place to fold (RFC 2047).

    A control, hidden or bidi character is refused with ValueError; the text is never quoted there.
    """
    if not is_printable_line(text):
        message = "a header value is one printable line"
        raise ValueError(message)
    text = text.strip(" ")
    words = text.split(" ")
    if text.isascii() and "=?" not in text and _foldable(words):
        return text
    return " ".join(_encoded_words(text))


def encode_mailbox(text: str) -> str:
    """Return `name <local@domain>` or `local@domain` as a 7-bit value, else ValueError."""
    if not is_printable_line(text):
        message = "a mailbox is one printable line"
        raise ValueError(message)
    found = addresses(text.encode(), _ADDRESS_TEXT_MAX)
    if len(found) != 1 or found[0].address is None or found[0].address.needs_smtputf8:
        message = "not one mailbox with a plain ASCII address"
        raise ValueError(message)
    address = str(found[0].address)
    name = found[0].display
    if not name:
        return address
    if not _ATOMS.fullmatch(name) or encode_header(name) != name:
        quoted = '"' + _SPECIAL.sub(r"\\\1", name) + '"'
        name = quoted if encode_header(name) == name else " ".join(_encoded_words(name))
    return f"{name} <{address}>"


def encode_date(instant: Instant) -> str:
    """Return an instant as a Date in UTC (RFC 5322 §3.3)."""
    return format_datetime(to_datetime(instant).replace(microsecond=0))


def encode_message_ids(ids: tuple[str, ...]) -> str:
    """Return Message-IDs, each with its angle brackets, as one value, else ValueError."""
    if not all(_MESSAGE_ID.fullmatch(each) for each in ids):
        message = "not a Message-ID in angle brackets"
        raise ValueError(message)
    return " ".join(ids)


def encode_token(text: str) -> str:
    """Return a word of letters, digits and safe marks as it is, anything else is a ValueError."""
    if not _TOKEN.fullmatch(text):
        message = "not a plain token"
        raise ValueError(message)
    return text


def encode_autocrypt(address: str, certificate: bytes) -> str:
    """Return the value of an Autocrypt field: `address` as it stands in From, a binary certificate.

    In every space it may be folded (Autocrypt Level 1, "The Autocrypt Header").
    """
    keydata = b64encode(certificate).decode("ascii")
    pieces = [keydata[at : at + _KEYDATA] for at in range(0, len(keydata), _KEYDATA)]
    mailbox = encode_mailbox(address)
    return " ".join((f"addr={mailbox};", "prefer-encrypt=mutual;", "keydata=", *pieces))


def field_lines(name: str, value: str) -> bytes:
    """Return the field with its CRLF, folded at spaces; only one field can come of it.

    `value` must be printable ASCII without line ends, as the functions above return it; anything
    else is a ValueError.
    """
    if not _NAME.fullmatch(name) or not (value.isascii() and (value.isprintable() or not value)):
        message = "not a header field of printable ASCII"
        raise ValueError(message)
    lines = [f"{name}:"]
    for word in value.split(" ") if value else []:
        if len(lines[-1]) + 1 + len(word) > LINE and lines[-1].strip(" ") and len(lines[-1]) > 1:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode("ascii") + b"\r\n"


def _foldable(words: list[str]) -> bool:
    """Say whether folding at the spaces loses none of them and leaves no line too long."""
    return words == [""] or all(0 < len(word) <= _WORD_MAX for word in words)


def _encoded_words(text: str) -> Iterator[str]:
    """Yield encoded words that each hold whole characters (RFC 2047 §5)."""
    chunk = b""
    for character in text:
        raw = character.encode("utf-8")
        if len(chunk) + len(raw) > _ENCODED_BYTES:
            yield _encoded_word(chunk)
            chunk = b""
        chunk += raw
    yield _encoded_word(chunk)


def _encoded_word(raw: bytes) -> str:
    return f"=?utf-8?b?{b64encode(raw).decode('ascii')}?="
