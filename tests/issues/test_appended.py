"""What a mailing system put beside an OpenPGP layer comes off; nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.issues.appended import without_appended
from gatekeeper.mail import openpgp, parse

LIMITS = ReadingLimits()
HEAD = b"From: a@team.example\r\nSubject: a\r\n folded\r\nX-Odd:  b\r\n"
TEXT = b"Content-Type: text/plain\r\n\r\nConfidential.\r\n"
FRAME = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\nwords\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\nabcd\r\n-----END PGP SIGNATURE-----\r\n"
)
MESSAGE = b"-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n-----END PGP MESSAGE-----\r\n"


def mixed(*inside: bytes, mark: bytes = b"=-m", kind: bytes = b"mixed") -> bytes:
    begun = b"Content-Type: multipart/" + kind + b'; boundary="' + mark + b'"\r\n\r\n'
    return (
        begun
        + b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in inside)
        + (b"--" + mark + b"--\r\n")
    )


SIGNED = mixed(
    TEXT, b"Content-Type: application/pgp-signature\r\n\r\nx", mark=b"=-s", kind=b"signed"
)
FILE = b'Content-Type: text/plain; name="a"\r\n\r\nx'


def alone(entity: bytes) -> bytes | None:
    return without_appended(parse.read(HEAD + entity, LIMITS))


@pytest.mark.parametrize("entity", [mixed(SIGNED, TEXT), mixed(TEXT, SIGNED, TEXT)])
def test_a_layer_between_texts_is_left_with_the_same_header(entity: bytes) -> None:
    assert HEAD + SIGNED == (alone(entity) or b"").rstrip(b"\r\n") + b"\r\n"


@pytest.mark.parametrize("block", [FRAME, MESSAGE])
@pytest.mark.parametrize("after", [b"\r\nConfidential.\r\n", b"\r\n\r\n____\r\nlist info\r\n"])
def test_text_after_an_armor_comes_off(block: bytes, after: bytes) -> None:
    found = alone(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + block + after)
    assert found is not None
    mail = parse.read(found, LIMITS)
    assert block.strip() == mail.root.decoded().strip()
    assert not isinstance(openpgp.layer(mail.root), openpgp.Clear)
    assert "a folded" == mail.subject


@pytest.mark.parametrize(
    "entity",
    [
        pytest.param(TEXT, id="nothing there"),
        pytest.param(SIGNED, id="nothing beside it"),
        pytest.param(b"Content-Type: text/plain\r\n\r\n" + FRAME, id="nothing after it"),
        pytest.param(mixed(SIGNED), id="nothing but it"),
        pytest.param(mixed(SIGNED, FILE), id="a file beside it"),
        pytest.param(mixed(SIGNED, SIGNED, TEXT), id="two layers"),
        pytest.param(mixed(SIGNED, TEXT, TEXT, TEXT, TEXT), id="many texts"),
        pytest.param(mixed(mixed(SIGNED, TEXT, mark=b"=-n"), TEXT), id="deeper"),
        pytest.param(
            mixed(SIGNED, b"Content-Type: message/rfc822\r\n\r\nx"), id="a mail beside it"
        ),
        pytest.param(b"Content-Type: text/plain\r\n\r\nHi\r\n" + FRAME + b"x", id="text before"),
        pytest.param(b"Content-Type: text/plain\r\n\r\n" + FRAME + FRAME + b"x", id="two frames"),
        pytest.param(b"Content-Type: text/html\r\n\r\n" + FRAME + b"x", id="HTML"),
    ],
)
def test_anything_else_is_what_it_is(entity: bytes) -> None:
    assert None is alone(entity)


@given(st.binary(max_size=200))
def test_any_octets_are_answered(raw: bytes) -> None:
    for entity in (raw, mixed(SIGNED, raw), b"Content-Type: text/plain\r\n\r\n" + FRAME + raw):
        found = alone(entity)
        assert found is None or found.startswith(HEAD)
