"""Names of things have one spelling each, and text that is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.identity import IssueId, fingerprint, prefix, row_id, short_tag
from tests.sampling import tries

issue_ids = st.builds(
    lambda prefix, year, number: IssueId(prefix=prefix, year=year, number=number),
    st.from_regex(r"[A-Z][A-Z0-9]{0,15}", fullmatch=True),
    st.integers(1970, 9999),
    st.integers(1, 999_999_999),
)
# Characters that become ASCII in upper case, and digits that are none of ASCII's.
STRANGE = "ßıſﬀﬁﬅ٣３²"


@pytest.mark.parametrize("length", [0, 1, 15, 17, 32])
def test_a_row_id_has_16_bytes(length: int) -> None:
    assert b"x" * 16 == row_id(b"x" * 16)
    with pytest.raises(ValueError, match=f"16 bytes, not {length}"):
        row_id(b"x" * length)


@given(raw=st.binary(max_size=20), other=st.binary(max_size=20))
def test_a_tag_is_lower_case_and_tells_its_bytes_apart(raw: bytes, other: bytes) -> None:
    tag = short_tag(raw)
    assert set(tag) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert (raw == other) == (tag == short_tag(other))


@given(digits=st.text(alphabet="0123456789abcdefABCDEF", min_size=40, max_size=40))
def test_a_fingerprint_is_40_digits_however_grouped(digits: str) -> None:
    found = fingerprint(" ".join(digits[at : at + 4] for at in range(0, 40, 4)))
    assert digits.upper() == found
    assert found == fingerprint(found)


@tries(300)
@given(text=st.text(alphabet=f"0123456789ABCDEFabcdef {STRANGE}\n\t-xG", min_size=30, max_size=50))
def test_a_fingerprint_is_nothing_but_hexadecimal_digits(text: str) -> None:
    try:
        found = fingerprint(text)
    except ValueError:
        return
    assert 40 == len(found)
    assert text.replace(" ", "").upper() == found
    assert set(found) <= set("0123456789ABCDEF")
    assert text.isascii()


@pytest.mark.parametrize(
    "text", ["", "A" * 39, "A" * 41, "G" * 40, "A" * 38 + "ﬀ", "A" * 39 + "\n", "0x" + "A" * 38]
)
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        fingerprint(text)


@pytest.mark.parametrize("text", ["S", "SEC", "XSA2", "A" * 16])
def test_a_prefix_is_upper_case(text: str) -> None:
    assert text == prefix(text)


@pytest.mark.parametrize("text", ["", "sec", "2X", "S-C", "A" * 17, "SEC\n", "ÄB"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="upper-case letters"):
        prefix(text)


@given(issue=issue_ids)
def test_an_issue_id_is_read_back(issue: IssueId) -> None:
    assert issue == IssueId.parse(str(issue))
    assert issue == IssueId.parse(f" {str(issue).lower()}\n")


@tries(300)
@given(
    text=st.text(alphabet=f"SECsec-0123456789{STRANGE} ", min_size=8, max_size=20),
    before=st.sampled_from(["", "SEC-2026-", "ſec-2026-", "SEC-２０２６-"]),
)
def test_whatever_is_read_as_an_issue_id_is_ascii(text: str, before: str) -> None:
    """No letter or digit from elsewhere becomes one of ours on the way."""
    try:
        found = IssueId.parse(before + text)
    except ValueError:
        return
    assert (before + text).isascii()
    assert found == IssueId.parse(str(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SEC-2026",
        "SEC-2026-7",
        "SEC-2026-0000",
        "SEC-1969-0001",
        "SEC-26-0001",
        "2EC-2026-0001",
        "SEC-2026-0001234567",
        "SEC 2026 0001",
        "ß-2026-0001",
        "SEC-٢٠٢٦-0001",
    ],
)
def test_what_is_no_issue_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="issue id"):
        IssueId.parse(text)


@pytest.mark.parametrize(
    ("year", "number"), [(1969, 1), (10_000, 1), (2026, 0), (2026, -1), (2026, 1_000_000_000)]
)
def test_an_issue_id_that_could_not_be_read_back_is_refused(year: int, number: int) -> None:
    with pytest.raises(ValueError, match="not an issue id"):
        IssueId(prefix="SEC", year=year, number=number)


def test_an_issue_id_with_a_bad_prefix_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix"):
        IssueId(prefix="sec", year=2026, number=1)


def test_numbers_above_9999_get_longer() -> None:
    ids = [IssueId(prefix="SEC", year=2026, number=number) for number in (7, 9999, 10_000)]
    assert ["SEC-2026-0007", "SEC-2026-9999", "SEC-2026-10000"] == [str(one) for one in ids]
    assert ids == sorted([ids[2], ids[0], ids[1]])
