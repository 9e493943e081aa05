"""Header values to text, mailboxes, Message-IDs and instants; raw bytes in, never an error."""

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, from_datetime
from gatekeeper.mail.charset import decode_in, printable_line
from gatekeeper.mail.transfer import decode

MESSAGE_IDS_MAX: Final = 100
MAILBOXES_MAX: Final = 1000

_FOLD: Final = re.compile(rb"\r?\n(?=[ \t])")
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]*)\?=")
_ENCODINGS: Final = MappingProxyType({"b": "base64", "q": "quoted-printable"})
_MESSAGE_ID: Final = re.compile(rb"<([!-;=?-~]{1,900}+)>")
_LEXEME: Final = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*+)"?|<(?P<angle>[^>]*+)(?P<closed>>?)|(?P<open>\()|(?P<mark>[,:;])'
    r'|(?P<atom>[^"(),:;<\s]++)|(?P<blank>\s++)|(?P<stray>.)',
    re.DOTALL,
)
_COMMENT_STEP: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_DATE: Final = re.compile(
    r"(?:[a-z]{3,9},?\s+|,\s*)?(\d{1,2})\s+([a-z]{3})[a-z]*\s+(\d{2,4})\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([+-])(\d{2})(\d{2})|([a-z]{1,5}))?",
    re.ASCII,
)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_ZONES: Final = MappingProxyType(
    {"edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8}
)
_DATE_MAX: Final = 128
_YEARS: Final = range(1970, 9999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One mailbox of an address field; `address` is None when it is not one plain address."""

    display: str
    address: Address | None


def decode_text(raw: bytes, limit: int) -> str:
    """Return a header value as one line of printable text, reading at most `limit` bytes.

    Encoded words (RFC 2047) are decoded, also split and badly placed ones; raw 8-bit bytes are
    read as UTF-8, else as Western; controls and bidi controls never come through.
    """
    return printable_line(decode_raw(raw, limit))


def decode_raw(raw: bytes, limit: int) -> str:
    """Return a header value as `decode_text` does, with every character that it hides."""
    return _decoded_words(_text(raw, limit))


def addresses(raw: bytes, limit: int) -> tuple[Mailbox, ...]:
    """Return the mailboxes of an address field (RFC 5322 §3.4), reading at most `limit` bytes.

    Encoded words are decoded only in what is shown, after the field was taken apart: they cannot
    make a second mailbox or another address. A mailbox that was cut off, or that two readers
    could read differently, has no address.
    """
    reader = _AddressReader()
    reader.read(_text(raw, limit))
    found = reader.found[:MAILBOXES_MAX]
    if len(raw) > limit and found:
        found[-1] = Mailbox(display=found[-1].display, address=None)
    return tuple(found)


def message_ids(raw: bytes) -> tuple[str, ...]:
    """Return the Message-IDs in a field, with their angle brackets; of many the last hundred."""
    found = deque(_MESSAGE_ID.finditer(raw), maxlen=MESSAGE_IDS_MAX)
    return tuple(match[0].decode("ascii") for match in found)


def date(raw: bytes) -> Instant | None:
    """Return the instant of a Date field (RFC 5322 §3.3, obsolete forms too), or None.

    A missing or unknown zone counts as UTC (§4.3); years before 1970 or after 9998 give None.
    """
    found = _DATE.match(_text(raw, _DATE_MAX).strip().lower())
    if not found:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes, zone = found.groups()
    if month not in _MONTHS:
        return None
    shift = timedelta(hours=int(hours or _ZONES.get(zone, 0)), minutes=int(minutes or 0))
    try:
        moment = datetime(
            _year(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            min(int(second or 0), 59),
            tzinfo=timezone(-shift if sign == "-" else shift),
        )
    except ValueError:
        return None
    return from_datetime(moment) if moment.year in _YEARS else None


def _year(digits: str) -> int:
    """Return the year that two or three digits stand for (RFC 5322 §4.3)."""
    year = int(digits)
    if len(digits) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(digits) < 4 else year


def _text(raw: bytes, limit: int) -> str:
    """Return a value unfolded, its raw 8-bit bytes as UTF-8 or Western; cut between characters."""
    value = raw[:limit]
    if len(raw) > limit:
        cut = next((n for n in range(1, min(4, len(value)) + 1) if value[-n] >= 0xC0), 0)
        value = value[: len(value) - cut] if cut else value
    return decode_in(_FOLD.sub(b"", value), "utf-8").text


def _decoded_words(text: str) -> str:
    """Return `text` with its encoded words decoded; neighbours of one charset are one text."""
    shown: list[str] = []
    waiting: list[bytes] = []
    charset = ""
    at = 0
    for match in _ENCODED_WORD.finditer(text):
        between = text[at : match.start()]
        at = match.end()
        word_charset = match[1].partition("*")[0].lower()
        if waiting and (between.strip() or word_charset != charset):
            shown.append(decode_in(b"".join(waiting), charset).text)
            waiting = []
            between = between if between.strip() else ""
        elif waiting:
            between = ""
        shown.append(between)
        waiting.append(_encoded_bytes(match[2].lower(), match[3]))
        charset = word_charset
    shown.extend((decode_in(b"".join(waiting), charset or "utf-8").text, text[at:]))
    return "".join(shown)


def _shown(text: str) -> str:
    return printable_line(_decoded_words(text))


def _encoded_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    return decode(raw.replace(b"_", b" ") if encoding == "q" else raw, _ENCODINGS[encoding])


class _AddressReader:
    """One pass over an address field; comments are counted, not entered."""

    def __init__(self) -> None:
        self.found: list[Mailbox] = []
        self._phrase: list[str] = []
        self._comment = ""
        self._angles: list[str] = []
        self._plain = True

    def read(self, text: str) -> None:
        """Take `text` apart and keep the mailboxes in `found`."""
        at = 0
        while match := _LEXEME.match(text, at):
            at = match.end()
            if match["open"]:
                at = self._skip_comment(text, at)
            elif match["mark"]:
                self._mark(match["mark"])
            elif match["angle"] is not None:
                self._angles.append(match["angle"] if match["closed"] else "")
            elif match["quoted"] is not None:
                self._plain = self._plain and "@" not in match["quoted"]
                self._phrase.append(_ESCAPED.sub(r"\1", match["quoted"]))
            else:
                self._phrase.append(match[0])
        self._end()

    def _skip_comment(self, text: str, at: int) -> int:
        """Return where the comment that opened before `at` ends; keep its text."""
        depth = 1
        for match in _COMMENT_STEP.finditer(text, at):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth == 0:
                self._comment = text[at : match.start()]
                return match.end()
        return len(text)

    def _mark(self, mark: str) -> None:
        """A comma or semicolon ends a mailbox; a colon ends the name of a group."""
        if mark == ":":
            self._phrase = []
        else:
            self._end()

    def _end(self) -> None:
        phrase = "".join(self._phrase).strip()
        if self._angles:
            spec = self._angles[0].strip() if len(self._angles) == 1 else ""
            spec = spec.rpartition(":")[2] if spec.startswith("@") else spec
            self.found.append(Mailbox(display=_shown(phrase), address=_address(spec)))
        elif phrase:
            address = _address(phrase) if self._plain else None
            shown = self._comment if address else phrase
            self.found.append(Mailbox(display=_shown(shown), address=address))
        self._phrase, self._comment, self._angles, self._plain = [], "", [], True


def _address(spec: str) -> Address | None:
    try:
        return Address.parse(spec)
    except ValueError:
        return None
