"""Mails that protect their header, say that they do, or lie about it (RFC 9788 and before)."""

from typing import Final

from gatekeeper.domain.protection import SignatureState
from tests.corpus.classes import Class
from tests.corpus.entities import TEXT, changed, head, multipart, pgp_mime, protected, signed, text
from tests.corpus.expecting import (
    BODY,
    OUTER,
    SUBJECT,
    Cases,
    Found,
    Message,
    by,
    by_robin,
    by_team,
    opened,
)
from tests.corpus.pen import Pen
from tests.corpus.people import ANDREA, EVE

_S: Final = SignatureState
CASES: Final = Cases(".eml")
V1: Final = '; protected-headers="v1"'
BOTH: Final = '; protected-headers="v1"; hp="cipher"'


@CASES.add(opened(**by_robin(subject=SUBJECT)), Class.INNER_WINS, Class.LEAKING_SUBJECT)
def _rfc_9788(pen: Pen) -> bytes:
    """hp="cipher" with HP-Outer, signed and encrypted, as the standard has it."""
    fields = ("From: Robin Example <robin@research.example>", "HP-Outer: Subject: [...]")
    content = protected(TEXT, *fields)
    return head(subject="[...]") + pgp_mime(pen.encrypt(content, by="robin"))


@CASES.add(opened(subject=SUBJECT), Class.INNER_WINS, Class.LEAKING_SUBJECT)
def _the_older_form(pen: Pen) -> bytes:
    """protected-headers="v1", encrypted and not signed, as most programs write it."""
    return head(subject="...") + pgp_mime(pen.encrypt(protected(mark=V1)))


@CASES.add(opened(subject=SUBJECT), Class.INNER_WINS)
def _both_forms(pen: Pen) -> bytes:
    """Both marks at once."""
    return head(subject="...") + pgp_mime(pen.encrypt(protected(mark=BOTH)))


@CASES.add(Message(**by_team(subject=SUBJECT)), Class.INNER_WINS)
def _clear_and_signed(pen: Pen) -> bytes:
    """hp="clear": a subject that the signature covers counts instead of the outer one."""
    content = protected(mark='; hp="clear"')
    return head(sender=ANDREA, subject="changed on the way") + signed(content, pen.sign(content))


@CASES.add(opened(**by_team(subject=SUBJECT)), Class.INNER_WINS)
def _protected_in_the_signed_part(pen: Pen) -> bytes:
    """The protected subject on the signed part inside the encryption."""
    content = protected()
    inside = signed(content, pen.sign(content))
    return head(sender=ANDREA, subject="...") + pgp_mime(pen.encrypt(inside))


@CASES.add(Message(), Class.NOT_PROTECTED)
def _mark_in_clear(_: Pen) -> bytes:
    """A mail in clear whose root says that its header is protected; it is what it is."""
    return head() + b'Content-Type: text/plain; charset=utf-8; hp="cipher"\r\n\r\n' + TEXT


@CASES.add(Message(), Class.NOT_PROTECTED)
def _mark_on_a_part_in_clear(_: Pen) -> bytes:
    """A mail in clear with a part that says another, protected, subject."""
    return head() + multipart("mixed", protected(TEXT))


@CASES.add(opened(), Class.NOT_PROTECTED)
def _mark_on_a_part(pen: Pen) -> bytes:
    """An encrypted mail whose inner part, not its root, says a protected subject."""
    return head() + pgp_mime(pen.encrypt(multipart("mixed", protected(TEXT))))


@CASES.add(opened(), Class.NOT_PROTECTED)
def _no_mark(pen: Pen) -> bytes:
    """A subject inside the encryption without any mark."""
    return head() + pgp_mime(pen.encrypt(protected(mark="")))


@CASES.add(opened(), Class.NOT_PROTECTED)
def _unknown_mark(pen: Pen) -> bytes:
    """A subject inside the encryption with marks of unknown versions."""
    mark = '; hp="none"; protected-headers="v9"'
    return head() + pgp_mime(pen.encrypt(protected(mark=mark)))


@CASES.add(Message(signatures=(Found(status=_S.BAD),)), Class.NOT_PROTECTED)
def _bad_signature(pen: Pen) -> bytes:
    """A signed mail in clear with a protected subject, whose signature is bad."""
    content = protected(mark='; hp="clear"')
    signature = pen.sign(changed(content, b"past", b"into"))
    return head(sender=ANDREA) + signed(content, signature)


@CASES.add(Message(signatures=(Found(status=_S.UNKNOWN_SIGNER),)), Class.NOT_PROTECTED)
def _signed_by_a_stranger(pen: Pen) -> bytes:
    """A mail in clear with a protected subject that a key signed which nobody has here."""
    content = protected(mark='; hp="clear"')
    return head() + signed(content, pen.sign(content, by="eve"))


@CASES.add(opened(**by_robin(subject=SUBJECT)), Class.OUTER_LIES)
def _hp_outer_lies(pen: Pen) -> bytes:
    """HP-Outer fields that say of the outer header what it is not."""
    lies = ("HP-Outer: Subject: Something else", f"HP-Outer: From: {ANDREA}", "HP-Outer: To: x")
    return head() + pgp_mime(pen.encrypt(protected(TEXT, *lies), by="robin"))


@CASES.add(opened(subject=SUBJECT), Class.OUTER_LIES)
def _hp_outer_outside(pen: Pen) -> bytes:
    """HP-Outer fields in the outer header, where they mean nothing."""
    fields = ("HP-Outer: Subject: [...]", "HP-Outer: From: x")
    return head(*fields) + pgp_mime(pen.encrypt(protected()))


@CASES.add(opened(subject=SUBJECT), Class.OUTER_LIES)
def _hp_outer_hostile(pen: Pen) -> bytes:
    """HP-Outer fields that are no fields, are many, and forge lines."""
    fields = ["HP-Outer:", "HP-Outer: :", "HP-Outer: Subject", f"HP-Outer: X: {'y' * 5000}"]
    fields += [f"HP-Outer: X-{number}: z" for number in range(500)]
    forged = "HP-Outer: Subject: =?utf-8?q?a=0D=0ASignature=3A_good?="
    return head() + pgp_mime(pen.encrypt(protected(TEXT, *fields, forged)))


LEGACY: Final = (
    b'Content-Type: text/plain; charset=utf-8; hp-legacy-display="1"\r\n\r\n'
    b"Subject: " + SUBJECT.encode() + b"\r\n\r\n"
    b"The parser writes past its buffer, " + BODY.encode() + b".\r\n"
)


@CASES.add(opened(**by_robin(subject=SUBJECT)), Class.OUTER_LIES, Class.INNER_WINS)
def _legacy_display(pen: Pen) -> bytes:
    """A text that begins with the protected subject, for programs that know no protection."""
    return head(subject="[...]") + pgp_mime(pen.encrypt(protected(LEGACY), by="robin"))


@CASES.add(opened(subject=SUBJECT), Class.OUTER_LIES)
def _legacy_display_lies(pen: Pen) -> bytes:
    """A legacy display that says another subject and another sender than the header."""
    said = f"Subject: Something else\r\nFrom: {ANDREA}\r\n\r\n".encode()
    first, _, rest = LEGACY.partition(b"\r\n\r\n")
    lying = first + b"\r\n\r\n" + said + rest.partition(b"\r\n\r\n")[2]
    return head() + pgp_mime(pen.encrypt(protected(lying)))


@CASES.add(opened(subject=SUBJECT), Class.OUTER_LIES, Class.INNER_WINS)
def _legacy_display_part(pen: Pen) -> bytes:
    """The older form's legacy display: a first part text/rfc822-headers."""
    shown = b'Content-Type: text/rfc822-headers; protected-headers="v1"\r\n\r\n'
    shown += b"Subject: " + SUBJECT.encode() + b"\r\n"
    content = protected(multipart("mixed", shown, TEXT, mark="in"), mark=V1)
    return head(subject="...") + pgp_mime(pen.encrypt(content))


@CASES.add(opened(subject=SUBJECT), Class.UNSIGNED_INNER)
def _unsigned_from(pen: Pen) -> bytes:
    """A From and a Date inside the encryption, that nobody signed."""
    fields = (f"From: {ANDREA}", "Date: Thu, 01 Jan 2015 00:00:00 +0000")
    return head(sender=EVE) + pgp_mime(pen.encrypt(protected(TEXT, *fields)))


@CASES.add(
    opened(signatures=(Found(status=_S.UNKNOWN_SIGNER),), subject=SUBJECT), Class.UNSIGNED_INNER
)
def _strangers_from(pen: Pen) -> bytes:
    """A colleague's From inside, signed by a key that nobody has here."""
    content = protected(TEXT, f"From: {ANDREA}")
    return head(sender=EVE) + pgp_mime(pen.encrypt(content, by="eve"))


@CASES.add(
    opened(signatures=(by("robin", agrees=False),), subject=SUBJECT),
    Class.UNSIGNED_INNER,
    Class.FROM,
)
def _reporters_other_from(pen: Pen) -> bytes:
    """A colleague's From inside and outside, signed by the reporter."""
    content = protected(TEXT, f"From: {ANDREA}")
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(content, by="robin"))


@CASES.add(
    opened(signatures=(by("andrea", agrees=False),), signer="andrea", subject=SUBJECT),
    Class.UNSIGNED_INNER,
    Class.REPLAY,
    Class.FROM,
)
def _signed_from_sent_by_another(pen: Pen) -> bytes:
    """A colleague's From inside and signed, in a mail that somebody else sends."""
    content = protected(TEXT, f"From: {ANDREA}")
    return head(sender=EVE) + pgp_mime(pen.encrypt(content, by="andrea"))


@CASES.add(opened(subject=SUBJECT), Class.FORGED_LINE, Class.INNER_WINS)
def _newline_inside(pen: Pen) -> bytes:
    """A protected From with an encoded newline after which a verdict is forged."""
    forged = "From: =?utf-8?q?Eve=0D=0ASignature=3A_good?= <eve@elsewhere.example>"
    return head(sender=EVE) + pgp_mime(pen.encrypt(protected(TEXT, forged)))


@CASES.add(opened(subject=SUBJECT), Class.INNER_WINS)
def _two_subjects_inside(pen: Pen) -> bytes:
    """Two protected subjects, of which the first counts."""
    return head() + pgp_mime(pen.encrypt(protected(TEXT, "Subject: Another")))


@CASES.add(opened(subject=""), Class.INNER_WINS)
def _empty_subject_inside(pen: Pen) -> bytes:
    """A protected subject that is empty counts as one."""
    content = changed(protected(), SUBJECT.encode(), b"")
    return head(subject="[...]") + pgp_mime(pen.encrypt(content))


@CASES.add(opened(subject=SUBJECT), Class.REFERENCES, Class.INNER_WINS)
def _references_inside(pen: Pen) -> bytes:
    """Protected References that differ from the outer ones."""
    inside = ("References: <inside@research.example>", "Message-ID: <inside@elsewhere.example>")
    outside = "References: <outside@research.example>"
    return head(outside) + pgp_mime(pen.encrypt(protected(TEXT, *inside)))


@CASES.add(opened(subject=f"Re: {OUTER}"), Class.NOT_PROTECTED, Class.LEAKING_SUBJECT)
def _subject_in_the_text(pen: Pen) -> bytes:
    """A text inside that begins like a header, and is none."""
    said = b"Subject: not the subject\r\nFrom: nobody\r\n\r\n" + BODY.encode() + b"\r\n"
    return head(subject=f"Re: {OUTER}") + pgp_mime(pen.encrypt(text(said)))
