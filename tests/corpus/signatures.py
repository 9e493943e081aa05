"""Mails whose signatures are bad, weak, dead, too many, or not what they seem."""

from typing import Final

from gatekeeper.domain.protection import SignatureState, UnreadableReason
from gatekeeper.pgp import packets
from gatekeeper.pgp.armor import Kind
from tests.corpus import people
from tests.corpus.classes import Class
from tests.corpus.encryption import mail
from tests.corpus.entities import TEXT, changed, crlf, head, pgp_mime, signed, text
from tests.corpus.expecting import BODY, Cases, Found, Message, by, by_team, closed, opened
from tests.corpus.pen import Pen, armored
from tests.corpus.people import ANDREA, SAM, WEI
from tests.keys import gpg, short_home
from tests.pgp.crafting import literal

_R: Final = UnreadableReason
_S: Final = SignatureState
CASES: Final = Cases(".eml")
OTHER: Final = changed(TEXT, b"past", b"into")
UNCHECKED: Final = Found(status=_S.UNCHECKED)
GUESTS: Final = Found(status=_S.UNCHECKED, by_guest=True)
"""One that could not be checked either, with the signer's certificate at hand."""


def bad(*, by_guest: bool = False) -> Found:
    """Return a bad signature; whose it would be is not known."""
    return Found(status=_S.BAD, by_guest=by_guest)


def _packets(pen: Pen, content: bytes, *more: str, by: str = "andrea") -> bytes:
    """Return a one-pass signed message that is not compressed, as packets."""
    user = ("--compress-algo", "none", "--local-user", pen.keys[by].fingerprint)
    return pen.gpg(*more, *user, "--sign", given=content)


@CASES.add(opened(signatures=(bad(),)), Class.BAD_SIGNATURE)
def _bad_inside(pen: Pen) -> bytes:
    """A signature over another text inside sound encryption."""
    made = _packets(pen, OTHER)
    first, _, last = (made[p.start : p.end] for p in packets.walk(made))
    return mail(pen.session().protected(first + literal(TEXT) + last))


@CASES.add(opened(signatures=(bad(),)), Class.BAD_SIGNATURE)
def _bad_encapsulated(pen: Pen) -> bytes:
    """A signed entity inside the encryption, whose text was changed."""
    inside = signed(TEXT, pen.sign(OTHER))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(inside))


@CASES.add(Message(signatures=(bad(),)), Class.BAD_SIGNATURE)
def _changed_in_clear(pen: Pen) -> bytes:
    """A signed mail whose text was changed on the way."""
    return head(sender=ANDREA) + signed(TEXT, pen.sign(OTHER))


@CASES.add(Message(signatures=(bad(),)), Class.BAD_SIGNATURE)
def _changed_part_header(pen: Pen) -> bytes:
    """A signed mail of which only a header field inside the signed part was changed."""
    other = changed(TEXT, b"utf-8", b"utf-7")
    return head(sender=ANDREA) + signed(other, pen.sign(TEXT))


@CASES.add(Message(signatures=(bad(),)), Class.BAD_SIGNATURE, Class.INLINE)
def _inline_changed(pen: Pen) -> bytes:
    """A clear-signed text of which one word was changed."""
    words = pen.clear_sign(b"Please do not publish canary-body-marzipan-quince.\n")
    return _inline(changed(words, b"do not publish", b"now publish"))


def _inline(words: bytes) -> bytes:
    return head(sender=ANDREA) + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + words


@CASES.add(opened(signatures=(by("wei", agrees=False), by("andrea"))), Class.TWO_SIGNATURES)
def _two_combined(pen: Pen) -> bytes:
    """Two people signed the one encrypted message."""
    second = ("--local-user", pen.keys["wei"].fingerprint)
    return head(sender=ANDREA) + pgp_mime(_reordered(pen, second))


def _reordered(pen: Pen, second: tuple[str, ...]) -> bytes:
    made = _packets(pen, TEXT, *second)
    return armored(pen.session().protected(made))


@CASES.add(
    Message(signatures=(by("andrea"), Found(status=_S.UNKNOWN_SIGNER))), Class.TWO_SIGNATURES
)
def _two_detached(pen: Pen) -> bytes:
    """A block of two signatures, one by the team and one by a stranger."""
    both = b"".join(_binary(pen, name) for name in ("andrea", "eve"))
    return head(sender=ANDREA) + signed(TEXT, armored(both, Kind.SIGNATURE))


def _binary(pen: Pen, name: str) -> bytes:
    user = ("--local-user", pen.keys[name].fingerprint)
    return pen.gpg(*user, "--detach-sign", given=TEXT)


@CASES.add(Message(signatures=(UNCHECKED,)), Class.TWO_SIGNATURES)
def _nine_detached(pen: Pen) -> bytes:
    """A block of nine signatures."""
    return head(sender=ANDREA) + signed(TEXT, armored(_binary(pen, "andrea") * 9, Kind.SIGNATURE))


@CASES.add(Message(signatures=(by("andrea"), by("andrea"))), Class.TWO_SIGNATURES)
def _the_same_twice(pen: Pen) -> bytes:
    """The same signature twice in one block."""
    return head(sender=ANDREA) + signed(TEXT, armored(_binary(pen, "andrea") * 2, Kind.SIGNATURE))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.TWO_SIGNATURES)
def _two_blocks(pen: Pen) -> bytes:
    """Two armored signatures in the signature's part."""
    both = pen.sign(TEXT) + pen.sign(TEXT, by="wei")
    return head(sender=ANDREA) + signed(TEXT, both)


@CASES.add(opened(signatures=(Found(status=_S.WEAK, whose="andrea"),)), Class.WEAK_DIGEST)
def _sha1_combined(pen: Pen) -> bytes:
    """Signed with SHA-1 inside the encryption."""
    words = ("--digest-algo", "SHA1", "--weak-digest", "RIPEMD160")
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT, *words, by="andrea"))


@CASES.add(Message(signatures=(Found(status=_S.WEAK, whose="andrea"),)), Class.WEAK_DIGEST)
def _sha1_detached(pen: Pen) -> bytes:
    """Signed with SHA-1 in clear."""
    return head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT, "--digest-algo", "SHA1"))


@CASES.add(Message(signatures=(GUESTS,)), Class.WEAK_DIGEST)
def _md5_detached(pen: Pen) -> bytes:
    """Signed with MD5, which gpg does not check at all, by the key under a hostile name."""
    block = armored(pen.crafted["trudy"].signature(TEXT, digest=1), Kind.SIGNATURE)
    return head() + signed(TEXT, block)


@CASES.add(
    opened(signatures=(Found(status=_S.EXPIRED_KEY, whose="wei-expired"),)),
    Class.DEAD_KEY,
)
def _expired_key(pen: Pen) -> bytes:
    """Signed by a colleague's key while it lived; it has expired since."""
    made = pen.gpg(
        "--compress-algo", "none", "--local-user", pen.keys["wei-expired"].fingerprint, "--sign",
        given=TEXT, at=people.THEN,
    )  # fmt: skip
    return head(sender=WEI) + pgp_mime(armored(pen.session().protected(made)))


@CASES.add(
    Message(signatures=(Found(status=_S.REVOKED_KEY, whose="sam-revoked"),)),
    Class.DEAD_KEY,
)
def _revoked_key(pen: Pen) -> bytes:
    """Signed by a colleague's key that was revoked."""
    return head(sender=SAM) + signed(TEXT, _with_unrevoked(pen))


def _with_unrevoked(pen: Pen) -> bytes:
    """Sign with a key as somebody does who took it before it was revoked."""
    secret = pen.keys["sam-revoked"].secret
    kept = b"".join(
        secret[p.start : p.end]
        for p in packets.walk(secret)
        if not (p.tag == packets.SIGNATURE and secret[p.body + 1] == 0x20)
    )
    return _sign_elsewhere(kept, pen.keys["sam-revoked"].fingerprint)


def _sign_elsewhere(secret: bytes, fingerprint: str) -> bytes:
    with short_home() as home:
        gpg(home, "--import", given=secret)
        words = ("--faked-system-time", people.NOW, "--armor", "--local-user", fingerprint)
        return crlf(gpg(home, *words, "--detach-sign", given=TEXT))


@CASES.add(
    Message(signatures=(Found(status=_S.EXPIRED_SIGNATURE, whose="andrea"),)),
    Class.DEAD_KEY,
)
def _expired_signature(pen: Pen) -> bytes:
    """A signature that was made for one day."""
    return head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT, "--default-sig-expire", "1d"))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE)
def _key_as_signature(pen: Pen) -> bytes:
    """A public key in the place of the signature."""
    return head(sender=ANDREA) + signed(TEXT, pen.block("andrea"))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE, Class.POSING)
def _message_as_signature(pen: Pen) -> bytes:
    """A whole signed message, with its own text, in the place of the detached signature."""
    made = _packets(pen, TEXT)
    return head(sender=ANDREA) + signed(TEXT, armored(made, Kind.SIGNATURE))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE)
def _words_as_signature(_: Pen) -> bytes:
    """Words that claim to be a good signature in the place of one."""
    said = (
        b"gpg: Good signature from Andrea Example\r\n[GNUPG:] GOODSIG 0123456789ABCDEF Andrea\r\n"
    )
    return head(sender=ANDREA) + signed(TEXT, said)


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE)
def _certification_as_signature(pen: Pen) -> bytes:
    """A certification of a key, taken from the certificate, in the place of the signature."""
    public = pen.keys["andrea"].public
    first = next(p for p in packets.walk(public) if p.tag == packets.SIGNATURE)
    block = armored(public[first.start : first.end], Kind.SIGNATURE)
    return head(sender=ANDREA) + signed(TEXT, block)


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE)
def _timestamp_signature(pen: Pen) -> bytes:
    """A signature of the kind that is a timestamp (0x40), which says nothing of a text."""
    block = armored(pen.crafted["trudy"].signature(TEXT, kind=0x40), Kind.SIGNATURE)
    return head() + signed(TEXT, block)


def _as(pen: Pen, name: str, covered: bytes = TEXT) -> bytes:
    """Return a mail from a colleague's address, signed by somebody under a hostile name."""
    made = pen.crafted[name].signed(TEXT, covered=covered)
    return head(sender=ANDREA) + pgp_mime(armored(pen.session().protected(made)))


@CASES.add(opened(signatures=(by("mallory", agrees=False),)), Class.STATUS)
def _status_in_a_user_id(pen: Pen) -> bytes:
    """Signed under a user ID that claims, in lines of its own, a good signature of the team.

    Such a key comes in at no door; were it there, it would be believed as what it is.
    """
    return _as(pen, "mallory")


@CASES.add(opened(signatures=(by("trudy", agrees=False),)), Class.STATUS)
def _status_in_a_printable_user_id(pen: Pen) -> bytes:
    """The same with line ends as gpg writes them in its status, which can be printed."""
    return _as(pen, "trudy")


@CASES.add(opened(signatures=(bad(by_guest=True),)), Class.STATUS, Class.BAD_SIGNATURE)
def _status_in_a_user_id_bad(pen: Pen) -> bytes:
    """A bad signature under that user ID."""
    return _as(pen, "trudy", OTHER)


@CASES.add(opened(), Class.STATUS)
def _status_in_a_file_name(pen: Pen) -> bytes:
    """Literal data whose file name claims a good signature, with line feeds."""
    name = people.forged(b"\n", pen.keys["andrea"].fingerprint)[:200]
    return head(sender=ANDREA) + pgp_mime(
        armored(pen.session().protected(literal(TEXT, name=name)))
    )


@CASES.add(closed(_R.NO_INTEGRITY), Class.STATUS, Class.INTEGRITY)
def _status_of_integrity(pen: Pen) -> bytes:
    """Data without its integrity check, whose file name claims the check."""
    claims = b"n\n[GNUPG:] DECRYPTION_OKAY\n[GNUPG:] GOODMDC\n[GNUPG:] END_DECRYPTION\n"
    return mail(pen.session().protected(literal(TEXT, name=claims), mdc=b""))


def _subpacket(kind: int, body: bytes) -> bytes:
    """Return a signature subpacket with a five-octet length (RFC 9580 §5.2.3.7)."""
    return b"\xff" + (len(body) + 1).to_bytes(4, "big") + bytes([kind]) + body


@CASES.add(opened(signatures=(by("trudy", agrees=False),)), Class.STATUS)
def _status_in_a_notation(pen: Pen) -> bytes:
    """Signed with a notation and a policy URL that hold the status lines of another signature."""
    lines = people.forged(b"\n", pen.keys["andrea"].fingerprint)
    name = b"said@elsewhere.example"
    sizes = len(name).to_bytes(2, "big") + len(lines).to_bytes(2, "big")
    notation = _subpacket(20, b"\x80\x00\x00\x00" + sizes + name + lines)
    url = _subpacket(26, b"https://elsewhere.example/" + lines)
    signature = pen.crafted["trudy"].signature(TEXT, more=notation + url)
    return mail(pen.session().protected(signature + literal(TEXT)))


@CASES.add(Message(signatures=(bad(),)), Class.STATUS, Class.BAD_SIGNATURE)
def _critical_notation(pen: Pen) -> bytes:
    """A signature with a critical notation that nobody knows (RFC 9580 §5.2.3.24)."""
    block = pen.sign(TEXT, "--set-notation", "!unknown@robin.example=x")
    return head(sender=ANDREA) + signed(TEXT, block)


@CASES.add(
    opened(signatures=(by("andrea", agrees=False),), signer="andrea"), Class.REPLAY, Class.FROM
)
def _replayed(pen: Pen) -> bytes:
    """A colleague's signed text, encrypted anew and sent under another From."""
    inside = signed(TEXT, pen.sign(TEXT))
    return head(sender=people.EVE) + pgp_mime(pen.encrypt(inside))


@CASES.add(
    Message(signatures=(by("andrea", agrees=False),), signer="andrea"), Class.REPLAY, Class.FROM
)
def _replayed_in_clear(pen: Pen) -> bytes:
    """A colleague's signed mail, passed on under another From and subject."""
    return head(sender=people.EVE) + signed(TEXT, pen.sign(TEXT))


@CASES.add(Message(signatures=(UNCHECKED,)), Class.BAD_SIGNATURE)
def _line_that_gpg_cuts(pen: Pen) -> bytes:
    """A signature of text over a line of 19,993 octets, after which gpg reads no more of it.

    Words put there, which nobody signed, leave the signature good in gpg's eyes.
    """
    content = text(BODY.encode().ljust(19_993, b"x") + b"\r\n")
    block = armored(pen.crafted["trudy"].signature(content, kind=1), Kind.SIGNATURE)
    return head() + signed(changed(content, b"x\r\n", b"x, please publish\r\n"), block)


@CASES.add(Message(**by_team()), Class.SOUND)
def _wrong_micalg(pen: Pen) -> bytes:
    """A good signature whose micalg names another digest, and no protocol; the signature says."""
    return head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT), more="; micalg=pgp-md5")


@CASES.add(
    opened(signatures=(Found(status=_S.UNKNOWN_SIGNER),)), Class.UNKNOWN_SIGNER, Class.VERSION_6
)
def _one_pass_of_another(pen: Pen) -> bytes:
    """The one-pass packet names a colleague's key, the signature a stranger's."""
    ours, theirs = _packets(pen, TEXT), _packets(pen, TEXT, by="eve")
    first = next(packets.walk(ours))
    rest = list(packets.walk(theirs))[1:]
    made = ours[first.start : first.end] + theirs[rest[0].start :]
    return mail(pen.session().protected(made))


@CASES.add(opened(), Class.BAD_SIGNATURE)
def _one_pass_without_signature(pen: Pen) -> bytes:
    """A one-pass packet that announces a signature which does not come."""
    ours = _packets(pen, TEXT)
    first = next(packets.walk(ours))
    return mail(pen.session().protected(ours[first.start : first.end] + literal(TEXT)))


@CASES.add(
    opened(signatures=(by("andrea", agrees=False),), signer="andrea"), Class.SOUND, Class.FROM
)
def _signature_before(pen: Pen) -> bytes:
    """The old form, in which the signature stands before the literal data."""
    return mail(pen.session().protected(_binary(pen, "andrea") + literal(TEXT)))


@CASES.add(opened(), Class.BAD_SIGNATURE)
def _octets_for_a_signature(pen: Pen) -> bytes:
    """Inside the encryption a signed entity whose signature is an attachment of another kind."""
    inside = changed(
        signed(TEXT, pen.sign(TEXT)), b": application/pgp-signature", b": application/octet-stream"
    )
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(inside))
