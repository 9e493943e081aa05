"""The conversation that the screens show: a report with odd files, answers, a note, and trouble."""

import re
from collections.abc import Mapping

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.instants import DAY, HOUR
from gatekeeper.domain.verdict import spaced
from tests.house import alias_key
from tests.issues.reports import attached, key_part, multipart, robin_key
from tests.issues.talk import HERE, Talk

ISSUE = "SEC-2026-0001"
ROBINS = "robin@research.example"
SUBJECT = "Überlauf im Parser: この問題は長い件名を持っています, and it goes on in other letters"
TEXT = (
    "Hello,\n\n"
    "the parser writes past its buffer when a frame says that it is longer than what follows it, "
    "and nothing checks that.\n\n"
    "    memcpy(frame->data, packet + 4, frame->length);\n\n"
    "שלום, 以下のファイルをご覧ください。\n\nRobin"
)
ANSWER = "Thank you, Robin. We could reproduce it; a fix is being tested.\n\nKind regards"
QUOTING = (
    "I agree to the dates.\n\nOn Thu, 3 Sep 2026 the Example security team wrote:\n"
    + "".join(f"> line {number} of what you wrote\n" for number in range(1, 8))
    + "\nRobin"
)


def report(talk: Talk) -> None:
    """Have Robin report, encrypted and signed, with a key, a name that lies and a plain file."""
    text = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n".replace("\n", "\r\n")
    content = multipart(
        "mixed",
        text.replace("\r\r", "\r").encode(),
        attached(b"#!/bin/sh\n", "..\\\\..\\\\frames.pdf.sh"),
        attached(b"\x00" * 2048, "frame.bin"),
        key_part(robin_key(), talk.pen),
    )
    inside = f"Subject: {SUBJECT}\r\n".encode() + content.replace(
        b'boundary="=-mark"', b'boundary="=-mark"; protected-headers="v1"', 1
    )
    talk.receive(talk.sealed("", by=robin_key(), content=inside), sender=ROBINS)


def answered(talk: Talk) -> None:
    """Have Andrea take the issue and answer, and Robin agree a day later, in clear."""
    talk.house.pass_time(HOUR)
    talk.command(f"!{ISSUE}@{HERE} own")
    talk.house.pass_time(HOUR)
    talk.command(f"!{ISSUE}@{HERE} reply\n{ANSWER}")
    talk.house.pass_time(DAY)
    talk.receive(talk.text(QUOTING, subject=f"Re: [{ISSUE}] the parser"), sender=ROBINS)


def refused(
    talk: Talk,
    recipient: str,
    *,
    outcome: Outcome = Outcome.REFUSED,
    reply: str = "550 5.1.1 No such user",
) -> None:
    """Hand out what is due by a relay that refuses one recipient and takes all others."""
    taken = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 taken")
    otherwise = Attempt(outcome=outcome, reply=reply)
    outbox = talk.house.outbox
    while jobs := outbox.claim():
        for job in jobs:
            outbox.record(job, otherwise if str(job.recipient) == recipient else taken)


_GROUP = "[0-9A-F]{4}"


def steady(text: str) -> str:
    """Return a screen with everything that differs in each run replaced by as many letters."""
    keys = {alias_key().fingerprint: "A", robin_key().fingerprint: "R"}
    text = _named(text, {spaced(key): letter for key, letter in keys.items()})
    for key, letter in keys.items():
        text = text.replace(key, letter * len(key))
    text = re.sub(r"\b[a-z2-7]{8}, in the subjects", "tttttttt, in the subjects", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "h" * 64, text)
    text = re.sub(r"(envelope sender \S+,\s+)[\d.]+(\s+)(?:bytes|KiB)", r"\g<1>NNN\g<2>bytes", text)
    return re.sub(r"(application/pgp-keys,\s+)\d+(\s+bytes)", r"\g<1>NNN\g<2>", text)


def _named(text: str, keys: Mapping[str, str]) -> str:
    """Return text with a letter for each known key in groups of four, K for others, I for ids."""

    def letters(found: re.Match[str]) -> str:
        whole = " ".join(found[0].split())
        letter = keys.get(whole, "K" if len(whole) > len("0000 0000 0000 0000") else "I")
        return re.sub("[0-9A-F]", letter, found[0])

    return re.sub(
        rf"(?<![^\s(]){_GROUP}(?:\s+{_GROUP}){{3}}(?:(?:\s+{_GROUP}){{6}})?", letters, text
    )
