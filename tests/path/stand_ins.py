"""Values that differ in each run are replaced by fixed ones of the same length and look."""

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable

_INSTANT = r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
_FIXED = (
    (re.compile(rf"{_INSTANT}(?=  our pre-disclosure list)"), "Thu 2026-09-10 12:00:00Z"),
    (re.compile(rf"{_INSTANT}(?=  the advisory is published)"), "Thu 2026-09-24 12:00:00Z"),
    (re.compile(rf"(?<=It ends unapproved on ){_INSTANT}"), "Fri 2026-09-11 16:10:00Z"),
    (re.compile(r"(?<=!agree )\d{4}-\d\d-\d\dT\d\d:\d\dZ"), "2026-09-24T12:00Z"),
    (re.compile(r"\bSEC-\d{4}-"), "SEC-2026-"),
)
"""The timeline is the one of a report of 3 September 2026."""

_NUMBERED = {
    "key": r"\b[0-9A-F]{4}(?:(?:\s+[0-9A-F]{4}){9}|(?: [0-9A-F]{4}){3})\b|\b[0-9A-F]{40}\b",
    "code": r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){4}\b",
    "address": r"(?<=\+)[a-z2-7]{40}(?=@)",
    "effect": r"\b[0-9a-f]{64}\b",
    "tag": r"(?<=\[)[a-z2-7]{8}(?=\])",
    "once": r"(?<=Once:         )[a-z2-7]{26}\b",
    "entry": r"(?<=entry )\d+:[0-9a-f]{16}:[0-9a-f]{16}\b",
}
"""Each real value gets the stand-in of its number: the first key, the second key and so on."""


class StandIns:
    """Replaces in all texts of one play, so that what was the same stays the same."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, str]] = {kind: {} for kind in _NUMBERED}

    def put(self, text: str, moment: str) -> str:
        """Return `text` with stand-ins; `moment` is what is put for every other instant.

        Without a moment instants stay: the play has a clock of its own.
        """
        for kind, pattern in _NUMBERED.items():
            text = re.sub(pattern, self._replacing(kind), text)
        if not moment:
            return text
        for fixed, stand_in in _FIXED:
            text = fixed.sub(f"\0{stand_in}\0", text)
        parts = text.split("\0")
        parts[::2] = [re.sub(_INSTANT, moment, part) for part in parts[::2]]
        return "".join(parts)

    def _replacing(self, kind: str) -> Callable[[re.Match[str]], str]:
        def replaced(found: re.Match[str]) -> str:
            seen = self._seen[kind]
            # a key is known by its last 16 digits, which is how a signature names it
            plain = re.sub(r"\s+", "", found[0])[-16:] if kind == "key" else found[0]
            stand_in = seen.setdefault(plain, _made(kind, len(seen) + 1))
            return _shaped(stand_in, found[0]) if kind == "key" else stand_in

        return replaced


def _made(kind: str, number: int) -> str:
    digest = hashlib.sha256(f"{kind} {number}".encode()).digest()
    letters = b32encode(digest).decode()
    match kind:
        case "key":
            return digest.hex().upper()[:40]
        case "code":
            return "-".join(letters[at : at + 4] for at in range(0, 20, 4))
        case "effect":
            return digest.hex()
        case "entry":
            return f"{11 * number}:{digest.hex()[:16]}:{digest.hex()[16:32]}"
        case _:
            return letters.lower()[: {"address": 40, "once": 26}.get(kind, 8)]


def _shaped(digits: str, like: str) -> str:
    """Return the last digits, as many as `like` has, between its blanks and line ends."""
    rest = iter(digits[-len(re.sub(r"\s+", "", like)) :])
    return "".join(each if each.isspace() else next(rest) for each in like)
