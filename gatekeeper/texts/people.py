"""The texts to people who take part in an issue: their names, values and samples."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INVITATION: Final = "invitation.txt"
SHARED_REPLY: Final = "shared-reply.txt"
CREDIT_NOTED: Final = "credit-noted.txt"

_FINGERPRINT: Final = "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567"

SAMPLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        INVITATION: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "part": "a maintainer of the software that it is in",
                "theirs": "FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98",
                "public": "Thu 2026-09-24 12:00:00Z",
                "fingerprint": _FINGERPRINT,
            }
        ),
        SHARED_REPLY: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "people": "the reporter and the upstream",
                "fingerprint": _FINGERPRINT,
                "text": "what the team says",
            }
        ),
        CREDIT_NOTED: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "credit": "Robin Reporter of Example Research",
                "fingerprint": _FINGERPRINT,
            }
        ),
    }
)
"""Every value that each text is given."""

NEVER_LEFT_OUT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        INVITATION: frozenset({"issue", "part", "theirs", "public", "fingerprint"}),
        SHARED_REPLY: frozenset({"text", "people"}),
        CREDIT_NOTED: frozenset({"issue", "credit", "fingerprint"}),
    }
)
"""What each has to say however it is written."""
