"""Mails whose multiparts are deep, many, open, or nested in themselves."""

import random
from typing import Final

from tests.hostile.contents import plain
from tests.hostile.making import MIB, TEXT, Cases, mail, multipart

CASES: Final = Cases()


@CASES.add
def _deep_1200() -> bytes:
    return _nested(1200)


def _nested(depth: int) -> bytes:
    begin = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    end = b"".join(b"\r\n--b%d--" % level for level in reversed(range(depth)))
    return b"From: reporter@reporter.example\r\nMIME-Version: 1.0\r\n" + begin + TEXT + end


@CASES.add
def _deep_unclosed() -> bytes:
    return _nested(1200).partition(b"There is")[0]


@CASES.add
def _missing_closing_boundary() -> bytes:
    return multipart("mixed", "open", TEXT, TEXT, closed=False)


@CASES.add
def _boundary_at_the_end() -> bytes:
    return multipart("mixed", "end", TEXT, closed=False) + b"--end"


@CASES.add
def _boundary_never_used() -> bytes:
    return mail(b"text that is nowhere\r\n", b"Content-Type: multipart/mixed; boundary=never")


@CASES.add
def _no_boundary() -> bytes:
    return mail(b"--x\r\n\r\ntext\r\n--x--\r\n", b"Content-Type: multipart/mixed")


@CASES.add
def _empty_boundary() -> bytes:
    return mail(b"--\r\n\r\ntext\r\n----\r\n", b'Content-Type: multipart/mixed; boundary=""')


@CASES.add
def _long_boundary() -> bytes:
    return multipart("mixed", "x" * 5000, TEXT)


@CASES.add
def _same_boundary_nested() -> bytes:
    inner = b'Content-Type: multipart/alternative; boundary="same"\r\n\r\n--same\r\n' + TEXT
    return multipart("mixed", "same", inner + b"--same--\r\n", TEXT)


@CASES.add
def _boundary_prefixes() -> bytes:
    inner = b'Content-Type: multipart/mixed; boundary="ab"\r\n\r\n--ab\r\n' + TEXT + b"--ab--\r\n"
    return multipart("mixed", "a", b"--abc\r\n\r\nnot a part", inner, TEXT)


@CASES.add
def _boundary_in_header() -> bytes:
    return multipart("mixed", "a:b", b"Content-Type: text/plain", TEXT)


@CASES.add
def _empty_parts() -> bytes:
    return multipart("mixed", "e", *[b""] * 20)


@CASES.add
def _bare_lf() -> bytes:
    return multipart("mixed", "lf", TEXT, TEXT).replace(b"\r\n", b"\n")


@CASES.add
def _mixed_line_ends() -> bytes:
    return multipart("mixed", "m", TEXT.replace(b"\r\n", b"\n"), TEXT, b"\n\r\n\r\r\n\n")


@CASES.add
def _many_parts() -> bytes:
    return multipart("mixed", "p", *[TEXT] * 5000)


@CASES.add
def _boundaries_100000() -> bytes:
    return multipart("mixed", "p", *[b""] * 100_000)


@CASES.add
def _dash_lines() -> bytes:
    return mail(b"\r\n--x" * (2 * MIB), b"Content-Type: multipart/mixed; boundary=y")


@CASES.add
def _forwarded() -> bytes:
    return multipart("mixed", "fwd", TEXT, b"Content-Type: message/rfc822\r\n\r\n" + plain())


@CASES.add
def _noise_of_structure() -> bytes:
    chance = random.Random(3)
    words = [b"\r\n", b"\n", b"--a", b"--b", b"--", b": ", b"Content-Type: multipart/mixed; "]
    words += [b"boundary=a", b"boundary=b", b'"', b"\r", b"\x00", b" ", b"text", b"=?utf-8?q?"]
    return b"Content-Type: multipart/mixed; boundary=a\r\n" + b"".join(
        chance.choice(words) for _ in range(100_000)
    )
