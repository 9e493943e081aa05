"""In which words a copy for the team must tell a verdict of expected.json."""

from typing import Any, Final

from gatekeeper.domain.protection import SignatureState
from tests.corpus.comparing import Entry
from tests.corpus.people import TEAM
from tests.house import PEOPLE

_S: Final = SignatureState
UNKNOWN: Final = "not checked: the signer's key is unknown here"
_WORDS: Final = {
    _S.GOOD: "good, by a key that is nobody's here",
    _S.BAD: "BAD: the content was changed, or the signature is not its own",
    _S.UNKNOWN_SIGNER: UNKNOWN,
    _S.EXPIRED_KEY: "by a key that has expired; counts as none",
    _S.EXPIRED_SIGNATURE: "expired; counts as none",
    _S.REVOKED_KEY: "by a REVOKED key; counts as none",
    _S.WEAK: "with a digest that is no longer safe; counts as none",
    _S.UNCHECKED: "could not be checked; counts as none",
}
NAMES: Final = {key: name for (name, _), keys in zip(PEOPLE, TEAM, strict=True) for key in keys}
"""What the team calls the owner of each key of its own."""

OPENED: Final = "opened; attached as a file of its own"
OF_A_PART: Final = "covers nothing else"


def encryption(verdict: Entry) -> tuple[str, ...]:
    """Return with which words the line on the encryption may begin."""
    if verdict["unreadable"]:
        return tuple(f"encrypted, NOT READABLE: {reason}" for reason in verdict["unreadable"])
    return {
        "whole": ("all of it, to our key ",),
        "part": ("PART of it; the rest travelled in clear",),
        "none": ("none: the message travelled in clear",),
    }[verdict["encryption"]]


def signature(verdict: Entry) -> str:
    """Return with which words the line on the signature begins, where no guest's key is lent."""
    if verdict["unreadable"]:
        return "not known"
    found = [each for each in verdict["signatures"] if each["covers"] == "all"]
    if not found:
        return "none"
    if len(found) > 1:
        return f"{len(found)} signatures, none counts alone: "
    return _one(found[0])


def _one(found: Any) -> str:  # noqa: ANN401 - an entry of JSON
    if found["by_guest"]:
        return UNKNOWN
    if found["whose"] in NAMES and found["status"] == _S.GOOD:
        agrees = "confirmed" if found["from_agrees"] else "NOT confirmed"
        return f"good, by {NAMES[found['whose']]} of the response team; From {agrees}"
    return _WORDS[_S(found["status"])]


def on_parts(verdict: Entry) -> int:
    """Return how many lines tell of signatures over a part."""
    return sum(each["covers"] == "part" for each in verdict["signatures"])
