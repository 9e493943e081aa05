"""The codec: what is sealed opens only unchanged, in its place, with its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.store.seal import Codec, MasterKey, Place

MASTER = MasterKey.of(bytes(range(32)))
CODEC = Codec(MASTER)
PLACE = Place(table="issues", column="subject", row=b"r" * 16)
SECRET = b"the parser overflows"

words = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8)
places = st.builds(Place, table=words, column=words, row=st.binary(max_size=20))


@given(places, st.binary(max_size=2000))
def test_what_was_sealed_opens_in_its_place(place: Place, plaintext: bytes) -> None:
    assert plaintext == CODEC.open(place, CODEC.seal(place, plaintext))


@given(places, places)
def test_what_was_sealed_opens_nowhere_else(place: Place, other: Place) -> None:
    sealed = CODEC.seal(place, SECRET)
    if place == other:
        assert SECRET == CODEC.open(other, sealed)
    else:
        with pytest.raises(OurFault):
            CODEC.open(other, sealed)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_anywhere_is_noticed(position: int, change: int) -> None:
    sealed = bytearray(CODEC.seal(PLACE, SECRET))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(OurFault):
        CODEC.open(PLACE, bytes(sealed))


@given(st.integers(min_value=0, max_value=56))
def test_a_shortened_value_is_noticed(length: int) -> None:
    with pytest.raises(OurFault):
        CODEC.open(PLACE, CODEC.seal(PLACE, SECRET)[:length])


def test_the_same_plaintext_never_looks_the_same() -> None:
    assert 100 == len({CODEC.seal(PLACE, SECRET) for _ in range(100)})


def test_another_master_key_does_not_open() -> None:
    with pytest.raises(OurFault, match=r"issues\.subject") as caught:
        Codec(MasterKey.generate()).open(PLACE, CODEC.seal(PLACE, SECRET))
    assert "another master key" in caught.value.reason


def test_an_error_names_the_column_and_no_content() -> None:
    sealed = CODEC.seal(PLACE, SECRET)
    with pytest.raises(OurFault) as caught:
        CODEC.open(Place(table="issues", column="subject", row=b"x" * 16), sealed)
    said = caught.value.diagnostics()
    assert "issues.subject" in said
    assert "overflows" not in said
    assert sealed.hex() not in said
    assert caught.value.__context__ is None


@given(st.binary(max_size=500), words, words)
def test_a_file_opens_under_its_own_name_only(data: bytes, name: str, other: str) -> None:
    wrapped = CODEC.wrap(name, data)
    assert data == CODEC.unwrap(name, wrapped)
    if name != other:
        with pytest.raises(OurFault):
            CODEC.unwrap(other, wrapped)


@given(words, words, st.binary(max_size=40), st.binary(max_size=40))
def test_look_ups_are_equal_for_equal_values_of_one_purpose(
    purpose: str, other: str, value: bytes, second: bytes
) -> None:
    same = (purpose, value) == (other, second)
    assert same == (CODEC.lookup(purpose, value) == CODEC.lookup(other, second))
    assert 32 == len(CODEC.lookup(purpose, value))
    assert CODEC.lookup(purpose, value) != Codec(MasterKey.generate()).lookup(purpose, value)


def test_keys_differ_by_purpose_and_are_not_the_secret() -> None:
    keys = {CODEC.key("tokens"), CODEC.key("other"), CODEC.lookup("tokens", b""), MASTER.secret}
    assert 4 == len(keys)
    assert CODEC.key("tokens") == Codec(MASTER).key("tokens")


def test_a_sealed_format_of_today_still_opens() -> None:
    """A value sealed by the first version; if this fails, all databases in use are lost."""
    sealed = bytes.fromhex(
        "01b0f959e0f81813f3b99d068da2019057c4cf68901709a20cf9ccf088dfaff4c5876a1a"
        "c008ab656142d614fc6bfdc2f65d"
    )
    assert b"first version" == CODEC.open(PLACE, sealed)


@given(st.binary(min_size=32, max_size=32))
def test_a_master_key_survives_its_file(secret: bytes) -> None:
    master = MasterKey.of(secret)
    assert master == MasterKey.load(master.dump())
    assert 1 == master.dump().count(b"\n")


def test_generated_keys_differ() -> None:
    assert MasterKey.generate() != MasterKey.generate()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\x00",
        b"gatekeeper-master-key-1",
        MASTER.dump().replace(b"key-1", b"key-2"),
        MASTER.dump() + MASTER.dump(),
        MASTER.dump().replace(b"AAEC", b"AAED"),
        MASTER.dump().replace(b" ", b"  "),
        MASTER.dump()[:-5],
    ],
)
def test_a_broken_key_file_is_refused_without_a_quote(text: bytes) -> None:
    with pytest.raises(Misconfigured) as caught:
        MasterKey.load(text)
    assert "AAE" not in caught.value.diagnostics()
    assert caught.value.__context__ is None


def test_a_key_with_a_foreign_id_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="id"):
        MasterKey(key_id=bytes(8), secret=MASTER.secret)
    with pytest.raises(ValueError, match="32"):
        MasterKey(key_id=bytes(8), secret=b"short")


def test_no_representation_shows_the_secret() -> None:
    shown = f"{MASTER!r} {CODEC!r}"
    assert MASTER.secret.hex() not in shown
    assert repr(MASTER.secret)[2:10] not in shown
