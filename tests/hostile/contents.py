"""Mails whose texts, charsets and transfer encodings are broken, or nothing at all."""

import base64
import random
from typing import Final

from tests.hostile.making import MIB, TEXT, Cases, mail, multipart

CASES: Final = Cases()


@CASES.add
def plain() -> bytes:
    return mail(b"There is a hole in your fence.\r\n")


@CASES.add
def _bad_charset() -> bytes:
    return mail(b"Gr\xfc\xdfe\r\n", b"Content-Type: text/plain; charset=x-no-such-charset")


@CASES.add
def _wrong_charset() -> bytes:
    return mail(b"Gr\xfc\xdfe\r\n", b"Content-Type: text/plain; charset=utf-8")


@CASES.add
def _slow_charset() -> bytes:
    return mail(
        b"a" * 200_000 + b"-" + b"z" * 200_000, b"Content-Type: text/plain; charset=punycode"
    )


@CASES.add
def _binary_codec_as_charset() -> bytes:
    return mail(b"789c4bcc4bccfe", b"Content-Type: text/plain; charset=zlib_codec")


@CASES.add
def _charset_with_nul() -> bytes:
    return mail(b"text\r\n", b'Content-Type: text/plain; charset="utf\x00-8"')


@CASES.add
def _utf7_surrogate() -> bytes:
    return mail(b"+2AA- alone\r\n", b"Content-Type: text/plain; charset=utf-7")


@CASES.add
def _utf16_odd() -> bytes:
    return mail(b"\xff\xfeh\x00i\x00!", b"Content-Type: text/plain; charset=utf-16")


@CASES.add
def _nul_in_body() -> bytes:
    return mail(b"before\x00after\r\n\x00\r\n")


@CASES.add
def _empty_body() -> bytes:
    return mail(b"")


@CASES.add
def _header_only() -> bytes:
    return b"From: reporter@reporter.example\r\nSubject: A report"


@CASES.add
def _nothing() -> bytes:
    return b""


@CASES.add
def _one_newline() -> bytes:
    return b"\n"


@CASES.add
def _no_header() -> bytes:
    return b"\r\nThere is a hole in your fence.\r\n"


@CASES.add
def _bare_cr() -> bytes:
    return mail(b"one\rtwo\r", ends=b"\r")


@CASES.add
def _attachment_25_mb() -> bytes:
    data = base64.encodebytes(random.Random(1).randbytes(19 * MIB)).replace(b"\n", b"\r\n")
    part = (
        b'Content-Type: application/octet-stream; name="core.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="core.bin"\r\n\r\n'
    )
    return multipart("mixed", "b25", TEXT, part + data)


@CASES.add
def _attachment_8bit() -> bytes:
    data = bytes(range(256)) * 400
    return multipart("mixed", "b8", TEXT, b"Content-Type: application/octet-stream\r\n\r\n" + data)


@CASES.add
def _broken_base64() -> bytes:
    return mail(b"QUJD*REV\r\nG=R0===hh", b"Content-Transfer-Encoding: base64")


@CASES.add
def _broken_quoted_printable() -> bytes:
    return mail(b"a=\r\n=Z9=4=\r\n==", b"Content-Transfer-Encoding: quoted-printable")


@CASES.add
def _unknown_encoding() -> bytes:
    return mail(b"text\r\n", b"Content-Transfer-Encoding: x-rot-26")


@CASES.add
def _hostile_html() -> bytes:
    html = b"<p>Hole</p>" + b"<!--" * 100_000 + b"<a" * 100_000 + b"&#" + b"9" * 5000 + b";"
    return mail(html, b"Content-Type: text/html")


@CASES.add
def _html_only() -> bytes:
    html = b"<html><style>p{}</style><body><p>There is a <b>hole</b>&nbsp;here.</p></body></html>"
    return mail(html, b"Content-Type: text/html; charset=utf-8")


@CASES.add
def _noise() -> bytes:
    return random.Random(2).randbytes(300_000)
