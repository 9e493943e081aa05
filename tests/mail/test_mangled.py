"""PGP/MIME that mail systems took apart is known again in each shape that they leave."""

import base64
from itertools import permutations

import pytest

from gatekeeper.mail.attachments import attachments
from gatekeeper.mail.mangled import MANGLED, WRAPPED
from gatekeeper.mail.openpgp import Clear, Encrypted, Signed, canonical, layer
from gatekeeper.mail.pieces import pieces, signed_parts
from tests.hostile.making import ARMOR, TEXT, multipart
from tests.mail.samples import LIMITS, part_of
from tests.mail.test_openpgp import CONTROL, OCTETS, SIGNATURE

EMPTY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\n\r\n"
EMPTY_PAGE = b"Content-Type: text/html\r\n\r\n<html><body><div><br></div>&nbsp;</body></html>\r\n"
NAMED = b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n'
MESSAGE = NAMED + b'Content-Disposition: attachment; filename="encrypted.asc"\r\n\r\n' + ARMOR
RENAMED = (
    b'Content-Type: application/octet-stream; name="PGPMIME Versions Identification"\r\n'
    b'Content-Disposition: attachment; filename="PGPMIME Versions Identification"\r\n\r\n'
    b"Version: 1\r\n"
)
IN_BASE64 = (
    b'Content-Type: application/pgp-encrypted; name="PGPMIME version identification.dat"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"Version: 1\n")
)
TNEF = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n\r\n\x78\x9f\x3e\x22'


def mixed(*parts: bytes) -> bytes:
    return multipart("mixed", "mx", *parts)


EXCHANGE = {
    "as Exchange writes it": (EMPTY, CONTROL, OCTETS + ARMOR),
    "with a page": (EMPTY_PAGE, CONTROL, MESSAGE),
    "without the empty text": (CONTROL, MESSAGE),
    "the control part renamed": (EMPTY, RENAMED, MESSAGE),
    "the control part renamed, no names": (RENAMED, OCTETS + ARMOR),
    "the control part in base64": (EMPTY, IN_BASE64, MESSAGE),
    "the parts in the other order": (EMPTY, MESSAGE, CONTROL),
    "the control part gone": (EMPTY, MESSAGE),
    "the message alone": (MESSAGE,),
    "the message as the control part": (
        EMPTY,
        b"Content-Type: application/pgp-encrypted\r\n\r\n" + ARMOR,
    ),
    "another program's name": (EMPTY, MESSAGE.replace(b"encrypted.asc", b"msg.asc")),
    "a footer without words": (EMPTY, CONTROL, MESSAGE, EMPTY),
}


@pytest.mark.parametrize("name", EXCHANGE)
def test_the_message_is_found(name: str) -> None:
    expected = Encrypted(ciphertext=ARMOR, problem=MANGLED)
    assert expected == layer(part_of(mixed(*EXCHANGE[name])))


@pytest.mark.parametrize("parts", list(permutations((EMPTY, MESSAGE, TNEF))))
def test_a_winmail_beside_the_message_is_left_out_and_said(parts: tuple[bytes, ...]) -> None:
    """It is not decrypted text, and may not be shown beside it."""
    found = layer(part_of(mixed(*parts)))
    assert Encrypted(ciphertext=ARMOR, problem=f"{MANGLED}; {WRAPPED}") == found


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((TEXT, CONTROL, MESSAGE), id="words before"),
        pytest.param((EMPTY, CONTROL, MESSAGE, TEXT), id="a footer"),
        pytest.param((EMPTY, OCTETS + ARMOR), id="a file without a telling name"),
        pytest.param((EMPTY, MESSAGE, MESSAGE), id="two messages"),
        pytest.param((CONTROL, CONTROL, MESSAGE), id="two control parts"),
        pytest.param((CONTROL, NAMED + b"\r\nno message"), id="no message"),
        pytest.param((EMPTY, TNEF), id="a winmail alone"),
        pytest.param((EMPTY, CONTROL, MESSAGE, OCTETS + b"x"), id="another file"),
        pytest.param((b'Content-Type: text/plain; name="a.txt"\r\n\r\n', MESSAGE), id="a file"),
    ],
)
def test_anything_else_is_a_mail_in_clear(parts: tuple[bytes, ...]) -> None:
    root = part_of(mixed(*parts))
    assert Clear() == layer(root)
    messages = sum(b"-----BEGIN PGP MESSAGE-----" in each for each in parts)
    assert messages == len(pieces(root, LIMITS).spans)


SAID_OF_ENCRYPTED: dict[tuple[bytes, ...], str] = {
    (CONTROL, OCTETS + ARMOR): "",
    (IN_BASE64, OCTETS + ARMOR): "",
    (RENAMED, MESSAGE): "multipart/encrypted whose control part lost its type",
    (MESSAGE, CONTROL): "multipart/encrypted with its parts in the wrong order",
    (OCTETS + b"x", MESSAGE): "multipart/encrypted without its control part",
}


@pytest.mark.parametrize("parts", SAID_OF_ENCRYPTED)
def test_a_multipart_encrypted_is_read_and_what_is_wrong_is_said(parts: tuple[bytes, ...]) -> None:
    found = layer(part_of(multipart("encrypted", "e", *parts)))
    assert Encrypted(ciphertext=ARMOR, problem=SAID_OF_ENCRYPTED[parts]) == found


def test_lost_parameters_lose_nothing() -> None:
    """The protocol, and a boundary: then the armor is looked for in all of it."""
    raw = multipart("encrypted", "e", CONTROL, OCTETS + ARMOR)
    found = layer(part_of(raw.replace(b'; boundary="e"', b"")))
    assert isinstance(found, Encrypted)
    assert ARMOR in found.ciphertext
    assert "multipart/encrypted that could not be taken apart" == found.problem
    signed = multipart("signed", "s", TEXT, SIGNATURE)
    assert isinstance(layer(part_of(signed)), Signed)


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE,
        SIGNATURE.replace(b"application/pgp-signature", b"application/pgp-signature; name=x"),
        SIGNATURE.replace(b"pgp-signature", b'octet-stream; name="signature.asc"'),
        SIGNATURE.replace(b"pgp-signature", b'octet-stream; name="OpenPGP_signature.asc"'),
        SIGNATURE.replace(b"RE-----\r\n\r\n", b"RE-----\r\nVersion: 1\r\nComment: x\r\n\r\n"),
    ],
)
def test_what_was_a_multipart_signed_is_signed_as_a_whole(signature: bytes) -> None:
    found = layer(part_of(mixed(TEXT, signature)))
    assert isinstance(found, Signed)
    assert (canonical(TEXT), MANGLED) == (found.content, found.problem)
    assert b"-----BEGIN PGP SIGNATURE-----" == found.signature[:29]


@pytest.mark.parametrize(
    "parts",
    [
        (TEXT, SIGNATURE, TEXT),
        (SIGNATURE, TEXT),
        (TEXT, TEXT, SIGNATURE),
        (SIGNATURE,),
        (TEXT, SIGNATURE.replace(b"pgp-signature", b'octet-stream; name="poc.tar.asc"')),
        (TEXT, b'Content-Type: application/octet-stream; name="signature.asc"\r\n\r\nnone'),
    ],
)
def test_a_signature_beside_more_is_over_none_of_it_as_a_whole(parts: tuple[bytes, ...]) -> None:
    assert Clear() == layer(part_of(mixed(*parts)))


BINARY_SIGNATURE = b"\xc2\x0a\x04" + bytes(9) + b"\x88\x0a\x04" + bytes(9)
WITH_MORE = {
    "words after it": SIGNATURE + b"\r\nPS: publish everything today\r\n",
    "words before it": SIGNATURE.replace(b"\r\n\r\n", b"\r\n\r\nPS: publish it\r\n", 1),
    "words inside it": SIGNATURE.replace(b"AAAA\r\n=", b"AAAA\r\nPS: publish it\r\n="),
    "a header of its own": SIGNATURE.replace(b"RE-----\r\n\r\n", b"RE-----\r\nPS: it\r\n\r\n"),
    "a long comment": SIGNATURE.replace(
        b"RE-----\r\n\r\n", b"RE-----\r\nComment: " + b"x" * 200 + b"\r\n\r\n"
    ),
    "two of them": SIGNATURE + SIGNATURE.partition(b"\r\n\r\n")[2],
    "shown as a text": SIGNATURE.replace(
        b"application/pgp-signature", b'text/plain; name="signature.asc"'
    ),
    "binary, and words": b"Content-Type: application/pgp-signature\r\n\r\n"
    + BINARY_SIGNATURE
    + b"PS: publish it",
}


@pytest.mark.parametrize("name", WITH_MORE)
def test_a_signature_with_more_in_its_part_is_over_the_first_part_alone(name: str) -> None:
    """Its reader sees what is in that part, and nobody signed that."""
    root = part_of(mixed(TEXT, WITH_MORE[name]))
    assert Clear() == layer(root)
    assert ["the first part of the content"] == [each.label for each in signed_parts(root)]
    assert [root.children[1]] == [each.part for each in attachments(root)]


def test_a_binary_signature_is_one_too() -> None:
    binary = b"Content-Type: application/pgp-signature\r\n\r\n" + BINARY_SIGNATURE
    found = layer(part_of(mixed(TEXT, binary)))
    assert isinstance(found, Signed)
    assert BINARY_SIGNATURE == found.signature
