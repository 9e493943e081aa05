"""What people who take part in an issue are written, as the golden files hold it."""

from typing import Final

from gatekeeper.texts.people import CREDIT_NOTED, INVITATION, SHARED_REPLY

_OURS: Final = "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567"
_THEIRS: Final = "FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98"
_FRAME: Final[dict[str, object]] = {
    "project": "Example",
    "issue": "SEC-2026-0007",
    "fingerprint": _OURS,
}
_INVITED: Final = {
    **_FRAME,
    "part": "a maintainer of the software that it is in",
    "theirs": _THEIRS,
}

PEOPLE_TEXTS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "invitation": (INVITATION, {**_INVITED, "public": "Thu 2026-09-24 12:00:00Z"}),
    "invitation-without-a-date": (INVITATION, {**_INVITED, "public": ""}),
    "shared-reply": (
        SHARED_REPLY,
        {
            **_FRAME,
            "people": "the reporter and the upstream",
            "text": "Dear both,\n\nshall we talk about the patch on Monday?",
        },
    ),
    "credit-noted": (CREDIT_NOTED, {**_FRAME, "credit": "Robin Reporter of Example Research"}),
    "credit-noted-none": (CREDIT_NOTED, {**_FRAME, "credit": ""}),
}
