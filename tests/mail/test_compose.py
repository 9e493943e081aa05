"""Letters hold exactly what was put into them, and nothing of it shows outside."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.chunks import base64_lines
from gatekeeper.mail.compose import (
    INNER_FIELDS,
    OUTER_FIELDS,
    OuterFrame,
    inner,
    outer,
)
from gatekeeper.mail.headers import decode_text
from gatekeeper.mail.openpgp import Encrypted, layer
from gatekeeper.mail.reading import Piece
from gatekeeper.mail.sheltered import CONTENT_FIELDS, sheltered
from gatekeeper.mail.structure import Part, scan
from tests.hostile.making import ARMOR, mail, multipart
from tests.mail.samples import LIMITS, letterhead, mail_bytes, part_of
from tests.mail.test_header_writing import ONE_FIELD
from tests.sampling import tries
from tests.torture import torture

OUTER_SUBJECT = "Encrypted message [k7q2]"
MIME_FIELDS = ("MIME-Version", "Content-Type")
LIMIT = 100_000


def composed(
    *,
    block: str = "What was verified.",
    content: Part | None = None,
    header_block: bytes = b"",
    pieces: tuple[Piece, ...] = (),
    raw_attachment: bytes | None = None,
) -> Part:
    """Return the structure of a letter, after the checks that hold for every letter."""
    raw = inner(
        head=letterhead(),
        outer_subject=OUTER_SUBJECT,
        block=block,
        content=content,
        header_block=header_block,
        pieces=pieces,
        raw_attachment=raw_attachment,
    )
    wide = ReadingLimits(depth=2000, parts=200_000)
    root = scan(raw, wide).root
    assert ("multipart/mixed", "v1", "cipher") == (
        root.content_type,
        root.params["protected-headers"],
        root.params["hp"],
    )
    return root


def parsed(raw: bytes) -> list[EmailMessage]:
    """Return the parts that Python's own parser finds in a mail."""
    return [
        part
        for part in message_from_bytes(raw, policy=default).iter_parts()
        if isinstance(part, EmailMessage)
    ]


def leaves(content: Part) -> list[bytes]:
    """Return the bodies of the parts without children."""
    return [part.body for part in content.walk() if not part.children]


@tries(400)
@given(raw=mail_bytes)
def test_any_content_is_embedded_byte_for_byte(raw: bytes) -> None:
    content = part_of(raw)
    root = composed(content=content, header_block=content.header_block)
    chunks = sheltered(content)
    embedded = root.children[1 : 1 + len(chunks)]
    assert 1 + len(chunks) + bool(content.header_block) == len(root.children)
    assert [each.body for each in chunks] == [each.body for each in embedded]
    if len(chunks) == 1:
        assert content.body == embedded[0].body or content.children
        assert {each.name.lower() for each in embedded[0].fields} <= CONTENT_FIELDS
    if content.header_block:
        assert content.header_block == root.children[-1].decoded()


@tries(200)
@given(raw=mail_bytes)
def test_python_reads_the_same_number_of_parts(raw: bytes) -> None:
    content = part_of(raw)
    parts = parsed(composed(content=content, raw_attachment=raw).entity)
    assert 2 + len(sheltered(content)) == len(parts)
    assert raw == parts[-1].get_payload(decode=True)


@pytest.mark.parametrize("name", sorted(torture()))
def test_torture_mails_are_embedded_byte_for_byte(name: str) -> None:
    content = part_of(torture()[name])
    root = composed(
        content=content, header_block=content.header_block, raw_attachment=content.source
    )
    embedded = root.children[1 : 1 + len(sheltered(content))]
    if len(embedded) == 1:
        assert content.body == embedded[0].body
    bodies = [each.body for each in embedded]
    assert all(any(leaf in body for body in bodies) for leaf in leaves(content))
    assert content.source == root.children[-1].decoded()


def test_the_content_keeps_its_type_and_its_parts() -> None:
    content = part_of(torture()["one-part-encrypted"])
    embedded = composed(content=content).children[1]
    assert content.content_type == embedded.content_type
    assert [each.entity for each in content.children] == [e.entity for e in embedded.children]


def test_only_content_fields_of_the_original_are_kept() -> None:
    content = part_of(
        mail(
            b"text",
            b"Received: from secret.example",
            b"Content-Type: text/plain;\r\n charset=utf-8",
            b"Content-Length: 3",
            b"X-Content-Type: x",
            b"Content-Type: text/html",
        )
    )
    embedded = composed(content=content).children[1]
    assert [("Content-Type", b" text/plain;\r\n charset=utf-8")] == [
        (each.name, each.raw) for each in embedded.fields
    ]


def test_a_bare_cr_in_a_content_field_ends_no_line() -> None:
    """Python and others take a bare CR for a line end; in a body it must stay, here it must not."""
    fields = (b"Content-Type: text/plain\rX-Evil: y", b"Content-Description: a\rb\r\rfake\x00")
    content = part_of(mail(b"text", *fields))
    embedded = composed(content=content).children[1]
    assert b" text/plain; charset=utf-8" == embedded.first("Content-Type")
    assert b" a b  fake " == embedded.first("Content-Description")
    assert "text" == parsed(composed(content=content).entity)[1].get_payload()


def test_content_of_a_type_without_its_field_is_no_text() -> None:
    whole = Part(
        source=b"\x00\x01", start=0, body_start=0, end=2, content_type="application/octet-stream"
    )
    assert "application/octet-stream" == composed(content=whole).children[1].content_type


def test_a_letter_may_have_our_block_alone() -> None:
    (block,) = composed(block="Grüße\nzwei").children
    assert "Grüße\r\nzwei\r\n".encode() == block.decoded()
    assert ("text/plain", "utf-8", "8bit") == (
        block.content_type,
        block.params["charset"],
        block.encoding,
    )


@pytest.mark.parametrize("block", ["x" * 5000, "a\x00b\u2028c\u202ed", "", "\n\n", "--=_x\r\n--"])
def test_any_block_is_one_printable_part(block: str) -> None:
    (part,) = composed(block=block).children
    text = part.decoded().decode()
    assert "\x00" not in text
    assert "\u202e" not in text
    assert "\u2028" not in text
    assert max(map(len, part.body.split(b"\r\n"))) <= 998


def test_opened_pieces_are_attachments_and_closed_ones_are_not_there() -> None:
    root = composed(
        pieces=(
            Piece(label="poc.pdf.gpg", data=b"\x00PDF"),
            Piece(label="closed", data=None, problem="why"),
            Piece(label='Grüße; "x"', data=b""),
        )
    )
    first, second = root.children[1:]
    assert (b"\x00PDF", "piece-1-poc.pdf", "attachment") == (
        first.decoded(),
        first.filename,
        first.disposition,
    )
    assert b" poc.pdf.gpg" == first.first("Content-Description")
    assert "piece-2-Gr_e_x" == second.filename
    assert 'Grüße; "x"' == decode_text(second.first("Content-Description") or b"", LIMIT)


@pytest.mark.parametrize("label", ["../../etc/passwd", "....", "x" * 500, "ä", ".bashrc", "a b"])
def test_names_of_pieces_are_harmless(label: str) -> None:
    (_, piece) = composed(pieces=(Piece(label=label, data=b"x"),)).children
    assert re.fullmatch(r"piece-1-[A-Za-z0-9._-]{1,60}", piece.filename or "")


@pytest.mark.parametrize(
    "header", [b"A: b\r\n\r\n", b"A: b\n", b"A: \xff\r\n", b"A: \x00", b"A\rB", b"x" * 2000]
)
def test_the_header_as_received_comes_back(header: bytes) -> None:
    (_, part) = composed(header_block=header).children
    assert header == part.decoded()
    assert ("text/rfc822-headers", "attachment") == (part.content_type, part.disposition)
    assert part.body.isascii()


def test_the_original_comes_back() -> None:
    raw = bytes(range(256)) * 300
    (_, part) = composed(raw_attachment=raw).children
    assert raw == part.decoded()
    assert ("application/octet-stream", "original.eml") == (part.content_type, part.filename)


def test_no_content_can_hold_the_boundary_even_if_it_knows_the_seed() -> None:
    first = composed(content=part_of(b"\r\ntext")).params["boundary"]
    hostile = b"\r\n--" + first.encode() + b"--\r\n--" + first.encode() + b"\r\n\r\nfake block"
    root = composed(content=part_of(hostile))
    assert first != root.params["boundary"]
    assert 2 == len(root.children)
    assert hostile[2:] == root.children[1].body


def test_no_header_field_of_the_content_can_hold_the_boundary() -> None:
    """A type that names our own boundary would make the content take our parts for its own."""
    first = composed(content=part_of(b"\r\ntext")).params["boundary"]
    content = part_of(mail(b"text", f'Content-Type: multipart/mixed; boundary="{first}"'.encode()))
    root = composed(content=content)
    assert first != root.params["boundary"]
    assert first == root.children[1].params["boundary"]
    assert b"text" == root.children[1].body


def test_a_boundary_is_repeatable_and_of_this_letter() -> None:
    other = inner(
        head=letterhead(boundary_seed=b"fedcba9876543210"),
        outer_subject=OUTER_SUBJECT,
        block="What was verified.",
        content=None,
        header_block=b"",
    )
    assert composed().entity == composed().entity
    assert composed().params["boundary"] != part_of(other).params["boundary"]
    assert composed().params["boundary"] != part_of(_sent(_frame())).params["boundary"]


def test_the_real_subject_is_inside_and_the_outer_one_repeated() -> None:
    root = composed()
    assert b" A hole in your fence" == root.first("Subject")
    hidden = {each.split(b":")[0].strip(): each for each in root.every("HP-Outer")}
    assert f" Subject: {OUTER_SUBJECT}".encode() == hidden[b"Subject"]


def test_hp_outer_repeats_what_stands_outside() -> None:
    """RFC 9788 §2.2: one HP-Outer for each field outside, with the very same value."""
    frame = part_of(_sent(_frame()))
    repeated = [each.strip().split(b":", 1) for each in composed().every("HP-Outer")]
    assert {name.decode(): _unfolded(value) for name, value in repeated} == {
        each.name: _unfolded(each.raw) for each in frame.fields if each.name in INNER_FIELDS
    }


def _unfolded(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"").strip()


def test_fields_that_are_empty_are_not_written() -> None:
    head = letterhead(reply_to="", references=(), list_id="", autocrypt="")
    sent = outer(head=head, outer_subject=OUTER_SUBJECT).head
    for name in (
        b"Reply-To",
        b"In-Reply-To",
        b"References",
        b"List-Id",
        b"Precedence",
        b"Autocrypt",
    ):
        assert name not in sent
    raw = inner(head=head, outer_subject="x", block="", content=None, header_block=b"")
    assert b"Reply-To" not in raw


def _frame(subject: str = "A hole in your fence") -> OuterFrame:
    return outer(head=letterhead(subject=subject), outer_subject=OUTER_SUBJECT)


def _sent(frame: OuterFrame) -> bytes:
    return frame.head + ARMOR + frame.tail


def test_the_frame_is_pgp_mime_around_the_armor() -> None:
    scanned = scan(_sent(_frame()), LIMITS)
    assert () == scanned.problems
    found = layer(scanned.root)
    assert Encrypted(ciphertext=ARMOR) == found
    assert "application/pgp-encrypted" == scanned.root.params["protocol"]
    assert b"Version: 1\r\n" == scanned.root.children[0].body
    assert _frame().head.endswith(b"\r\n\r\n")


def test_the_frame_holds_whitelisted_fields_in_order_and_no_other() -> None:
    root = part_of(_sent(_frame()))
    assert [*OUTER_FIELDS, *MIME_FIELDS] == [each.name for each in root.fields]
    values = {each.name: decode_text(each.raw, LIMIT) for each in root.fields}
    assert {
        "From": "Example security <security@security.example.org>",
        "To": "Response team <security@security.example.org>",
        "Subject": OUTER_SUBJECT,
        "Date": "Thu, 03 Sep 2026 12:00:00 +0000",
        "Message-ID": "<4fz@security.example.org>",
        "Reply-To": "security@security.example.org",
        "In-Reply-To": "<2@b.example>",
        "References": "<1@a.example> <2@b.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "list",
        "List-Id": "<response-team.security.example.org>",
        "X-Gatekeeper-Loop": "abc.def",
        "Autocrypt": "addr=security@security.example.org; keydata= mQAA",
        "MIME-Version": "1.0",
    } == {name: value for name, value in values.items() if name != "Content-Type"}


def test_nothing_of_the_real_subject_is_in_the_frame() -> None:
    assert _frame(subject="first") == _frame(subject="second, much longer " * 20)


@tries(300)
@given(subject=st.text(max_size=300), outside=st.text(max_size=300))
def test_any_subject_is_refused_or_changes_its_own_field_only(subject: str, outside: str) -> None:
    try:
        head = letterhead(subject=subject)
        frame = outer(head=head, outer_subject=outside)
    except ValueError:
        assert printable_line(subject) != subject or printable_line(outside) != outside
        return
    raw = inner(head=head, outer_subject=outside, block="b", content=None, header_block=b"")
    sent = frame.head + ARMOR + frame.tail
    assert sent.isascii()
    assert all(len(line) <= 78 for line in sent.split(b"\r\n"))
    names = [each.name for each in part_of(sent).fields]
    expected = [each for each in OUTER_FIELDS if each != "Subject" or outside.strip(" ")]
    assert [*expected, *MIME_FIELDS] == names
    allowed = {*INNER_FIELDS, "HP-Outer", "X-Gatekeeper-Loop", *MIME_FIELDS}
    assert allowed >= {e.name for e in part_of(raw).fields}
    for each in part_of(sent).fields:
        assert ONE_FIELD.fullmatch(each.name.encode() + b":" + each.raw + b"\r\n")


def test_python_reads_a_letter_as_it_was_meant() -> None:
    content = part_of(multipart("mixed", "q", b"\r\none", b"\r\ntwo"))
    raw = composed(
        block="Grüße",
        content=content,
        header_block=content.header_block,
        pieces=(Piece(label="poc.gpg", data=b"\x00"),),
        raw_attachment=content.source,
    ).entity
    letter = message_from_bytes(raw, policy=default)
    assert "A hole in your fence" == letter["Subject"]
    assert "Example security <security@security.example.org>" == letter["From"]
    parts = parsed(raw)
    assert [
        "text/plain",
        "multipart/mixed",
        "application/octet-stream",
        "text/rfc822-headers",
        "application/octet-stream",
    ] == [part.get_content_type() for part in parts]
    assert "Grüße\n" == parts[0].get_content().replace("\r\n", "\n")
    assert b"\x00" == parts[2].get_payload(decode=True)
    assert content.header_block == parts[3].get_payload(decode=True)
    assert content.source == parts[4].get_payload(decode=True)


@given(st.binary(max_size=500))
def test_base64_lines_are_short(data: bytes) -> None:
    written = base64_lines(data)
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")
