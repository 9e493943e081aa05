"""What one of the team orders by mail, perhaps with files, and what became of it."""

from collections.abc import Sequence

from gatekeeper.domain.identity import RowId
from gatekeeper.store import letters
from gatekeeper.store.letters import LetterHead
from tests.house import PEOPLE, person_key, uid
from tests.issues.found import done, noted
from tests.issues.reports import key_part, multipart, robin_key
from tests.issues.talk import HERE, ROBINS, Talk

REPORTED = "The parser writes past its buffer as soon as a length of zero is given to it."


def opened(talk: Talk, *, sealed: bool = True) -> int:
    """Have Robin report something of more than one line, and return the issue."""
    if not sealed:
        talk.handle(talk.text(f"Hello,\n{REPORTED}\n"), sender=ROBINS)
        return talk.issues
    content = multipart(
        "mixed", plain_part(f"Hello,\n{REPORTED}\n"), key_part(robin_key(), talk.pen)
    )
    talk.handle(talk.sealed("", by=robin_key(), content=content), sender=ROBINS)
    return talk.issues


def plain_part(words: str, kind: str = "text/plain", more: str = "") -> bytes:
    """Return a text part."""
    body = words.replace("\n", "\r\n")
    return f"Content-Type: {kind}; charset=utf-8\r\n{more}\r\n{body}\r\n".encode()


def order(
    talk: Talk,
    words: str,
    *parts: bytes,
    person: int = 0,
    extra: Sequence[str] = (),
    subject: str = "...",
) -> RowId:
    """Have one of the team send signed words, perhaps with further parts, and return the row."""
    content = multipart("mixed", plain_part(words), *parts) if parts else b""
    raw = talk.sealed(
        words,
        by=person_key(person),
        sender=uid(*PEOPLE[person]),
        content=content,
        extra=extra,
        subject=subject,
    )
    return talk.handle(raw, sender=PEOPLE[person][1])


def replies(talk: Talk, number: int) -> list[LetterHead]:
    """Return the replies written in an issue."""
    row = talk.issue(number).id
    return [
        each
        for each in talk.house.store.read(lambda tx: letters.of_issue(tx, row))
        if each.kind == "reply"
    ]


def named_in(number: int, verb: str = "reply") -> str:
    """Return how a command for an issue begins."""
    return f"!SEC-2026-{number:04}@{HERE} {verb}"


def refused(talk: Talk, row: RowId, number: int) -> str:
    """Return why nothing was sent."""
    assert [] == replies(talk, number)
    assert [] == done(talk.house, row)
    return " ".join(noted(talk.house, row))
