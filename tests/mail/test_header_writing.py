"""No value, whatever it holds, writes more than the one field it is meant for."""

import re
from base64 import b64decode
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.domain.instants import Instant
from gatekeeper.mail.charset import is_printable_line, printable_line
from gatekeeper.mail.header_writing import (
    encode_autocrypt,
    encode_date,
    encode_header,
    encode_mailbox,
    encode_message_ids,
    encode_token,
    field_lines,
)
from gatekeeper.mail.headers import addresses, date, decode_text, message_ids
from tests.mail.samples import part_of
from tests.sampling import tries

ONE_FIELD = re.compile(rb"[A-Za-z-]+:(?:[ -~]*\r\n(?=[ ]))*[ -~]*\r\n")
"""One field in printable ASCII; each of its line ends but the last is followed by a blank."""

INJECTIONS = (
    "a\r\nBcc: x@x.example",
    "a\nBcc: x@x.example",
    "a\rBcc: x@x.example",
    "a\r\n\r\nbody",
    "a\x00b",
    "a\x0bb",
    "a\x0cb",
    "a\x1cb",
    "a\x1db",
    "a\x1eb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\u202eb",
    "a\tb",
    "\ud800",
    "\x7f",
    "\x1b[2J",
)

some_text = st.text(st.characters(codec="utf-8"), max_size=150).map(printable_line)


@tries(500)
@given(text=st.text(max_size=200))
@example(text="=?utf-8?q?a=0D=0ABcc:_x?=")
@example(text="a" * 2000)
@example(text=" two  blanks ")
def test_any_text_is_refused_or_one_field(text: str) -> None:
    if not is_printable_line(text):
        with pytest.raises(ValueError, match="a header value is one printable line"):
            encode_header(text)
        return
    value = encode_header(text)
    written = field_lines("Subject", value)
    assert ONE_FIELD.fullmatch(written)
    assert all(len(line) <= 78 for line in written.split(b"\r\n"))
    assert [written] == [b"Subject:" + each.raw + b"\r\n" for each in part_of(written).fields]


@tries(500)
@given(text=some_text)
@example(text="=?utf-8?q?x?=")
@example(text="x" * 500)
@example(text="ä" * 500)
@example(text="a  b")
def test_what_is_read_can_be_written_and_read_back(text: str) -> None:
    """What decode_text gives is never refused, so no mail can stop its own letter."""
    written = field_lines("Subject", encode_header(text))
    assert text == decode_text(part_of(written).fields[0].raw, 100_000)


@pytest.mark.parametrize("text", ["Grüße", "漢字" * 40, "a" * 300, "=?x?=", "plain words only"])
def test_another_reader_reads_the_same(text: str) -> None:
    written = field_lines("Subject", encode_header(text))
    assert text == message_from_bytes(written, policy=default)["Subject"]


@given(raw=st.binary(max_size=200))
def test_any_subject_that_was_read_can_be_written(raw: bytes) -> None:
    encode_header(decode_text(raw, 1000))


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_value_takes_a_line_end_or_control(text: str) -> None:
    with pytest.raises(ValueError, match="header value"):
        encode_header(text)
    with pytest.raises(ValueError, match="token"):
        encode_token(text)
    with pytest.raises(ValueError, match="mailbox"):
        encode_mailbox(f"a@b.example{text}")
    with pytest.raises(ValueError, match="mailbox"):
        encode_mailbox(f"{text} <a@b.example>")
    with pytest.raises(ValueError, match="Message-ID"):
        encode_message_ids((f"<{text}@b.example>",))
    with pytest.raises(ValueError, match="header field"):
        field_lines("Subject", text)
    with pytest.raises(ValueError, match="header field"):
        field_lines(f"X{text}", "y")


@pytest.mark.parametrize("name", ["", "A B", "A:", "Ä", "-", "1", "A\r\nB", "A" * 99])
def test_no_name_but_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        field_lines(name, "y")


@pytest.mark.parametrize("value", ["ä", "\x7f", "\u2028"])
def test_no_value_but_ascii_is_written(value: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        field_lines("Subject", value)


def test_an_empty_value_is_an_empty_field() -> None:
    assert b"Subject:\r\n" == field_lines("Subject", encode_header(""))


def test_folding_keeps_every_word_and_blank() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    written = field_lines("Subject", encode_header(words))
    assert f"Subject: {words}\r\n".encode() == written.replace(b"\r\n ", b" ")
    assert written.count(b"\r\n") > 5


def test_a_word_that_is_too_long_stays_whole() -> None:
    value = f"<{'a' * 500}@b.example>"
    assert f"Message-ID:\r\n {value}\r\n".encode() == field_lines("Message-ID", value)


@tries(500)
@given(name=some_text)
@example(name='"quoted" \\ name')
@example(name="a, b; c: <d@e.example>")
@example(name="=?utf-8?q?x?=")
@example(name="(comment)")
@example(name="two  blanks")
@example(name="a" * 200)
def test_any_name_of_a_mailbox_is_quoted_encoded_or_refused(name: str) -> None:
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    value = encode_mailbox(f"{quoted} <a@b.example>")
    assert ONE_FIELD.fullmatch(field_lines("From", value))
    (found,) = addresses(value.encode(), 10_000)
    assert "a@b.example" == str(found.address)
    assert decode_text(name.encode(), 100_000) == found.display


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a@b.example", "a@b.example"),
        ("<a@b.example>", "a@b.example"),
        ("A B <a@b.example>", "A B <a@b.example>"),
        ("A. B <a@b.example>", '"A. B" <a@b.example>'),
        ("Jürgen <a@b.example>", "=?utf-8?b?SsO8cmdlbg==?= <a@b.example>"),
    ],
)
def test_mailboxes(text: str, value: str) -> None:
    assert value == encode_mailbox(text)


@pytest.mark.parametrize(
    "text",
    ["", "name", "a@b.example, c@d.example", "g: a@b.example;x", "ü@b.example", "<a b@c.example>"],
)
def test_what_is_not_one_plain_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one mailbox"):
        encode_mailbox(text)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "ä", "<a>", "a,b", "a" * 201])
def test_what_is_not_one_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        encode_token(token)


def test_message_ids_are_written_as_they_are_read() -> None:
    ids = ("<1@a.example>", "<no-at-sign>")
    assert ids == message_ids(encode_message_ids(ids).encode())
    assert not encode_message_ids(())


@pytest.mark.parametrize("text", ["", "a@b", "<a@b> <c@d>", "<a b>", "<a@b", "<ä@b>"])
def test_what_is_not_a_message_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        encode_message_ids((text,))


@given(st.integers(0, 250_000_000_000).map(lambda seconds: seconds * 1_000_000))
def test_dates_come_back(instant: int) -> None:
    value = encode_date(Instant(instant))
    assert instant == date(value.encode())
    assert value.endswith(" +0000")


def test_a_date_has_whole_seconds() -> None:
    assert "Thu, 01 Jan 1970 00:00:01 +0000" == encode_date(Instant(1_999_999))


@given(certificate=st.binary(max_size=2000))
def test_a_key_in_the_header_comes_back_whole_and_folded(certificate: bytes) -> None:
    """Autocrypt Level 1: attributes, then the key in base64 in which blanks do not count."""
    value = encode_autocrypt("security@example.org", certificate)
    written = field_lines("Autocrypt", value)
    assert all(len(line) <= 78 for line in written.split(b"\r\n"))
    addr, prefer, keydata = value.split("; ", 2)
    assert ("addr=security@example.org", "prefer-encrypt=mutual") == (addr, prefer)
    assert certificate == b64decode(keydata.removeprefix("keydata=").replace(" ", ""))


@pytest.mark.parametrize("address", ["", "ü@example.org", "a@b.example\r\nX: y"])
def test_a_key_in_the_header_is_of_one_plain_address(address: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        encode_autocrypt(address, b"x")
