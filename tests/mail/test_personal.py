"""Letters to one person say what was written, whole, sealed or in clear, and nothing else."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.charset import printable_text
from gatekeeper.mail.compose import BY_PERSON, OUTER_FIELDS
from gatekeeper.mail.personal import File, clear_message, personal_inner
from tests import peers
from tests.mail.samples import letterhead, part_of
from tests.mail.test_compose_mutt import shown
from tests.sampling import tries

PDF = File(name="proof.pdf", content_type="application/pdf", data=bytes(range(256)) * 3)
ICS = File(
    name="timeline.ics",
    content_type="text/calendar; charset=us-ascii; method=PUBLISH",
    data=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
)
TEXT = "Grüße,\n\nthis is what we found:\n\n    if (a < b)\n\n-- \nus"

texts = st.text(max_size=300)
files = st.lists(
    st.builds(
        File,
        name=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z"),
        content_type=st.sampled_from(["application/pdf", "text/plain", "text/calendar; a=b"]),
        data=st.one_of(
            st.binary(max_size=200),
            st.sampled_from([b"", b"\r\n", b"a\r\n", b"a\n", b"a", b"From x\r\n", b"a\r\r\n"]),
        ),
    ),
    max_size=3,
)


def lines(text: str) -> str:
    """Return a text as a letter keeps it."""
    return printable_text(text).rstrip("\n") + "\n"


def parts_of(raw: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the files that Python's own parser finds."""
    mail = message_from_bytes(raw, policy=default)
    assert not mail.defects
    parts = list(mail.iter_parts()) if mail.is_multipart() else [mail]
    first, *others = [part for part in parts if isinstance(part, EmailMessage)]
    text = first.get_payload(decode=True)
    assert isinstance(text, bytes)
    found = []
    for each in others:
        data = each.get_payload(decode=True)
        assert isinstance(data, bytes)
        assert "attachment" == each.get_content_disposition()
        found.append((each.get_filename() or "", data))
    return text.decode("utf-8").replace("\r\n", "\n"), found


@tries(200)
@given(text=texts, given_files=files)
def test_any_text_and_any_file_come_back_from_both_forms(
    text: str, given_files: list[File]
) -> None:
    expected = lines(text), [(file.name, file.data) for file in given_files]
    inside = personal_inner(head=letterhead(), outer_subject="x", text=text, files=given_files)
    clear = clear_message(head=letterhead(), text=text, files=given_files)
    assert expected == parts_of(clear)
    assert expected == parts_of(inside)


@tries(200)
@given(text=texts, given_files=files)
def test_a_mail_in_clear_is_what_every_server_takes(text: str, given_files: list[File]) -> None:
    """7-bit lines of at most 998 octets that end with CRLF, as the last gate asks (RFC 5322)."""
    raw = clear_message(head=letterhead(subject="Grüße"), text=text, files=given_files)
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert b"\0" not in raw
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 5000, "a\n" * 3000, "", "\n\n", "."])
def test_text_of_any_length_comes_back(text: str) -> None:
    assert lines(text) == parts_of(clear_message(head=letterhead(), text=text))[0]
    inside = personal_inner(head=letterhead(), outer_subject="x", text=text)
    assert lines(text) == parts_of(inside)[0]


def test_the_real_subject_of_a_sealed_letter_is_inside_alone() -> None:
    raw = personal_inner(head=letterhead(subject="A secret"), outer_subject="[k7q2] x", text=TEXT)
    root = part_of(raw)
    assert ("v1", "cipher") == (root.params["protected-headers"], root.params["hp"])
    assert b" A secret" == root.first("Subject")
    assert b" Subject: [k7q2] x" in root.every("HP-Outer")


def test_a_mail_in_clear_has_the_fields_of_a_letter_and_no_other() -> None:
    root = part_of(clear_message(head=letterhead(subject="Your report"), text=TEXT))
    assert [*OUTER_FIELDS, "MIME-Version", "Content-Type", "Content-Transfer-Encoding"] == [
        each.name for each in root.fields
    ]
    assert b" Your report" == root.first("Subject")
    assert "text/plain" == root.content_type


@pytest.mark.parametrize(
    ("word", "said", "suppressed"),
    [
        ("auto-generated", b" auto-generated", b" All"),
        ("auto-replied", b" auto-replied", b" All"),
        (BY_PERSON, None, None),
    ],
)
def test_a_letter_says_if_a_program_wrote_it(
    word: str, said: bytes | None, suppressed: bytes | None
) -> None:
    """RFC 3834 §5; what a person wrote says nothing, and may be answered by anybody's program."""
    root = part_of(clear_message(head=letterhead(auto_submitted=word, list_id=""), text=TEXT))
    assert said == root.first("Auto-Submitted")
    assert suppressed == root.first("X-Auto-Response-Suppress")
    assert root.first("Precedence") is None
    assert root.first("List-Id") is None


def test_short_lines_of_a_file_can_be_read_without_a_program() -> None:
    raw = clear_message(head=letterhead(), text=TEXT, files=[ICS, PDF])
    assert ICS.data in raw
    assert ["7bit", "base64"] == [each.encoding for each in part_of(raw).children[1:]]
    assert ["text/calendar", "application/pdf"] == [
        each.content_type for each in part_of(raw).children[1:]
    ]
    assert "PUBLISH" == part_of(raw).children[1].params["method"]
    assert () == tuple(message_from_bytes(raw).defects)


def test_a_file_that_knows_the_boundary_ends_nothing() -> None:
    first = part_of(clear_message(head=letterhead(), text=TEXT, files=[ICS])).params["boundary"]
    hostile = File(
        name="a.txt", content_type="text/plain", data=b"--" + first.encode() + b"--\r\nx\r\n"
    )
    raw = clear_message(head=letterhead(), text=TEXT, files=[hostile])
    assert [("a.txt", hostile.data)] == parts_of(raw)[1]
    assert first != part_of(raw).params["boundary"]


@pytest.mark.parametrize(
    "name", ["", ".bashrc", "-x", "a/b", "a\\b", 'a"b', "a b", "ü", "a\n", "a\r\nX: y", "x" * 101]
)
def test_a_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="file's name"):
        File(name=name, content_type="text/plain", data=b"")


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text",
        "text/",
        "text/plain\r\nX: y",
        "text/plain; a=b c",
        'text/plain; a="b"',
        "a/b;c=d",
    ],
)
def test_a_file_has_a_plain_type(kind: str) -> None:
    with pytest.raises(ValueError, match="type/subtype"):
        File(name="a", content_type=kind, data=b"")


@pytest.mark.parametrize("kind", ["multipart/mixed", "message/rfc822", "Message/Partial"])
def test_a_file_is_no_mail_of_its_own(kind: str) -> None:
    with pytest.raises(ValueError, match="one part"):
        File(name="a", content_type=kind, data=b"")


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "in clear"])
def test_mutt_shows_the_text_and_the_real_subject(tmp_path: Path, *, sealed: bool) -> None:
    mutt = peers.require("mutt")["mutt"]
    head = letterhead(subject="Grüße: a hole")
    if sealed:
        raw = personal_inner(head=head, outer_subject="x", text=TEXT, files=[ICS, PDF])
    else:
        raw = clear_message(head=head, text=TEXT, files=[ICS, PDF])
    text = shown(tmp_path, mutt, raw)
    assert "Subject: Grüße: a hole\n" in text
    assert TEXT in text
