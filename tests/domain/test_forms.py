"""Codes survive what mail programs do to them, and no slot of a form can hold a word."""

import secrets
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.codes import begins_with_code, new_code
from gatekeeper.domain.forms import Acknowledgement, AnyForm, KeyChanged, Unreadable
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import MINUTE, Instant
from gatekeeper.domain.timeline import Timeline

ISSUE = IssueId(prefix="SEC", year=2026, number=7)
TIMELINE = Timeline(predisclosure=Instant(MINUTE), public=Instant(2 * MINUTE))
KEY = "0123456789ABCDEF0123456789ABCDEF01234567"

codes = st.binary(min_size=13, max_size=13).map(lambda raw: new_code(lambda _: raw))


def test_a_code_is_long_enough_and_new_every_time() -> None:
    made = {new_code(secrets.token_bytes) for _ in range(1000)}
    assert 1000 == len(made)
    assert {5} == {len(code.split("-")) for code in made}
    assert {4} == {len(group) for code in made for group in code.split("-")}


def test_chance_is_used_up_to_the_last_letter() -> None:
    """100 bits: no letter is the same whatever chance says."""
    assert "AAAA-AAAA-AAAA-AAAA-AAAA" == new_code(bytes)
    assert "7777-7777-7777-7777-7777" == new_code(lambda count: b"\xff" * count)


A_CODE = "K7QM-2XNB-V4TJ-6HRC-5DWS"


@pytest.mark.parametrize(
    "change",
    [
        str,
        str.lower,
        " ".join,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", "\u2011"),
        lambda code: code.replace("-", "\u00a0"),
        lambda code: f"\ufeff \t\r\n\u200b\n  {code}  ",
        lambda code: f"Code: {code}",
        lambda code: f"code\u00a0:{code}",
        lambda code: f"CODE\uff1a {code}",
        lambda code: f"- {code}",
    ],
)
@pytest.mark.parametrize("after", ["", "\n", "\r\nI agree.", "\n> No. K7QM"])
def test_an_answer_begins_with_a_code_however_it_was_copied(
    change: Callable[[str], str], after: str
) -> None:
    assert begins_with_code(change(A_CODE) + after, A_CODE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        f"> {A_CODE}",
        f">{A_CODE}",
        f"\n| {A_CODE}",
        f": {A_CODE}",
        f"\u201c{A_CODE}\u201d",
        f'"{A_CODE}"',
        f"'{A_CODE}",
        f"Code: > {A_CODE}",
        f"> Code: {A_CODE}",
        f"Code: Code: {A_CODE}",
        f"Code {A_CODE}",
        f"No: {A_CODE}",
        f"No, not {A_CODE}",
        f"{A_CODE} is not what I agree to",
        f"{A_CODE}.",
        f"{A_CODE}{A_CODE}",
        f"No.\n{A_CODE}",
        f"Hello\n\n{A_CODE}",
        f"--\n{A_CODE}",
        f"On Thu the team wrote:\n\n  {A_CODE}",
        A_CODE.replace("-", "-\n"),
        A_CODE.replace("-", "-\n> "),
        A_CODE[:-1],
        f"{A_CODE}\u2028no",
        f"{A_CODE}\x0bno",
        "\u041a" + A_CODE[1:],
        f"\ud800{A_CODE}",
        A_CODE + " " * 200 + "and more",
    ],
)
def test_a_code_elsewhere_or_with_a_word_beside_it_says_nothing(text: str) -> None:
    """What a mail program quotes, and what a person writes around it, agree to nothing."""
    assert not begins_with_code(text, A_CODE)


@given(code=codes, before=st.text(max_size=60), after=st.text(max_size=60))
def test_a_code_counts_alone_in_the_first_line_only(code: str, before: str, after: str) -> None:
    assert begins_with_code(f"\n {code.lower()}\n{before}\n{after}", code)
    assert not begins_with_code(f"w{before}\n{code}\n{after}", code)
    assert not begins_with_code(f"{code} w{after}", code)


@given(code=codes, other=codes, at=st.integers(0, 19))
def test_an_answer_with_another_code_is_none(code: str, other: str, at: int) -> None:
    plain = code.replace("-", "")
    wrong = "A" if plain[at] != "A" else "B"
    assert not begins_with_code(plain[:at] + wrong + plain[at + 1 :], code)
    assert code == other or not begins_with_code(other, code)


def test_no_other_alphabet_begins_with_a_code() -> None:
    """\u017f and \u0131 are S and I for str.upper."""
    assert not begins_with_code("\u017f" * 20, "SSSS-SSSS-SSSS-SSSS-SSSS")
    assert not begins_with_code("\u0131" * 20, "IIII-IIII-IIII-IIII-IIII")
    assert not begins_with_code(f"cod\u0435: {A_CODE}", A_CODE)


def test_a_code_that_begins_like_its_label_is_read_whole() -> None:
    code = "CODE-2XNB-V4TJ-6HRC-5DWS"
    assert begins_with_code(code, code)
    assert begins_with_code(f"Code: {code}", code)


@pytest.mark.parametrize("code", ["", "K7QM", A_CODE.lower(), A_CODE.replace("-", "")])
def test_an_answer_begins_with_a_code_of_ours_only(code: str) -> None:
    """An empty one would begin every answer that is blank."""
    with pytest.raises(ValueError, match="five groups of four"):
        begins_with_code("", code)


WORDS = ("", "a word", "0123456789ABCDEF", KEY.lower(), KEY + "\n", f"{KEY[:20]} {KEY[20:]}")


@pytest.mark.parametrize("word", WORDS)
def test_a_fingerprint_is_the_digits_of_one_key(word: str) -> None:
    makers: tuple[Callable[[], object], ...] = (
        lambda: Unreadable(fingerprint=word),
        lambda: Acknowledgement(issue=ISSUE, timeline=TIMELINE, fingerprint=word, code=""),
    )
    for make in makers:
        with pytest.raises(ValueError, match="40"):
            make()


@pytest.mark.parametrize("word", ["a word", "K7QM-2XNB-V4TJ-6HRC-5DWS\n", "k7qm"])
def test_a_code_is_no_word(word: str) -> None:
    with pytest.raises(ValueError, match="five groups of four"):
        Acknowledgement(issue=ISSUE, timeline=TIMELINE, fingerprint=KEY, code=word)


@pytest.mark.parametrize(
    "wrong",
    [
        {"old": "a word"},
        {"new": KEY.lower()},
        {"new": KEY},
        {"signed_by": "B" * 40},
        {"signed_by": "a word"},
        {"signed_by": "", "team": True},
    ],
)
def test_a_changed_key_is_another_and_signed_by_one_of_the_two(wrong: dict[str, Any]) -> None:
    slots: dict[str, Any] = {"old": KEY, "new": "A" * 40, "signed_by": KEY}
    KeyChanged(**slots)
    with pytest.raises(ValueError, match=r"40|another|signed|signature"):
        KeyChanged(**{**slots, **wrong})


def test_slots_are_ids_instants_fingerprints_codes_and_counts_only() -> None:
    """A slot of another kind would need a check of its own here, and a look at the texts."""
    slots = {field.name for form in get_args(AnyForm) for field in fields(form)}
    keys = {"fingerprint", "old", "new", "signed_by"}
    words = {"telling", "reason", "state", "date_state", "limits", "faults"}
    instants = {"timeline", "instant", "before", "predisclosure", "others", "until"}
    rest = {"issue", "other", "code", "team", "readable", "untold"}
    assert {*keys, *words, *instants, *rest} == slots
