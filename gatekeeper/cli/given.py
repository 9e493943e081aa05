"""What a command was given: the bytes of a file or of standard input, within a limit."""

import sys
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
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        message = f"{name} cannot be read"
        raise TheirFault(message, reason=error.strerror or "", remedy=remedy) from None
    if len(data) > limit:
        message = f"{name} is larger than {limit} bytes"
        raise TheirFault(message, remedy=remedy)
    return data


def given_text(name: str, *, limit: int) -> str:
    """Return the UTF-8 text in the file called `name`; on a terminal people are asked for it."""
    if name == STANDARD_INPUT and sys.stdin.isatty():
        print("Write the text; end it with Ctrl-D on a line of its own.", file=sys.stderr)
    data = given(name, limit=limit, remedy="name a file with a shorter text")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        message = f"{name} holds no UTF-8 text"
        raise TheirFault(message, remedy="save it as UTF-8; files go with --attach") from None
