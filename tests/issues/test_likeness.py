"""Reports of one fault are found among others, whoever wrote them; nothing else is suggested."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.likeness import SUGGESTED, Reported, likest
from tests.issues.alike import REPORTS, SAME

TEXTS = st.text(max_size=300)


def partners(name: str, among: set[str]) -> set[str]:
    """Return which of the reports are about the same as this one."""
    pairs = [set(pair) for pair in SAME if name in pair]
    return {other for pair in pairs for other in pair & among if other != name}


def found(name: str, among: set[str]) -> set[str]:
    """Return which reports are suggested for this one."""
    earlier = {other: REPORTS[other] for other in among}
    return {each.of for each in likest(REPORTS[name], earlier, most=3)}


@pytest.mark.parametrize("name", REPORTS)
def test_among_all_others_the_same_is_found_and_no_other(name: str) -> None:
    others = set(REPORTS) - {name}
    assert partners(name, others) == found(name, others)


def test_the_same_is_found_when_it_is_the_only_one() -> None:
    """How rare a word is can hardly be told of two reports; it still is enough."""
    for one, other in combinations(REPORTS, 2):
        assert partners(one, {other}) == found(one, {other}), (one, other)
        assert partners(other, {one}) == found(other, {one}), (one, other)


def test_what_was_written_once_is_told_as_a_copy() -> None:
    (copied,) = likest(REPORTS["bulk"], {"again": REPORTS["bulk-again"]}, most=3)
    assert copied.copy
    (told,) = likest(REPORTS["tlv"], {"again": REPORTS["tlv-again"]}, most=3)
    assert not told.copy
    assert ("parse_tlv", "tlv_max") == tuple(w for w in told.shared if "_" in w)


def test_the_likest_comes_first_and_only_so_many() -> None:
    earlier = dict.fromkeys(range(5), REPORTS["tlv-again"])
    told = likest(REPORTS["tlv"], {**earlier, 9: REPORTS["tlv"]}, most=3)
    assert 3 == len(told)
    assert (9, 100) == (told[0].of, told[0].score)


@pytest.mark.parametrize("text", ["", "It overflows.", "Hello, please see the attached report."])
def test_a_few_words_are_like_nothing(text: str) -> None:
    report = Reported(subject="A report", text=text)
    assert () == likest(report, {1: report}, most=3)


@given(new=TEXTS, earlier=st.lists(TEXTS, max_size=4))
def test_any_text_is_compared(new: str, earlier: list[str]) -> None:
    """Scores stay in bounds and are ordered, whatever people write, and do not depend on order."""
    known = {number: Reported(subject="", text=text) for number, text in enumerate(earlier)}
    report = Reported(subject="", text=new)
    told = likest(report, known, most=2)
    assert all(SUGGESTED <= each.score <= 100 for each in told)
    assert sorted((each.score for each in told), reverse=True) == [each.score for each in told]
    turned = dict(reversed(known.items()))
    assert {e.score for e in told} == {e.score for e in likest(report, turned, most=2)}


def test_what_openpgp_writes_makes_no_two_alike() -> None:
    """Neither the frame of a signed text nor a signature or message in letters."""
    frame = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}\n-----BEGIN PGP SIGNATURE-----\n"
    )
    letters = "\niHUEABYKAB0WIQ abcdef ghijkl mnopqr stuvwx\n-----END PGP SIGNATURE-----\n"
    one = Reported(subject="Mail", text=frame.format("It crashes.") + letters)
    other = Reported(subject="Mail", text=frame.format("A leak.") + letters)
    assert () == likest(one, {"other": other}, most=3)
