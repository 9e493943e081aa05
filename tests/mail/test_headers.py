"""Header values are read in bounded time, and no value can pose as another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import rfc3339
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.headers import (
    MAILBOXES_MAX,
    MESSAGE_IDS_MAX,
    addresses,
    date,
    decode_text,
    message_ids,
)
from tests.mail.samples import mail_bytes
from tests.sampling import tries

LIMIT = 16 * 1024

_WORDS = (
    b"=?utf-8?q? =?utf-8?b? ?= =0D=0A =00 DQo= \xff =?utf-16?b? =?utf-7?q?+IC4-?= \xe2\x80\xa8 "
    b'\xe2\x80\xae \x00 \x85 =?iso-8859-1?q?=85=9f?= =?x?b?\xff?= < > ( ) " \\ , : ; @ a '
    b"a@b.example"
).split(b" ")
_BLANKS = (b" ", b"\r\n ", b"\r", b"\n", b"\t")
header_bytes = st.one_of(
    mail_bytes, st.lists(st.sampled_from((*_WORDS, *_BLANKS)), max_size=30).map(b"".join)
)


@tries(600)
@given(raw=header_bytes, limit=st.integers(0, 300))
def test_any_value_is_one_printable_line(raw: bytes, limit: int) -> None:
    text = decode_text(raw, limit)
    assert is_printable_line(text)
    assert len(text.splitlines()) <= 1
    assert len(text) <= limit


@tries(600)
@given(raw=header_bytes, limit=st.integers(0, 300))
def test_any_value_gives_mailboxes_that_stood_in_it(raw: bytes, limit: int) -> None:
    for each in addresses(raw, limit):
        assert is_printable_line(each.display)
        if each.address is not None:
            assert str(each.address).encode() in raw[:limit] or not raw.isascii()


@tries(300)
@given(raw=header_bytes)
def test_any_value_gives_ids_and_a_date_or_none(raw: bytes) -> None:
    for each in message_ids(raw):
        assert each.encode() in raw
        assert each.isprintable()
    found = date(raw)
    assert found is None or rfc3339(found)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b" plain \r\n", "plain"),
        (b"a\r\n b\r\n\tc", "a b c"),
        (b"=?utf-8?b?w6Q=?= =?utf-8?b?w7Y=?=", "äö"),
        (b"=?utf-8?b?w6Q=?=\r\n =?utf-8?b?w7Y=?=", "äö"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=E4?= b =?utf-8*de?q?c_d?=", "aä b c d"),
        (b"x=?utf-8?q?y?=z", "xyz"),
        (b"=?utf-8?q?with space?=", "with space"),
        (b"=?x-none?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?utf-8?b?w6Q?=", "ä"),
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Gr\xfc\xdfe", "Grüße"),
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        (b"a\rBcc: x", "a Bcc: x"),
        (b"a\x00b", "a\ufffdb"),
        (b"=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        (b"", ""),
    ],
)
def test_texts(raw: bytes, text: str) -> None:
    assert text == decode_text(raw, LIMIT)


def test_a_cut_text_ends_between_characters() -> None:
    assert "aä" == decode_text("aää".encode(), 4)
    assert "aä" == decode_text("aä漢".encode(), 5)
    assert "ä" == decode_text("ä".encode(), 2)


def read(raw: bytes) -> list[tuple[str, str | None]]:
    return [
        (each.display, str(each.address) if each.address else None)
        for each in addresses(raw, LIMIT)
    ]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"a@b.example", [("", "a@b.example")]),
        (b" <a@b.example>", [("", "a@b.example")]),
        (b"A B <a@b.example>", [("A B", "a@b.example")]),
        (b'"B, A" <a@b.example>, c@d.example', [("B, A", "a@b.example"), ("", "c@d.example")]),
        (b"a@b.example (A B)", [("A B", "a@b.example")]),
        (b"a@b.example (A (nested \\) ) B)", [(r"A (nested \) ) B", "a@b.example")]),
        (b"A\r\n B <a@b.example>", [("A B", "a@b.example")]),
        (b"team: a@b.example, C <c@d.example>;", [("", "a@b.example"), ("C", "c@d.example")]),
        (b"undisclosed-recipients:;", []),
        (b"<@x.example,@y.example:a@b.example>", [("", "a@b.example")]),
        (b'"A \\"x\\" B" <a@b.example>', [('A "x" B', "a@b.example")]),
        (b"=?utf-8?q?J=C3=BCrgen?= <a@b.example>", [("Jürgen", "a@b.example")]),
        (b"J\xc3\xbcrgen <j\xc3\xbc@b.example>", [("Jürgen", "jü@b.example")]),
        (b"no address", [("no address", None)]),
        (b"<>", [("", None)]),
        (b"A <not an address>", [("A", None)]),
        (b"A <a@b.example", [("A", None)]),
        (b'"a@b.example"', [("a@b.example", None)]),
        (b"<a@b.example> <c@d.example>", [("", None)]),
        (b", ,a@b.example,,", [("", "a@b.example")]),
        (b'"unclosed <a@b.example>', [("unclosed <a@b.example>", None)]),
        (b"(unclosed a@b.example", []),
        (b"", []),
    ],
)
def test_mailboxes(raw: bytes, found: list[tuple[str, str | None]]) -> None:
    assert found == read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"=?utf-8?q?a=40b.example=2C?= <real@r.example>",
        b"=?utf-8?b?YUBiLmV4YW1wbGUsIA==?= <real@r.example>",
        b"=?utf-8?q?=3Ca=40b.example=3E?= <real@r.example>",
        b'"a@b.example" <real@r.example>',
        b"a@b.example <real@r.example>",
        b"(a@b.example) <real@r.example>",
    ],
)
def test_what_is_shown_cannot_pose_as_the_address(raw: bytes) -> None:
    assert ["real@r.example"] == [address for _, address in read(raw)]


def test_an_address_that_was_cut_off_is_none() -> None:
    raw = b"<victim@bank.example.evil.example>"
    assert [None] == [each.address for each in addresses(raw, len(b"<victim@bank.example"))]
    raw = b"ok@b.example, victim@bank.example.evil.example"
    found = addresses(raw, len(b"ok@b.example, victim@bank.example"))
    assert ["ok@b.example", "None"] == [str(each.address) for each in found]


def test_only_so_many_mailboxes_are_read() -> None:
    assert MAILBOXES_MAX == len(addresses(b"a@b.example," * 5000, 1_000_000))


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize(
    "raw",
    [
        b"(" * 20_000 + b" a@b.example",
        b"(" * 2_000_000,
        b"()" * 500_000,
        b"\\" * 2_000_000,
        b'"' * 500_000,
        b"<" * 1_000_000,
        b"a:" * 300_000 + b";" * 300_000,
        b"=?" * 500_000,
        b"=?utf-8?q?" * 200_000,
        b"=?utf-8?q?x?= " * 100_000,
        b"<a" * 500_000,
        b" " * 2_000_000,
    ],
    ids=lambda raw: raw[:12].decode("ascii"),
)
def test_hostile_values_cost_no_more_than_their_bytes(raw: bytes) -> None:
    assert len(addresses(raw, len(raw))) <= MAILBOXES_MAX
    assert is_printable_line(decode_text(raw, len(raw)))
    assert len(message_ids(raw)) <= MESSAGE_IDS_MAX
    assert date(raw) is None


def test_message_ids_keep_their_brackets_and_order() -> None:
    assert ("<1@a.example>", "<2@b.example>") == message_ids(
        b' "Your mail of Thursday" <1@a.example>\r\n <2@b.example> <with space@x> <> no@brackets'
    )


def test_of_many_message_ids_the_last_are_kept() -> None:
    raw = b" ".join(b"<%d@a.example>" % number for number in range(500))
    found = message_ids(raw)
    assert MESSAGE_IDS_MAX == len(found)
    assert "<499@a.example>" == found[-1]


@pytest.mark.parametrize(
    "raw", [b"<a\r\n@b>", b"<a\x00@b>", b"<a@b\xff>", b"<" + b"a" * 901 + b">"]
)
def test_ids_that_could_not_be_written_again_are_none(raw: bytes) -> None:
    assert () == message_ids(raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b" Thu, 03 Sep 2026 12:00:00 +0000\r\n", "2026-09-03T12:00:00Z"),
        (b"Thu, 3 Sep 2026 14:00:05 +0200 (CEST)", "2026-09-03T12:00:05Z"),
        (b"3 Sep 2026 07:30 -0430", "2026-09-03T12:00:00Z"),
        (b"Thu,\r\n 3 Sep 2026\r\n 12:00:00 GMT", "2026-09-03T12:00:00Z"),
        (b"3 September 26 08:00:00 EDT", "2026-09-03T12:00:00Z"),
        (b"3 Sep 99 12:00:00 XYZ", "1999-09-03T12:00:00Z"),
        (b"3 Sep 126 12:00:00", "2026-09-03T12:00:00Z"),
        (b"THU, 03 SEP 2026 12:00:00 -0000", "2026-09-03T12:00:00Z"),
        (b"31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59Z"),
    ],
)
def test_dates(raw: bytes, text: str) -> None:
    found = date(raw)
    assert found is not None
    assert text == rfc3339(found)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"yesterday",
        b"2026-09-03T12:00:00Z",
        b"32 Sep 2026 12:00:00 +0000",
        b"3 Foo 2026 12:00:00 +0000",
        b"3 Sep 2026 25:00:00 +0000",
        b"3 Sep 2026 12:00:00 +9999",
        b"3 Sep 9999 12:00:00 +0000",
        b"3 Sep 1969 12:00:00 +0000",
        b"3 Sep 0001 12:00:00 +0000",
        b"3 Sep 99999999 12:00:00 +0000",
    ],
)
def test_dates_that_are_none(raw: bytes) -> None:
    assert date(raw) is None
