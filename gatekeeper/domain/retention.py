"""What is erased of what is done with, and when; what stays says so."""

from enum import StrEnum
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, later

ERASED: Final = "(erased)"
"""What stands where a subject or a name stood."""

ERASED_ADDRESS: Final = Address(local="erased", domain="erased.invalid")
"""What stands where an address stood; mail to it reaches nobody (RFC 2606 §2)."""


class Why(StrEnum):
    """For which of policy's terms something is erased."""

    MAIL = "mail"
    ISSUES = "issues"
    AUTOMATIC = "automatic"
    POSTMASTER = "postmaster"
    COMMANDS = "commands"


def older_than(kept: int | None, now: Instant) -> Instant | None:
    """Return until when something has to be from to be erased now; None: nothing ever is.

    `kept` in microseconds, None for ever.
    """
    return None if kept is None else later(now, -kept)
