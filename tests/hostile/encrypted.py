"""Mails with OpenPGP in every shape but the sound one, and in that."""

from typing import Final

from tests.hostile.making import ARMOR, TEXT, Cases, mail, multipart

CASES: Final = Cases()


@CASES.add
def _one_part_encrypted() -> bytes:
    part = (
        b'Content-Type: application/octet-stream; name="poc.pdf.gpg"\r\n'
        b'Content-Disposition: attachment; filename="poc.pdf.gpg"\r\n\r\n'
    )
    return multipart("mixed", "half", TEXT, part + ARMOR)


@CASES.add
def _armor_in_text() -> bytes:
    return mail(b"See below.\r\n\r\n" + ARMOR + b"\r\nThat was it.\r\n")


@CASES.add
def _inline_armor() -> bytes:
    return mail(ARMOR)


@CASES.add
def _armor_without_end() -> bytes:
    return mail(b"See below.\r\n" + ARMOR.partition(b"=AAAA")[0])


@CASES.add
def _encrypted() -> bytes:
    return multipart(
        "encrypted",
        "enc",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
    )


@CASES.add
def _encrypted_with_one_part() -> bytes:
    return multipart("encrypted", "enc", b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR)


@CASES.add
def _encrypted_with_three_parts() -> bytes:
    return multipart(
        "encrypted",
        "enc",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
        TEXT,
    )


@CASES.add
def _mangled_by_exchange() -> bytes:
    return multipart(
        "mixed",
        "xch",
        b"Content-Type: text/plain\r\n\r\n\r\n",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
    )


@CASES.add
def _signed_without_signature() -> bytes:
    return multipart("signed", "sig", TEXT)


@CASES.add
def _signed_inside() -> bytes:
    inner = (
        b'Content-Type: multipart/signed; boundary="in"\r\n\r\n--in\r\n' + TEXT + b"\r\n--in\r\n"
        b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n"
        b"=AAAA\r\n-----END PGP SIGNATURE-----\r\n\r\n--in--\r\n"
    )
    return multipart("mixed", "out", inner, TEXT)


@CASES.add
def _key_attached() -> bytes:
    key = (
        b'Content-Type: application/octet-stream; name="key.asc"\r\n\r\n'
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nAAAA\r\n=AAAA\r\n"
        b"-----END PGP PUBLIC KEY BLOCK-----\r\n"
    )
    return multipart("mixed", "key", TEXT, key)
