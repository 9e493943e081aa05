"""A reply goes with the files that were attached on purpose, and with nothing of the team's."""

import pytest

from gatekeeper.store import letters
from tests.house import PEOPLE, person_key, uid
from tests.issues.found import done
from tests.issues.ordering import named_in, opened, order, plain_part, refused, replies
from tests.issues.reports import multipart, octets
from tests.issues.talk import Talk

MAIL = b"From: Wei <wei@team.example>\r\nSubject: inside\r\n\r\nours\r\n"
ARMOR = "-----BEGIN PGP {} KEY BLOCK-----\r\n\r\nxxxx\r\n-----END PGP {} KEY BLOCK-----\r\n"
PUBLIC = ARMOR.format("PUBLIC", "PUBLIC").encode()


def typed(kind: str, data: bytes = b"data", name: str = "") -> bytes:
    """Return a part of a type, which is a file when it has a name."""
    named = f'Content-Disposition: attachment; filename="{name}"\r\n' if name else ""
    return f"Content-Type: {kind}\r\n{named}\r\n".encode() + data


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (typed("message/rfc822", MAIL), "forwarded mail"),
        (typed("message/rfc822", MAIL, "x.txt"), "forwarded mail"),
        (octets(b"x", "fwd.EML"), "forwarded mail"),
        (octets(b"x", "old.msg"), "forwarded mail"),
        (octets(b"x", "all.mbox"), "forwarded mail"),
        (octets(b"x", "page.mht"), "forwarded mail"),
        (octets(b"x", "winmail.dat"), "forwarded mail"),
        (octets(b"\x78\x9f\x3e\x22x", "a.bin"), "forwarded mail"),
        (typed("application/ms-tnef", b"x", "a.bin"), "forwarded mail"),
        (octets(b"x", "original.eml"), "forwarded mail"),
        (octets(b"x", "header.txt"), "forwarded mail"),
        (octets(MAIL, "data.bin"), "begins like a mail"),
        (octets(b"\r\n" + MAIL, "data.bin"), "begins like a mail"),
        (octets(b"\xef\xbb\xbf" + MAIL, "data.bin"), "begins like a mail"),
        (octets(b"Return-Path: <>\r\n", "data.bin"), "begins like a mail"),
        (octets(b"received: from x\r\n", "data.bin"), "begins like a mail"),
        (octets(b"From wei@team.example Thu Sep  3\r\n", "data.bin"), "begins like a mail"),
        (typed("text/plain", MAIL, "notes.txt"), "begins like a mail"),
        (typed("text/vcard", b"x", "a.bin"), "address card"),
        (octets(b"x", "wei.vcf"), "address card"),
        (octets(b"x", "smime.p7s"), "S/MIME"),
        (octets(b"x", "smime.p7m"), "S/MIME"),
        (typed("application/pkcs7-signature", b"x", "a.bin"), "S/MIME"),
        (typed("application/x-pkcs7-mime", b"x", "a.bin"), "S/MIME"),
        (octets(ARMOR.format("PRIVATE", "PRIVATE").encode(), "a.asc"), "PRIVATE"),
        (typed("text/html", b"<p>ours</p>"), "text of type text/html beside its body"),
        (typed("text/enriched", b"ours"), "text of type text/enriched beside its body"),
        (octets(b"x", "SEC-2020-0008.txt"), "names another issue"),
        (octets(b"x", "sec_2020_0008.txt"), "names another issue"),
        (octets(b"x", "from Wei_Example.pdf"), "names a person of the team"),
        (octets(b"x", "ANDREAEXAMPLE.pdf"), "names a person of the team"),
        (octets(b"x", f"{PEOPLE[1][1]}.log"), "names a person of the team"),
    ],
)
def test_a_file_that_may_hold_what_is_inside_stops_the_reply(
    talk: Talk, part: bytes, fault: str
) -> None:
    number = opened(talk)
    row = order(talk, f"{named_in(number)}\nThank you.", octets(b"fine", "fine.bin"), part)
    assert fault in refused(talk, row, number)


@pytest.mark.parametrize(
    "part",
    [
        octets(PUBLIC, "my.asc"),
        octets(PUBLIC, "my.txt"),
        octets(b"My key:\r\n" + PUBLIC, "my.asc"),
        octets(b"\x99\x01\x0dxx", "my.gpg"),
        typed("application/pgp-keys", PUBLIC),
        typed("image/png", b"picture"),
    ],
)
def test_keys_and_nameless_pictures_stay_behind_and_it_is_told(talk: Talk, part: bytes) -> None:
    number = opened(talk)
    row = order(talk, f"{named_in(number)}\nThank you.", part, octets(b"fine", "fine.bin"))
    said = " ".join(done(talk.house, row))
    assert "stays behind" in said
    assert "reply: with fine.bin" in said
    (letter,) = replies(talk, number)
    stored = talk.house.store.read(lambda tx: letters.load(tx, letter.id)).plaintext
    assert b"fine.bin" in stored
    assert b"PUBLIC KEY" not in stored


def test_ordinary_files_go(talk: Talk) -> None:
    """Also beside another form of the text, which is not sent, and with its own issue's name."""
    number = opened(talk)
    diff = typed("text/x-patch", b"--- a\r\n+++ b\r\n", f"SEC-2026-{number:04}.patch")
    html = multipart(
        "alternative", plain_part(f"{named_in(number)}\nThank you."), typed("text/html", b"<p>x")
    ).replace(b"=-mark", b"=-inner")
    content = multipart("mixed", html, diff, typed("text/plain", b"a log", "log.txt"))
    sender = uid(*PEOPLE[0])
    raw = talk.sealed("", by=person_key(0), sender=sender, content=content)
    row = talk.handle(raw, sender=PEOPLE[0][1])
    assert f"reply: with SEC-2026-{number:04}.patch, log.txt" in done(talk.house, row)
