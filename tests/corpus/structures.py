"""Mails whose MIME is deep, many, contradictory, or in charsets that are not what they say."""

from typing import Final

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import SignatureState
from gatekeeper.issues.reading import MORE_SIGNED, PARTS_MAX
from gatekeeper.mail.structure import TWO_WAYS
from tests.corpus.classes import Class
from tests.corpus.entities import TEXT, changed, head, multipart, pgp_mime, signed, text
from tests.corpus.expecting import BODY, Cases, Found, Message, by, opened
from tests.corpus.pen import Pen
from tests.corpus.people import ANDREA

CASES: Final = Cases(".eml")
PARTS: Final = ReadingLimits().parts
DEPTH: Final = ReadingLimits().depth
DEEPER: Final = "nested deeper"
MORE: Final = "more than"
OTHER: Final = text(b"Please publish everything today.\r\n")


def nested(depth: int) -> bytes:
    """Return an entity of that many multiparts in one another, a text in the last."""
    begun = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )
    ended = b"".join(b"\r\n--b%d--" % level for level in reversed(range(depth)))
    return begun + TEXT + ended + b"\r\n"


@CASES.add(Message(shows="", problems=(DEEPER,)), Class.DEEP)
def _deep_1200(_: Pen) -> bytes:
    """1,200 multiparts in one another."""
    return head() + nested(1200)


@CASES.add(opened(shows="", problems=(DEEPER,)), Class.DEEP)
def _deep_1200_encrypted(pen: Pen) -> bytes:
    """1,200 multiparts in one another inside an encryption."""
    return head() + pgp_mime(pen.encrypt(nested(1200)))


@CASES.add(Message(), Class.DEEP)
def _as_deep_as_allowed(_: Pen) -> bytes:
    """As many multiparts in one another as are looked into."""
    return head() + nested(DEPTH)


@CASES.add(Message(problems=(MORE,)), Class.DEEP)
def _parts_201(_: Pen) -> bytes:
    """201 parts, one more than are looked into."""
    return head() + multipart("mixed", *[TEXT] * (PARTS + 1))


@CASES.add(opened(problems=(MORE,)), Class.DEEP)
def _parts_201_encrypted(pen: Pen) -> bytes:
    """201 parts inside an encryption."""
    return head() + pgp_mime(pen.encrypt(multipart("mixed", *[TEXT] * (PARTS + 1))))


@CASES.add(
    Message(
        signatures=(Found(status=SignatureState.BAD, covers="part"),) * PARTS_MAX,
        shows="",
        problems=(DEEPER, MORE_SIGNED),
    ),
    Class.DEEP,
)
def _signed_deep(pen: Pen) -> bytes:
    """300 signed entities, each the content of the next, with a bad signature each."""
    content = TEXT
    block = pen.sign(b"something else")
    for level in range(300):
        content = signed(content, block, mark=f"s{level}")
    return head() + multipart("mixed", content, mark="top")


@CASES.add(opened(problems=("closing boundary",)), Class.BOUNDARY)
def _unclosed_inside(pen: Pen) -> bytes:
    """An encrypted multipart without its closing boundary."""
    return head() + pgp_mime(pen.encrypt(multipart("mixed", TEXT, end=False)))


@CASES.add(Message(), Class.BOUNDARY)
def _boundary_prefix(_: Pen) -> bytes:
    """A boundary that is the beginning of another line, which is none."""
    inside = TEXT + b"\r\n--m1x\r\nContent-Type: text/html\r\n\r\n<p>no part</p>\r\n"
    return head() + multipart("mixed", inside)


@CASES.add(Message(), Class.BOUNDARY)
def _boundary_again_inside(_: Pen) -> bytes:
    """A multipart inside with the boundary of the one around it."""
    inside = multipart("alternative", TEXT)
    return head() + multipart("mixed", inside, OTHER)


@CASES.add(Message(), Class.BOUNDARY)
def _two_boundaries(_: Pen) -> bytes:
    """A Content-Type that names two boundaries."""
    mail = changed(multipart("mixed", TEXT), b'"m1"', b'"m1"; boundary="m2"')
    return head() + mail + b"--m2\r\n" + OTHER + b"--m2--\r\n"


@CASES.add(Message(problems=(TWO_WAYS,)), Class.BOUNDARY, Class.PART_SIGNED)
def _two_boundaries_signed(pen: Pen) -> bytes:
    """A signed mail whose Content-Type names a second boundary, under which other words stand."""
    content = changed(signed(TEXT, pen.sign(TEXT)), b'"s1"', b'"s1"; boundary="s2"')
    return head(sender=ANDREA) + content + b"--s2\r\n" + OTHER + b"--s2--\r\n"


@CASES.add(Message(), Class.BOUNDARY)
def _two_content_types(_: Pen) -> bytes:
    """Two Content-Type fields: a text, and a multipart that another program would read."""
    return head() + b"Content-Type: text/plain; charset=utf-8\r\n" + multipart("mixed", TEXT)


@CASES.add(
    Message(encryption="part", pieces=(1, 0), shows="Version"), Class.BOUNDARY, Class.ENVELOPE
)
def _encrypted_as_second_type(pen: Pen) -> bytes:
    """Two Content-Type fields: a page, and multipart/encrypted."""
    return head() + b"Content-Type: text/html; charset=utf-8\r\n" + pgp_mime(pen.encrypt(TEXT))


@CASES.add(Message(), Class.BOUNDARY)
def _two_encodings(_: Pen) -> bytes:
    """Two Content-Transfer-Encoding fields."""
    both = b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n"
    return head() + both + TEXT


@CASES.add(Message(), Class.BOUNDARY)
def _two_mime_versions(_: Pen) -> bytes:
    """Two MIME-Version fields, one of a version that does not exist."""
    return head("MIME-Version: 9.9 (x)") + TEXT


@CASES.add(Message(), Class.BOUNDARY)
def _no_mime_version(_: Pen) -> bytes:
    """No MIME-Version field, as many programs send."""
    return head(leave="MIME-Version") + multipart("mixed", TEXT)


@CASES.add(Message(problems=(TWO_WAYS,)), Class.BOUNDARY)
def _type_with_comments(pen: Pen) -> bytes:
    """Comments, capitals and folds in the Content-Type of a signed mail."""
    kind, comments = b"Content-Type: multipart/signed", b"CONTENT-TYPE: (x) MULTIPART/Signed (y)"
    content = changed(signed(TEXT, pen.sign(TEXT)), kind, comments)
    return head(sender=ANDREA) + changed(content, b"; boundary", b" ;\r\n\tBOUNDARY")


@CASES.add(Message(), Class.BOUNDARY)
def _boundary_in_a_comment(_: Pen) -> bytes:
    """A comment in the Content-Type that reads like a boundary, under which other words stand."""
    mail = changed(multipart("mixed", TEXT), b"mixed", b'mixed (; boundary="m2")')
    return head() + mail + b"--m2\r\n" + OTHER + b"--m2--\r\n"


@CASES.add(Message(), Class.BOUNDARY)
def _boundary_in_pieces(_: Pen) -> bytes:
    """The boundary in numbered and percent-encoded pieces (RFC 2231)."""
    pieces = b"boundary*0*=utf-8''m;boundary*1=1"
    return head() + changed(multipart("mixed", TEXT), b'boundary="m1"', pieces)


@CASES.add(Message(), Class.BOUNDARY)
def _blanks_after_boundary(_: Pen) -> bytes:
    """Blanks and tabs after the boundary lines (RFC 2046 §5.1.1)."""
    return head() + changed(multipart("mixed", TEXT), b"--m1\r\n", b"--m1 \t \r\n")


@CASES.add(Message(), Class.BOUNDARY)
def _folded_boundary_header(_: Pen) -> bytes:
    """A part whose header ends the header of the mail before it began."""
    return head() + multipart("mixed", b"\r\n" + TEXT.partition(b"\r\n\r\n")[2])


@CASES.add(opened(), Class.BOUNDARY)
def _boundary_of_the_outside(pen: Pen) -> bytes:
    """An encrypted multipart whose boundary is that of the mail around it."""
    return head() + pgp_mime(pen.encrypt(multipart("mixed", TEXT, mark="e1")))


@CASES.add(Message(shows="Grüße"), Class.NOT_UTF8, Class.CHARSET)
def _latin1(_: Pen) -> bytes:
    """A text in ISO 8859-1 that says so."""
    words = "Grüße, ".encode("latin-1") + BODY.encode() + b"\r\n"
    return head() + text(words, "; charset=iso-8859-1")


@CASES.add(Message(shows="Grüße", problems=("character set it names",)), Class.NOT_UTF8)
def _latin1_as_utf8(_: Pen) -> bytes:
    """The same that says it is UTF-8."""
    words = "Grüße, ".encode("latin-1") + BODY.encode() + b"\r\n"
    return head() + text(words)


@CASES.add(opened(shows="Grüße", problems=("character set it names",)), Class.NOT_UTF8)
def _latin1_encrypted(pen: Pen) -> bytes:
    """A text in ISO 8859-1 that says it is UTF-8, inside an encryption."""
    words = "Grüße, ".encode("latin-1") + BODY.encode() + b"\r\n"
    return head() + pgp_mime(pen.encrypt(text(words)))


@CASES.add(Message(shows="Привет"), Class.NOT_UTF8, Class.CHARSET)
def _koi8(_: Pen) -> bytes:
    """A text in KOI8-R."""
    words = "Привет, ".encode("koi8-r") + BODY.encode() + b"\r\n"
    return head() + text(words, "; charset=koi8-r")


@CASES.add(Message(shows="日本語"), Class.CHARSET)
def _iso_2022_jp(_: Pen) -> bytes:
    """A text in ISO-2022-JP."""
    words = "日本語 ".encode("iso-2022-jp") + BODY.encode() + b"\r\n"
    return head() + text(words, "; charset=iso-2022-jp")


@CASES.add(Message(problems=("character set that is unknown",)), Class.CHARSET)
def _no_such_charset(_: Pen) -> bytes:
    """A text in a charset that does not exist."""
    return head() + text(BODY.encode() + b"\r\n", "; charset=x-no-such-charset")


@CASES.add(Message(), Class.CHARSET)
def _codec_as_charset(_: Pen) -> bytes:
    """A charset that is the name of a codec which is no charset."""
    return head() + text(BODY.encode() + b"\r\n", "; charset=zlib_codec")


@CASES.add(Message(signatures=(by("andrea", covers="part"),)), Class.NOT_UTF8, Class.PART_SIGNED)
def _footer_of_a_list(pen: Pen) -> bytes:
    """A signed mail in ISO 8859-1 to which a mailing list added a footer in UTF-8."""
    words = "Grüße, ".encode("latin-1") + BODY.encode() + b"\r\n"
    content = text(words, "; charset=iso-8859-1")
    footer = text("Zum Abbestellen hier drücken.\r\n".encode())
    return head(sender=ANDREA) + multipart("mixed", signed(content, pen.sign(content)), footer)
