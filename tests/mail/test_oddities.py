"""What looks otherwise elsewhere is said, in words that quote nothing."""

import time

import pytest
from hypothesis import given

from gatekeeper.mail import oddities as odd
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.oddities import oddities
from gatekeeper.mail.parse import read
from tests.mail.samples import LIMITS, mail_bytes
from tests.mail.test_attachments import file, multipart
from tests.sampling import tries

HEAD = b"From: Rea <rea@a.example>\r\nSubject: s\r\nDate: Thu, 03 Sep 2026 12:00:00 +0000\r\n"
PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe parser writes past its buffer.\r\n"
WORDS = "The parser writes past its buffer and one two three four five six seven".split()


def found(raw: bytes) -> tuple[str, ...]:
    mail = read(raw, LIMITS)
    return oddities(mail, mail.root)


def html(text: str) -> bytes:
    return b"Content-Type: text/html; charset=utf-8\r\n\r\n" + text.encode()


def test_an_ordinary_mail_has_none() -> None:
    for body in (PLAIN, multipart(PLAIN, file("filename=a.bin"))):
        assert () == found(HEAD + body)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            b"From: Other <b@b.example>\r\n",
            (
                "its header has 2 From fields, and programs show one or another",
                odd.SENDERS,
            ),
        ),
        (b"Subject: t\r\n", ("its header has 2 Subject fields, and programs show one or another",)),
        (b"Date: x\r\n", ("its header has 2 Date fields, and programs show one or another",)),
        (b"Reply-To: else@b.example\r\n", (odd.ELSEWHERE,)),
        (b"Reply-To: Rea <REA@a.example>\r\n", ()),
        (b"Reply-To: rea@a.example, else@b.example\r\n", (odd.ELSEWHERE,)),
    ],
)
def test_the_header(head: bytes, expected: tuple[str, ...]) -> None:
    assert expected == found(head + HEAD + PLAIN)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ('"security@vendor.example" <rea@a.example>', (odd.NAME_AS_ADDRESS,)),
        ("=?utf-8?q?wei=40team=2Eexample?= <rea@a.example>", (odd.NAME_AS_ADDRESS,)),
        ('"Rea (rea@a.example)" <rea@a.example>', ()),
        ('"Rea @ work" <rea@a.example>', ()),
        ("rea@a.example", ()),
        ("rea@a.example, wei@b.example", (odd.SENDERS,)),
    ],
)
def test_the_name_of_the_sender(sender: str, expected: tuple[str, ...]) -> None:
    assert expected == found(f"From: {sender}\r\n".encode() + PLAIN)


def test_html_alone_is_said() -> None:
    assert (odd.ONLY_HTML,) == found(HEAD + html("<p>A hole in your fence"))
    empty = multipart(b"Content-Type: text/plain\r\n\r\n \r\n", html("<p>A hole"))
    assert (odd.ONLY_HTML,) == found(HEAD + empty)


def test_html_that_says_the_same_is_not_odd() -> None:
    """Programs write one from the other, with links and line ends of their own."""
    text = " ".join(WORDS)
    same = f"<p>{'</b> <b>'.join(WORDS)} <a href='https://a.example/x'>see</a>"
    plain = PLAIN + f"{text} see <https://a.example/x> rea@a.example\r\n".encode()
    assert () == found(HEAD + multipart(plain, html(same), kind=b"alternative"))


def test_html_that_says_something_else_is_odd() -> None:
    other = html("<p>Please transfer the bounty to this account today, and tell nobody else")
    both = multipart(PLAIN, other, kind=b"alternative")
    assert (odd.OTHER_HTML,) == found(HEAD + both)


def test_an_html_file_is_no_second_text() -> None:
    """A page that is attached, as a proof often is, is a file like any other."""
    page = file("filename=poc.html", "text/html", b"<script src=//evil.example></script>")
    assert () == found(HEAD + multipart(PLAIN, page))


@pytest.mark.parametrize(
    "page",
    [
        "<img src='http://a.example/1.png'>",
        "<img src=//a.example/1.png>",
        '<IMG SRC = "HTTPS://a.example/1.png">',
        "<body background=https://a.example/b>",
        "<p style='background: url(https://a.example/b)'>",
        "<style>@import 'a.css'</style>",
        "<link rel=stylesheet href='https://a.example/a.css'>",
        "<img srcset='https://a.example/1.png 2x'>",
    ],
)
def test_remote_content_is_said(page: str) -> None:
    assert odd.REMOTE in found(HEAD + html(f"<p>hello {page}"))


@pytest.mark.parametrize(
    "page", ["<img src='cid:1@a'>", "<a href='https://a.example/'>see</a>", "<p>src: //x"]
)
def test_what_loads_nothing_is_not_odd(page: str) -> None:
    assert odd.REMOTE not in found(HEAD + html(f"<p>hello {page}"))


@pytest.mark.parametrize(
    "page",
    [
        "<p style='display:none'>x",
        "<p style='DISPLAY : NONE'>x",
        "<p style='font-size:0px;color:red'>x",
        '<p style="font-size: 0">x',
        "<p style='visibility: hidden'>x",
        "<p style='opacity:0'>x",
        "<p style='mso-hide:all'>x",
        "<p hidden>x",
        "<p class=a hidden=hidden>x",
    ],
)
def test_hidden_text_is_said(page: str) -> None:
    assert odd.CONCEALED in found(HEAD + html(f"<p>hello {page}"))


@pytest.mark.parametrize(
    "page",
    ["<p style='font-size:0.8em'>x", "<p style='opacity:0.5'>x", "<p>hidden"],
)
def test_what_is_shown_is_not_hidden(page: str) -> None:
    assert odd.CONCEALED not in found(HEAD + html(f"<p>hello {page}"))


@pytest.mark.parametrize(
    ("charset", "body", "expected"),
    [
        (b"klingon", "hé".encode(), (f"{odd.UNKNOWN_CHARSET}; it is shown as UTF-8",)),
        (b"utf-8", b"h\xe9", (f"{odd.NOT_IN_CHARSET}; it is shown as Western (windows-1252)",)),
        (b"us-ascii", "hé".encode(), (f"{odd.NOT_IN_CHARSET}; it is shown as UTF-8",)),
        (b"iso-8859-1", b"h\xe9", ()),
    ],
)
def test_charsets(charset: bytes, body: bytes, expected: tuple[str, ...]) -> None:
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + body
    assert expected == found(raw)


@tries(300)
@given(raw=mail_bytes)
def test_any_mail_comes_to_a_few_printable_lines(raw: bytes) -> None:
    lines = found(raw)
    assert len(set(lines)) == len(lines) < 20
    assert all(is_printable_line(line) for line in lines)


@pytest.mark.parametrize(
    "page",
    ["<link " * 170_000, "a" * 1_000_000, "src=" * 250_000, "<a " + " " * 900_000, "a@" * 500_000],
)
def test_no_text_takes_long(page: str) -> None:
    """What is searched is searched in time that grows with its length."""
    begun = time.process_time()
    found(HEAD + multipart(PLAIN, html(page), kind=b"alternative"))
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("kind", [b"application/pkcs7-mime", b"application/x-pkcs7-mime"])
def test_a_message_in_smime_is_said_and_a_signed_one_is_not(kind: bytes) -> None:
    mails = {
        more: HEAD + b"Content-Type: " + kind + b'; name="smime.p7m"' + more + b"\r\n\r\nx"
        for more in (b"", b"; smime-type=enveloped-data", b"; smime-type=signed-data")
    }
    assert [True, True, False] == [odd.SMIME in found(raw) for raw in mails.values()]
