"""Which OpenPGP layers a mail has is read from its structure, and never more than is there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.mangled import MANGLED
from gatekeeper.mail.openpgp import (
    Clear,
    Encrypted,
    InlineEncrypted,
    InlineSigned,
    Signed,
    canonical,
    layer,
)
from gatekeeper.mail.pieces import pieces, signed_parts
from gatekeeper.mail.structure import TWO_WAYS, scan
from tests.hostile.making import ARMOR, TEXT, mail, multipart
from tests.mail.samples import LIMITS, mail_bytes, part_of
from tests.sampling import tries
from tests.torture import torture

CONTROL = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
OCTETS = b"Content-Type: application/octet-stream\r\n\r\n"
SIGNATURE = (
    b"Content-Type: application/pgp-signature\r\n\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n=AAAA\r\n-----END PGP SIGNATURE-----\r\n"
)
CLEARSIGNED = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\nThere is a hole.\r\n"
    b"- -----BEGIN PGP SIGNATURE-----\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n=AAAA\r\n-----END PGP SIGNATURE-----\r\n"
)
BINARY = b"\x85\x01\x0c\x03" + bytes(300)


@tries(500)
@given(raw=mail_bytes, limit=st.integers(0, 3))
def test_any_mail_has_a_layer_and_bounded_pieces(raw: bytes, limit: int) -> None:
    root = part_of(raw)
    found = layer(root)
    if isinstance(found, Signed):
        assert found.inner.entity.replace(b"\r\n", b"\n") == found.content.replace(b"\r\n", b"\n")
    spans = pieces(root, replace(LIMITS, pieces=limit)).spans
    assert len(spans) <= limit + 1
    assert all(is_printable_line(each.label) for each in spans)


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize("name", sorted(torture()))
def test_torture_mails_are_looked_at_in_bounded_time(name: str) -> None:
    root = part_of(torture()[name])
    layer(root)
    assert len(pieces(root, LIMITS).spans) <= 21


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize("line", [b"-----", b"-----BEGIN PGP MESSAGE-----\n", b"-----BEGIN PGP "])
def test_hostile_armor_costs_no_more_than_its_bytes(line: bytes) -> None:
    root = part_of(mail(line * (4_000_000 // len(line))))
    layer(root)
    assert len(pieces(root, LIMITS).spans) <= 21


def test_a_mail_encrypted_as_a_whole() -> None:
    assert Encrypted(ciphertext=ARMOR) == _encrypted("encrypted")


def _encrypted(name: str) -> Encrypted:
    found = layer(part_of(torture()[name]))
    assert isinstance(found, Encrypted)
    return found


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_ciphertext_in_a_transfer_encoding(encoding: str) -> None:
    body = {"base64": b"QUJD", "quoted-printable": b"A=42C"}[encoding]
    part = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body
    found = layer(part_of(multipart("encrypted", "e", CONTROL, part)))
    assert Encrypted(ciphertext=b"ABC") == found


def test_one_part_alone_is_read_and_said() -> None:
    found = _encrypted("encrypted-with-one-part")
    assert ARMOR == found.ciphertext
    assert "multipart/encrypted with one part only" == found.problem


def test_no_control_part_is_said() -> None:
    for parts in ((OCTETS + ARMOR, TEXT), (TEXT, OCTETS + ARMOR)):
        found = layer(part_of(multipart("encrypted", "e", *parts)))
        assert isinstance(found, Encrypted)
        assert b"-----BEGIN PGP MESSAGE-----" == found.ciphertext[:27]
        assert "multipart/encrypted without its control part" == found.problem


def test_no_parts_at_all_is_still_no_clear_mail() -> None:
    found = layer(part_of(mail(b"x", b"Content-Type: multipart/encrypted; boundary=q")))
    assert isinstance(found, Encrypted)
    assert found.problem


def test_anything_beside_the_ciphertext_makes_it_a_piece() -> None:
    """A third part would be shown beside the plaintext as if it had been encrypted (EFAIL)."""
    root = part_of(torture()["encrypted-with-three-parts"])
    assert Clear() == layer(root)
    assert ["part 2"] == [each.label for each in pieces(root, LIMITS).spans]


def test_what_exchange_leaves_is_recognised_and_said() -> None:
    found = _encrypted("mangled-by-exchange")
    assert b"-----BEGIN PGP MESSAGE-----" == found.ciphertext[:27]
    assert MANGLED == found.problem


@pytest.mark.parametrize(
    "parts",
    [
        (TEXT, CONTROL, OCTETS + ARMOR),
        (CONTROL, OCTETS + ARMOR, TEXT),
        (CONTROL, OCTETS + b"no message"),
        (OCTETS + ARMOR,),
        (),
    ],
)
def test_mixed_with_anything_else_is_clear(parts: tuple[bytes, ...]) -> None:
    assert Clear() == layer(part_of(multipart("mixed", "q", *parts)))


@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_a_signature_covers_the_exact_bytes_with_crlf(ends: bytes) -> None:
    """RFC 3156 §5: CRLF line ends, without the one before the boundary, blanks at ends kept."""
    inner = b"Content-Type: text/plain\r\nX: \xff\r\n\r\nline \r\n\r\nlast"
    raw = multipart("signed", "s", inner, SIGNATURE).replace(b"\r\n", ends)
    found = layer(part_of(raw))
    assert isinstance(found, Signed)
    assert inner == found.content
    assert b"-----BEGIN PGP SIGNATURE-----" == found.signature[:29]
    assert inner.replace(b"\r\n", ends) == found.inner.entity


def test_a_signed_multipart_is_covered_with_its_preamble_and_epilogue() -> None:
    inner = (
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\npreamble\r\n--in\r\n\r\nx\r\n--in--\r\n"
        b"epilogue\r\n"
    )
    found = layer(part_of(multipart("signed", "s", inner, SIGNATURE)))
    assert isinstance(found, Signed)
    assert inner == found.content
    assert [b"x"] == [each.body for each in found.inner.children]


@pytest.mark.parametrize(
    "raw",
    [
        multipart("signed", "s", TEXT),
        multipart("signed", "s", TEXT, SIGNATURE, TEXT),
        multipart("signed", "s", TEXT, SIGNATURE, SIGNATURE),
        multipart("signed", "s", TEXT, b"Content-Type: application/pkcs7-signature\r\n\r\nx"),
        multipart("signed", "s"),
        torture()["signed-inside"],
    ],
)
def test_a_signature_on_anything_but_the_whole_is_none(raw: bytes) -> None:
    assert Clear() == layer(part_of(raw))


@given(st.binary(max_size=60))
def test_canonical_line_ends_are_made_once(content: bytes) -> None:
    once = canonical(content)
    assert once == canonical(once)
    assert once.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize("before", [b"", b"\r\n", b" \r\n\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n \r\n"])
@pytest.mark.parametrize(
    "body", [ARMOR, ARMOR.replace(b"\r\n", b"\n"), ARMOR.replace(b"\r", b" \r")]
)
def test_a_body_that_is_one_armored_message(before: bytes, after: bytes, body: bytes) -> None:
    found = layer(part_of(mail(before + body + after)))
    assert InlineEncrypted(armor=body.strip() + b"\n") == found


@pytest.mark.parametrize(
    "body",
    [
        b"Hello\r\n" + ARMOR,
        ARMOR + b"-- \r\nA footer\r\n",
        ARMOR + b"-----",
        ARMOR + ARMOR,
        ARMOR + b"> -----END PGP MESSAGE-----",
        ARMOR.replace(b"-----END", b"x-----END"),
        ARMOR.replace(b"-----\r\n\r\n", b"----- x\r\n\r\n"),
        b"> " + ARMOR,
        b"-----BEGIN PGP is what follows\r\n" + ARMOR,
        b"-----BEGIN PGP MESSAGE-----",
        b"-----END PGP MESSAGE-----\r\n-----BEGIN PGP MESSAGE-----",
        ARMOR.replace(b"=AAAA", b"-----BEGIN PGP SIGNATURE-----"),
        ARMOR.replace(b"MESSAGE", b"PUBLIC KEY BLOCK"),
        ARMOR.replace(b"MESSAGE", b"MESSAGE, PART 1/2"),
    ],
)
def test_a_body_that_is_more_or_less_is_clear(body: bytes) -> None:
    assert Clear() == layer(part_of(mail(body)))


def test_armor_beside_other_parts_is_no_layer() -> None:
    plain = b"Content-Type: text/plain\r\n\r\n" + ARMOR
    assert Clear() == layer(part_of(multipart("mixed", "q", plain)))
    assert Clear() == layer(part_of(multipart("alternative", "q", plain, TEXT)))
    assert Clear() == layer(part_of(mail(ARMOR, b"Content-Type: text/html")))


def test_a_body_that_is_one_signed_text() -> None:
    found = layer(part_of(mail(b"\r\n" + CLEARSIGNED)))
    assert InlineSigned(armor=CLEARSIGNED.strip() + b"\n") == found


@pytest.mark.parametrize(
    "body",
    [
        b"Not signed\r\n" + CLEARSIGNED,
        CLEARSIGNED + b"Not signed\r\n",
        CLEARSIGNED + CLEARSIGNED,
        CLEARSIGNED.partition(b"\r\n-----BEGIN PGP SIGNATURE")[0],
        CLEARSIGNED.replace(b"- -----", b"-----"),
    ],
)
def test_text_beside_a_signed_text_is_clear(body: bytes) -> None:
    assert Clear() == layer(part_of(mail(body)))


TWICE = {
    "said again in RFC 2231": b"boundary=A; boundary*=us-ascii''B",
    "in RFC 2231 first": b"boundary*=us-ascii''B; boundary=A",
    "as a first piece": b"boundary=A; boundary*0=B",
    "as a later piece": b"boundary=A; boundary*1=B",
    "as pieces alone": b"boundary*0=A",
    "encoded alone": b"boundary*=%41",
    "said twice": b"boundary=A; boundary=B",
    "said twice in other letters": b"boundary=A; BOUNDARY=B",
    "a comment before it": b"(x; boundary=B); boundary=A",
    "a comment after it": b"boundary=A (B)",
    "words after it": b"boundary=A B",
    "an escape": b'boundary="\\A"',
    "an escape beside it": b'x="a\\"; boundary=B; y="; boundary=A',
    "an encoded word": b'boundary="=?us-ascii?q?A?="',
    "an open quote": b'boundary="A',
    "a blank at its end": b'boundary="A "',
    "an empty parameter": b";boundary=A",
    "another field": b"boundary=A\r\nContent-Type: multipart/signed; boundary=B",
}


@pytest.mark.parametrize("kind", [b"signed", b"mixed"])
@pytest.mark.parametrize("how", TWICE)
def test_what_can_be_divided_in_two_ways_is_not_signed_as_a_whole(how: str, kind: bytes) -> None:
    """Else one text is verified, and another program shows its reader a second one."""
    boundary = b"=?us-ascii?q?A?=" if how == "an encoded word" else b"A"
    parts = b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n" for each in (TEXT, SIGNATURE))
    head = b"Content-Type: multipart/" + kind + b"; " + TWICE[how] + b"\r\n\r\n"
    found = scan(head + parts + b"--" + boundary + b"--\r\n", LIMITS)
    assert Clear() == layer(found.root)
    assert [] == list(signed_parts(found.root))
    assert not found.root.children or TWO_WAYS in found.problems


@pytest.mark.parametrize(
    "params",
    [
        b"boundary=A",
        b'boundary="A"',
        b'protocol="application/pgp-signature"; micalg=pgp-sha512;\r\n\tboundary="A"',
        b'micalg=pgp-sha512;\r\n boundary=A;\r\n protocol="application/pgp-signature";',
        b'boundary="A"; charset="us-ascii"; x-note="a (b); boundary of c"',
    ],
)
def test_a_boundary_beyond_doubt_is_no_hindrance(params: bytes) -> None:
    raw = multipart("signed", "A", TEXT, SIGNATURE)
    _, _, body = raw.partition(b"\r\n\r\n")
    found = scan(b"Content-Type: multipart/signed; " + params + b"\r\n\r\n" + body, LIMITS)
    assert isinstance(layer(found.root), Signed)
    assert () == found.problems
