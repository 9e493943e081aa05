"""Mail in one file, as mail programs read it: each message after a From line, byte for byte.

The form is "mboxrd": a line that begins with any number of `>` and `From ` gets one `>` more, and
whoever reads the file takes one away; so every message comes out as it went in. RFC 4155 describes
the From line, in which time is UTC.
"""

import re
from typing import Final

from gatekeeper.domain.instants import Instant, to_datetime

_FROM_LINE: Final = re.compile(rb"^(?=>*From )", re.MULTILINE)
_UNFIT: Final = re.compile(r"[^!-~]")
_NOBODY: Final = "MAILER-DAEMON"


def entry(mail: bytes, *, sender: str, at: Instant) -> bytes:
    """Return one message as it stands in the file, between its From line and an empty line.

    A message that does not end with a line end gets one, for the format has no other way.
    """
    end = b"\n" if mail.endswith(b"\n") else b"\n\n"
    return _from_line(sender, at) + _FROM_LINE.sub(b">", mail) + end


def _from_line(sender: str, at: Instant) -> bytes:
    """Return the line that begins a message; it holds ASCII without blanks, whatever was said."""
    who = _UNFIT.sub("?", sender) or _NOBODY
    return f"From {who} {to_datetime(at):%a %b %e %H:%M:%S %Y}\n".encode("ascii")
