"""Mails as they should be, in every form: what hostile ones are held against."""

from typing import Final

from gatekeeper.domain.protection import SignatureState, UnreadableReason
from tests.corpus import entities
from tests.corpus.classes import Class
from tests.corpus.entities import TEXT, head, multipart, pgp_mime, protected, signed, text
from tests.corpus.expecting import (
    BODY,
    OUTER,
    SUBJECT,
    Cases,
    Found,
    Message,
    by_robin,
    by_team,
    closed,
    opened,
)
from tests.corpus.forms import aead, fixed_length, old_header
from tests.corpus.pen import Pen, armored
from tests.corpus.people import ANDREA, EVE
from tests.pgp import crafting

CASES: Final = Cases(".eml")
INLINE: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
WORDS: Final = b"It crashes, " + BODY.encode() + b".\n"


@CASES.add(Message(), Class.SOUND)
def _plain(_: Pen) -> bytes:
    """A plain report."""
    return head() + TEXT


@CASES.add(opened(), Class.SOUND, Class.ENVELOPE)
def _encrypted(pen: Pen) -> bytes:
    """RFC 3156 §4, encrypted and not signed."""
    return head() + pgp_mime(pen.encrypt(TEXT))


@CASES.add(opened(**by_robin()), Class.SOUND)
def _combined(pen: Pen) -> bytes:
    """RFC 3156 §6.2, encrypted and signed in one by the reporter, who is known."""
    return head() + pgp_mime(pen.encrypt(TEXT, by="robin"))


@CASES.add(opened(**by_team()), Class.SOUND)
def _combined_by_the_team(pen: Pen) -> bytes:
    """RFC 3156 §6.2, by somebody of the team."""
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT, by="andrea"))


@CASES.add(opened(**by_team()), Class.SOUND)
def _encapsulated(pen: Pen) -> bytes:
    """RFC 3156 §6.1, signed first and encrypted then."""
    inside = signed(TEXT, pen.sign(TEXT))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(inside))


@CASES.add(Message(**by_team()), Class.SOUND)
def _signed(pen: Pen) -> bytes:
    """RFC 3156 §5, signed in clear."""
    return head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT))


@CASES.add(Message(**by_team()), Class.SOUND)
def _signed_as_text(pen: Pen) -> bytes:
    """A signature of canonical text (type 1) over a text whose line ends changed on the way."""
    signature = pen.sign(TEXT.replace(b"\r\n", b"\n"), "--textmode")
    return head(sender=ANDREA) + signed(TEXT, signature)


@CASES.add(opened(**by_robin()), Class.SOUND, Class.INLINE)
def _inline_encrypted(pen: Pen) -> bytes:
    """Armor as the whole text body."""
    return head() + INLINE + pen.encrypt(WORDS, by="robin")


@CASES.add(Message(**by_team()), Class.SOUND, Class.INLINE)
def _inline_signed(pen: Pen) -> bytes:
    """A clear-signed text as the whole text body, with dash escapes."""
    return head(sender=ANDREA) + INLINE + pen.clear_sign(WORDS + b"- one\n-- \nAndrea\n")


@CASES.add(closed(UnreadableReason.NO_INTEGRITY), Class.INTEGRITY)
def _aead(pen: Pen) -> bytes:
    """An OCB encrypted data packet, as GnuPG 2.4 writes it (LibrePGP §5.16).

    gpg 2.2 opens it and does not say how it was protected, so that it stays closed.
    """
    return head() + pgp_mime(armored(aead(pen.session(), crafting.literal(TEXT))))


@CASES.add(opened(), Class.SOUND)
def _partial_lengths(pen: Pen) -> bytes:
    """The data packet in partial lengths."""
    message = pen.encrypt_binary(TEXT * 200, "--compress-algo", "none")
    return head() + pgp_mime(armored(fixed_length(message, partial=True)))


@CASES.add(opened(), Class.SOUND)
def _old_headers(pen: Pen) -> bytes:
    """Old-format packet headers, the last of them of indeterminate length."""
    return head() + pgp_mime(armored(old_header(pen.encrypt_binary(TEXT))))


@CASES.add(opened(), Class.SOUND)
def _marker_first(pen: Pen) -> bytes:
    """A marker packet before the message, which readers skip (RFC 9580 §5.8)."""
    return head() + pgp_mime(armored(crafting.packet(10, b"PGP") + pen.encrypt_binary(TEXT)))


@CASES.add(opened(), Class.SOUND)
def _text_literal(pen: Pen) -> bytes:
    """Literal data in text mode."""
    return head() + pgp_mime(pen.encrypt(TEXT.replace(b"\r\n", b"\n"), "--textmode"))


@CASES.add(opened(cipher="TWOFISH"), Class.SOUND)
def _twofish(pen: Pen) -> bytes:
    """Another cipher with 128-bit blocks."""
    return head() + pgp_mime(pen.encrypt(TEXT, "--cipher-algo", "TWOFISH"))


@CASES.add(opened(), Class.SOUND, Class.ROTATED)
def _to_an_old_subkey(pen: Pen) -> bytes:
    """To our first encryption subkey, which has expired since."""
    return head() + pgp_mime(pen.encrypt(TEXT, at="20250601T000000!"))


@CASES.add(
    opened(signatures=(Found(status=SignatureState.UNKNOWN_SIGNER),)),
    Class.UNKNOWN_SIGNER,
)
def _unknown_signer(pen: Pen) -> bytes:
    """Signed by somebody whose key nobody has here."""
    return head(sender=EVE) + pgp_mime(pen.encrypt(TEXT, by="eve"))


@CASES.add(
    Message(signatures=(Found(status=SignatureState.UNKNOWN_SIGNER),)),
    Class.UNKNOWN_SIGNER,
)
def _unknown_signer_in_clear(pen: Pen) -> bytes:
    """The same in clear."""
    return head(sender=EVE) + signed(TEXT, pen.sign(TEXT, by="eve"))


@CASES.add(
    opened(**by_robin(subject=SUBJECT)),
    Class.SOUND,
    Class.INNER_WINS,
)
def _with_a_file(pen: Pen) -> bytes:
    """A text and a file inside one encryption, with its subject protected."""
    inside = multipart("mixed", TEXT, entities.attached(bytes(range(256)), "proof.bin"))
    content = protected(inside, f"HP-Outer: Subject: {OUTER}")
    return head() + pgp_mime(pen.encrypt(content, by="robin"))


@CASES.add(Message(shows="access denied"), Class.WORDS)
def _words_of_machines(_: Pen) -> bytes:
    """A report that speaks of bounces, quotas and vacations."""
    said = b"access denied, quota exceeded, unknown user, delayed, vacation, undeliverable\r\n"
    return head(subject=OUTER) + text(said + BODY.encode() + b"\r\n")


@CASES.add(Message(subject="Undelivered Mail Returned to Sender"), Class.WORDS)
def _subject_of_a_machine(_: Pen) -> bytes:
    """A report under a subject that machines use."""
    return head(subject="Undelivered Mail Returned to Sender") + TEXT
