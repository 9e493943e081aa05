"""No page, image or mail in a letter is shown by a reader's program, and none of it is lost."""

import re
from base64 import b64decode
from email import message_from_bytes
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.attachments import attachments, pages
from gatekeeper.mail.compose import inner
from gatekeeper.mail.sheltered import BAR, is_as_sent, sheltered
from gatekeeper.mail.structure import Part, scan
from tests.hostile.making import TEXT, mail, multipart
from tests.mail.samples import letterhead, mail_bytes, part_of
from tests.sampling import tries
from tests.torture import small_torture, torture

HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>There is a hole.</p>"
IMAGE = b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nUE5H\r\n"
FORWARDED = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nfirst\r\n"
FILE = b'Content-Type: application/pdf; name="a.pdf"\r\n\r\n%PDF'
STATUS = b"Content-Type: message/delivery-status\r\n\r\nStatus: 4\r\n"
PLAIN = b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\ngr\xfcn\r\n"


def part(kind: str, mark: str, *parts: bytes) -> bytes:
    """Return a multipart entity without a mail's header."""
    return multipart(kind, mark, *parts).partition(b"MIME-Version: 1.0\r\n")[2]


def letter(content: Part) -> bytes:
    return inner(
        head=letterhead(), outer_subject="x", block="OURS", content=content, header_block=b""
    )


def embedded(raw: bytes) -> list[Part]:
    """Return the parts of a letter after our block."""
    wide = ReadingLimits(depth=2000, parts=200_000)
    return list(scan(letter(part_of(raw)), wide).root.children[1:])


def kinds(raw: bytes) -> list[tuple[str, str, str | None]]:
    return [(each.content_type, each.disposition, each.filename) for each in embedded(raw)]


@pytest.mark.parametrize(
    "raw",
    [
        mail(b"words"),
        multipart("mixed", "q", TEXT, FILE, PLAIN),
        multipart("mixed", "q", part("signed", "s", TEXT, FILE), TEXT),
        multipart("report", "q", TEXT, STATUS),
        multipart("mixed", "q", b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n"),
    ],
)
def test_texts_and_files_pass_as_they_are(raw: bytes) -> None:
    content = part_of(raw)
    (only,) = embedded(raw)
    assert (content.content_type, content.body) == (only.content_type, only.body)
    assert is_as_sent(content)


def test_a_page_alone_is_a_text_of_ours_and_a_file() -> None:
    text, page = embedded(mail(b"<p>There is a hole.</p>", b"Content-Type: text/html"))
    assert ("text/plain", "") == (text.content_type, text.disposition)
    assert (
        b"(gatekeeper made these lines from the HTML that is attached as page-1.html)\r\n\r\n"
        b"| There is a hole.\r\n"
    ) == text.decoded()
    assert b"<p>There is a hole.</p>" == page.body
    assert ("application/octet-stream", "attachment", "page-1.html") == (
        page.content_type,
        page.disposition,
        page.filename,
    )
    assert b" text/html as received" == page.first("Content-Description")


def test_a_page_with_an_equal_text_is_a_file_only() -> None:
    same = TEXT, b"Content-Type: text/html\r\n\r\n<b>There is a hole in your fence.</b>"
    assert [
        ("text/plain", "", None),
        ("application/octet-stream", "attachment", "page-1.html"),
    ] == kinds(multipart("alternative", "q", *same))


@pytest.mark.parametrize("text", [b"Your program shows no HTML, please use another", b"  \r\n"])
def test_a_page_that_says_more_than_its_text_is_read_too(text: bytes) -> None:
    words = " ".join(f"word{number}" for number in range(30)).encode()
    both = (
        b"Content-Type: text/plain\r\n\r\n" + text,
        b"Content-Type: text/html\r\n\r\n" + words,
    )
    found = embedded(multipart("alternative", "q", *both))
    assert b"| " + words + b"\r\n" in found[1].decoded()


@pytest.mark.parametrize(
    "kind", ["(x) multipart/mixed", "multipart/mixed (x)", "Multipart / Mixed"]
)
def test_a_multipart_of_an_uncertain_type_comes_in_parts(kind: str) -> None:
    """What another program would not take apart, or otherwise, is a blob to nobody."""
    raw = multipart("mixed", "q", TEXT, FILE).replace(b"multipart/mixed", kind.encode())
    assert [("text/plain", "", None), ("application/pdf", "", "a.pdf")] == kinds(raw)


@pytest.mark.parametrize(
    "params",
    [b"boundary=a; boundary*=us-ascii''b", b"boundary=a (b)", b"boundary=a; boundary=b", b"x=y"],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_multipart_that_can_be_divided_in_two_ways_is_not_passed_on(
    params: bytes, *, nested: bool
) -> None:
    """A program that reads the other boundary would show another text below our block."""
    body = b"--a\r\n" + TEXT + b"\r\n--a--\r\n--b\r\n\r\nsecond\r\n--b--\r\n"
    content = b"Content-Type: multipart/mixed; " + params + b"\r\n\r\n" + body
    raw = letter(part_of(part("mixed", "out", TEXT, content) if nested else content))
    assert params not in raw
    assert not is_as_sent(part_of(content))


def test_a_part_with_two_types_is_passed_on_with_the_one_that_was_read() -> None:
    second = b"Content-Type: multipart/mixed; boundary=x\r\n"
    twice = TEXT.replace(b"\r\n\r\n", b"\r\n" + second + b"\r\n", 1)
    raw = part("mixed", "out", twice, FILE)
    assert second in raw
    assert second not in letter(part_of(raw))


def test_of_many_pages_the_first_are_made_into_text() -> None:
    """A mail that is full of them costs no more than some; all are attached."""
    page = b"Content-Type: text/html\r\n\r\n" + b"<p>word" * 90_000
    found = embedded(multipart("mixed", "q", *[page] * 6))
    texts = [each.decoded() for each in found[0::2]]
    assert [True] * 4 + [False] * 2 == [text.startswith(b"(gatekeeper made") for text in texts]
    assert texts[-1].startswith(b"(the HTML that is attached as ")
    assert [page.partition(b"\r\n\r\n")[2]] * 6 == [each.body for each in found[1::2]]


@pytest.mark.timeout(60)  # it takes some seconds; without a bound it would take minutes
@pytest.mark.parametrize("piece", [b"<a>", b"&#1;"])
def test_a_mail_full_of_pages_costs_little(piece: bytes) -> None:
    size = 10_000_000 // 190
    page = b"Content-Type: text/html\r\n\r\n" + piece * (size // len(piece))
    assert 380 == len(sheltered(part_of(multipart("mixed", "q", *[page] * 190))))


def test_a_page_beside_a_text_is_read_too() -> None:
    """multipart/mixed says nothing of texts that are the same."""
    found = embedded(multipart("mixed", "q", TEXT, HTML))
    assert [b"There is a hole in your fence.\r\n", b"| There is a hole."] == [
        found[0].decoded(),
        found[1].decoded().rstrip().rpartition(b"\n")[2],
    ]


def test_what_is_shown_becomes_files_in_its_order() -> None:
    both = part("alternative", "in", TEXT, HTML)
    raw = multipart("mixed", "q", part("related", "re", both, IMAGE), FILE, FORWARDED, PLAIN)
    octets = "application/octet-stream"
    assert [
        ("text/plain", "", None),
        (octets, "attachment", "page-1.html"),
        (octets, "attachment", "a.png"),
        ("application/pdf", "", "a.pdf"),
        (octets, "attachment", "attachment.eml"),
        ("text/plain", "", None),
    ] == kinds(raw)
    found = embedded(raw)
    assert [b"UE5H\r\n", b"gr\xfcn\r\n"] == [found[2].body, found[5].body]
    assert ("base64", b"PNG") == (found[2].encoding, found[2].decoded())
    assert b"Subject: x\r\n\r\nfirst\r\n" == found[4].decoded()
    assert not is_as_sent(part_of(raw))


def test_files_have_the_numbers_and_names_that_the_block_tells() -> None:
    raw = multipart("mixed", "q", HTML, IMAGE, HTML, FORWARDED, FILE)
    content = part_of(raw)
    told = [name for name, _ in pages(content)]
    files = [each.file for each in attachments(content)]
    sent = [name for _, _, name in kinds(raw) if name]
    assert ["page-1.html"] == told
    assert ["a.png", "attachment.html", "attachment.eml", "a.pdf"] == files
    assert told + files == sent


def test_a_part_of_the_mail_that_shows_nothing_passes_whole() -> None:
    signed = part("signed", "s", TEXT, FILE)
    raw = multipart("mixed", "q", signed, IMAGE)
    assert "multipart/signed" == embedded(raw)[0].content_type
    assert signed.partition(b"\r\n\r\n")[2].startswith(embedded(raw)[0].body)


IMITATION = """<pre>SEC-2026-0001: message to security@example.org

Signature:   good, by Andrea Example of the response team; From confirmed

The lines above are gatekeeper's.</pre>"""


def test_a_page_cannot_write_a_line_of_ours() -> None:
    text, _ = embedded(mail(IMITATION.encode(), b"Content-Type: text/html"))
    first, blank, *lines = text.decoded().decode().rstrip().split("\r\n")
    assert first.startswith("(gatekeeper made these lines from the HTML")
    assert not blank
    assert all(line.startswith(BAR.rstrip()) for line in lines)


def test_hidden_text_is_named_and_left_out() -> None:
    text, _ = embedded(mail(b"<p>a<p hidden>secret", b"Content-Type: text/html"))
    assert b"attached as page-1.html, but for what a program would not show)" in text.decoded()
    assert b"secret" not in text.decoded()


MASKED = {
    "a comment": b"Content-Type: text/(x)html\r\n\r\n<p>page</p>",
    "two types": b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<p>page</p>",
    "a broken line before": b"X: y\r\nbroken\r\nContent-Type: text/html\r\n\r\n<p>page</p>",
    "a bare CR": b"Content-Type: text/plain\rContent-Type: text/html\r\r\n\r\n<p>page</p>",
    "a fold": b"Content-Type:\r\n text/\r\n html\r\n\r\n<p>page</p>",
    "blanks": b"Content-Type : text / html\r\n\r\n<p>page</p>",
    "no type at all": b"Content-Type: html\r\n\r\n<p>page</p>",
    "markup": b"Content-Type: application/xhtml+xml\r\n\r\n<p>page</p>",
    "a picture that is a program": b"Content-Type: image/svg+xml\r\n\r\n<svg onload='x'>",
    "a mail elsewhere": b"Content-Type: message/external-body; access-type=url\r\n\r\nx",
    "a digest": part("digest", "di", b"\r\nContent-Type: text/html\r\n\r\n<p>page</p>"),
    "an encoded multipart": (
        b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"LS14DQpDb250ZW50LVR5cGU6IHRleHQvaHRtbA0KDQo8cD5wYWdlPC9wPg0KLS14LS0NCg=="
    ),
    "a boundary used again": (
        b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--z\r\n" + HTML + b"\r\n--z--"
    ),
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--z\r\n" + HTML + b"\r\n--z--",
}


def as_python(raw: bytes) -> list[Message]:
    return list(message_from_bytes(raw).walk())


def assert_nothing_shown(raw: bytes) -> None:
    """Assert that neither our reader nor Python's finds a part that a program shows as a page."""
    content = part_of(raw)
    sent = letter(content)
    wide = ReadingLimits(depth=2000, parts=200_000)
    ours = [each.content_type for each in scan(sent, wide).root.walk()]
    theirs = [each.get_content_type() for each in as_python(sent)]
    for kind in (*ours, *theirs):
        assert not re.match(r"image/|text/html|message/(?!d|f)|.*(?:html|xml)\Z", kind), kind


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("where", ["alone", "in mixed", "deeper"])
def test_a_page_behind_a_mask_is_not_shown(name: str, where: str) -> None:
    masked = MASKED[name]
    if where == "alone":
        assert_nothing_shown(b"From: x@y.example\r\n" + masked)
        return
    inside = masked if where == "in mixed" else part("alternative", "al", TEXT, masked)
    assert_nothing_shown(multipart("mixed", "q", TEXT, inside))


@pytest.mark.parametrize(
    # Python's own reader is no match for the deep ones
    "name",
    [name for name in sorted(small_torture(200_000)) if not name.startswith("deep")],
)
def test_no_torture_mail_shows_anything(name: str) -> None:
    assert_nothing_shown(torture()[name])


SHOWN = st.sampled_from([*MASKED.values(), HTML, IMAGE, FORWARDED, TEXT, FILE, PLAIN])
TREES = st.recursive(
    SHOWN,
    lambda inside: st.tuples(
        st.sampled_from(["mixed", "alternative", "related", "signed", "digest"]),
        st.lists(inside, min_size=1, max_size=3),
        st.sampled_from(["b1", "b2", "b3", "b4"]),
    ).map(lambda made: part(made[0], made[2], *made[1])),
    max_leaves=8,
)


@tries(300)
@given(TREES)
def test_no_tree_of_parts_shows_anything(tree: bytes) -> None:
    assert_nothing_shown(b"From: x@y.example\r\n" + tree)


@tries(200)
@given(mail_bytes)
def test_no_bytes_show_anything(raw: bytes) -> None:
    assert_nothing_shown(raw)


@tries(200)
@given(TREES)
def test_no_body_is_lost(tree: bytes) -> None:
    """Each part without children arrives with its octets, on its own or in what passed whole."""
    content = part_of(b"From: x@y.example\r\n" + tree)
    bodies = [each.body for each in sheltered(content)]
    for leaf in content.walk():
        if not leaf.children:
            assert any(leaf.body in body for body in bodies)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (b"", b"", False),
        (b"This is a multi-part message in MIME format.\r\n", b"\r\n", False),
        (b"a word before\r\n", b"", True),
        (b"", b"a word after\r\n", True),
    ],
)
def test_words_beside_the_parts_are_kept(before: bytes, after: bytes, *, kept: bool) -> None:
    """What a sender put into preamble and epilogue, which no program shows, goes into a file."""
    whole = part("mixed", "k", TEXT, HTML)
    head, mark, rest = whole.partition(b"\r\n\r\n")
    chunks = sheltered(scan(head + mark + before + rest + after, ReadingLimits()).root)
    files = [chunk for chunk in chunks if b"beside-the-parts.txt" in chunk.head]
    assert kept == bool(files)
    for file in files:
        text = b64decode(file.body)
        assert before in text
        assert after in text
