"""The structure of a mail is found as spans of its own bytes, whatever the bytes are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.structure import MAX_FIELDS, Part, scan, text_entity
from tests.hostile.making import TEXT, mail, multipart
from tests.mail.samples import LIMITS, any_limits, mail_bytes, part_of
from tests.sampling import tries
from tests.torture import torture

WIDE = ReadingLimits(depth=2000, parts=200_000)


def assert_nested(root: Part) -> None:
    """Every part lies in its parent's body, after its elder sister, and nothing is changed."""
    for part in root.walk():
        assert part.header_block + part.body == part.entity
        for child in part.children:
            assert part.body_start <= child.start <= child.end <= part.end
        for elder, younger in pairwise(part.children):
            assert elder.end <= younger.start
        assert part.entity == recomposed(part)


def recomposed(part: Part) -> bytes:
    """Return a part's bytes put together again from its children and what stands between them."""
    at = part.start
    pieces: list[bytes] = []
    for child in part.children:
        pieces += [part.source[at : child.start], child.entity]
        at = child.end
    return b"".join([*pieces, part.source[at : part.end]])


@tries(600)
@given(raw=mail_bytes, limits=any_limits)
def test_any_bytes_have_a_structure_that_nests(raw: bytes, limits: ReadingLimits) -> None:
    root = scan(raw, limits).root
    assert raw == root.entity
    assert_nested(root)
    assert sum(1 for _ in root.walk()) <= limits.parts + 1


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize("name", sorted(torture()))
def test_every_torture_mail_is_scanned_in_bounded_time(name: str) -> None:
    raw = torture()[name]
    root = scan(raw, LIMITS).root
    assert raw == root.entity
    assert_nested(root)


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
@pytest.mark.parametrize(
    "name", ["deep-1200", "attachment-25-mb", "huge-header", "boundaries-100000"]
)
def test_size_and_depth_cost_no_more_than_their_bytes(name: str) -> None:
    raw = torture()[name]
    assert raw == scan(raw, WIDE).root.entity


def test_depth_1200_is_found_whole_when_allowed() -> None:
    parts = list(scan(torture()["deep-1200"], WIDE).root.walk())
    assert 1201 == len(parts)
    assert b"There is a hole in your fence.\r\n" == parts[-1].body
    assert "Part(" in repr(parts[0])


def test_depth_beyond_the_limit_stays_one_part() -> None:
    scanned = scan(torture()["deep-1200"], ReadingLimits(depth=3))
    assert ("parts nested deeper than 3 levels were not looked into",) == scanned.problems
    assert 4 == sum(1 for _ in scanned.root.walk())


def test_parts_beyond_the_limit_stay_one_opaque_part() -> None:
    raw = multipart("mixed", "p", *[TEXT] * 10)
    scanned = scan(raw, ReadingLimits(parts=4))
    assert 5 == sum(1 for _ in scanned.root.walk())
    rest = scanned.root.children[-1]
    assert "application/octet-stream" == rest.content_type
    assert raw.endswith(rest.body)
    assert 7 == rest.body.count(b"There is a hole")
    assert "more than 4 parts; the rest was not looked into" in scanned.problems


def test_100000_boundaries_are_found_when_allowed() -> None:
    assert 100_000 == len(scan(torture()["boundaries-100000"], WIDE).root.children)


@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_the_line_end_before_a_boundary_belongs_to_the_boundary(ends: bytes) -> None:
    raw = multipart("mixed", "q", b"X: y\r\n\r\nline\r\n", b"\r\nlast").replace(b"\r\n", ends)
    first, last = part_of(raw).children
    assert b"X: y" + ends + ends + b"line" + ends == first.entity
    assert b"line" + ends == first.body
    assert ends + b"last" == last.entity
    assert b"last" == last.body


def test_preamble_and_epilogue_are_in_no_part() -> None:
    raw = mail(
        b"before\r\n--q\r\n\r\nin\r\n--q--\r\nafter\r\n--q\r\n\r\nno part\r\n",
        b"Content-Type: multipart/mixed; boundary=q",
    )
    assert [b"in"] == [each.body for each in part_of(raw).children]


def test_an_outer_boundary_ends_everything_inside() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nopen"
    scanned = scan(multipart("mixed", "out", inner, TEXT), LIMITS)
    assert ["multipart/mixed", "text/plain"] == [e.content_type for e in scanned.root.children]
    assert [b"open"] == [each.body for each in scanned.root.children[0].children]
    assert ("a multipart without its closing boundary",) == scanned.problems


def test_a_closed_inner_multipart_does_not_end_the_outer() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--\r\ntail"
    scanned = scan(multipart("mixed", "out", inner, TEXT), LIMITS)
    assert () == scanned.problems
    assert b"tail" == scanned.root.children[0].body[-4:]
    assert 2 == len(scanned.root.children)


def test_the_same_boundary_inside_itself_stays_with_the_outer() -> None:
    scanned = scan(torture()["same-boundary-nested"], LIMITS)
    assert ("a boundary used again inside itself",) == scanned.problems
    kinds = [each.content_type for each in scanned.root.children]
    assert ["multipart/alternative", "text/plain"] == kinds


def test_a_boundary_is_the_whole_line() -> None:
    root = part_of(torture()["boundary-prefixes"])
    assert 3 == len(root.children)
    assert b"--abc\r\n\r\nnot a part" == root.children[0].body
    assert 1 == len(root.children[1].children)


def test_a_boundary_ends_a_header_even_if_it_looks_like_a_field() -> None:
    root = part_of(torture()["boundary-in-header"])
    assert [b"", b"There is a hole in your fence.\r\n"] == [each.body for each in root.children]
    assert b"Content-Type: text/plain" == root.children[0].entity


@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_nothing_between_two_boundaries_is_an_empty_part(ends: bytes) -> None:
    """The line end after the first boundary is also the one before the second."""
    raw = mail(b"--q\r\n--q\r\n\r\nin\r\n--q--\r\n", b"Content-Type: multipart/mixed; boundary=q")
    root = part_of(raw.replace(b"\r\n", ends))
    assert [b"", ends + b"in"] == [each.entity for each in root.children]
    assert_nested(root)


def test_a_boundary_parameter_may_end_with_blanks() -> None:
    raw = mail(b"--q\r\n\r\nin\r\n--q--\r\n", b'Content-Type: multipart/mixed; boundary="q \t"')
    assert [b"in"] == [each.body for each in part_of(raw).children]


def test_blanks_after_a_boundary_do_not_matter() -> None:
    raw = mail(b"--q \t\r\n\r\nin\r\n--q-- \r\n", b"Content-Type: multipart/mixed; boundary=q")
    assert [b"in"] == [each.body for each in part_of(raw).children]


def test_a_boundary_may_end_with_two_dashes() -> None:
    raw = mail(b"--q--\r\n\r\nin\r\n--q----\r\n", b"Content-Type: multipart/mixed; boundary=q--")
    scanned = scan(raw, LIMITS)
    assert () == scanned.problems
    assert [b"in"] == [each.body for each in scanned.root.children]


def test_attached_mail_is_not_looked_into() -> None:
    attached = b"Content-Type: message/rfc822\r\n\r\n" + multipart("mixed", "deep", TEXT)
    root = part_of(multipart("mixed", "out", attached))
    assert () == root.children[0].children
    assert "message/rfc822" == root.children[0].content_type


def test_parts_of_a_digest_are_mails() -> None:
    root = part_of(multipart("digest", "d", b"\r\nSubject: x\r\n\r\ny"))
    assert "message/rfc822" == root.children[0].content_type


def test_header_fields_are_kept_as_written() -> None:
    root = part_of(b"subject: a\r\n  b\r\nX-Y :z\r\nSUBJECT: c\r\n\r\n")
    assert [("subject", b" a\r\n  b"), ("X-Y", b"z"), ("SUBJECT", b" c")] == [
        (each.name, each.raw) for each in root.fields
    ]
    assert b" a\r\n  b" == root.first("Subject")
    assert (b" a\r\n  b", b" c") == root.every("Subject")
    assert root.first("To") is None


def test_a_line_that_is_no_field_begins_the_text() -> None:
    scanned = scan(torture()["header-without-colon"], LIMITS)
    assert b"this is no header field\r\nX-After: yes\r\n\r\ntext\r\n" == scanned.root.body
    problem = "a header with a line that is no header field; the text begins there"
    assert (problem,) == scanned.problems


def test_a_folded_first_line_is_text() -> None:
    assert torture()["header-begins-folded"] == part_of(torture()["header-begins-folded"]).body


def test_an_mbox_line_is_passed_over() -> None:
    root = part_of(torture()["mbox-line"])
    assert b"text\r\n" == root.body
    assert b" A report" == root.first("Subject")


def test_bare_cr_line_ends_leave_one_text() -> None:
    scanned = scan(torture()["bare-cr"], LIMITS)
    assert torture()["bare-cr"] == scanned.root.body
    assert ("lines end with a bare CR; taken as one text",) == scanned.problems


def test_only_so_many_fields_are_read_of_one_mail() -> None:
    raw = b"X: y\r\n" * (MAX_FIELDS + 2) + b"\r\nbody"
    scanned = scan(raw, LIMITS)
    assert MAX_FIELDS == len(scanned.root.fields)
    assert {b" y"} == {each.raw for each in scanned.root.fields}
    assert b"X: y\r\nX: y\r\n\r\nbody" == scanned.root.body
    assert ("more header fields than are read; the text begins there",) == scanned.problems


def test_the_fields_of_all_parts_count_together() -> None:
    part = b"X: y\r\n" * (MAX_FIELDS // 2) + b"\r\nbody"
    root = part_of(multipart("mixed", "q", part, part, part))
    assert MAX_FIELDS == sum(len(each.fields) for each in root.walk())
    assert [b"body", b"body"] == [each.body[-4:] for each in root.children[:2]]
    assert part == root.children[2].entity == root.children[2].body


@pytest.mark.timeout(60)  # each takes about a second at most; an attack would take hours
def test_a_flood_of_fields_costs_no_more_than_its_bytes() -> None:
    assert MAX_FIELDS == len(part_of(b"X:\n" * 5_000_000).fields)


def test_walk_goes_in_the_order_of_the_bytes() -> None:
    starts = [each.start for each in part_of(torture()["signed-inside"]).walk()]
    assert sorted(starts) == starts


def test_parts_are_the_same_only_as_objects() -> None:
    raw = torture()["plain"]
    assert part_of(raw) != part_of(raw)


@pytest.mark.parametrize("span", [(1, 0, 2), (0, 2, 1), (0, 0, 9), (-1, 0, 0)])
def test_a_part_outside_its_mail_cannot_be_made(span: tuple[int, int, int]) -> None:
    start, body_start, end = span
    with pytest.raises(ValueError, match="inside its mail"):
        Part(source=b"abc", start=start, body_start=body_start, end=end)


def test_size_and_decoded_prefix() -> None:
    part = part_of(mail(b"QUJDREVG", b"Content-Transfer-Encoding: base64"))
    assert 8 == part.size
    assert b"ABCDEF" == part.decoded()
    assert b"ABC" == part.decoded(4)


@given(text=st.binary(max_size=100))
def test_text_without_a_header_becomes_a_part_with_the_same_body(text: bytes) -> None:
    part = text_entity(text)
    assert text == part.body
    assert text == part.decoded()
    assert "text/plain" == part.content_type


def test_text_without_a_header_gets_the_charset_it_fits() -> None:
    assert "utf-8" == text_entity("Grüße".encode()).params["charset"]
    assert "iso-8859-1" == text_entity(b"Gr\xfc\xdfe").params["charset"]
