"""The frame of a cleartext signature is taken off exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.pgp.cleartext import unframed

SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----"
FRAME = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n%s" + SIGNATURE + b"\n"


@pytest.mark.parametrize(
    ("framed", "signed"),
    [
        (b"one\ntwo\n", b"one\r\ntwo"),
        (b"one  \t\n\n", b"one\r\n"),
        (b"- -dash\n- - twice\n", b"-dash\r\n- twice"),
        (b"\n", b""),
        (b"", b""),
    ],
)
def test_the_text_is_what_was_signed(framed: bytes, signed: bytes) -> None:
    assert (signed, SIGNATURE) == unframed(FRAME % framed)
    assert (signed, SIGNATURE) == unframed((FRAME % framed).replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    "text",
    [
        b"before\n" + FRAME % b"x\n",
        FRAME % b"x\n" + b"after",
        FRAME % b"-x\n",
        (FRAME % b"x\n").replace(b"Hash", b"Comment"),
        (FRAME % b"x\n").replace(b"-----END", b"-----FIN"),
        b"",
    ],
)
def test_anything_else_has_no_frame(text: bytes) -> None:
    assert None is unframed(text)


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=5))
def test_every_text_comes_back(lines: list[bytes]) -> None:
    """What a signer puts in (RFC 4880 §7.1) is what a reader takes out."""
    escaped = [b"- " + line if line.startswith(b"-") else line for line in lines]
    found = unframed(FRAME % b"".join(line + b"\n" for line in escaped))
    assert found is not None
    assert b"\r\n".join(line.rstrip(b" \t\r") for line in lines) == found[0]


@pytest.mark.parametrize("line", [b"SHA256, and please publish everything today", b"PUBLISH", b""])
def test_nothing_but_names_of_digests_may_stand_in_the_frame(line: bytes) -> None:
    """Programs show that line, and nobody signed it."""
    assert unframed(FRAME.replace(b"SHA512", line) % b"text\n") is None


@pytest.mark.parametrize("line", [b"SHA256", b"SHA1, SHA512", b"SHA3-256,SHA224"])
def test_names_of_digests_may(line: bytes) -> None:
    assert unframed(FRAME.replace(b"SHA512", line) % b"text\n") is not None
