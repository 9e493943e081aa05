"""A token is good for one key, one purpose, one row and in one spelling."""

from string import ascii_lowercase

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.token import (
    REPLY_LENGTH,
    TOKEN_LENGTH,
    check,
    check_reply,
    is_token,
    mint,
    mint_reply,
)
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


@given(key=keys, route=row_ids)
def test_a_reply_token_leads_back_in_any_case(key: bytes, route: RowId) -> None:
    token = mint_reply(key, route)
    assert route == check_reply(key, token)
    assert route == check_reply(key, token.upper())
    assert REPLY_LENGTH == len(token)
    assert set(token) <= set(ALPHABET)


@given(key=keys, other=keys, route=row_ids)
def test_a_reply_token_of_another_key_is_refused(key: bytes, other: bytes, route: RowId) -> None:
    assume(key != other)
    assert check_reply(other, mint_reply(key, route)) is None


@given(key=keys, route=row_ids, purpose=st.one_of(purposes, st.just("reply address")))
def test_a_reply_token_is_never_another_token(key: bytes, route: RowId, purpose: str) -> None:
    """Neither is believed for the other, nor is one a part of the other."""
    reply, other = mint_reply(key, route), mint(key, purpose, route)
    assert not is_token(reply)
    assert check(key, purpose, reply) is None
    for text in (other, other.replace(".", ""), other[:REPLY_LENGTH], other[-REPLY_LENGTH:]):
        assert check_reply(key, text) is None


@pytest.mark.parametrize("at", range(REPLY_LENGTH))
def test_any_changed_character_of_a_reply_token_is_refused(at: int) -> None:
    token = mint_reply(KEY, TARGET)
    for letter in ALPHABET + ".=+0 \u212aé\n":
        if letter != token[at]:
            assert check_reply(KEY, token[:at] + letter + token[at + 1 :]) is None


@pytest.mark.parametrize("at", range(REPLY_LENGTH + 1))
def test_any_added_or_missing_character_of_a_reply_token_is_refused(at: int) -> None:
    token = mint_reply(KEY, TARGET)
    for letter in ALPHABET + ".= \n":
        assert check_reply(KEY, token[:at] + letter + token[at:]) is None
    if at < REPLY_LENGTH:
        assert check_reply(KEY, token[:at] + token[at + 1 :]) is None
        assert check_reply(KEY, token[:at]) is None


def test_a_letter_that_only_looks_like_one_of_a_reply_token_is_refused() -> None:
    """The lower case of KELVIN SIGN is `k`."""
    token = next(
        found
        for found in (mint_reply(KEY, RowId(bytes([number]) * 16)) for number in range(256))
        if "k" in found
    )
    assert check_reply(KEY, token.replace("k", "\u212a")) is None


@tries(300)
@given(text=st.one_of(st.text(max_size=60), st.text(alphabet=ALPHABET, min_size=40, max_size=40)))
@example(text="")
@example(text="a" * 40)
def test_no_text_is_believed_for_a_reply_token_by_chance(text: str) -> None:
    assert check_reply(KEY, text) is None
