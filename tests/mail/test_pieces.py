"""Encrypted and signed pieces inside a mail are found apart, each once, and none is made up."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.openpgp import Clear, Encrypted, InlineSigned, Signed, layer
from gatekeeper.mail.pieces import Pieces, pieces, signed_parts
from tests.hostile.making import ARMOR, TEXT, mail, multipart
from tests.mail.samples import LIMITS, mail_bytes, part_of
from tests.mail.test_openpgp import BINARY, CLEARSIGNED, CONTROL, OCTETS, SIGNATURE
from tests.sampling import tries
from tests.torture import torture


def found(raw: bytes, limit: int = 20) -> Pieces:
    return pieces(part_of(raw), replace(LIMITS, pieces=limit))


def spans(raw: bytes, limit: int = 20) -> list[tuple[str, bytes]]:
    return [(each.label, each.data) for each in found(raw, limit).spans]


def test_armored_messages_in_a_text_are_pieces() -> None:
    armor = ARMOR.rstrip() + b"\n"
    assert [("armored message 1, text in part 0", armor)] == spans(torture()["armor-in-text"])
    twice = mail(b"one\r\n" + ARMOR + b"two\r\n" + ARMOR)
    assert ["armored message 1, text in part 0", "armored message 2, text in part 0"] == [
        label for label, _ in spans(twice)
    ]


def test_an_armored_message_without_its_end_is_said() -> None:
    (only,) = found(torture()["armor-without-end"]).spans
    assert b"-----BEGIN PGP MESSAGE-----" == only.data[:27]
    assert "an armored message without its end" == only.problem


def test_armor_in_html_is_a_piece() -> None:
    html = b"<html><pre>" + ARMOR.replace(b"\r\n", b"<br>\r\n") + b"</pre></html>"
    ((label, data),) = spans(mail(html, b"Content-Type: text/html"))
    assert "armored message 1, text in part 0" == label
    assert data.startswith(b"-----BEGIN PGP MESSAGE-----\n")
    assert data.endswith(b"-----END PGP MESSAGE-----\n")
    assert b"<" not in data


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b'application/octet-stream; name="poc.pdf.gpg"', BINARY),
        (b'application/pgp; name="poc.pdf.gpg"', ARMOR),
        (b'image/png; name="poc.pdf.gpg"', BINARY),
    ],
)
def test_attachments_that_are_messages_are_pieces(head: bytes, body: bytes) -> None:
    part = b"Content-Type: " + head + b"\r\n\r\n" + body
    assert [("poc.pdf.gpg", body)] == spans(multipart("mixed", "q", TEXT, part))


def test_an_attached_text_is_called_by_its_name() -> None:
    part = b'Content-Type: text/plain; name="poc.asc"\r\n\r\n' + ARMOR
    ((label, _),) = spans(multipart("mixed", "q", TEXT, part))
    assert "armored message 1, poc.asc" == label


def test_an_encrypted_multipart_inside_is_a_piece() -> None:
    inner = (
        b"Content-Type: multipart/encrypted; boundary=e\r\n\r\n--e\r\n" + CONTROL + b"\r\n--e\r\n"
    )
    inner += OCTETS + ARMOR + b"\r\n--e--\r\n"
    raw = multipart("mixed", "q", inner, TEXT)
    assert Clear() == layer(part_of(raw))
    assert [("part 3", ARMOR)] == spans(raw)


@pytest.mark.parametrize("name", ["plain", "key-attached", "signed-inside", "forwarded"])
def test_ordinary_mail_has_no_pieces(name: str) -> None:
    assert [] == spans(torture()[name])


def test_more_pieces_than_allowed_are_said() -> None:
    more = found(mail(b"x\r\n" + ARMOR * 9), 3).spans
    assert 4 == len(more)
    assert b"" == more[-1].data
    assert "more than 3 encrypted pieces; the rest was not opened" == more[-1].problem


QUOTED = b"".join(b"> " + line + b"\r\n" for line in ARMOR.rstrip().split(b"\r\n"))
PLAIN = b"Content-Type: text/plain\r\n\r\n"


@pytest.mark.parametrize("mark", [b"> ", b">", b">> ", b"> > ", b" > ", b">\t"])
def test_a_quoted_armored_message_is_a_piece(mark: bytes) -> None:
    quoted = QUOTED.replace(b"> ", mark)
    text = mail(b"You wrote:\r\n" + quoted + b"> and more\r\nNo.\r\n")
    assert [("quoted armored message 1, text in part 0", ARMOR.rstrip() + b"\n")] == spans(text)
    assert not found(text).others


@pytest.mark.parametrize(
    "text",
    [
        QUOTED.replace(b"> =AAAA", b"=AAAA"),
        QUOTED.partition(b"> -----END")[0] + b"No.\r\n",
        QUOTED.partition(b"> -----END")[0],
    ],
)
def test_a_quoted_message_that_is_broken_off_is_said(text: bytes) -> None:
    (only,) = found(mail(b"You wrote:\r\n" + text)).spans
    assert "an armored message without its end" == only.problem
    assert only.data.startswith(b"-----BEGIN PGP MESSAGE-----")
    assert b"No." not in only.data


def forwarded(raw: bytes, more: bytes = b"") -> bytes:
    part = b"Content-Type: message/rfc822\r\n" + more + b"\r\n" + raw
    return multipart("mixed", "fw", TEXT, part)


def test_a_forwarded_mail_is_looked_into() -> None:
    inside = forwarded(mail(b"Hello\r\n" + ARMOR))
    label = "armored message 1, text in the mail forwarded in part 2"
    assert [(label, ARMOR.rstrip() + b"\n")] == spans(inside)
    file = b'Content-Type: application/octet-stream; name="poc.gpg"\r\n\r\n' + BINARY
    inside = forwarded(multipart("mixed", "in", TEXT, file))
    assert [("poc.gpg, part 2 of the mail forwarded in part 2", BINARY)] == spans(inside)


def encrypted_mail() -> bytes:
    return multipart("encrypted", "e", CONTROL, OCTETS + ARMOR)


def test_a_forwarded_mail_that_is_encrypted_as_a_whole_is_one_piece() -> None:
    (only,) = found(forwarded(encrypted_mail())).spans
    assert ("the mail forwarded in part 2", ARMOR, True) == (only.label, only.data, only.is_mail)


def assert_only_said(raw: bytes) -> None:
    """Fail unless one span without data tells of what is not opened: the mail is not in clear."""
    pieces_of_it = found(raw)
    assert pieces_of_it.others
    assert [("another armored message", b"")] == spans(raw)
    assert "" != pieces_of_it.spans[0].problem


def test_a_mail_forwarded_in_a_forwarded_one_stays_closed_and_is_said() -> None:
    inside = forwarded(forwarded(encrypted_mail()).replace(b"fw", b"in"))
    assert_only_said(inside)
    assert not found(forwarded(forwarded(mail(b"x")).replace(b"fw", b"in"))).others


@pytest.mark.parametrize(
    "raw",
    [
        mail(b"See -----BEGIN PGP MESSAGE----- in the middle of a line"),
        mail(b"| -----BEGIN PGP MESSAGE-----\r\n| x\r\n"),
        mail(b"<img alt='" + ARMOR + b"'>", b"Content-Type: text/html"),
        multipart("mixed", "m", b"Content-Type: message/partial\r\n\r\n" + ARMOR),
        multipart("mixed", "m", TEXT) + ARMOR,
        multipart("mixed", "m", TEXT).replace(b"--m\r\n", ARMOR + b"--m\r\n", 1),
        multipart("mixed", "m", TEXT, OCTETS + b"words, then " + ARMOR),
    ],
)
def test_what_looks_like_a_message_and_is_no_piece_is_said(raw: bytes) -> None:
    assert_only_said(raw)


def test_a_page_that_repeats_a_text_has_no_piece_of_its_own() -> None:
    """Web mail sends pasted armor twice; a page with another message has its own."""
    html = b"Content-Type: text/html\r\n\r\n<pre>" + ARMOR + b"</pre>"
    twice = multipart("alternative", "a", PLAIN + ARMOR, html)
    assert ["armored message 1, text in part 1"] == [label for label, _ in spans(twice)]
    assert not found(twice).others
    other = multipart("alternative", "a", PLAIN + ARMOR, html.replace(b"hF4D", b"hF4E"))
    assert 2 == len(spans(other))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "UTF-16BE", "utf-32"])
def test_armor_is_found_in_wide_characters(charset: str) -> None:
    raw = mail((b"Hello\r\n" + ARMOR).decode().encode(charset), _text_in(charset))
    assert [("armored message 1, text in part 0", ARMOR.rstrip() + b"\n")] == spans(raw)


def _text_in(charset: str) -> bytes:
    return f"Content-Type: text/plain; charset={charset}".encode()


def test_an_encrypted_multipart_inside_is_known_to_hold_a_mail() -> None:
    inner = encrypted_mail().partition(b"MIME-Version: 1.0\r\n")[2]
    (only,) = found(multipart("mixed", "q", TEXT, inner)).spans
    assert ("part 4", True) == (only.label, only.is_mail)
    (only,) = found(multipart("mixed", "q", TEXT, OCTETS + ARMOR)).spans
    assert not only.is_mail


def signed_inside(raw: bytes, *, but_root: bool = True) -> list[str]:
    return [each.label for each in signed_parts(part_of(raw), but_root=but_root)]


SIGNED = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + TEXT + b"\r\n--s\r\n"
SIGNED += SIGNATURE + b"\r\n--s--\r\n"


def test_signed_parts_are_found_where_they_are() -> None:
    footer = multipart("mixed", "q", SIGNED, TEXT)
    assert ["part 1"] == signed_inside(footer)
    (only,) = signed_parts(part_of(footer))
    assert isinstance(only.layer, Signed)
    assert TEXT == only.layer.content
    beside = multipart("mixed", "q", TEXT, SIGNATURE, TEXT)
    assert ["the first part of the content"] == signed_inside(beside)
    text = mail(b"Hi\r\n" + CLEARSIGNED + b"more\r\n" + CLEARSIGNED)
    expected = ["signed text 1 in the content", "signed text 2 in the content"]
    assert expected == signed_inside(text)
    assert ["signed text 1 in part 1"] == signed_inside(
        multipart("mixed", "q", PLAIN + CLEARSIGNED)
    )


def test_a_signed_part_in_a_signed_part_is_one_of_its_own() -> None:
    outer = multipart("signed", "o", SIGNED, SIGNATURE)
    assert ["part 1"] == signed_inside(outer)
    assert ["the content", "part 1"] == signed_inside(outer, but_root=False)


def test_the_layer_of_the_root_is_left_out_or_not() -> None:
    whole = mail(CLEARSIGNED)
    assert [] == signed_inside(whole)
    (only,) = signed_parts(part_of(whole), but_root=False)
    assert InlineSigned(armor=CLEARSIGNED.rstrip() + b"\n") == only.layer


@pytest.mark.parametrize(
    "raw",
    [
        multipart("signed", "q", TEXT, SIGNATURE, TEXT),
        multipart("mixed", "q", SIGNATURE, TEXT, TEXT),
        multipart("mixed", "q", b'Content-Type: text/plain; name="a"\r\n\r\nx', SIGNATURE, TEXT),
        multipart("mixed", "q", TEXT, SIGNATURE, OCTETS + b"x"),
        forwarded(multipart("signed", "s", TEXT, SIGNATURE)),
        mail(CLEARSIGNED, b"Content-Type: text/html"),
        mail(b"".join(b"> " + line + b"\n" for line in CLEARSIGNED.split(b"\n"))),
        mail(b"x\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n-----END PGP SIGNATURE-----\r\n"),
    ],
)
def test_what_is_signed_otherwise_is_no_signed_part(raw: bytes) -> None:
    assert [] == signed_inside(raw)


@tries(300)
@given(raw=mail_bytes, but_root=st.booleans())
def test_any_mail_is_searched(raw: bytes, but_root: bool) -> None:
    root = part_of(raw)
    assert all(is_printable_line(each.label) for each in pieces(root, LIMITS).spans)
    for each in signed_parts(root, but_root=but_root):
        assert is_printable_line(each.label)


@pytest.mark.timeout(60)  # each takes a second or two; an attack would take hours
@pytest.mark.parametrize(
    "line",
    [
        b"> -----BEGIN PGP MESSAGE-----\n",
        b"> -----BEGIN PGP MESSAGE-----\n> -----END PGP MESSAGE-----\nx\n",
        b"-----BEGIN PGP SIGNED MESSAGE-----\n-----BEGIN PGP SIGNATURE-----\n",
        b">" * 78 + b"\n",
    ],
)
def test_hostile_quotes_cost_no_more_than_their_bytes(line: bytes) -> None:
    root = part_of(mail(line * (4_000_000 // len(line))))
    assert len(pieces(root, LIMITS).spans) <= 21
    assert not list(signed_parts(root))


WIDE = [
    mark + ARMOR.decode().encode(codec)
    for codec, marks in {
        "utf-8": (b"\xef\xbb\xbf",),
        "utf-16-le": (b"", b"\xff\xfe"),
        "utf-16-be": (b"", b"\xfe\xff"),
        "utf-32-le": (b"", b"\xff\xfe\x00\x00"),
        "utf-32-be": (b"", b"\x00\x00\xfe\xff"),
    }.items()
    for mark in marks
]


@pytest.mark.parametrize("data", WIDE)
@pytest.mark.parametrize(
    "kind", [b"application/octet-stream", b"application/pgp-encrypted", b"text/plain"]
)
def test_a_file_in_another_charset_is_a_piece(data: bytes, kind: bytes) -> None:
    """Editors and shells write armor so; none of it travelled in clear."""
    head = (
        b"Content-Type: " + kind + b'; name="poc.asc"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    (only,) = found(multipart("mixed", "m", TEXT, head + base64.encodebytes(data))).spans
    assert (ARMOR.split(), "") == (only.data.split(), only.problem)


@pytest.mark.parametrize("data", WIDE)
def test_a_message_in_another_charset_is_the_whole_mail(data: bytes) -> None:
    octets = OCTETS.removesuffix(b"\r\n") + b"Content-Transfer-Encoding: base64\r\n\r\n"
    whole = layer(part_of(multipart("encrypted", "e", CONTROL, octets + base64.encodebytes(data))))
    assert isinstance(whole, Encrypted)
    assert ARMOR == whole.ciphertext


@pytest.mark.parametrize("kind", [b"octet-stream", b"pgp-encrypted", b"x-log"])
def test_messages_between_words_in_a_file_are_pieces(kind: bytes) -> None:
    file = (
        b"Content-Type: application/"
        + kind
        + b"\r\n\r\nFirst:\r\n"
        + ARMOR
        + b"\r\nand:\r\n"
        + ARMOR
    )
    raw = multipart("mixed", "m", TEXT, file)
    armor = ARMOR.rstrip() + b"\n"
    labels = ["armored message 1, part 2", "armored message 2, part 2"]
    assert [(label, armor) for label in labels] == spans(raw)
    assert not found(raw).others


def test_a_file_with_null_bytes_that_names_the_mark_is_no_piece() -> None:
    """A program that writes armor holds such a text."""
    raw = multipart("mixed", "m", TEXT, OCTETS + b"\x7fELF\0-----BEGIN PGP MESSAGE-----\0")
    assert Pieces() == found(raw)
