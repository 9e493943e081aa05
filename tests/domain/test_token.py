"""A token is good for one key, one purpose, one row and in one spelling."""

from string import ascii_lowercase

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.token import TOKEN_LENGTH, check, mint
from tests.domain.samples import row_ids
from tests.sampling import tries

keys = st.binary(min_size=32, max_size=32)
purposes = st.sampled_from(["bounce", "loop", "b", "", "bounce\0"])

KEY = b"k" * 32
TARGET = RowId(bytes(range(16)))
ALPHABET = ascii_lowercase + "234567"


@given(key=keys, purpose=purposes, target=row_ids)
def test_what_is_minted_is_believed(key: bytes, purpose: str, target: RowId) -> None:
    token = mint(key, purpose, target)
    assert target == check(key, purpose, token)
    assert target == check(key, purpose, token.upper())
    assert TOKEN_LENGTH == len(token)
    assert set(token) <= set(ALPHABET + ".")


@given(key=keys, other=keys, target=row_ids)
def test_another_key_is_refused(key: bytes, other: bytes, target: RowId) -> None:
    assume(key != other)
    assert check(other, "bounce", mint(key, "bounce", target)) is None


@given(purpose=purposes, other=purposes, target=row_ids)
def test_another_purpose_is_refused(purpose: str, other: str, target: RowId) -> None:
    assume(purpose != other)
    assert check(KEY, other, mint(KEY, purpose, target)) is None


@given(target=row_ids, other=row_ids)
def test_another_row_is_refused(target: RowId, other: RowId) -> None:
    assume(target != other)
    name, _, _ = mint(KEY, "bounce", other).partition(".")
    _, _, mac = mint(KEY, "bounce", target).partition(".")
    assert check(KEY, "bounce", f"{name}.{mac}") is None


@pytest.mark.parametrize("at", range(TOKEN_LENGTH))
def test_any_changed_character_is_refused(at: int) -> None:
    """Every place, every other letter: base32's spare bits give no second spelling."""
    token = mint(KEY, "bounce", TARGET)
    for letter in ALPHABET + ".=+0 \u212aé":
        if letter != token[at]:
            assert check(KEY, "bounce", token[:at] + letter + token[at + 1 :]) is None


@pytest.mark.parametrize("at", range(TOKEN_LENGTH + 1))
def test_any_added_or_missing_character_is_refused(at: int) -> None:
    token = mint(KEY, "bounce", TARGET)
    for letter in ALPHABET + ".= ":
        assert check(KEY, "bounce", token[:at] + letter + token[at:]) is None
    if at < TOKEN_LENGTH:
        assert check(KEY, "bounce", token[:at] + token[at + 1 :]) is None
        assert check(KEY, "bounce", token[:at]) is None


def test_a_letter_that_only_looks_like_one_is_refused() -> None:
    """The lower case of KELVIN SIGN is `k`."""
    target = next(
        RowId(bytes([number]) * 16)
        for number in range(256)
        if "k" in mint(KEY, "bounce", RowId(bytes([number]) * 16))
    )
    token = mint(KEY, "bounce", target)
    assert check(KEY, "bounce", token.replace("k", "\u212a")) is None


@tries(300)
@given(text=st.one_of(st.text(max_size=60), st.text(alphabet=ALPHABET + ".=", max_size=60)))
@example(text=".")
@example(text="..")
@example(text="." + "a" * 24)
@example(text="a" * 26 + ".")
def test_no_text_is_believed_by_chance_and_none_raises(text: str) -> None:
    assert check(KEY, "bounce", text) is None
