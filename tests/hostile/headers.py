"""Mails whose header fields are hostile, odd or missing."""

import base64
from typing import Final

from tests.hostile.making import MIB, Cases, mail

CASES: Final = Cases()


@CASES.add
def _nul_in_subject() -> bytes:
    return mail(b"text\r\n", b"Subject: be\x00fore =?utf-8?q?a=00b?=")


@CASES.add
def _newline_in_encoded_word() -> bytes:
    forged = base64.b64encode(b"x\r\nSignature: good\r\n\r\n")
    return mail(
        b"text\r\n",
        b"Subject: =?utf-8?b?" + forged + b"?=",
        b"From: =?utf-8?q?Real=0D=0ASigned-By:_you?= <reporter@reporter.example>",
    )


@CASES.add
def _line_separators_in_subject() -> bytes:
    return mail(b"text\r\n", "Subject: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei".encode())


@CASES.add
def _bidi_in_subject() -> bytes:
    return mail(b"text\r\n", "Subject: \u202egpj.exe\u202c \u2066x\u2069 \ufeff\u200b".encode())


@CASES.add
def _parentheses_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"(" * 20_000 + b" reporter@reporter.example")


@CASES.add
def _brackets_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"<" * 20_000 + b'"' * 20_001 + b"\\" * 20_001)


@CASES.add
def _group_in_from() -> bytes:
    return mail(b"text\r\n", b"From: " + b"a:" * 10_000 + b";" * 10_000)


@CASES.add
def _two_from() -> bytes:
    return mail(
        b"text\r\n",
        b"From: one@reporter.example",
        b"From: two@reporter.example, three@reporter.example",
    )


@CASES.add
def _address_in_display_name() -> bytes:
    return mail(b"text\r\n", b'From: "security@security.example.org" <reporter@reporter.example>')


@CASES.add
def _no_from() -> bytes:
    return mail(b"text\r\n", leave_out="From")


@CASES.add
def _no_date() -> bytes:
    return mail(b"text\r\n", leave_out="Date")


@CASES.add
def _absurd_date() -> bytes:
    return mail(b"text\r\n", b"Date: Thu, 99 Foo 99999999999999 99:99:99 +9999")


@CASES.add
def _no_message_id() -> bytes:
    return mail(b"text\r\n", leave_out="Message-ID")


@CASES.add
def _no_subject() -> bytes:
    return mail(b"text\r\n", leave_out="Subject")


@CASES.add
def _upper_case() -> bytes:
    return (
        b"FROM: REPORTER@REPORTER.EXAMPLE\r\nTO: SECURITY@SECURITY.EXAMPLE.ORG\r\nSUBJECT: LOUD\r\n"
        b"CONTENT-TYPE: TEXT/PLAIN; CHARSET=UTF-8\r\n\r\nTEXT\r\n"
    )


@CASES.add
def _raw_8bit_header() -> bytes:
    return mail(b"text\r\n", b"Subject: Gr\xfc\xdfe aus K\xf6ln", b"X-\xfcber: y")


@CASES.add
def _raw_utf8_header() -> bytes:
    return mail(
        b"text\r\n",
        "Subject: Grüße".encode(),
        "From: Jürgen <reporter@reporter.example>".encode(),
    )


@CASES.add
def _header_without_colon() -> bytes:
    return mail(b"text\r\n", b"this is no header field", b"X-After: yes")


@CASES.add
def _header_begins_folded() -> bytes:
    return b" folded\r\n" + mail(b"text\r\n")


@CASES.add
def _mbox_line() -> bytes:
    return b"From reporter@reporter.example Thu Sep  3 12:00:00 2026\r\n" + mail(b"text\r\n")


@CASES.add
def _bare_cr_in_header() -> bytes:
    return mail(b"text\r\n", b"Subject: a\rBcc: b@b.example\r\rbody")


@CASES.add
def _huge_header() -> bytes:
    return mail(b"text\r\n", b"X-Huge: " + b"x" * (10 * MIB))


@CASES.add
def _huge_subject() -> bytes:
    return mail(b"text\r\n", b"Subject: " + b"=?utf-8?q?x?= " * 500_000)


@CASES.add
def _huge_folded_header() -> bytes:
    return mail(b"text\r\n", b"Subject: x" + b"\r\n y" * (2 * MIB))


@CASES.add
def _many_headers() -> bytes:
    return mail(b"text\r\n", *[b"X: y"] * MIB)


@CASES.add
def _many_references() -> bytes:
    return mail(b"text\r\n", b"References:" + b"\r\n <a@b.example>" * 100_000)


@CASES.add
def _many_parameters() -> bytes:
    return mail(b"text\r\n", b"Content-Type: text/plain" + b"; a=b" * 100_000)


@CASES.add
def _parameter_pieces() -> bytes:
    pieces = b"".join(b"; filename*%d*=%%41" % number for number in range(1000))
    return mail(b"text\r\n", b"Content-Disposition: attachment" + pieces)


@CASES.add
def _hostile_filename() -> bytes:
    return mail(b"text\r\n", b'Content-Disposition: attachment; filename="../../etc/\x00\x1b[2Jx"')
