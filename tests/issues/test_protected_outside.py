"""A header field that was protected inside is seen outside nowhere: promise P-1.

Every form of header protection, in a report, in its thread and in what is answered, and where
reading fails: what leaves, and what is logged, holds no word of it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import which
from types import MappingProxyType
from typing import cast

import pytest

from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.outbound.job import Job
from gatekeeper.pgp.engine import Engine
from tests.canaries import leaks
from tests.house import person_key
from tests.issues.reports import (
    ROBIN,
    TEXT,
    Pen,
    head,
    key_part,
    multipart,
    pgp_mime,
    robin_key,
    signed,
    stranger_key,
)
from tests.issues.talk import Talk, to
from tests.keys import short_home

ROBINS = "robin@research.example"
SUBJECT = "canary-subject-heliotrope"
NAME = "Canary-Nightjar"
COPIED = "canary-copied@canary-research.example"
THREAD = "canary-thread-sorrel"
CANARIES = (SUBJECT, NAME, COPIED, THREAD)
NUMBERS = count()
LEGACY = (
    b'Content-Type: text/plain; charset=utf-8; hp-legacy-display="1"\r\n\r\n'
    + f"Subject: {SUBJECT}\r\nCc: {COPIED}\r\n\r\n".encode()
    + TEXT.partition(b"\r\n\r\n")[2]
)


def inside(content: bytes, mark: str) -> bytes:
    """Return an entity under a header that declares protection in one of its forms."""
    number = next(NUMBERS)
    said = (
        f"Subject: {SUBJECT}",
        f"From: {NAME} <{ROBINS}>",
        f"Cc: {COPIED}",
        f"References: <{THREAD}-{number}@canary.example>",
        f"Message-ID: <inside-{THREAD}-{number}@canary.example>",
        "HP-Outer: Subject: [...]",
    )
    fields = "".join(f"{each}\r\n" for each in said).encode()
    kind, _, rest = content.partition(b"\r\n")
    return fields + kind + f"; {mark}\r\n".encode() + rest


def with_key(pen: Pen, first: bytes, mark: str) -> bytes:
    return inside(multipart("mixed", first, key_part(robin_key(), pen)), mark)


def display(pen: Pen) -> bytes:
    """Return what the draft before RFC 9788 shows other programs: a first part of fields."""
    shown = f'Content-Type: text/rfc822-headers; protected-headers="v1"\r\n\r\nSubject: {SUBJECT}'
    parts = (shown.encode(), TEXT, key_part(robin_key(), pen))
    return inside(multipart("mixed", *parts), 'protected-headers="v1"')


def below_a_signature(pen: Pen) -> bytes:
    content = with_key(pen, TEXT, 'hp="cipher"').replace(b"=-mark", b"=-in")
    return signed(content, pen.sign(content, by=robin_key()))


def below_a_bad_signature(pen: Pen) -> bytes:
    content = with_key(pen, TEXT, 'hp="cipher"').replace(b"=-mark", b"=-in")
    return signed(content, pen.sign(TEXT, by=robin_key()))


FORMS: Mapping[str, Callable[[Pen], bytes]] = MappingProxyType(
    {
        "hp=cipher": lambda pen: with_key(pen, TEXT, 'hp="cipher"'),
        "protected-headers=v1": lambda pen: with_key(pen, TEXT, 'protected-headers="v1"'),
        "legacy display": lambda pen: with_key(pen, LEGACY, 'hp="cipher"'),
        "force display": display,
        "below a signature": below_a_signature,
        "below a bad signature": below_a_bad_signature,
    }
)


def ends(job: Job) -> bytes:
    """Return a mail with its envelope, as whoever carries it sees it."""
    return job.what.content + f"{job.sender} {job.recipient}".encode()


WRITERS = [*((form, "robin") for form in FORMS), ("hp=cipher", "stranger"), ("hp=cipher", None)]


@pytest.mark.parametrize(("form", "by"), WRITERS)
def test_what_is_protected_inside_never_leaves(
    talk: Talk, caplog: pytest.LogCaptureFixture, form: str, by: str | None
) -> None:
    """A report, its acknowledgement, the team's copies, an order with its answer, a reply."""
    caplog.set_level(logging.DEBUG)
    keys = {None: None, "robin": robin_key(), "stranger": stranger_key()}
    raw = talk.sealed("", by=keys[by], content=FORMS[form](talk.pen))
    sent = talk.receive(raw, sender=ROBINS)
    number = talk.issues
    assert SUBJECT == talk.issue(number).subject
    assert to(sent, ROBINS)
    assert to(sent, "andrea@team.example")
    assert SUBJECT in talk.block(sent)
    sent += talk.command(f"!SEC-2026-{number:04}@example.org own")
    sent += talk.command(f"!SEC-2026-{number:04}@example.org reply\n\nThank you, we look into it.")
    again = talk.sealed("", by=robin_key(), content=FORMS[form](talk.pen))
    sent += talk.receive(again, sender=ROBINS, to=talk.reply_address(number))
    assert [] == [leak for job in sent for leak in leaks(ends(job), CANARIES)]
    assert [] == leaks(caplog.text.encode(), CANARIES)


@pytest.mark.parametrize("form", FORMS)
def test_a_mail_that_stays_closed_or_breaks_reading_tells_nothing(
    talk: Talk, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    """Also when the fault is ours: errors and logs name no more than its kind."""
    caplog.set_level(logging.DEBUG)
    content = FORMS[form](talk.pen)
    closed = head(subject="...") + pgp_mime(talk.pen.encrypt(content, to=stranger_key()))
    sent = talk.receive(closed.replace(b"<1@r", b"<closed@r"), sender="wren@research.example")
    house = talk.house
    opened = house.reader.read(head() + pgp_mime(talk.pen.encrypt(content)))
    assert SUBJECT == opened.subject
    broken = replace(house.reader, limits=replace(house.reader.limits, pieces=cast("int", None)))
    found = broken.read(head(subject="...") + pgp_mime(talk.pen.encrypt(content)))
    assert "..." == found.subject
    assert [] == leaks(repr((found.problems, found.protection)).encode(), CANARIES)
    assert [] == [leak for job in sent for leak in leaks(ends(job), CANARIES)]
    assert [] == leaks(caplog.text.encode(), CANARIES)


def test_an_error_of_ours_tells_nothing(talk: Talk) -> None:
    content = FORMS["hp=cipher"](talk.pen)
    raw = head(subject="...") + pgp_mime(talk.pen.encrypt(content))
    reader = talk.house.reader
    with short_home() as home:
        gpg, wait = Path(which("gpg") or "gpg"), reader.engine.wait
        empty = Engine(binary=gpg, home=home, wait=wait, output_limit=1_000_000)
        with pytest.raises(GatekeeperError) as caught:
            replace(reader, engine=empty).read(raw)
    assert [] == leaks(f"{caught.value!r} {caught.value.diagnostics()}".encode(), CANARIES)


def test_the_fields_are_read_where_they_are_protected(talk: Talk) -> None:
    """So that the tests above look for what is really there."""
    for form in FORMS.values():
        found = talk.house.reader.read(
            head(sender=ROBIN) + pgp_mime(talk.pen.encrypt(form(talk.pen)))
        )
        assert found.protected is not None
        assert (SUBJECT, [COPIED]) == (
            found.protected.subject,
            [str(box.address) for box in found.protected.cc],
        )
        assert THREAD in found.references[-1]
        assert (("Subject", "[...]"),) == found.protected.outer
        assert "The parser writes" in found.text
        assert SUBJECT not in found.text


@pytest.mark.parametrize("state", ["good", "bad", "unknown", "part"])
def test_in_clear_only_a_good_signature_over_the_whole_protects(talk: Talk, state: str) -> None:
    content = inside(TEXT, 'hp="clear"')
    signer = stranger_key() if state == "unknown" else person_key(0)
    signature = talk.pen.sign(TEXT if state == "bad" else content, by=signer)
    entity = signed(content, signature)
    if state == "part":
        entity = multipart("mixed", entity.replace(b"=-mark", b"=-in"), TEXT)
    found = talk.house.reader.read(head("References: <outside@x.example>") + entity)
    counts = state == "good"
    assert (SUBJECT if counts else "A report") == found.subject
    assert counts is (found.protected is not None)
    assert counts is (THREAD in found.references[-1])
