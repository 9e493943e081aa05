"""Find in a text for outside what is the team's: names of people, and lines of other messages.

What people paste carries no mark of where it came from, so it is compared with what is in the
issue. A line counts however its program broke it or marked it as quoted.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.team import Person, Team
from gatekeeper.issues.commands import parse
from gatekeeper.issues.quoting import Origin, sort
from gatekeeper.mail.charset import printable_text
from gatekeeper.store import messages
from gatekeeper.store.engine import Tx
from gatekeeper.store.messages import StoredMessage

LONG: Final = 40
"""Characters from which on a line is known again; shorter ones are what everybody writes."""

_MARKS: Final = re.compile(r"\A[\s>|\u00a6\u2502\u00bb\u203a:*]*(?:\w{1,20}>[\s>]*)?")
_GAP: Final = r"[\W_]"
_LIKE_AN_ORDER: Final = re.compile(r"[^\w!]{0,5}[!\uff01].{0,80}\brep", re.IGNORECASE)


def named(text: str, people: Iterable[Person], *, in_a_name: bool = False) -> str:
    """Return the full name or address of the first of `people` whom `text` names, "" if none.

    Any case and any blanks count; `in_a_name` says that `text` is a file's name, in which other
    signs stand for blanks, or nothing does.
    """
    gap = f"{_GAP}*" if in_a_name else r"\s+"
    for person in people:
        for words in (person.name, str(person.address)):
            if in_a_name:
                pieces = [re.escape(piece) for piece in re.split(f"{_GAP}+", words) if piece]
            else:
                pieces = [re.escape(piece) for piece in words.split()]
            pattern = rf"(?<![^\W_]){gap.join(pieces)}(?![^\W_])"
            if re.search(pattern, text, re.IGNORECASE):
                return words
    return ""


def other_words(
    tx: Tx, team: Team, issue: RowId, *, about: RowId | None, everybody: bool
) -> tuple[str, ...]:
    """Return the texts of the issue's messages whose lines may not be repeated outside.

    Those that one of the team wrote, or `everybody`; without the message `about`. What an earlier
    reply said on its own was meant for outside, and may be sent again.
    """
    found: list[str] = []
    for message in messages.of_issue(tx, issue):
        text = str((message.summary or {}).get("text") or "")
        is_ours = _is_of(message, team)
        if message.id != about and (everybody or is_ours):
            found.append(_not_own(text) if is_ours and _is_reply(text) else text)
    return tuple(found)


def wrote(message: StoredMessage, address: str) -> bool:
    """Say whether `address` is in the From of a handled message; that proves nothing."""
    summary = message.summary or {}
    wanted = address.casefold()
    sender = str(summary.get("from") or "").casefold()
    return sender == wanted or f"<{wanted}>" in sender


def _not_own(text: str) -> str:
    lines = printable_text(text).split("\n")
    origins = sort(lines).origins
    return "\n".join(
        line for line, origin in zip(lines, origins, strict=True) if origin is not Origin.OWN
    )


def _is_reply(text: str) -> bool:
    """Say whether a mail's text orders a reply, or was meant to."""
    parsed = parse(text)
    if any(command.verb == "reply" for command in parsed.commands):
        return True
    return bool(parsed.problems) and any(map(_LIKE_AN_ORDER.match, text.split("\n")))


def _is_of(message: StoredMessage, team: Team) -> bool:
    summary = message.summary or {}
    if any(summary.get("signer") == person.name for person in team.people):
        return True
    return any(wrote(message, str(person.address)) for person in team.people)


def repeated(lines: Sequence[str], others: Iterable[str]) -> Iterator[int]:
    """Yield which of `lines` repeat at least LONG characters, a whole line here or there.

    Lines are compared without marks of quoting, and across line breaks. Numbers count from 0.
    """
    mine = [plain(line) for line in lines]
    starts = [0, *accumulate(len(line) + bool(line) for line in mine)]
    whole = " ".join(filter(None, mine))
    found: set[int] = set()
    for other in others:
        theirs = [plain(line) for line in printable_text(other).split("\n")]
        known = {line for line, _ in _within(mine, " ".join(filter(None, theirs)))}
        found |= {at for at, line in enumerate(mine) if line in known}
        found |= {bisect_right(starts, begun) - 1 for _, begun in _within(theirs, whole)}
    yield from sorted(found)


def _within(lines: Iterable[str], text: str) -> Iterator[tuple[str, int]]:
    """Yield the long `lines` that stand in `text`, and where each begins."""
    heads: dict[str, set[str]] = {}
    for line in lines:
        if len(line) >= LONG:
            heads.setdefault(line[:LONG], set()).add(line)
    for at in range(len(text) - LONG + 1 if heads else 0):
        for line in heads.get(text[at : at + LONG], ()):
            if text.startswith(line, at):
                yield line, at


def plain(line: str) -> str:
    """Return a line without marks of quoting at its front, its blanks made single."""
    return " ".join(_MARKS.sub("", line, count=1).casefold().split())
