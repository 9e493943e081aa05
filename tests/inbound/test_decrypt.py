"""Stage 3 gives a value for any bytes at all; only what is our fault is raised."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Coverage, UnreadableReason
from gatekeeper.inbound.decrypt import decrypt
from gatekeeper.issues.reading import UNREAD, Reader, stays_whole
from gatekeeper.pgp.engine import Engine
from tests.house import person_key
from tests.issues.reports import (
    TEXT,
    Pen,
    a_pen,
    attached,
    head,
    multipart,
    pgp_mime,
    plain,
    signed,
)
from tests.keys import short_home
from tests.readers import a_reader
from tests.torture import small_torture


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with a_reader() as lent:
        yield lent


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as opened:
        yield opened


@pytest.mark.parametrize("name", small_torture(100_000))
def test_no_mail_makes_reading_raise(reader: Reader, name: str) -> None:
    raw = small_torture(100_000)[name]
    reading = decrypt(reader, raw)
    assert raw == reading.mail.raw
    assert UNREAD not in reading.problems


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_raise(reader: Reader, raw: bytes) -> None:
    assert raw == decrypt(reader, raw).mail.raw


def test_nothing_is_asked_of_gpg_for_a_mail_in_clear() -> None:
    nothing = cast("Engine", None)
    reading = decrypt(Reader(engine=nothing, limits=ReadingLimits()), plain())
    assert Coverage.NONE is reading.protection.encrypted
    assert not stays_whole(reading)


def test_a_reader_that_breaks_gives_what_the_outside_says(reader: Reader, pen: Pen) -> None:
    broken = replace(reader, limits=replace(reader.limits, pieces=cast("int", None)))
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n" + pen.encrypt(TEXT)
    reading = decrypt(broken, plain("References: <a@b.example>", text=text))
    assert stays_whole(reading)
    assert UNREAD == reading.problems[-1]
    assert ("A report", ("<a@b.example>",)) == (reading.subject, reading.references)
    assert "robin@research.example" == str(reading.mail.from_[0].address)


class Poor(ReadingLimits):
    """Limits on a machine whose memory ends in the middle of a reading."""

    def __getattribute__(self, name: str) -> object:
        """Fail where the pieces of a mail are looked for."""
        if name == "pieces":
            raise MemoryError
        return super().__getattribute__(name)


def test_memory_that_is_gone_is_not_the_mails_fault(reader: Reader) -> None:
    """Such a mail is tried again; it does not travel on unread."""
    with pytest.raises(MemoryError):
        decrypt(replace(reader, limits=Poor()), plain())


def test_pieces_that_take_too_long_together_are_left_closed_and_said_so(
    reader: Reader, pen: Pen
) -> None:
    """The first is always tried; a lease must not end while the twentieth is opened."""
    files = [attached(pen.encrypt_binary(b"%d" % n), f"{n}.gpg") for n in range(3)]
    hurried = replace(reader, limits=replace(reader.limits, gpg_wait=1))
    reading = decrypt(hurried, head() + multipart("mixed", TEXT, *files))
    assert [b"0", None, None] == [piece.data for piece in reading.pieces]
    late = {piece.problem for piece in reading.pieces[1:]}
    assert {"left closed: the pieces before it took all the time allowed"} == late
    assert all(piece.digest for piece in reading.pieces), "known again all the same"


def test_pieces_share_what_one_mail_may_hold_when_opened(reader: Reader, pen: Pen) -> None:
    """Twenty small bombs that each stay below the bound must not be one that does not."""
    sizes = (60, 50, 30)
    files = [attached(pen.encrypt_binary(b"x" * size), f"{size}.gpg") for size in sizes]
    narrow = replace(reader, limits=replace(reader.limits, plaintext_bytes=100))
    reading = decrypt(narrow, head() + multipart("mixed", TEXT, *files))
    assert [60, None, 30] == [piece.data and len(piece.data) for piece in reading.pieces]
    assert "larger than allowed when opened" in reading.pieces[1].problem


def test_more_pieces_than_allowed_are_said_to_be_closed(reader: Reader, pen: Pen) -> None:
    files = [attached(pen.encrypt_binary(b"x"), f"{n}.gpg") for n in range(3)]
    few = replace(reader, limits=replace(reader.limits, pieces=2))
    reading = decrypt(few, head() + multipart("mixed", TEXT, *files))
    assert [b"x", b"x", None] == [piece.data for piece in reading.pieces]
    assert "more than 2 encrypted pieces" in reading.pieces[2].problem


def test_a_signature_on_a_part_is_none(reader: Reader, pen: Pen) -> None:
    inside = signed(TEXT, pen.sign(TEXT, by=person_key(0))).replace(b"=-mark", b"=-inner")
    reading = decrypt(reader, head() + multipart("mixed", inside, TEXT))
    assert () == reading.protection.signatures


def test_an_encrypted_mail_that_is_noise_is_malformed_while_gpg_works(reader: Reader) -> None:
    noise = b"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----\r\n"
    reading = decrypt(reader, head() + pgp_mime(noise))
    assert UnreadableReason.MALFORMED is reading.protection.unreadable


LAYERS: dict[str, Callable[[Pen], bytes]] = {
    "encrypted": lambda pen: pgp_mime(pen.encrypt(TEXT)),
    "signed": lambda pen: signed(TEXT, pen.sign(TEXT, by=person_key(0))),
    "inline": lambda pen: b"\r\n" + pen.clear_sign(b"text\n", by=person_key(0)),
    "piece": lambda pen: b"\r\nHello.\r\n" + pen.encrypt(TEXT),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_gpg_that_fails_at_everything_is_our_fault(pen: Pen, tmp_path: Path, layer: str) -> None:
    """It says as little as about noise; yet no mail may be told to be broken for it."""
    wrapper = tmp_path / "gpg"
    wrapper.write_text(f'#!/bin/sh\nexec {which("gpg")} "$@"\n')
    wrapper.chmod(0o700)
    with short_home() as home:
        engine = Engine(binary=wrapper, home=home, wait=60_000_000, output_limit=1_000_000)
        wrapper.write_text("#!/bin/sh\nexit 2\n")
        with pytest.raises(OurFault):
            decrypt(Reader(engine=engine, limits=ReadingLimits()), head() + LAYERS[layer](pen))
