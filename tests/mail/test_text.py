"""The text that people read is found, and hostile HTML costs no more than its bytes."""

import pytest
from hypothesis import given

from gatekeeper.mail.text import HTML_MAX, first_text, page_text, read_text, readable
from tests.hostile.making import TEXT, mail, multipart
from tests.mail.samples import mail_bytes, part_of
from tests.mail.test_charset import FORBIDDEN
from tests.sampling import tries
from tests.torture import torture

HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
ATTACHED = b"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\n"


@tries(300)
@given(raw=mail_bytes)
def test_any_mail_has_a_printable_text(raw: bytes) -> None:
    root = part_of(raw)
    assert not FORBIDDEN.search(first_text(root))
    for part in root.walk():
        assert not FORBIDDEN.search(readable(part))
        assert not FORBIDDEN.search(page_text(part).text)


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize("name", sorted(torture()))
def test_torture_mails_are_read_in_bounded_time(name: str) -> None:
    root = part_of(torture()[name])
    assert not FORBIDDEN.search(first_text(root))


def html(raw: bytes) -> str:
    return page_text(part_of(HTML + raw)).text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"<p>a</p><p>b</p>", "a\n\nb"),
        (b"a<br>b<BR/>c", "a\nb\nc"),
        (b"<b>a</b>b", "ab"),
        (b"&lt;a&gt; &amp; &#65;&#x42;", "<a> & AB"),
        (b"<script>x</script>a<style>y</style>b<title>z</title>", "ab"),
        (b"<!-- a > -- b -->c", "c"),
        (b"<!doctype html><?xml?>a", "a"),
        (b"a < b and 3<4", "a < b and 3<4"),
        (b"<script>never closed", "[hidden text left out]"),
        (b"a<b never closed", "a<b never closed"),
        (b"a<!-- never closed", "a<!-- never closed"),
        (b"&#" + b"9" * 5000 + b";", "\ufffd;"),
        (b"&#8238;&#0;&#x2028;", "\ufffd"),
        ("Grüße".encode(), "Grüße"),
        (b"", ""),
    ],
)
def test_html_without_its_tags(raw: bytes, text: str) -> None:
    assert text == html(raw)


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize(
    "raw",
    [b"<!--", b"<a", b"<a>", b"<script>", b"<script></script", b"</", b"&#", b"&#x", b"\n \n"],
)
def test_hostile_html_costs_no_more_than_its_bytes(raw: bytes) -> None:
    assert not FORBIDDEN.search(html(raw * (HTML_MAX // len(raw))))


def test_plain_text_comes_before_html_and_attached_text() -> None:
    raw = multipart("mixed", "q", ATTACHED + b"attached", HTML + b"<p>html</p>", TEXT)
    assert "There is a hole in your fence.\n" == first_text(part_of(raw))


def test_html_comes_before_attached_text() -> None:
    raw = multipart("mixed", "q", ATTACHED + b"attached", HTML + b"<p>html</p>")
    assert "html" == first_text(part_of(raw))


def test_attached_text_is_better_than_none() -> None:
    assert "attached" == first_text(part_of(multipart("mixed", "q", ATTACHED + b"attached")))


def test_an_empty_text_is_passed_over() -> None:
    raw = multipart("mixed", "q", b"Content-Type: text/plain\r\n\r\n \r\n", HTML + b"html")
    assert "html" == first_text(part_of(raw))


def test_a_multipart_without_parts_is_text() -> None:
    assert "text that is nowhere\n" == first_text(part_of(torture()["boundary-never-used"]))


def test_no_text_at_all() -> None:
    assert not first_text(part_of(mail(b"\x00\x01", b"Content-Type: image/png")))


def test_the_charset_of_a_part_counts() -> None:
    root = part_of(mail("Привет".encode("koi8-r"), b"Content-Type: text/plain; charset=koi8-r"))
    assert "Привет" == readable(root)
    assert not read_text(root).problem


@pytest.mark.parametrize("name", ["bad-charset", "wrong-charset"])
def test_a_wrong_charset_is_said_and_loses_nothing(name: str) -> None:
    found = read_text(part_of(torture()[name]))
    assert "Grüße\n" == found.text
    assert "charset" in found.problem
