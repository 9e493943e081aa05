"""What a command was given: the bytes of a file or of standard input, within a limit."""

import sys
import unicodedata
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import TheirFault

STANDARD_INPUT: Final = "-"


def given(name: str, *, limit: int, remedy: str) -> bytes:
    """Return the bytes of the file called `name`, or of standard input for `-`.

    TheirFault when it cannot be read or is longer than `limit`; `remedy` says what to do then.
    """
    try:
        if name == STANDARD_INPUT:
            data = _standard_input(limit)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except IsADirectoryError:
        raise TheirFault(f"{name} is a folder", remedy="name a file") from None
    except OSError as error:
        message = f"{_called(name)} cannot be read"
        remedy = "name a file that can be read"
        raise TheirFault(message, reason=error.strerror or "", remedy=remedy) from None
    if len(data) > limit:
        message = f"{_called(name)} is larger than {limit} bytes"
        raise TheirFault(message, remedy=remedy)
    return data


def given_text(name: str, *, limit: int) -> str:
    """Return the UTF-8 text in the file called `name`; on a terminal people are asked for it.

    Every line ends with a newline character. TheirFault also for control characters other than
    tabs, which no mail program shows and none may change.
    """
    if name == STANDARD_INPUT and sys.stdin is not None and sys.stdin.isatty():
        print("Write the text; end it with Ctrl-D on a line of its own.", file=sys.stderr)
    data = given(name, limit=limit, remedy="name a file with a shorter text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"{_called(name)} holds no UTF-8 text"
        raise TheirFault(message, remedy="save it as UTF-8; files go with --attach") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _require_no_controls(text, name)
    return text


def _standard_input(limit: int) -> bytes:
    if sys.stdin is None:
        raise TheirFault(
            "standard input is closed", remedy="name a file, or give it on standard input"
        )
    return sys.stdin.buffer.read(limit + 1)


def _require_no_controls(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        for character in line:
            if unicodedata.category(character) == "Cc" and character != "\t":
                code = f"U+{ord(character):04X}"
                raise TheirFault(
                    f"{_called(name)} holds the control character {code} in line {number}",
                    remedy="take it out; files go with --attach",
                )


def _called(name: str) -> str:
    return "standard input" if name == STANDARD_INPUT else name
