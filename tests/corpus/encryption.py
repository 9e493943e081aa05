"""Mails whose encryption is unsound: integrity, ciphers, two messages in one, bombs, junk."""

import bz2
import zlib
from typing import Final

import pysequoia

from gatekeeper.domain.protection import UnreadableReason
from gatekeeper.pgp import packets
from gatekeeper.pgp.armor import Kind
from tests.corpus.classes import Class
from tests.corpus.entities import TEXT, crlf, head, pgp_mime
from tests.corpus.expecting import Cases, closed, opened
from tests.corpus.forms import aead, fixed_length, version_2
from tests.corpus.pen import Pen, armored
from tests.corpus.people import KIM
from tests.pgp import crafting
from tests.pgp.crafting import compressed, literal

_R: Final = UnreadableReason
CASES: Final = Cases(".eml")
BOMB: Final = 200_000_000
QUICK: Final = ("--s2k-mode", "3", "--s2k-count", "65536")


def mail(message: bytes) -> bytes:
    """Return a mail around a binary message."""
    return head() + pgp_mime(armored(message))


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY, Class.ORACLE)
def _no_protection(pen: Pen) -> bytes:
    """Symmetrically encrypted data without any integrity protection (tag 9)."""
    return mail(pen.session().unprotected(literal(TEXT)))


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY)
def _mdc_missing(pen: Pen) -> bytes:
    """The modification detection code was cut off."""
    return mail(pen.session().protected(literal(TEXT), mdc=b""))


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY)
def _mdc_wrong(pen: Pen) -> bytes:
    """The modification detection code is another's."""
    return mail(pen.session().protected(literal(TEXT), mdc=b"\xd3\x14" + bytes(20)))


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY)
def _one_bit_changed(pen: Pen) -> bytes:
    """One bit of the encrypted text was changed on the way."""
    message = bytearray(pen.session().protected(literal(TEXT)))
    message[-60] ^= 1
    return mail(bytes(message))


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY)
def _downgraded(pen: Pen) -> bytes:
    """A sound message whose data packet was made one without integrity (tag 18 to 9)."""
    (first, key), (_, data) = _parts(pen.encrypt_binary(TEXT))
    return mail(crafting.packet(first, key) + crafting.packet(9, data[1:]))


def _parts(message: bytes) -> list[tuple[int, bytes]]:
    whole = fixed_length(message)
    return [(p.tag, whole[p.body : p.end]) for p in packets.walk(whole)]


@CASES.add(closed(_R.NO_INTEGRITY), Class.INTEGRITY)
def _aead_changed(pen: Pen) -> bytes:
    """An OCB encrypted data packet of which one bit was changed."""
    return mail(aead(pen.session(), literal(TEXT), changed=True))


@CASES.add(closed(_R.MALFORMED), Class.INTEGRITY)
def _cut_short(pen: Pen) -> bytes:
    """The end of the encrypted data is missing."""
    return mail(pen.session().protected(literal(TEXT))[:-30])


@CASES.add(closed(_R.MALFORMED), Class.INTEGRITY)
def _session_key_changed(pen: Pen) -> bytes:
    """One bit of the session key packet was changed."""
    message = bytearray(pen.session().protected(literal(TEXT)))
    message[40] ^= 1
    return mail(bytes(message))


def _with_cipher(pen: Pen, cipher: str) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT, "--cipher-algo", cipher))


@CASES.add(closed(_R.WEAK_CIPHER), Class.BLOCK_64)
def _triple_des(pen: Pen) -> bytes:
    """Encrypted with 3DES."""
    return _with_cipher(pen, "3DES")


@CASES.add(closed(_R.WEAK_CIPHER), Class.BLOCK_64)
def _cast5(pen: Pen) -> bytes:
    """Encrypted with CAST5."""
    return _with_cipher(pen, "CAST5")


@CASES.add(closed(_R.WEAK_CIPHER), Class.BLOCK_64)
def _blowfish(pen: Pen) -> bytes:
    """Encrypted with Blowfish."""
    return _with_cipher(pen, "BLOWFISH")


@CASES.add(closed(_R.AMBIGUOUS), Class.APPENDED)
def _literal_appended(pen: Pen) -> bytes:
    """Literal data after the encrypted message."""
    return mail(pen.encrypt_binary(TEXT) + literal(b"and this in clear"))


@CASES.add(closed(_R.AMBIGUOUS, _R.MALFORMED), Class.APPENDED)
def _literal_before(pen: Pen) -> bytes:
    """Literal data before the encrypted message."""
    return mail(literal(b"this in clear, and") + pen.encrypt_binary(TEXT))


@CASES.add(closed(_R.AMBIGUOUS), Class.APPENDED, Class.TWO_PLAINTEXTS)
def _message_appended(pen: Pen) -> bytes:
    """Two encrypted messages in one armor."""
    return mail(pen.encrypt_binary(TEXT) + pen.encrypt_binary(TEXT))


@CASES.add(closed(_R.MALFORMED, _R.AMBIGUOUS), Class.APPENDED)
def _noise_appended(pen: Pen) -> bytes:
    """Octets that are no packet after the message."""
    return mail(fixed_length(pen.encrypt_binary(TEXT)) + b"\x00" * 64)


@CASES.add(closed(_R.AMBIGUOUS, _R.NO_INTEGRITY), Class.TWO_PLAINTEXTS)
def _two_literals(pen: Pen) -> bytes:
    """Two literal data packets inside one encryption."""
    return mail(pen.session().protected(literal(TEXT) + literal(TEXT)))


@CASES.add(closed(_R.AMBIGUOUS, _R.NO_INTEGRITY), Class.TWO_PLAINTEXTS)
def _two_literals_compressed(pen: Pen) -> bytes:
    """Two literal data packets in one compressed packet."""
    return mail(pen.session().protected(compressed(literal(TEXT) + literal(TEXT))))


@CASES.add(closed(_R.AMBIGUOUS), Class.NESTED)
def _encrypted_twice(pen: Pen) -> bytes:
    """An encrypted message inside an encrypted message."""
    session = pen.session()
    return mail(session.protected(session.protected(literal(TEXT))))


@CASES.add(closed(_R.AMBIGUOUS), Class.NESTED, Class.PASSWORD)
def _password_inside(pen: Pen) -> bytes:
    """A message to a password inside the encryption, which would ask somebody."""
    return mail(pen.session().protected(_to_a_password(pen)))


def _to_a_password(pen: Pen) -> bytes:
    return pen.gpg("--passphrase", "known to all", *QUICK, "--symmetric", given=TEXT)


@CASES.add(closed(_R.MALFORMED), Class.POSING, Class.ORACLE)
def _literal_posing(_: Pen) -> bytes:
    """Literal data in the armor of an encrypted message."""
    return mail(literal(TEXT))


@CASES.add(closed(_R.MALFORMED), Class.POSING)
def _compressed_posing(_: Pen) -> bytes:
    """Compressed literal data in the armor of an encrypted message."""
    return mail(compressed(literal(TEXT)))


@CASES.add(closed(_R.MALFORMED), Class.POSING)
def _signed_posing(pen: Pen) -> bytes:
    """A signed and not encrypted message in the place of an encrypted one."""
    return mail(pen.gpg("--local-user", pen.keys["andrea"].fingerprint, "--sign", given=TEXT))


@CASES.add(closed(_R.MALFORMED), Class.POSING)
def _certificate_posing(pen: Pen) -> bytes:
    """A public key in the place of an encrypted message."""
    return head(sender=KIM) + pgp_mime(armored(pen.keys["kim"].public, Kind.PUBLIC_KEY))


@CASES.add(closed(_R.MALFORMED), Class.POSING)
def _clear_text_posing(_: Pen) -> bytes:
    """A text in the place of an encrypted message."""
    return head() + pgp_mime(b"This is not encrypted at all.\r\n")


@CASES.add(closed(_R.PASSWORD_ONLY), Class.PASSWORD, Class.ORACLE)
def _password_only(pen: Pen) -> bytes:
    """Encrypted to a password that was told by telephone."""
    return mail(_to_a_password(pen))


@CASES.add(opened(), Class.PASSWORD)
def _password_beside(pen: Pen) -> bytes:
    """Encrypted to our key and to a password as well."""
    words = ("--passphrase", "p", *QUICK, "--symmetric")
    return head() + pgp_mime(pen.encrypt(TEXT, *words))


@CASES.add(closed(_R.TOO_LARGE), Class.BOMB, Class.LETTERS)
def _letters_zlib(pen: Pen) -> bytes:
    """200 MB of one letter in a zlib packet."""
    return mail(pen.session().protected(_zlib_letters()))


def _zlib_letters() -> bytes:
    packer = zlib.compressobj(9)
    inside = _literal_of_letters()
    return crafting.packet(8, b"\x02" + packer.compress(inside) + packer.flush())


def _literal_of_letters() -> bytes:
    return literal(b"a" * BOMB)


@CASES.add(closed(_R.TOO_LARGE), Class.BOMB, Class.LETTERS)
def _letters_bzip2(pen: Pen) -> bytes:
    """200 MB of one letter in a bzip2 packet of some hundred octets."""
    packed = crafting.packet(8, b"\x03" + bz2.compress(_literal_of_letters(), 9))
    return mail(pen.session().protected(packed))


@CASES.add(closed(_R.TOO_LARGE), Class.BOMB, Class.COMPRESSIONS)
def _letters_twice(pen: Pen) -> bytes:
    """200 MB of one letter, compressed twice."""
    return mail(pen.session().protected(compressed(_zlib_letters())))


@CASES.add(closed(_R.MALFORMED, _R.NO_INTEGRITY), Class.COMPRESSIONS)
def _compressions_200(pen: Pen) -> bytes:
    """200 compressed packets, each in the next."""
    content = literal(TEXT)
    for _ in range(200):
        content = compressed(content)
    return mail(pen.session().protected(content))


@CASES.add(opened(), Class.COMPRESSIONS)
def _compressions_2(pen: Pen) -> bytes:
    """Two compressed packets in one another, which some programs write."""
    return mail(pen.session().protected(compressed(compressed(literal(TEXT)))))


@CASES.add(closed(_R.TOO_MANY_KEYS), Class.KEY_PACKETS, Class.ORACLE)
def _junk_for_our_key(pen: Pen) -> bytes:
    """A hundred session key packets for our key, each of which costs the agent time."""
    session = pen.session()
    return mail(session.key_packet * 100 + session.protected(literal(TEXT)))


@CASES.add(closed(_R.TOO_MANY_KEYS), Class.KEY_PACKETS)
def _anonymous_9(pen: Pen) -> bytes:
    """Nine session key packets that do not say for whom they are."""
    return mail(_for(pen, bytes(8)) * 9 + pen.session().protected(literal(TEXT)))


def _for(pen: Pen, key_id: bytes) -> bytes:
    """Return our session key packet as one for another key; eight zeros are nobody's."""
    (packet,) = packets.walk(pen.session().key_packet)
    body = pen.session().key_packet[packet.body : packet.end]
    return crafting.packet(1, body[:1] + key_id + body[9:])


@CASES.add(opened(), Class.KEY_PACKETS)
def _hidden_recipient(pen: Pen) -> bytes:
    """Encrypted with --throw-keyids."""
    return head() + pgp_mime(pen.encrypt(TEXT, "--throw-keyids"))


@CASES.add(closed(_R.TOO_MANY_KEYS), Class.KEY_PACKETS)
def _strangers_201(pen: Pen) -> bytes:
    """201 session key packets for as many strangers."""
    return mail(_strangers(pen, 201) + pen.session().protected(literal(TEXT)))


@CASES.add(opened(), Class.KEY_PACKETS)
def _strangers_150(pen: Pen) -> bytes:
    """150 session key packets for strangers and one for us, as on a large list."""
    return mail(_strangers(pen, 150) + pen.session().protected(literal(TEXT)))


def _strangers(pen: Pen, number: int) -> bytes:
    ids = (each.to_bytes(8, "big") for each in range(1, number + 1))
    return b"".join(_for(pen, each) for each in ids)


@CASES.add(closed(_R.NO_KEY), Class.ORACLE)
def _to_another_key(pen: Pen) -> bytes:
    """Encrypted to a key that we do not hold."""
    return head() + pgp_mime(pen.encrypt(TEXT, to="eve"))


@CASES.add(closed(_R.NO_KEY, _R.MALFORMED), Class.VERSION_6)
def _to_a_key_of_version_6(_: Pen) -> bytes:
    """Encrypted to somebody's key of version 6, by RFC 9580."""
    profile = pysequoia.Profile.RFC9580
    key = pysequoia.Tsk.generate("Six Example <six@finder.example>", profile=profile)
    message = pysequoia.encrypt(TEXT, recipients=[key.extract_certificate()])
    return head() + pgp_mime(crlf(message))


@CASES.add(closed(_R.MALFORMED), Class.VERSION_6)
def _seipd_version_2(pen: Pen) -> bytes:
    """A version 2 SEIPD packet under our session key, which gpg cannot read."""
    return mail(version_2(pen.session(), literal(TEXT)))


@CASES.add(closed(_R.MALFORMED), Class.VERSION_6)
def _session_key_version_6(pen: Pen) -> bytes:
    """A session key packet of version 6 that names our key, before a sound data packet."""
    message = fixed_length(pen.encrypt_binary(TEXT))
    key, data = packets.walk(message)
    named = (
        b"\x06\x15\x04"
        + bytes.fromhex(pen.keys["alias"].fingerprint)
        + message[key.body + 9 : key.end]
    )
    return mail(crafting.packet(1, named) + message[data.start :])


@CASES.add(closed(_R.MALFORMED), Class.VERSION_6)
def _padding_beside(pen: Pen) -> bytes:
    """An unknown packet of a critical kind before the message."""
    return mail(crafting.packet(39, bytes(32)) + pen.encrypt_binary(TEXT))


@CASES.add(closed(_R.MALFORMED, _R.AMBIGUOUS, _R.NO_INTEGRITY), Class.POSING)
def _no_literal_inside(pen: Pen) -> bytes:
    """A user ID packet instead of literal data inside the encryption."""
    return mail(pen.session().protected(crafting.packet(13, b"somebody")))
