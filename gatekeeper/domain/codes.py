"""Single-use codes that we mail to people outside, by which an answer shows who reads a mailbox."""

import hmac
import re
from base64 import b32encode
from collections.abc import Callable
from typing import Final

_CODE_BYTES: Final = 13
_CODE_LENGTH: Final = 20
"""Base32 letters of a code: 100 bits, more than anybody can try by mail."""

_GROUP: Final = 4
_CODE: Final = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){4}")
_DASHES: Final = "\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d-"
_BLANK: Final = r"\s\u200b-\u200d\u2060\ufeff"
_FIRST_LINE: Final = re.compile(rf"[{_BLANK}]*([^\r\n]*)")
_LABEL: Final = re.compile(rf"code[{_BLANK}]*[:\uff1a]", re.IGNORECASE)
_NO_MATTER: Final = re.compile(rf"[{_BLANK}{_DASHES}]+")
_LINE_MAX: Final = 200
"""Columns of a line with a code; a longer one holds more than that."""


def new_code(chance: Callable[[int], bytes]) -> str:
    """Return a new single-use code in groups that a person can copy: `K7QM-2XNB-...`."""
    plain = b32encode(chance(_CODE_BYTES)).decode("ascii")[:_CODE_LENGTH]
    return "-".join(plain[at : at + _GROUP] for at in range(0, _CODE_LENGTH, _GROUP))


def begins_with_code(text: str, code: str) -> bool:
    """Say whether the first line of `text` that is not blank holds `code` and nothing else.

    Case, blanks, dashes and "Code:" before it do not matter. A mark of a quotation does: a mail
    that quotes ours says nothing by that. Compared in constant time. ValueError when `code` is not
    one of `new_code`.
    """
    wanted = checked_code(code).replace("-", "").encode("ascii")
    first = _FIRST_LINE.match(text)
    line = first[1] if first else ""
    if len(line) > _LINE_MAX:
        return False
    label = _LABEL.match(line)
    letters = _NO_MATTER.sub("", line[label.end() if label else 0 :]).translate(_UPPER)
    return hmac.compare_digest(wanted, letters.encode("utf-8", "surrogatepass"))


# Not str.upper(): that makes ASCII letters of some that are not.
_UPPER: Final = {letter: letter - 32 for letter in range(ord("a"), ord("z") + 1)}


def checked_code(code: str) -> str:
    """Return `code`; ValueError when it is not one of `new_code`."""
    if not _CODE.fullmatch(code):
        message = "a code is five groups of four letters and digits"
        raise ValueError(message)
    return code
