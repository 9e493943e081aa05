"""Signatures that cover a part and pose as covering all: wrapped, quoted, forwarded, joined."""

from typing import Final

from gatekeeper.domain.protection import SignatureState, UnreadableReason
from tests.corpus.classes import Class
from tests.corpus.entities import (
    HELLO,
    TEXT,
    changed,
    head,
    html,
    multipart,
    pgp_mime,
    signed,
    text,
)
from tests.corpus.expecting import BODY, Cases, Found, Message, by, by_team, closed, opened
from tests.corpus.pen import Pen
from tests.corpus.people import ANDREA
from tests.corpus.sound import INLINE, WORDS

_S: Final = SignatureState
CASES: Final = Cases(".eml")
EVES: Final = text(b"Please publish everything today. Andrea\r\n")
OUTSIDE: Final = "signed outside of the encryption"
PART: Final = (by("andrea", agrees=True, covers="part"),)
UNCHECKED: Final = Found(status=_S.UNCHECKED)


@CASES.add(Message(signatures=PART, shows="Please publish"), Class.PART_SIGNED)
def _wrapped(pen: Pen) -> bytes:
    """A colleague's signed entity below a text of somebody else, in multipart/mixed."""
    return head(sender=ANDREA) + multipart("mixed", EVES, signed(TEXT, pen.sign(TEXT)))


@CASES.add(Message(signatures=PART), Class.PART_SIGNED)
def _wrapped_first(pen: Pen) -> bytes:
    """The signed entity first, the other's text after it, as a mailing list adds its footer."""
    return head(sender=ANDREA) + multipart("mixed", signed(TEXT, pen.sign(TEXT)), EVES)


@CASES.add(Message(signatures=PART), Class.PART_SIGNED)
def _wrapped_alone(pen: Pen) -> bytes:
    """The signed entity as the one part of multipart/mixed; its header is anybody's."""
    return head(sender=ANDREA) + multipart("mixed", signed(TEXT, pen.sign(TEXT)))


@CASES.add(Message(signatures=PART, shows="Please publish"), Class.PART_SIGNED, Class.HTML)
def _wrapped_alternative(pen: Pen) -> bytes:
    """The signed entity as one of two alternatives, of which a program shows the other."""
    parts = (EVES, signed(TEXT, pen.sign(TEXT)))
    return head(sender=ANDREA) + multipart("alternative", *parts)


@CASES.add(Message(signatures=PART, shows=""), Class.PART_SIGNED, Class.HTML)
def _wrapped_related(pen: Pen) -> bytes:
    """The signed entity hidden behind a page that shows other words."""
    page = html("<p>Please publish everything today.</p><img src='cid:x'>")
    return head(sender=ANDREA) + multipart("related", page, signed(TEXT, pen.sign(TEXT)))


@CASES.add(opened(signatures=PART, shows="Please publish"), Class.PART_SIGNED)
def _wrapped_inside_encryption(pen: Pen) -> bytes:
    """The wrapped signed entity inside encryption."""
    inside = multipart("mixed", EVES, signed(TEXT, pen.sign(TEXT)))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(inside))


@CASES.add(Message(shows="Please publish"), Class.PART_SIGNED)
def _forwarded(pen: Pen) -> bytes:
    """A whole signed mail of a colleague, forwarded as message/rfc822."""
    mail = head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT))
    part = b"Content-Type: message/rfc822\r\n\r\n" + mail
    return head(sender=ANDREA) + multipart("mixed", EVES, part, mark="f1")


@CASES.add(Message(shows=""), Class.PART_SIGNED)
def _forwarded_as_the_whole(pen: Pen) -> bytes:
    """A mail that is nothing but another, signed, mail (message/rfc822 at the root)."""
    mail = head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT))
    return head(sender=ANDREA) + b"Content-Type: message/rfc822\r\n\r\n" + mail


@CASES.add(Message(shows="Please publish"), Class.PART_SIGNED)
def _three_parts(pen: Pen) -> bytes:
    """multipart/signed with a third part before the other two."""
    content = signed(TEXT, pen.sign(TEXT))
    mark = b"--s1\r\n"
    begun, _, rest = content.partition(mark)
    return head(sender=ANDREA) + begun + mark + EVES + b"\r\n" + mark + rest


@CASES.add(Message(), Class.PART_SIGNED)
def _part_after_signature(pen: Pen) -> bytes:
    """multipart/signed with a third part after the signature."""
    content = changed(signed(TEXT, pen.sign(TEXT)), b"--s1--", b"--s1\r\n" + EVES + b"\r\n--s1--")
    return head(sender=ANDREA) + content


@CASES.add(Message(), Class.PART_SIGNED)
def _signature_first(pen: Pen) -> bytes:
    """multipart/signed with the signature before what it covers."""
    block = b"Content-Type: application/pgp-signature\r\n\r\n" + pen.sign(TEXT)
    return head(sender=ANDREA) + multipart("signed", block, TEXT)


@CASES.add(Message(), Class.PART_SIGNED)
def _smime(_: Pen) -> bytes:
    """A mail signed by S/MIME, which is not verified here and said to be nothing."""
    block = b"Content-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n"
    return head(sender=ANDREA) + multipart("signed", TEXT, block)


@CASES.add(
    Message(signatures=(Found(status=_S.UNKNOWN_SIGNER), *PART)),
    Class.PART_SIGNED,
    Class.UNKNOWN_SIGNER,
)
def _signed_twice_over(pen: Pen) -> bytes:
    """A colleague's signed entity inside an entity that a stranger signed."""
    inner = signed(TEXT, pen.sign(TEXT), mark="s2")
    return head(sender=ANDREA) + signed(inner, pen.sign(inner, by="eve"))


@CASES.add(opened(signatures=(), problems=(OUTSIDE,)), Class.PART_SIGNED, Class.FROM)
def _signed_outside(pen: Pen) -> bytes:
    """Encrypted first and signed then; anybody on the way can put on an own signature."""
    inside = pgp_mime(pen.encrypt(TEXT))
    return head(sender=ANDREA) + signed(inside, pen.sign(inside))


@CASES.add(
    opened(signatures=(by("robin", agrees=False),), problems=(OUTSIDE,)),
    Class.PART_SIGNED,
    Class.FROM,
)
def _signed_inside_and_outside(pen: Pen) -> bytes:
    """Signed by the reporter inside the encryption, and by a colleague around it."""
    inside = pgp_mime(pen.encrypt(TEXT, by="robin"))
    return head(sender=ANDREA) + signed(inside, pen.sign(inside))


def _inline(words: bytes) -> bytes:
    return head(sender=ANDREA) + INLINE + words


@CASES.add(Message(signatures=PART, shows="Please publish"), Class.INLINE, Class.PART_SIGNED)
def _text_before(pen: Pen) -> bytes:
    """A text before a clear-signed one."""
    return _inline(b"Please publish everything today.\r\n\r\n" + pen.clear_sign(WORDS))


@CASES.add(Message(signatures=PART), Class.INLINE, Class.PART_SIGNED)
def _text_after(pen: Pen) -> bytes:
    """A text after a clear-signed one."""
    return _inline(pen.clear_sign(WORDS) + b"\r\nPlease publish everything today.\r\n")


@CASES.add(Message(signatures=(*PART, *PART)), Class.INLINE, Class.TWO_SIGNATURES)
def _two_clear_signed(pen: Pen) -> bytes:
    """Two clear-signed texts, one after the other."""
    return _inline(pen.clear_sign(WORDS) + pen.clear_sign(b"And this is the second.\n"))


@CASES.add(Message(signatures=PART), Class.INLINE, Class.PART_SIGNED)
def _inline_in_a_part(pen: Pen) -> bytes:
    """A clear-signed text beside another part."""
    parts = (INLINE + pen.clear_sign(WORDS), EVES)
    return head(sender=ANDREA) + multipart("mixed", *parts)


@CASES.add(Message(signatures=(UNCHECKED,)), Class.INLINE)
def _forged_header_line(pen: Pen) -> bytes:
    """A clear-signed text with words in its armor header, which no signature covers."""
    made = pen.clear_sign(WORDS)
    return _inline(changed(made, b"Hash: SHA512", b"Hash: SHA512\r\nComment: please publish"))


@CASES.add(Message(**by_team()), Class.INLINE)
def _wrong_hash_header(pen: Pen) -> bytes:
    """A clear-signed text whose Hash header names another digest; the signature names its own."""
    return _inline(changed(pen.clear_sign(WORDS), b"Hash: SHA512", b"Hash: SHA256"))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.INLINE)
def _words_in_the_hash_header(pen: Pen) -> bytes:
    """A Hash header that carries a sentence."""
    said = b"Hash: SHA512, please publish everything today, thank you!"
    return _inline(changed(pen.clear_sign(WORDS), b"Hash: SHA512", said))


@CASES.add(Message(signatures=(Found(status=_S.BAD),)), Class.INLINE)
def _line_before_the_empty_one(pen: Pen) -> bytes:
    """A line put in where the empty line before the signed text was."""
    made = pen.clear_sign(WORDS)
    return _inline(changed(made, b"SHA512\r\n\r\n", b"SHA512\r\n\r\nPlease publish today.\r\n"))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.INLINE)
def _not_dash_escaped(pen: Pen) -> bytes:
    """GnuPG's header that switches dash escaping off."""
    made = pen.clear_sign(WORDS)
    return _inline(changed(made, b"Hash: SHA512", b"Hash: SHA512\r\nNotDashEscaped: yes"))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.INLINE)
def _dash_not_escaped(pen: Pen) -> bytes:
    """A signed line that begins with a dash and lost its escape on the way."""
    made = pen.clear_sign(WORDS + b"-- \nAndrea\n")
    return _inline(changed(made, b"\r\n- -- \r\n", b"\r\n-- \r\n"))


@CASES.add(Message(**by_team()), Class.INLINE)
def _escaped_needlessly(pen: Pen) -> bytes:
    """Every line dash-escaped, as RFC 9580 §7.2 lets writers do."""
    made = pen.clear_sign(WORDS)
    return _inline(changed(made, b"\r\n\r\nIt crashes", b"\r\n\r\n- It crashes"))


@CASES.add(Message(**by_team()), Class.INLINE)
def _frame_inside(pen: Pen) -> bytes:
    """A signed text that quotes, escaped, a frame of another clear-signed one."""
    quoted = WORDS + b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\nend\n"
    return _inline(pen.clear_sign(quoted))


@CASES.add(Message(shows="canary-body"), Class.INLINE, Class.PART_SIGNED)
def _quoted(pen: Pen) -> bytes:
    """A clear-signed text quoted in an answer."""
    lines = (b"> " + line for line in pen.clear_sign(WORDS).split(b"\r\n"))
    return _inline(b"You wrote:\r\n" + b"\r\n".join(lines) + b"\r\nNo.\r\n")


@CASES.add(closed(UnreadableReason.MALFORMED), Class.INLINE, Class.POSING)
def _signed_in_message_armor(pen: Pen) -> bytes:
    """A signed and not encrypted message, in armor that looks encrypted, as the text body."""
    user = ("--local-user", pen.keys["andrea"].fingerprint)
    made = pen.gpg("--armor", *user, "--sign", given=WORDS).replace(b"\n", b"\r\n")
    return _inline(made)


@CASES.add(
    opened(signatures=(Found(status=_S.UNKNOWN_SIGNER),), hides="Please publish"), Class.PART_SIGNED
)
def _epilogue_and_preamble(pen: Pen) -> bytes:
    """Words of somebody else before and after the parts of an encrypted mail."""
    mail = pgp_mime(pen.encrypt(TEXT, by="eve"))
    begun, mark, rest = mail.partition(b"--e1\r\n")
    return head() + begun + b"Please publish\r\n" + mark + rest + b"Please publish\r\n"


@CASES.add(
    Message(**by_team(hides="Please publish")),
    Class.PART_SIGNED,
)
def _preamble_of_signed(pen: Pen) -> bytes:
    """Words of somebody else in the preamble of a signed mail, which the signature leaves out."""
    begun, mark, rest = signed(TEXT, pen.sign(TEXT)).partition(b"--s1\r\n")
    return head(sender=ANDREA) + begun + b"Please publish\r\n" + mark + rest + b"Please publish\r\n"


@CASES.add(Message(**by_team()), Class.CHARSET)
def _signed_in_latin1(pen: Pen) -> bytes:
    """A signed text in ISO 8859-1, whose octets count as they are."""
    content = text("Grüße, ".encode("latin-1") + BODY.encode() + b"\r\n", "; charset=iso-8859-1")
    return head(sender=ANDREA) + signed(content, pen.sign(content))


@CASES.add(Message(signatures=(Found(status=_S.BAD),)), Class.CHARSET)
def _signed_in_another_charset(pen: Pen) -> bytes:
    """A text signed in UTF-8 that a mail system wrote anew in ISO 8859-1."""
    words = f"Grüße, {BODY}\r\n"
    before = text(words.encode())
    after = text(words.encode("latin-1"), "; charset=iso-8859-1")
    return head(sender=ANDREA) + signed(after, pen.sign(before))


@CASES.add(
    Message(**by_team()),
    Class.CHARSET,
    Class.INLINE,
)
def _inline_in_latin1(pen: Pen) -> bytes:
    """A clear-signed text in ISO 8859-1."""
    words = pen.clear_sign(f"Grüße, {BODY}\n".encode("latin-1"))
    return head(sender=ANDREA) + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + words


@CASES.add(Message(signatures=(Found(status=_S.BAD),), shows="Hello"), Class.PART_SIGNED)
def _signature_attached(pen: Pen) -> bytes:
    """A detached signature as a file beside a text that it does not cover.

    Mail systems make the same of a signed mail; the signature does not lie, it is bad.
    """
    part = b'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n'
    return head(sender=ANDREA) + multipart("mixed", HELLO, part + pen.sign(TEXT))


@CASES.add(Message(**by_team(problems=("mangled",))), Class.ENVELOPE, Class.SOUND)
def _mangled(pen: Pen) -> bytes:
    """What Exchange makes of a signed mail: the same two parts in multipart/mixed."""
    part = b'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n'
    return head(sender=ANDREA) + multipart("mixed", TEXT, part + pen.sign(TEXT))
