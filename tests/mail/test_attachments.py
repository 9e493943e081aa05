"""Files of a mail: which parts are files, under what names, and what is said of them."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.filenames import file_name
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.attachments import (
    BLANKS,
    ENCODED,
    HIDDEN,
    NO_TYPE,
    OTHER_TYPE,
    PATH,
    PROGRAM,
    TURNED,
    TWO_NAMES,
    Attachment,
    attachments,
)
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.structure import scan
from tests.mail.samples import any_limits, mail_bytes, part_of
from tests.mail.test_openpgp import SIGNATURE
from tests.sampling import tries

TEXT = b"Content-Type: text/plain\r\n\r\nhello\r\n"


def multipart(*parts: bytes, kind: bytes = b"mixed", mark: bytes = b"m") -> bytes:
    head = b"Content-Type: multipart/%b; boundary=%b\r\n\r\n" % (kind, mark)
    inside = b"".join(b"--%b\r\n%b\r\n" % (mark, part) for part in parts)
    return head + inside + b"--%b--\r\n" % mark


def file(about: str = "", kind: str = "application/octet-stream", body: bytes = b"x") -> bytes:
    head = f"Content-Type: {kind}\r\n"
    if about:
        head += f"Content-Disposition: attachment; {about}\r\n"
    return head.encode() + b"\r\n" + body


def only(*parts: bytes) -> Attachment:
    (found,) = attachments(part_of(multipart(TEXT, *parts)))
    return found


def test_a_text_alone_has_no_file() -> None:
    assert () == attachments(part_of(TEXT))


def test_a_file_is_named_numbered_and_weighed_as_it_was() -> None:
    """The bytes are those that were sent, whatever a text with such a name would mean."""
    data = bytes(range(256)) * 3
    encoded = b"Content-Transfer-Encoding: base64\r\n" + file(
        "filename=poc.bin", body=base64.encodebytes(data)
    )
    first, second = attachments(
        part_of(multipart(TEXT, encoded, file("filename=b.txt", "text/plain", b"1\r\n2")))
    )
    assert (1, "poc.bin", "poc.bin", 768, ()) == (
        first.number,
        first.name,
        first.file,
        first.size,
        first.notes,
    )
    assert data == first.part.decoded()
    assert (2, "b.txt", "text/plain", 4) == (
        second.number,
        second.name,
        second.content_type,
        second.size,
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((b"Content-Type: text/html\r\n\r\n<p>hello",), []),
        ((b"Content-Type: text/plain\r\n\r\n   \r\n",), []),
        ((SIGNATURE,), []),
        ((b"Content-Type: application/pgp-signature\r\n\r\nx",), ["attachment.bin"]),
        ((SIGNATURE + b"PS: publish it\r\n",), ["attachment.bin"]),
        ((b"Content-Type: application/pgp-keys\r\n\r\nx",), ["attachment.asc"]),
        ((b"Content-Type: image/png\r\n\r\nx",), ["attachment.png"]),
        ((b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.example",), ["attachment.eml"]),
    ],
)
def test_what_counts_as_a_file_beside_a_text(parts: tuple[bytes, ...], expected: list[str]) -> None:
    both = multipart(TEXT, *parts, kind=b"alternative")
    assert expected == [each.file for each in attachments(part_of(both))]


def test_a_further_text_is_kept_as_a_file() -> None:
    """Only one text is shown; what follows, such as a list's footer, must not be lost."""
    assert "attachment.txt" == only(b"Content-Type: text/plain\r\n\r\nmore").file


def test_pictures_beside_html_are_files_and_the_html_is_none() -> None:
    related = multipart(
        b"Content-Type: text/html\r\n\r\n<img src=cid:1>",
        b"Content-Type: image/png\r\nContent-ID: <1>\r\n\r\nx",
        kind=b"related",
        mark=b"r",
    )
    found = attachments(part_of(multipart(TEXT, related, kind=b"alternative")))
    assert ["image/png"] == [each.content_type for each in found]


def test_a_mail_that_is_one_file() -> None:
    (found,) = attachments(part_of(file("filename=a.pdf", "application/pdf")))
    assert "a.pdf" == found.file


def test_a_text_with_a_name_is_shown_and_is_a_file() -> None:
    named = b"Content-Type: text/plain; name=fix.patch\r\n\r\n--- a\r\n"
    (found,) = attachments(part_of(named))
    assert ("fix.patch", ()) == (found.file, found.notes)


@pytest.mark.parametrize(
    ("about", "kind", "notes"),
    [
        ("filename*=utf-8''poc%E2%80%AEfdp.exe", "application/octet-stream", (TURNED,)),
        ("filename*=utf-8''poc%E2%80%8B.txt", "text/plain", (HIDDEN,)),
        ("filename*=utf-8''a%0D%0AFrom:x.txt", "text/plain", (HIDDEN,)),
        ("filename*=utf-8''a%1B%5B2J.txt", "text/plain", (HIDDEN,)),
        ('filename="../../etc/passwd.txt"', "text/plain", (PATH,)),
        ('filename="C:\\\\\\\\x\\\\\\\\y.txt"', "text/plain", (PATH,)),
        ("filename=report.pdf.exe", "application/octet-stream", (PROGRAM,)),
        ('filename="report.pdf         .scr"', "application/octet-stream", (BLANKS, PROGRAM)),
        ("filename=poc.tar.gz", "application/gzip", ()),
        ("filename=v1.2.pdf", "application/pdf", ()),
        ("filename=shot.png", "application/x-msdownload", (OTHER_TYPE,)),
        ("filename=shot.PNG", "image/png", ()),
        ("filename=photo.jpeg", "image/jpg", ()),
        ("filename=page.html", "text/plain", (OTHER_TYPE,)),
        ("filename=a.txt", "text/html", (OTHER_TYPE,)),
        ("filename=fix.patch", "text/x-diff", ()),
        ("filename=fix.patch", "text/plain", ()),
        ("filename=key.asc", "text/plain", ()),
        ("filename=core", "application/octet-stream", (NO_TYPE,)),
        ("filename=core.bin", "application/octet-stream", ()),
        ("", "application/octet-stream", (NO_TYPE,)),
        ("", "application/pdf", ()),
        ("filename=a.pdf", "application/pdf; name=b.pdf", (TWO_NAMES,)),
        ("filename=a.pdf", "application/pdf; name=a.pdf", ()),
    ],
)
def test_what_is_said_of_a_file(about: str, kind: str, notes: tuple[str, ...]) -> None:
    assert notes == only(file(about, kind)).notes


def test_an_unknown_encoding_is_said_and_left() -> None:
    odd = b"Content-Transfer-Encoding: x-uuencode\r\n" + file("filename=a.bin", body=b"begin 644")
    found = only(odd)
    assert ((ENCODED,), b"begin 644") == (found.notes, found.part.decoded())


@pytest.mark.parametrize(
    ("about", "name", "kept"),
    [
        ("filename*=utf-8''..%2F..%2F.ssh%2Fconfig", "../../.ssh/config", "config"),
        ("filename=NUL", "NUL", "NUL_"),
        ("filename=-rf", "-rf", "rf"),
        ("filename*=utf-8''%E2%80%AEgpj.exe", "gpj.exe", "gpj.exe"),
        ("filename*=utf-8''a%0Ab", "a b", "ab"),
        ('filename="=?utf-8?q?na=C3=AFve?="', "naïve", "na_ve"),
        ("filename=" + "a" * 300 + ".txt", "a" * 255, "a" * 96 + ".txt"),
    ],
)
def test_names_are_shown_printable_and_kept_safe(about: str, name: str, kept: str) -> None:
    found = only(file(about, "text/plain"))
    assert (name, kept) == (found.name, found.file)


def test_a_name_that_could_not_be_shown_is_refused() -> None:
    part = part_of(TEXT)
    with pytest.raises(ValueError, match="printable line"):
        Attachment(number=1, name="a\nb", file="a", content_type="a/b", size=0, part=part)


@tries(300)
@given(raw=mail_bytes, limits=any_limits)
def test_any_mail_has_files_with_names_that_harm_nobody(raw: bytes, limits: ReadingLimits) -> None:
    root = scan(raw, limits).root
    for number, each in enumerate(attachments(root), 1):
        assert number == each.number
        assert file_name(each.file, fallback="x") == each.file
        assert all(is_printable_line(text) for text in (each.name, *each.notes))
        assert len(each.part.decoded()) == each.size


@tries(200)
@given(name=st.text(max_size=60))
def test_any_name_is_read(name: str) -> None:
    escaped = "".join(f"%{octet:02x}" for octet in name.encode("utf-8", "replace"))
    about = f"filename*=utf-8''{escaped}" if escaped else ""
    found = only(file(about))
    assert is_printable_line(found.name)
    assert all(is_printable_line(note) for note in found.notes)


def test_a_thousand_files_cost_little() -> None:
    begun = time.process_time()
    parts = [file(f"filename={number}.txt", "text/plain") for number in range(900)]
    root = scan(multipart(TEXT, *parts), ReadingLimits(parts=1000)).root
    assert 900 == len(attachments(root))
    assert time.process_time() - begun < 5
