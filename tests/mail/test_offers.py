"""Keys that come with a mail are found by form alone, wherever people and programs put them."""

import base64
import time

import pytest
from hypothesis import given

from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.offers import AUTOCRYPT, BLOCK_TAKEN, OFFERS_MAX, OfferedKey, offered
from gatekeeper.mail.parse import read
from gatekeeper.pgp.armor import Kind, armor, dearmor
from tests.keys import Key, key_of
from tests.mail.samples import LIMITS, mail_bytes
from tests.mail.test_attachments import file, multipart
from tests.sampling import tries

HEAD = b"From: Rea <rea@a.example>\r\n"
TEXT = b"Content-Type: text/plain\r\n\r\nhello\r\n"
FAKE = b"\x98\x33\x04" + bytes(4) + b"\x16" + bytes(46)


def found(raw: bytes) -> tuple[OfferedKey, ...]:
    mail = read(raw, LIMITS)
    return offered(mail.root, mail)


def rea() -> Key:
    return key_of("Rea <rea@a.example>")


def armored(kind: Kind = Kind.PUBLIC_KEY) -> bytes:
    data = rea().public if kind is Kind.PUBLIC_KEY else rea().secret
    return armor(kind, data, newline=b"\r\n") + b"\r\n"


def octets(block: bytes) -> bytes:
    """Return what a block holds, armored or not."""
    return block if block[:1] >= b"\x80" else dearmor(block)[0].data


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ("filename=0xABCD.asc", "application/pgp-keys"),
        ("", "application/pgp-keys"),
        ("filename=0xABCD.asc", "application/octet-stream"),
        ("filename=key.txt", "text/plain"),
        ("filename=pubkey", "application/octet-stream"),
        ("filename=KEY.GPG", "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_an_attached_key(about: str, kind: str, binary: bool) -> None:
    """The most ordinary first mail a security team gets: a report with the reporter's key."""
    body = rea().public if binary else armored()
    encoded = b"Content-Transfer-Encoding: base64\r\n" + file(about, kind, base64.encodebytes(body))
    (key,) = found(HEAD + multipart(TEXT, encoded))
    name = about.partition("=")[2]
    assert (f"the attachment {name}" if name else "an attachment") == key.label
    assert rea().public == octets(key.block)
    assert key.covered


def test_a_key_below_other_words_in_its_file() -> None:
    words = b"pub ed25519\r\n" * 1000
    (key,) = found(HEAD + multipart(TEXT, file("filename=key.asc", body=words + armored())))
    assert rea().public == octets(key.block)


def test_a_key_in_a_text() -> None:
    (key,) = found(HEAD + TEXT + armored() + b"Bye.\r\n")
    assert ("the text", rea().public) == (key.label, octets(key.block))


def test_a_key_in_html_alone() -> None:
    page = b"Content-Type: text/html\r\n\r\n<p>hello<br>" + armored().replace(b"\r\n", b"<br>\r\n")
    (key,) = found(HEAD + page)
    assert rea().public == octets(key.block)


def test_a_quoted_key_is_not_offered() -> None:
    """An answer to our acknowledgement quotes our own key."""
    quoted = b"".join(b"> " + line for line in armored().splitlines(keepends=True))
    assert () == found(HEAD + TEXT + quoted)


def test_a_secret_key_is_handed_on_for_its_owner_to_be_told() -> None:
    """It is examined, refused as secret, and never kept; nothing here drops it in silence."""
    for body in (armored(Kind.PRIVATE_KEY), rea().secret):
        (key,) = found(HEAD + multipart(TEXT, file("filename=secret.asc", body=body)))
        assert rea().secret == octets(key.block)
        assert "PRIVATE" not in repr(key)


def test_a_block_without_its_end_is_handed_on_as_far_as_it_goes() -> None:
    cut = armored().partition(b"-----END")[0]
    (key,) = found(HEAD + TEXT + cut)
    assert key.block.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")


@pytest.mark.parametrize(
    "part",
    [
        file("filename=poc.bin", body=b"\x98\x33\x04\x00\x00\x00\x00\xff"),
        file("filename=a.png", "image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00"),
        file("filename=a.asc", body=b"-----BEGIN PGP SIGNATURE-----\r\n"),
        file("filename=a.asc", body=b"-----BEGIN PGP MESSAGE-----\r\n"),
        file("filename=a.asc", body=b" -----BEGIN PGP PUBLIC KEY BLOCK-----\r\n"),
    ],
)
def test_what_is_no_key(part: bytes) -> None:
    assert () == found(HEAD + multipart(TEXT, part))


def autocrypt(address: str = "rea@a.example", data: bytes = FAKE, more: str = "") -> bytes:
    key = base64.b64encode(data).decode()
    folded = "\r\n ".join(key[at : at + 60] for at in range(0, len(key), 60))
    return f"Autocrypt: addr={address}; {more}keydata={folded}\r\n".encode()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (autocrypt(), [FAKE]),
        (autocrypt("REA@A.example", more="prefer-encrypt=mutual; "), [FAKE]),
        (autocrypt(more="_later=1; "), [FAKE]),
        (autocrypt(more="later=1; "), []),
        (autocrypt("wei@b.example"), []),
        (autocrypt("no address"), []),
        (autocrypt(data=b""), []),
        (autocrypt() + autocrypt(data=FAKE + b"x"), []),
        (autocrypt("wei@b.example") + autocrypt(), [FAKE]),
        (b"Autocrypt: addr=rea@a.example\r\n", []),
        (b"Autocrypt: \xff\r\n", []),
    ],
)
def test_the_autocrypt_header(head: bytes, expected: list[bytes]) -> None:
    """Only one for the one sender counts; it is no part of what a signature covers."""
    keys = found(HEAD + head + TEXT)
    assert expected == [key.block for key in keys]
    assert all((AUTOCRYPT, False) == (key.label, key.covered) for key in keys)


@pytest.mark.parametrize("sender", [b"", b"From: rea@a.example, wei@b.example\r\n", b"From: x\r\n"])
def test_without_one_sender_no_autocrypt_counts(sender: bytes) -> None:
    assert () == found(sender + autocrypt() + TEXT)


def test_attached_ones_come_first_each_once_and_few() -> None:
    text = TEXT + armored()
    again = file("filename=key.asc", body=armored().rstrip())
    keys = found(HEAD + autocrypt() + multipart(text, again))
    assert ["the attachment key.asc", AUTOCRYPT] == [key.label for key in keys]
    many = [file(f"filename={n}.gpg", body=FAKE + bytes([n])) for n in range(50)]
    keys = found(HEAD + autocrypt() + multipart(text, *many))
    assert [f"the attachment {n}.gpg" for n in range(OFFERS_MAX)] == [key.label for key in keys]


def test_an_endless_block_is_cut() -> None:
    body = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + b"A" * 3 * BLOCK_TAKEN
    (key,) = found(HEAD + multipart(TEXT, file("filename=key.asc", body=body)))
    assert len(key.block) <= BLOCK_TAKEN + 1


def test_a_label_is_one_printable_line() -> None:
    with pytest.raises(ValueError, match="printable line"):
        OfferedKey(label="a\nb", block=b"")


@tries(300)
@given(raw=mail_bytes)
def test_any_mail_offers_few_keys_with_printable_labels(raw: bytes) -> None:
    keys = found(raw)
    assert len({key.block for key in keys}) == len(keys) <= OFFERS_MAX
    assert all(is_printable_line(key.label) for key in keys)


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * 100_000,
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----" + b" " * 3_000_000,
        b"-----BEGIN PGP P" * 200_000,
    ],
)
def test_no_text_takes_long(text: bytes) -> None:
    begun = time.process_time()
    found(HEAD + TEXT + text)
    found(HEAD + multipart(TEXT, file("filename=key.asc", body=text)))
    assert time.process_time() - begun < 5
