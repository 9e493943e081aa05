"""Reports as people and their programs send them, made with the real gpg; each by its name.

`LAYERS` holds one for every way in which OpenPGP can be around, in, or not around a report.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import to_datetime
from gatekeeper.pgp.armor import Kind, armor
from tests.house import ALIAS, PEOPLE, START, alias_key, person_key, uid
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import crafting

SECRET: Final = b"The parser writes past its buffer."
"""What every report says; it may never be seen outside."""

REAL_SUBJECT: Final = "Overflow in the parser"
TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + SECRET + b"\r\n"
WORDS: Final = b"Content-Type: text/plain\r\n\r\n"
_ROBIN: Final = "robin@research.example"
ROBIN: Final = f"Robin Example <{_ROBIN}>"
ANDREA: Final = uid(*PEOPLE[0])


def robin_key() -> Key:
    """Return the key of a reporter, whom the team does not know."""
    return key_of(ROBIN)


def newer_key() -> Key:
    """Return another key of the reporter, for the same address."""
    return key_of("Robin Example (newer) <robin@research.example>")


def stranger_key() -> Key:
    """Return a key that is nobody's here."""
    return key_of("Stranger <stranger@elsewhere.example>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """A home that holds every secret key but the alias's; writes what others would send."""

    home: Path

    def encrypt(
        self, content: bytes, *, by: Key | None = None, to: Key | None = None, options: str = ""
    ) -> bytes:
        """Return an armored message with CRLF line ends, signed in one go when `by` is given."""
        words = ["--armor", *options.split(), "--recipient", (to or alias_key()).fingerprint]
        if by is not None:
            words += ["--sign", "--local-user", by.fingerprint]
        return _crlf(gpg(self.home, *words, "--encrypt", given=content))

    def encrypt_binary(self, content: bytes, *, to: Key | None = None) -> bytes:
        """Return a binary message."""
        recipient = (to or alias_key()).fingerprint
        return gpg(self.home, "--recipient", recipient, "--encrypt", given=content)

    def sign(self, content: bytes, *, by: Key) -> bytes:
        """Return a detached signature."""
        words = ("--armor", "--local-user", by.fingerprint, "--detach-sign")
        return _crlf(gpg(self.home, *words, given=content))

    def clear_sign(self, text: bytes, *, by: Key) -> bytes:
        """Return a clear-signed text."""
        return _crlf(gpg(self.home, "--local-user", by.fingerprint, "--clear-sign", given=text))


@contextmanager
def a_pen() -> Iterator[Pen]:
    """Lend a pen."""
    with short_home() as home:
        keys = [person_key(index).secret for index in range(len(PEOPLE))]
        others = (newer_key().secret, stranger_key().secret)
        for key in (alias_key().public, robin_key().secret, *others, *keys):
            gpg(home, "--import", given=key)
        yield Pen(home=home)


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def head(
    *extra: str, sender: str = ROBIN, subject: str = "A report", message_id: str = "<1@r.example>"
) -> bytes:
    """Return the outer header of a mail, up to its Content-* fields."""
    lines = [
        f"From: {sender}",
        f"To: {ALIAS}",
        f"Subject: {subject}",
        f"Date: {format_datetime(to_datetime(START))}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
        *extra,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def plain(
    *extra: str,
    sender: str = ROBIN,
    subject: str = "A report",
    text: bytes = TEXT,
    message_id: str = "<1@r.example>",
) -> bytes:
    """Return an ordinary mail."""
    return head(*extra, sender=sender, subject=subject, message_id=message_id) + text


def multipart(kind: str, *parts: bytes, more: str = "") -> bytes:
    """Return a multipart entity."""
    begun = f'Content-Type: multipart/{kind}{more}; boundary="=-mark"\r\n\r\n'.encode()
    inside = b"".join(b"--=-mark\r\n" + part + b"\r\n" for part in parts)
    return begun + inside + b"--=-mark--\r\n"


CONTROL: Final = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"


def pgp_mime(armor: bytes) -> bytes:
    """Return the entity of RFC 3156 §4 around a message."""
    more = '; protocol="application/pgp-encrypted"'
    return multipart("encrypted", CONTROL, octets(armor), more=more)


def octets(data: bytes, name: str = "") -> bytes:
    """Return an attachment."""
    named = f'Content-Disposition: attachment; filename="{name}"\r\n'.encode() if name else b""
    return b"Content-Type: application/octet-stream\r\n" + named + b"\r\n" + data


def attached(data: bytes, name: str) -> bytes:
    """Return an attachment in base64, as it must be for binary data."""
    about = f'Content-Disposition: attachment; filename="{name}"\r\n'
    return (
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        + about.encode()
        + b"\r\n"
        + _crlf(base64.encodebytes(data))
    )


def key_part(key: Key, pen: Pen) -> bytes:
    """Return a public key as an attachment, as mail programs send it."""
    block = _crlf(gpg(pen.home, "--armor", "--export", key.fingerprint))
    return (
        b'Content-Type: application/pgp-keys; name="key.asc"\r\n'
        b'Content-Disposition: attachment; filename="key.asc"\r\n\r\n' + block
    )


def signed(content: bytes, signature: bytes) -> bytes:
    """Return the entity of RFC 3156 §5."""
    block = b"Content-Type: application/pgp-signature\r\n\r\n" + signature
    return multipart("signed", content, block, more='; protocol="application/pgp-signature"')


def protected(content: bytes = TEXT, *fields: str) -> bytes:
    """Return an entity that says its own subject (RFC 9788); `fields` come beside it."""
    said = "".join(f"{each}\r\n" for each in (f"Subject: {REAL_SUBJECT}", *fields)).encode()
    return said + content.replace(b"charset=utf-8", b'charset=utf-8; hp="cipher"', 1)


def _plain(pen: Pen) -> bytes:
    return plain()


def _copied_to_others(pen: Pen) -> bytes:
    return plain("Cc: Full Disclosure <list@seclists.example>, vendor@upstream.example")


def _encrypted(pen: Pen) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT))


def _encrypted_and_signed(pen: Pen) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT, by=robin_key()))


def _encrypted_and_signed_by_the_team(pen: Pen) -> bytes:
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT, by=person_key(0)))


def _signed_by_the_team_from_another(pen: Pen) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT, by=person_key(0)))


def _encapsulated(pen: Pen) -> bytes:
    content = signed(TEXT, pen.sign(TEXT, by=person_key(0)))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(content))


def _signed(pen: Pen) -> bytes:
    return head(sender=ANDREA) + signed(TEXT, pen.sign(TEXT, by=person_key(0)))


def _signed_by_an_unknown_key(pen: Pen) -> bytes:
    return head() + signed(TEXT, pen.sign(TEXT, by=robin_key()))


def _signed_and_changed(pen: Pen) -> bytes:
    signature = pen.sign(TEXT.replace(b"past", b"into"), by=person_key(0))
    return head(sender=ANDREA) + signed(TEXT, signature)


def _encrypted_with_a_bad_signature(pen: Pen) -> bytes:
    content = signed(TEXT, pen.sign(TEXT.replace(b"past", b"into"), by=person_key(0)))
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(content))


def _encrypted_and_signed_outside(pen: Pen) -> bytes:
    inside = pgp_mime(pen.encrypt(protected())).replace(b"=-mark", b"=-inside")
    return head(subject="...", sender=ANDREA) + signed(inside, pen.sign(inside, by=person_key(0)))


def _inline_encrypted(pen: Pen) -> bytes:
    armor = pen.encrypt(SECRET + b"\r\n", by=robin_key())
    return head() + b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + armor


def _inline_signed(pen: Pen) -> bytes:
    text = pen.clear_sign(SECRET + b"\n- a list\n", by=person_key(0))
    return head(sender=ANDREA) + b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + text


def _half_clear(pen: Pen) -> bytes:
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n" + pen.encrypt(SECRET) + b"Bye.\r\n"
    return head() + multipart(
        "mixed", text, attached(pen.encrypt_binary(b"%PDF-1.4 proof"), "poc.pdf.gpg")
    )


def _half_clear_to_an_unknown_key(pen: Pen) -> bytes:
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n"
    closed = attached(pen.encrypt_binary(SECRET, to=stranger_key()), "poc.pdf.gpg")
    opened = attached(pen.encrypt_binary(SECRET), "poc2.pdf.gpg")
    return head() + multipart("mixed", text, closed, opened)


def _half_clear_and_cut(pen: Pen) -> bytes:
    armor = pen.encrypt(SECRET).partition(b"-----END")[0]
    return head() + b"Content-Type: text/plain\r\n\r\nHello.\r\n" + armor


def _mangled_by_exchange(pen: Pen) -> bytes:
    empty = b"Content-Type: text/plain\r\n\r\n\r\n"
    return head() + multipart("mixed", empty, CONTROL, octets(pen.encrypt(TEXT), "encrypted.asc"))


def _encrypted_with_one_part(pen: Pen) -> bytes:
    more = '; protocol="application/pgp-encrypted"'
    return head() + multipart("encrypted", octets(pen.encrypt(TEXT)), more=more)


def _to_an_unknown_key(pen: Pen) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT, to=stranger_key()))


def _bomb(pen: Pen) -> bytes:
    return head() + pgp_mime(pen.encrypt(TEXT + bytes(LIMIT), options="--compress-algo zlib"))


def _without_integrity(pen: Pen) -> bytes:
    message = crafting.session_for(alias_key()).unprotected(crafting.literal(TEXT))
    return head() + pgp_mime(_crlf(armor(Kind.MESSAGE, message)))


def _protected_subject(pen: Pen) -> bytes:
    return head(subject="...") + pgp_mime(pen.encrypt(protected()))


def _another_sender_inside(pen: Pen) -> bytes:
    inside = protected(TEXT, f"From: {ANDREA}", "Date: Thu, 01 Jan 2026 00:00:00 +0000")
    return head(subject="...") + pgp_mime(pen.encrypt(inside))


def _automatic(pen: Pen) -> bytes:
    return plain("Auto-Submitted: auto-generated")


def _names_an_issue(pen: Pen) -> bytes:
    return plain(subject="Re: [SEC-2026-9999] CVE-2026-12345")


def _with_a_key(pen: Pen) -> bytes:
    """Return a mail with a key that signs no other of these, for it is known afterwards."""
    content = multipart("mixed", TEXT, key_part(stranger_key(), pen))
    return head(subject="...") + pgp_mime(pen.encrypt(content, by=stranger_key()))


def _looks_otherwise(pen: Pen) -> bytes:
    """Return a mail that another program shows otherwise, in its header, its text and its files."""
    page = b"<p>Please look at our new offers, prices and terms.</p>"
    page += b'<img src="https://evil.example/seen.png"><p style="display:none">hidden words</p>'
    html = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page + b"\r\n"
    both = multipart("alternative", TEXT, html).replace(b"=-mark", b"=-inside")
    program = attached(b"MZ", "proof.pdf.exe").replace(b"octet-stream", b"pdf")
    turned = attached(b"MZ", "x").replace(
        b'filename="x"', b"filename*=utf-8''proof%E2%80%AEfdp.exe"
    )
    climbing = attached(b"root", "../../etc/passwd")
    header = head("Reply-To: robin@elsewhere.example", sender=f'"andrea@team.example" <{_ROBIN}>')
    return header + multipart("mixed", both, program, turned, climbing)


def _nothing_but_text(pen: Pen) -> bytes:
    return SECRET + b"\r\n"


def _signed_above_a_footer(pen: Pen) -> bytes:
    content = signed(TEXT, pen.sign(TEXT, by=person_key(0))).replace(b"=-mark", b"=-inside")
    return head(sender=ANDREA) + multipart("mixed", content, WORDS + b"To leave the list, write.")


def _signed_between_words(pen: Pen) -> bytes:
    good = pen.clear_sign(SECRET + b"\n", by=robin_key())
    bad = pen.clear_sign(b"one\n", by=person_key(0)).replace(b"one", b"two")
    return head(sender=ANDREA) + WORDS + b"Hello.\r\n" + good + b"Also:\r\n" + bad


def _signed_and_mangled(pen: Pen) -> bytes:
    block = octets(pen.sign(TEXT, by=person_key(0)), "signature.asc")
    return head(sender=ANDREA) + multipart("mixed", TEXT, block)


def _forwarded_encrypted(pen: Pen) -> bytes:
    mail = head(subject="...") + pgp_mime(pen.encrypt(TEXT, by=person_key(0)))
    part = b"Content-Type: message/rfc822\r\n\r\n" + mail.replace(b"=-mark", b"=-inside")
    return head() + multipart("mixed", WORDS + b"See below.\r\n", part)


def _quoted_armor(pen: Pen) -> bytes:
    lines = (b"> " + line for line in pen.encrypt(SECRET).rstrip().split(b"\r\n"))
    return head() + WORDS + b"You wrote:\r\n" + b"\r\n".join(lines) + b"\r\n"


def _only_html(pen: Pen) -> bytes:
    """Return a mail with a page, a picture in it and a file, as web mail writes it."""
    page = b"<p>" + SECRET + b'</p><p><img src="cid:1" alt="a plot"></p>\r\n'
    html = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page
    picture = attached(b"PNG", "plot.png").replace(b"application/octet-stream", b"image/png")
    both = multipart("related", html, picture).replace(b"=-mark", b"=-inside")
    return head() + multipart("mixed", both, attached(b"%PDF", "proof.pdf"))


LIMIT: Final = 1024 * 1024
"""Bytes of plaintext that the house of these reports opens at most."""

LAYERS: Final[Mapping[str, Callable[[Pen], bytes]]] = MappingProxyType(
    {
        maker.__name__.strip("_").replace("_", "-"): maker
        for maker in (
            _plain,
            _copied_to_others,
            _encrypted,
            _encrypted_and_signed,
            _encrypted_and_signed_by_the_team,
            _signed_by_the_team_from_another,
            _encapsulated,
            _signed,
            _signed_by_an_unknown_key,
            _signed_and_changed,
            _encrypted_with_a_bad_signature,
            _encrypted_and_signed_outside,
            _inline_encrypted,
            _inline_signed,
            _half_clear,
            _half_clear_to_an_unknown_key,
            _half_clear_and_cut,
            _mangled_by_exchange,
            _encrypted_with_one_part,
            _to_an_unknown_key,
            _bomb,
            _without_integrity,
            _protected_subject,
            _another_sender_inside,
            _automatic,
            _names_an_issue,
            _with_a_key,
            _looks_otherwise,
            _nothing_but_text,
            _signed_above_a_footer,
            _signed_between_words,
            _signed_and_mangled,
            _forwarded_encrypted,
            _quoted_armor,
            _only_html,
        )
    }
)
