"""What a reading knows besides the text: guests' signatures, copies, and keys that came along."""

import base64
from collections.abc import Iterator

import pytest

from gatekeeper.domain.protection import Integrity, SignatureState
from gatekeeper.issues.reading import Reader
from gatekeeper.mail.offers import AUTOCRYPT
from gatekeeper.mail.reading import Reading
from gatekeeper.pgp import packets
from gatekeeper.pgp.armor import Kind, armor, dearmor
from tests.house import person_key
from tests.issues.reports import (
    LAYERS,
    SECRET,
    TEXT,
    Pen,
    a_pen,
    attached,
    head,
    multipart,
    pgp_mime,
    plain,
    robin_key,
    signed,
    stranger_key,
)
from tests.keys import Key
from tests.pgp import crafting
from tests.readers import a_reader

GOOD = SignatureState.GOOD
LONG = TEXT + b"and more\r\n" * 2000


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with a_reader() as lent:
        yield lent


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as opened:
        yield opened


def by(reading: Reading) -> list[tuple[SignatureState, str | None]]:
    return [(one.state, one.fingerprint) for one in reading.protection.signatures]


def to_us(pen: Pen, content: bytes, key: Key | None = None) -> bytes:
    return head() + pgp_mime(pen.encrypt(content, by=key))


def in_every_layer(pen: Pen, key: Key) -> Iterator[bytes]:
    """Yield one content signed by a key in each way that there is."""
    detached = signed(TEXT, pen.sign(TEXT, by=key))
    yield to_us(pen, TEXT, key)
    yield head() + detached
    yield to_us(pen, detached)
    yield head() + b"Content-Type: text/plain\r\n\r\n" + pen.clear_sign(TEXT, by=key)


def test_a_reporters_signature_is_good_in_every_layer_while_the_key_is_lent(
    reader: Reader, pen: Pen
) -> None:
    for raw in in_every_layer(pen, robin_key()):
        assert [(SignatureState.UNKNOWN_SIGNER, None)] == by(reader.read(raw))
        lent = reader.read(raw, guests=[stranger_key().public, robin_key().public])
        assert [(GOOD, robin_key().fingerprint)] == by(lent)
        assert [(SignatureState.UNKNOWN_SIGNER, None)] == by(reader.read(raw))


def test_a_colleagues_signature_is_the_colleagues_whoever_is_lent(reader: Reader, pen: Pen) -> None:
    """Also when what is lent carries the colleague's key, or is the colleague's certificate."""
    thief = crafting.CraftedKey(b"Thief").adopting(person_key(0).public, flags=14)
    for raw in in_every_layer(pen, person_key(0)):
        found = reader.read(raw, guests=[thief, robin_key().public, person_key(0).public])
        assert [(GOOD, person_key(0).fingerprint)] == by(found)


def relengthened(message: bytes) -> Iterator[bytes]:
    """Yield a message with its data packet in one length, and in partial ones of two sizes."""
    *_, data = packets.walk(message)
    assert data.partial
    body = b"".join(message[start:end] for start, end in packets.spans(message, data))
    before = message[: data.start]
    yield before + crafting.packet(data.tag, body)
    yield before + crafting.partial(data.tag, body, power=9)
    yield before + crafting.partial(data.tag, body, power=12)


def test_a_copy_of_a_ciphertext_is_known_again_however_it_is_wrapped(
    reader: Reader, pen: Pen
) -> None:
    """Armor, session keys, packet lengths and the mail around are anybody's to change."""
    raw = head() + pgp_mime(pen.encrypt(LONG, options="--compress-algo none"))
    (block,) = dearmor(raw)
    again = [
        *relengthened(block.data),
        crafting.packet(1, b"\x03" + bytes(8) + b"\x16" + bytes(50)) + block.data,
        crafting.packet(10, b"PGP") + block.data,
    ]
    found = reader.read(raw)
    assert 32 == len(found.ciphertext or b"")
    for message in again:
        text = armor(Kind.MESSAGE, message, newline=b"\r\n") + b"\r\n"
        for copy in (
            head(sender="Eve <eve@elsewhere.example>") + pgp_mime(text),
            head() + b"Content-Type: text/plain\r\n\r\n" + text,
        ):
            assert found.ciphertext == reader.read(copy).ciphertext


def test_what_stays_closed_is_known_again_too(reader: Reader, pen: Pen) -> None:
    message = pen.encrypt(TEXT, to=stranger_key())
    one, other = (
        reader.read(head(sender=sender) + pgp_mime(message))
        for sender in ("A <a@a.example>", "B <b@b.example>")
    )
    assert one.protection.unreadable is not None
    assert one.ciphertext == other.ciphertext != None  # noqa: E711 - a chain of three


def test_another_message_is_another(reader: Reader, pen: Pen) -> None:
    assert reader.read(to_us(pen, TEXT)).ciphertext != reader.read(to_us(pen, TEXT)).ciphertext


def test_a_piece_has_the_digest_that_it_has_as_a_whole(reader: Reader, pen: Pen) -> None:
    """Opened or not; what is no OpenPGP message has none."""
    ours, closed = pen.encrypt(TEXT), pen.encrypt(TEXT, to=stranger_key())
    digests = [reader.read(head() + pgp_mime(each)).ciphertext for each in (ours, closed)]
    cut = b"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----\r\n"
    text = b"Content-Type: text/plain\r\n\r\nHello,\r\n" + ours + cut + closed + ours
    found = reader.read(head() + text)
    assert [digests[0], None, digests[1], digests[0]] == [each.digest for each in found.pieces]
    assert [True, False, False, True] == [each.data is not None for each in found.pieces]
    assert tuple(digests) == found.ciphertexts
    whole = reader.read(head() + pgp_mime(pen.encrypt(text)))
    assert (whole.ciphertext, *digests) == whole.ciphertexts


@pytest.mark.parametrize("name", LAYERS)
def test_only_what_was_encrypted_as_a_whole_has_such_a_digest(
    reader: Reader, pen: Pen, name: str
) -> None:
    found = reader.read(LAYERS[name](pen))
    assert (found.ciphertext is not None) == (found.protection.encrypted == "all")
    assert (found.signed is not None) == bool(found.protection.signatures)


def test_what_was_signed_is_known_again_in_every_layer(reader: Reader, pen: Pen) -> None:
    """One who holds a signed mail may encrypt it anew, or take it out of its encryption."""
    digests = {reader.read(raw).signed for raw in in_every_layer(pen, robin_key())}
    other = TEXT.replace(b"past", b"into")
    assert 1 == len(digests)
    assert digests != {reader.read(to_us(pen, other, robin_key())).signed}


def test_what_a_signature_does_not_cover_makes_no_other_message(reader: Reader, pen: Pen) -> None:
    """Blanks at line ends of a clear-signed text, and line ends of any text, change on the way."""
    clear = pen.clear_sign(b"one\ntwo\n", by=person_key(0))
    lines = b"Content-Type: text/plain\n\none\ntwo\n"
    texts = [
        head() + b"Content-Type: text/plain\r\n\r\n" + clear,
        head() + b"Content-Type: text/plain\r\n\r\n" + clear.replace(b"one\r", b"one \t\r"),
        head() + b"Content-Type: text/plain\n\n" + clear.replace(b"\r\n", b"\n"),
    ]
    found = [reader.read(raw) for raw in texts]
    assert [[(GOOD, person_key(0).fingerprint)]] * 3 == [by(each) for each in found]
    assert 1 == len({each.signed for each in found})
    signature = pen.sign(lines.replace(b"\n", b"\r\n"), by=person_key(0))
    both = (lines, lines.replace(b"\n", b"\r\n"))
    found = [reader.read(head() + signed(text, signature)) for text in both]
    assert [[(GOOD, person_key(0).fingerprint)]] * 2 == [by(each) for each in found]
    assert 1 == len({each.signed for each in found})


def autocrypt() -> str:
    data = base64.b64encode(robin_key().public).decode()
    return f"Autocrypt: addr=robin@research.example; keydata={data}"


def test_keys_are_offered_from_inside_and_outside(reader: Reader, pen: Pen) -> None:
    inside = multipart("mixed", TEXT, attached(robin_key().public, "key.gpg"))
    found = reader.read(head(autocrypt()) + pgp_mime(pen.encrypt(inside)))
    expected = [("the attachment key.gpg", True)]
    assert expected == [(key.label, key.covered) for key in found.offers]
    found = reader.read(head(autocrypt()) + pgp_mime(pen.encrypt(TEXT)))
    assert [(AUTOCRYPT, False)] == [(key.label, key.covered) for key in found.offers]
    assert robin_key().public == found.offers[0].block


def test_a_mail_that_stays_closed_offers_what_is_outside(reader: Reader, pen: Pen) -> None:
    raw = head(autocrypt()) + pgp_mime(pen.encrypt(TEXT, to=stranger_key()))
    assert [AUTOCRYPT] == [key.label for key in reader.read(raw).offers]


def test_looking_at_the_outside_takes_no_keys(reader: Reader) -> None:
    found = reader.outside(plain(autocrypt()))
    assert ((), None, None) == (found.offers, found.ciphertext, found.signed)
    assert SECRET in found.mail.raw


@pytest.mark.parametrize("name", LAYERS)
def test_cipher_and_integrity_are_told_of_what_was_opened_as_a_whole(
    reader: Reader, pen: Pen, name: str
) -> None:
    found = reader.read(LAYERS[name](pen)).protection
    opened = found.own_key is not None
    expected = ("AES256", Integrity.MDC) if opened else ("", None)
    assert expected == (found.cipher, found.integrity)
