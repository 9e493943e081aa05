"""Hostile and odd mails as bytes, for every test that must show a mail is survived.

`torture()` gives each by its name; the bytes are the same in every run. Some could not pass SMTP
(NUL, bare CR, bare LF): those show what decrypted content may look like.
"""

import base64
import random
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

MIB: Final = 1024 * 1024

_MAKERS: Final[dict[str, Callable[[], bytes]]] = {}


def _case(maker: Callable[[], bytes]) -> Callable[[], bytes]:
    _MAKERS[maker.__name__.strip("_").replace("_", "-")] = maker
    return maker


@cache
def torture() -> Mapping[str, bytes]:
    """Return all mails by name; about 130 MB, made once in a process."""
    return MappingProxyType({name: maker() for name, maker in _MAKERS.items()})


def small_torture(at_most: int = MIB) -> Mapping[str, bytes]:
    """Return the mails of `at_most` bytes, for tests that do something slow with each."""
    return MappingProxyType({k: v for k, v in torture().items() if len(v) <= at_most})


def mail(body: bytes, *extra: bytes, leave_out: str = "", ends: bytes = b"\r\n") -> bytes:
    """Return a mail with an ordinary header, the fields `extra` and `body`."""
    fields = {
        "From": b"From: A Reporter <reporter@reporter.example>",
        "To": b"To: security@security.example.org",
        "Subject": b"Subject: A report",
        "Date": b"Date: Thu, 03 Sep 2026 12:00:00 +0000",
        "Message-ID": b"Message-ID: <1@reporter.example>",
        "MIME-Version": b"MIME-Version: 1.0",
    }
    fields.pop(leave_out, None)
    replaced = {each.partition(b":")[0].decode("latin-1") for each in extra}
    kept = [value for name, value in fields.items() if name not in replaced]
    return ends.join([*kept, *extra, b"", body])


def multipart(kind: str, boundary: str, *parts: bytes, closed: bool = True) -> bytes:
    """Return a mail of the type `multipart/<kind>` with `parts` as they are."""
    mark = boundary.encode()
    inside = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    end = b"--" + mark + b"--\r\n" if closed else b""
    about = f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode()
    return mail(inside + end, about)


TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThere is a hole in your fence.\r\n"
ARMOR: Final = (
    b"-----BEGIN PGP MESSAGE-----\r\n\r\n"
    b"hF4DAAAAAAAAAAASAQdAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAw\r\n"
    b"=AAAA\r\n-----END PGP MESSAGE-----\r\n"
)


@_case
def _plain() -> bytes:
    return mail(b"There is a hole in your fence.\r\n")


@_case
def _bad_charset() -> bytes:
    return mail(b"Gr\xfc\xdfe\r\n", b"Content-Type: text/plain; charset=x-no-such-charset")


@_case
def _wrong_charset() -> bytes:
    return mail(b"Gr\xfc\xdfe\r\n", b"Content-Type: text/plain; charset=utf-8")


@_case
def _slow_charset() -> bytes:
    return mail(
        b"a" * 200_000 + b"-" + b"z" * 200_000, b"Content-Type: text/plain; charset=punycode"
    )


@_case
def _binary_codec_as_charset() -> bytes:
    return mail(b"789c4bcc4bccfe", b"Content-Type: text/plain; charset=zlib_codec")


@_case
def _charset_with_nul() -> bytes:
    return mail(b"text\r\n", b'Content-Type: text/plain; charset="utf\x00-8"')


@_case
def _utf7_surrogate() -> bytes:
    return mail(b"+2AA- alone\r\n", b"Content-Type: text/plain; charset=utf-7")


@_case
def _utf16_odd() -> bytes:
    return mail(b"\xff\xfeh\x00i\x00!", b"Content-Type: text/plain; charset=utf-16")


@_case
def _nul_in_body() -> bytes:
    return mail(b"before\x00after\r\n\x00\r\n")


@_case
def _nul_in_subject() -> bytes:
    return mail(b"text\r\n", b"Subject: be\x00fore =?utf-8?q?a=00b?=")


@_case
def _newline_in_encoded_word() -> bytes:
    forged = base64.b64encode(b"x\r\nSignature: good\r\n\r\n")
    return mail(
        b"text\r\n",
        b"Subject: =?utf-8?b?" + forged + b"?=",
        b"From: =?utf-8?q?Real=0D=0ASigned-By:_you?= <reporter@reporter.example>",
    )


@_case
def _line_separators_in_subject() -> bytes:
    return mail(b"text\r\n", "Subject: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei".encode())


@_case
def _bidi_in_subject() -> bytes:
    return mail(b"text\r\n", "Subject: \u202egpj.exe\u202c \u2066x\u2069 \ufeff\u200b".encode())


@_case
def _parentheses_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"(" * 20_000 + b" reporter@reporter.example")


@_case
def _brackets_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"<" * 20_000 + b'"' * 20_001 + b"\\" * 20_001)


@_case
def _group_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"a:" * 10_000 + b";" * 10_000)


@_case
def _two_from() -> bytes:
    return mail(
        b"text\r\n",
        b"From: one@reporter.example",
        b"From: two@reporter.example, three@reporter.example",
    )


@_case
def _address_in_display_name() -> bytes:
    return mail(b"text\r\n", b'From: "security@security.example.org" <reporter@reporter.example>')


@_case
def _no_from() -> bytes:
    return mail(b"text\r\n", leave_out="From")


@_case
def _no_date() -> bytes:
    return mail(b"text\r\n", leave_out="Date")


@_case
def _absurd_date() -> bytes:
    return mail(b"text\r\n", b"Date: Thu, 99 Foo 99999999999999 99:99:99 +9999")


@_case
def _no_message_id() -> bytes:
    return mail(b"text\r\n", leave_out="Message-ID")


@_case
def _no_subject() -> bytes:
    return mail(b"text\r\n", leave_out="Subject")


@_case
def _upper_case() -> bytes:
    return (
        b"FROM: REPORTER@REPORTER.EXAMPLE\r\nTO: SECURITY@SECURITY.EXAMPLE.ORG\r\nSUBJECT: LOUD\r\n"
        b"CONTENT-TYPE: TEXT/PLAIN; CHARSET=UTF-8\r\n\r\nTEXT\r\n"
    )


@_case
def _raw_8bit_header() -> bytes:
    return mail(b"text\r\n", b"Subject: Gr\xfc\xdfe aus K\xf6ln", b"X-\xfcber: y")


@_case
def _raw_utf8_header() -> bytes:
    return mail(
        b"text\r\n",
        "Subject: Grüße".encode(),
        "From: Jürgen <reporter@reporter.example>".encode(),
    )


@_case
def _empty_body() -> bytes:
    return mail(b"")


@_case
def _header_only() -> bytes:
    return b"From: reporter@reporter.example\r\nSubject: A report"


@_case
def _nothing() -> bytes:
    return b""


@_case
def _one_newline() -> bytes:
    return b"\n"


@_case
def _no_header() -> bytes:
    return b"\r\nThere is a hole in your fence.\r\n"


@_case
def _attachment_25_mb() -> bytes:
    data = base64.encodebytes(random.Random(1).randbytes(19 * MIB)).replace(b"\n", b"\r\n")
    part = (
        b'Content-Type: application/octet-stream; name="core.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="core.bin"\r\n\r\n'
    )
    return multipart("mixed", "b25", TEXT, part + data)


@_case
def _attachment_8bit() -> bytes:
    data = bytes(range(256)) * 400
    return multipart("mixed", "b8", TEXT, b"Content-Type: application/octet-stream\r\n\r\n" + data)


@_case
def _deep_1200() -> bytes:
    return _nested(1200)


def _nested(depth: int) -> bytes:
    begin = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    end = b"".join(b"\r\n--b%d--" % level for level in reversed(range(depth)))
    return b"From: reporter@reporter.example\r\nMIME-Version: 1.0\r\n" + begin + TEXT + end


@_case
def _deep_unclosed() -> bytes:
    return _nested(1200).partition(b"There is")[0]


@_case
def _missing_closing_boundary() -> bytes:
    return multipart("mixed", "open", TEXT, TEXT, closed=False)


@_case
def _boundary_at_the_end() -> bytes:
    return multipart("mixed", "end", TEXT, closed=False) + b"--end"


@_case
def _boundary_never_used() -> bytes:
    return mail(b"text that is nowhere\r\n", b"Content-Type: multipart/mixed; boundary=never")


@_case
def _no_boundary() -> bytes:
    return mail(b"--x\r\n\r\ntext\r\n--x--\r\n", b"Content-Type: multipart/mixed")


@_case
def _empty_boundary() -> bytes:
    return mail(b"--\r\n\r\ntext\r\n----\r\n", b'Content-Type: multipart/mixed; boundary=""')


@_case
def _long_boundary() -> bytes:
    return multipart("mixed", "x" * 5000, TEXT)


@_case
def _same_boundary_nested() -> bytes:
    inner = b'Content-Type: multipart/alternative; boundary="same"\r\n\r\n--same\r\n' + TEXT
    return multipart("mixed", "same", inner + b"--same--\r\n", TEXT)


@_case
def _boundary_prefixes() -> bytes:
    inner = b'Content-Type: multipart/mixed; boundary="ab"\r\n\r\n--ab\r\n' + TEXT + b"--ab--\r\n"
    return multipart("mixed", "a", b"--abc\r\n\r\nnot a part", inner, TEXT)


@_case
def _boundary_in_header() -> bytes:
    return multipart("mixed", "a:b", b"Content-Type: text/plain", TEXT)


@_case
def _empty_parts() -> bytes:
    return multipart("mixed", "e", *[b""] * 20)


@_case
def _header_without_colon() -> bytes:
    return mail(b"text\r\n", b"this is no header field", b"X-After: yes")


@_case
def _header_begins_folded() -> bytes:
    return b" folded\r\n" + mail(b"text\r\n")


@_case
def _mbox_line() -> bytes:
    return b"From reporter@reporter.example Thu Sep  3 12:00:00 2026\r\n" + mail(b"text\r\n")


@_case
def _bare_cr() -> bytes:
    return mail(b"one\rtwo\r", ends=b"\r")


@_case
def _bare_cr_in_header() -> bytes:
    return mail(b"text\r\n", b"Subject: a\rBcc: b@b.example\r\rbody")


@_case
def _bare_lf() -> bytes:
    return multipart("mixed", "lf", TEXT, TEXT).replace(b"\r\n", b"\n")


@_case
def _mixed_line_ends() -> bytes:
    return multipart("mixed", "m", TEXT.replace(b"\r\n", b"\n"), TEXT, b"\n\r\n\r\r\n\n")


@_case
def _huge_header() -> bytes:
    return mail(b"text\r\n", b"X-Huge: " + b"x" * (10 * MIB))


@_case
def _huge_subject() -> bytes:
    return mail(b"text\r\n", b"Subject: " + b"=?utf-8?q?x?= " * 500_000)


@_case
def _huge_folded_header() -> bytes:
    return mail(b"text\r\n", b"Subject: x" + b"\r\n y" * (2 * MIB))


@_case
def _many_headers() -> bytes:
    return mail(b"text\r\n", *[b"X: y"] * MIB)


@_case
def _many_references() -> bytes:
    return mail(b"text\r\n", b"References:" + b"\r\n <a@b.example>" * 100_000)


@_case
def _many_parts() -> bytes:
    return multipart("mixed", "p", *[TEXT] * 5000)


@_case
def _boundaries_100000() -> bytes:
    return multipart("mixed", "p", *[b""] * 100_000)


@_case
def _dash_lines() -> bytes:
    return mail(b"\r\n--x" * (2 * MIB), b"Content-Type: multipart/mixed; boundary=y")


@_case
def _many_parameters() -> bytes:
    return mail(b"text\r\n", b"Content-Type: text/plain" + b"; a=b" * 100_000)


@_case
def _parameter_pieces() -> bytes:
    pieces = b"".join(b"; filename*%d*=%%41" % number for number in range(1000))
    return mail(b"text\r\n", b"Content-Disposition: attachment" + pieces)


@_case
def _hostile_filename() -> bytes:
    return mail(b"text\r\n", b'Content-Disposition: attachment; filename="../../etc/\x00\x1b[2Jx"')


@_case
def _broken_base64() -> bytes:
    return mail(b"QUJD*REV\r\nG=R0===hh", b"Content-Transfer-Encoding: base64")


@_case
def _broken_quoted_printable() -> bytes:
    return mail(b"a=\r\n=Z9=4=\r\n==", b"Content-Transfer-Encoding: quoted-printable")


@_case
def _unknown_encoding() -> bytes:
    return mail(b"text\r\n", b"Content-Transfer-Encoding: x-rot-26")


@_case
def _hostile_html() -> bytes:
    html = b"<p>Hole</p>" + b"<!--" * 100_000 + b"<a" * 100_000 + b"&#" + b"9" * 5000 + b";"
    return mail(html, b"Content-Type: text/html")


@_case
def _html_only() -> bytes:
    html = b"<html><style>p{}</style><body><p>There is a <b>hole</b>&nbsp;here.</p></body></html>"
    return mail(html, b"Content-Type: text/html; charset=utf-8")


@_case
def _forwarded() -> bytes:
    return multipart("mixed", "fwd", TEXT, b"Content-Type: message/rfc822\r\n\r\n" + _plain())


@_case
def _one_part_encrypted() -> bytes:
    part = (
        b'Content-Type: application/octet-stream; name="poc.pdf.gpg"\r\n'
        b'Content-Disposition: attachment; filename="poc.pdf.gpg"\r\n\r\n'
    )
    return multipart("mixed", "half", TEXT, part + ARMOR)


@_case
def _armor_in_text() -> bytes:
    return mail(b"See below.\r\n\r\n" + ARMOR + b"\r\nThat was it.\r\n")


@_case
def _inline_armor() -> bytes:
    return mail(ARMOR)


@_case
def _armor_without_end() -> bytes:
    return mail(b"See below.\r\n" + ARMOR.partition(b"=AAAA")[0])


@_case
def _encrypted() -> bytes:
    return multipart(
        "encrypted",
        "enc",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
    )


@_case
def _encrypted_with_one_part() -> bytes:
    return multipart("encrypted", "enc", b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR)


@_case
def _encrypted_with_three_parts() -> bytes:
    return multipart(
        "encrypted",
        "enc",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
        TEXT,
    )


@_case
def _mangled_by_exchange() -> bytes:
    return multipart(
        "mixed",
        "xch",
        b"Content-Type: text/plain\r\n\r\n\r\n",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ARMOR,
    )


@_case
def _signed_without_signature() -> bytes:
    return multipart("signed", "sig", TEXT)


@_case
def _signed_inside() -> bytes:
    inner = (
        b'Content-Type: multipart/signed; boundary="in"\r\n\r\n--in\r\n' + TEXT + b"\r\n--in\r\n"
        b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n"
        b"=AAAA\r\n-----END PGP SIGNATURE-----\r\n\r\n--in--\r\n"
    )
    return multipart("mixed", "out", inner, TEXT)


@_case
def _key_attached() -> bytes:
    key = (
        b'Content-Type: application/octet-stream; name="key.asc"\r\n\r\n'
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nAAAA\r\n=AAAA\r\n"
        b"-----END PGP PUBLIC KEY BLOCK-----\r\n"
    )
    return multipart("mixed", "key", TEXT, key)


@_case
def _noise() -> bytes:
    return random.Random(2).randbytes(300_000)


@_case
def _noise_of_structure() -> bytes:
    chance = random.Random(3)
    words = [b"\r\n", b"\n", b"--a", b"--b", b"--", b": ", b"Content-Type: multipart/mixed; "]
    words += [b"boundary=a", b"boundary=b", b'"', b"\r", b"\x00", b" ", b"text", b"=?utf-8?q?"]
    return b"Content-Type: multipart/mixed; boundary=a\r\n" + b"".join(
        chance.choice(words) for _ in range(100_000)
    )
