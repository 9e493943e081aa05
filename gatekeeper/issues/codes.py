"""Codes that stand for a signature, for a person without their key at hand (design: mail).

A code stands in a mail that only its person could open, names no secret of an issue, and does one
small thing once: `own`, `note` or `status` in the issue it was given for (promise P-9).
"""

import hashlib
import hmac
from base64 import b32decode, b32encode
from typing import Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import DAY, MINUTE, Instant
from gatekeeper.domain.team import Person
from gatekeeper.issues.commands import Command
from gatekeeper.issues.letterhead import Desk

KEY: Final = "code"
"""The key of a command behind which a code stands."""

LASTS: Final = 7 * DAY
"""How long a code may be used after it was given."""

WITH_A_CODE: Final = frozenset({"own", "note", "status"})
"""What can be done with a code: nothing that leaves the team, or decides anything."""

_PURPOSE: Final = b"code for a command"
_MOMENT_BYTES: Final = 5
_MAC_BYTES: Final = 10
_GROUP: Final = 4


def mint(desk: Desk, person: Person, issue: IssueId, *, now: Instant) -> str:
    """Return a code for one person and issue, in six groups of four letters and digits."""
    moment = (now // MINUTE).to_bytes(_MOMENT_BYTES)
    text = b32encode(moment + _mac(desk, person, issue, moment)).decode("ascii")
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def digest(
    desk: Desk, person: Person, issue: IssueId, code: str, *, received_at: Instant
) -> bytes | None:
    """Return 32 bytes by which a code is known again; None when it is not good for them there.

    How it is spaced and in which case does not matter. A code that is too old is not good.
    """
    plain = "".join(each for each in code.upper() if each.isalnum())
    try:
        raw = b32decode(plain)
    except ValueError:
        return None
    moment, mac = raw[:_MOMENT_BYTES], raw[_MOMENT_BYTES:]
    if not hmac.compare_digest(mac, _mac(desk, person, issue, moment)):
        return None
    age = received_at - int.from_bytes(moment) * MINUTE
    return hashlib.sha256(_PURPOSE + raw).digest() if 0 <= age <= LASTS else None


def are_given(commands: tuple[Command, ...]) -> bool:
    """Say whether each of the commands comes with a code, and may."""
    return bool(commands) and all(
        each.verb in WITH_A_CODE and KEY in each.values for each in commands
    )


def _mac(desk: Desk, person: Person, issue: IssueId, moment: bytes) -> bytes:
    # whose key was stolen, and who has another one since, has no code of before any more (S-0)
    about = "\0".join((person.address.key, *person.keys, str(issue))).encode()
    message = _PURPOSE + b"\0" + moment + about
    return hmac.new(desk.token_key, message, hashlib.sha256).digest()[:_MAC_BYTES]
