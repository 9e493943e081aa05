"""The text in which commands are looked for is the one that was written and signed, as typed."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Protection, Signature, SignatureState
from gatekeeper.issues.commands import parse as parse_commands
from gatekeeper.issues.quoting import TEXT_MAX
from gatekeeper.issues.written import Written, written
from gatekeeper.mail import parse
from gatekeeper.mail.reading import Reading

LIMITS = ReadingLimits()
COMMAND = "!SEC-2026-0007 own"
HEAD = b"From: andrea@team.example\r\nTo: security@example.org\r\nMIME-Version: 1.0\r\n"
SIGNED = Protection(signatures=(Signature(state=SignatureState.GOOD),))


def read(entity: bytes, protection: Protection = SIGNED) -> Written:
    mail = parse.read(HEAD + entity, LIMITS)
    return written(Reading(mail=mail, subject="", content=mail.root, protection=protection))


def text(words: bytes | str, *, more: str = "", fields: str = "") -> bytes:
    body = words if isinstance(words, bytes) else words.replace("\n", "\r\n").encode()
    return f"Content-Type: text/plain; charset=utf-8{more}\r\n{fields}\r\n".encode() + body


def parts(kind: str, *inside: bytes, mark: str = "=-m", more: str = "") -> bytes:
    begun = f'Content-Type: multipart/{kind}; boundary="{mark}"{more}\r\n\r\n'.encode()
    boundary = f"--{mark}\r\n".encode()
    return (
        begun + b"".join(boundary + part + b"\r\n" for part in inside) + f"--{mark}--\r\n".encode()
    )


SIGNATURE = b"Content-Type: application/pgp-signature\r\n\r\nx"
HTML = f"Content-Type: text/html; charset=utf-8\r\n\r\n<p>{COMMAND}</p><p>more</p>".encode()
FILE = b'Content-Type: text/plain; name="a.txt"\r\n\r\nfile'
ATTACHED = b"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile"
IMAGE = b"Content-Type: image/png\r\n\r\nxyz"


@pytest.mark.parametrize(
    "entity",
    [
        pytest.param(text(COMMAND), id="one text"),
        pytest.param(parts("alternative", text(COMMAND), HTML), id="text and HTML"),
        pytest.param(parts("mixed", text(COMMAND), ATTACHED, IMAGE, FILE), id="with files"),
        pytest.param(parts("mixed", FILE, text(COMMAND)), id="file first"),
        pytest.param(parts("mixed", text(" \n"), text(COMMAND)), id="empty text first"),
        pytest.param(
            parts(
                "mixed",
                text("Subject: Overflow", more='; protected-headers="v1"'),
                parts("mixed", text(COMMAND), ATTACHED, mark="=-i"),
                more='; protected-headers="v1"',
            ),
            id="subject shown in a part of its own",
        ),
        pytest.param(
            text(f"Subject: Overflow\n\n{COMMAND}", more='; hp="cipher"; hp-legacy-display="1"'),
            id="subject shown above the text",
        ),
        pytest.param(
            text(
                base64.encodebytes(COMMAND.encode()), fields="Content-Transfer-Encoding: base64\r\n"
            ),
            id="base64",
        ),
        pytest.param(
            text(
                quopri.encodestring(COMMAND.encode()).replace(b"own", b"=\r\now=6E"),
                fields="Content-Transfer-Encoding: quoted-printable\r\n",
            ),
            id="quoted-printable with soft breaks",
        ),
        pytest.param(text("!SEC-2026-0007 \nown", more="; format=flowed"), id="flowed"),
        pytest.param(
            text("!SEC-2026-0007 o \nwn", more="; format=Flowed; delsp=Yes"), id="flowed, delsp"
        ),
    ],
)
def test_the_text_is_as_it_was_typed(entity: bytes) -> None:
    for whole in (entity, parts("signed", entity, SIGNATURE, mark="=-s")):
        found = read(whole)
        assert COMMAND == found.text.strip()
        assert not found.html_only
        assert () == found.doubts


def test_text_beside_the_signed_part_is_not_read() -> None:
    """A multipart/signed has two parts; what stands before and after them is nobody's."""
    whole = parts("signed", text("inside"), SIGNATURE, mark="=-s")
    around = whole.replace(b"\r\n\r\n", f"\r\n\r\n{COMMAND}\r\n".encode(), 1) + COMMAND.encode()
    assert "inside" == read(around).text


def test_html_alone_is_rendered_and_named() -> None:
    found = read(HTML)
    assert found.html_only
    assert COMMAND == found.text.split("\n")[0]
    assert read(parts("alternative", text("\n \n"), HTML)).html_only
    assert Written(text="") == read(IMAGE)


def test_text_in_several_parts_is_in_doubt() -> None:
    """Some programs break a text around a picture; the rest would be lost without a word."""
    found = read(parts("mixed", text(COMMAND), IMAGE, text("more")))
    assert COMMAND == found.text
    assert ("its text is in several parts; write all of it in one, before any attachment",) == (
        found.doubts
    )


def test_a_wrong_charset_is_in_doubt() -> None:
    (doubt,) = read(text(b"gr\xfcn")).doubts
    assert "it holds text that is not in the charset it names; send it as UTF-8" == doubt


def test_recipients_are_those_inside_the_signature() -> None:
    inside = b"To: Us <security@example.org>\r\nCc: x@y.example, broken\r\n" + text(COMMAND)
    found = read(parts("signed", inside, SIGNATURE))
    assert ["security@example.org", "x@y.example"] == [str(each) for each in found.recipients]
    assert () == read(parts("signed", text(COMMAND), SIGNATURE)).recipients
    assert () == read(text(COMMAND), Protection()).recipients


FRAME = (
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n"
    "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
)


def test_a_clear_signed_text_is_taken_out_of_its_frame() -> None:
    found = read(text(FRAME.format(f"{COMMAND}  \n- -- \nAndrea \ngrün")))
    assert f"{COMMAND}\n--\nAndrea\ngrün" == found.text
    assert () == found.recipients


def test_a_charset_outside_of_the_frame_changes_no_letter() -> None:
    """Whoever carries the mail could write another one there."""
    words = FRAME.format("+ACE-SEC-2026-0007 own")
    entity = text(words).replace(b"utf-8", b"utf-7")
    assert "+ACE-SEC-2026-0007 own" == read(entity).text
    assert 1 == len(read(text(words.encode().replace(b"own", b"\xfc"))).doubts)


def test_what_is_no_frame_holds_no_text() -> None:
    spoiled = FRAME.format(COMMAND).replace("Hash: SHA512\n", "Comment: x\n")
    assert "" == read(text(spoiled)).text


def test_a_text_that_is_too_long_stays_so() -> None:
    """Joined, it could be short enough to pass for a whole one."""
    found = read(text(f"{COMMAND}\n" + "a \n" * TEXT_MAX, more="; format=flowed"))
    assert 3 * TEXT_MAX < len(found.text)
    assert "longer" in parse_commands(found.text).problems[0]


@given(st.binary(max_size=300))
def test_any_mail_has_a_text(raw: bytes) -> None:
    mail = parse.read(raw, LIMITS)
    found = written(Reading(mail=mail, subject="", content=mail.root, protection=SIGNED))
    assert "\r" not in found.text
