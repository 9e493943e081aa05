"""Hostile messages stay closed with a true reason; what text of theirs may pose as is apart."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import UnreadableReason
from gatekeeper.pgp import armor, opening, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.opening import Closed, Opened
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import believing, crafting
from tests.pgp.conftest import Desk
from tests.pgp.crafting import compressed, literal, session_for
from tests.sampling import tries

_R = UnreadableReason

LINE_BREAKS = list(believing.LINE_BREAKS.values())
"""Everything some text library takes for the end of a line, and spellings of it."""

QUICK = ("--s2k-mode", "3", "--s2k-count", "65536")
"""A password's key is made at once: gpg would else take as many rounds as fill a tenth second."""


def reason(desk: Desk, message: bytes) -> UnreadableReason:
    closed = opening.open_message(desk.engine, message)
    assert isinstance(closed, Closed), closed
    return closed.reason


def test_the_helper_makes_sound_messages(alias: Desk, alias_key: Key) -> None:
    """The ground all tests here stand on: unharmed, a message made by hand is opened."""
    session = session_for(alias_key)
    for content in (literal(b"fine"), compressed(literal(b"fine"))):
        outcome = opening.open_message(alias.engine, session.protected(content))
        assert isinstance(outcome, Opened)
        assert b"fine" == outcome.plaintext


def test_without_integrity_protection(alias: Desk, alias_key: Key) -> None:
    assert _R.NO_INTEGRITY is reason(alias, session_for(alias_key).unprotected(literal(b"x")))


@pytest.mark.parametrize("mdc", [b"", b"\xd3\x14" + bytes(20), b"\xd3\x14"])
def test_with_a_missing_or_wrong_integrity_check(alias: Desk, alias_key: Key, mdc: bytes) -> None:
    session = session_for(alias_key)
    assert _R.NO_INTEGRITY is reason(alias, session.protected(literal(b"x"), mdc=mdc))


@tries(40)
@given(data=st.data())
def test_one_changed_bit_closes_the_message(
    alias: Desk, alias_key: Key, data: st.DataObject
) -> None:
    message = bytearray(session_for(alias_key).protected(literal(b"content " * 20)))
    split = packets.screen(bytes(message))
    assert isinstance(split, packets.SplitMessage)
    start = len(message) - len(split.data) + 7
    at = data.draw(st.integers(min_value=start, max_value=len(message) - 1))
    message[at] ^= 1 << data.draw(st.integers(min_value=0, max_value=7))
    assert reason(alias, bytes(message)) in {_R.NO_INTEGRITY, _R.MALFORMED, _R.AMBIGUOUS}


def test_a_changed_session_key_packet(alias: Desk, alias_key: Key) -> None:
    message = bytearray(session_for(alias_key).protected(literal(b"x")))
    message[40] ^= 1
    assert _R.MALFORMED is reason(alias, bytes(message))


@pytest.mark.parametrize("cut", [1, 10, 22, 30])
def test_a_message_cut_short(alias: Desk, alias_key: Key, cut: int) -> None:
    assert _R.MALFORMED is reason(alias, session_for(alias_key).protected(literal(b"x"))[:-cut])


@pytest.mark.parametrize("tag", [9, 11, 18])
def test_data_appended_after_the_message(alias: Desk, alias_key: Key, tag: int) -> None:
    message = session_for(alias_key).protected(literal(b"x"))
    appended = crafting.packet(tag, b"\x01" + bytes(40))
    assert _R.AMBIGUOUS is reason(alias, message + appended)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(literal(b"one") + literal(b"two"), id="side by side"),
        pytest.param(compressed(literal(b"one") + literal(b"two")), id="in one compressed"),
        pytest.param(literal(b"one") + compressed(literal(b"two")), id="literal and compressed"),
    ],
)
def test_two_plaintexts(alias: Desk, alias_key: Key, content: bytes) -> None:
    assert reason(alias, session_for(alias_key).protected(content)) in {
        _R.AMBIGUOUS,
        _R.NO_INTEGRITY,
    }


def test_encryption_inside_encryption(alias: Desk, alias_key: Key) -> None:
    session = session_for(alias_key)
    inner = session.protected(literal(b"x"))
    assert _R.AMBIGUOUS is reason(alias, session.protected(inner))
    assert _R.AMBIGUOUS is reason(alias, session.protected(compressed(inner)))


def test_a_password_inside_encryption_asks_for_nothing(alias: Desk, alias_key: Key) -> None:
    """It fails for want of a pinentry, which must not be taken for a fault of the machine."""
    with short_home() as home:
        inner = gpg(home, "--passphrase", "p", *QUICK, "--symmetric", given=b"x")
    for content in (inner, compressed(inner), b"\xa7"):
        assert _R.AMBIGUOUS is reason(alias, session_for(alias_key).protected(content))


def test_content_that_is_no_literal_data(alias: Desk, alias_key: Key) -> None:
    session = session_for(alias_key)
    for content in (b"", b"\x00text", crafting.packet(13, b"user"), compressed(b"")):
        assert isinstance(opening.open_message(alias.engine, session.protected(content)), Closed)


def test_literal_data_posing_as_an_encrypted_message(alias: Desk) -> None:
    assert _R.MALFORMED is reason(alias, literal(b"posing"))
    assert _R.MALFORMED is reason(alias, compressed(literal(b"posing")))
    assert _R.MALFORMED is reason(alias, armor.armor(Kind.MESSAGE, literal(b"posing")))


def test_a_certificate_or_a_secret_key_posing_as_a_message(alias: Desk, alias_key: Key) -> None:
    assert _R.MALFORMED is reason(alias, alias_key.public)
    assert _R.MALFORMED is reason(alias, alias_key.secret)
    assert _R.MALFORMED is reason(alias, armor.armor(Kind.PUBLIC_KEY, alias_key.public))


def test_a_message_to_a_password_only(alias: Desk) -> None:
    with short_home() as home:
        message = gpg(home, "--passphrase", "known to all", *QUICK, "--symmetric", given=b"x")
    assert _R.PASSWORD_ONLY is reason(alias, message)


def test_a_password_beside_our_key_asks_for_nothing(alias: Desk, alias_key: Key) -> None:
    with short_home() as home:
        gpg(home, "--import", given=alias_key.public)
        to = ("--recipient", alias_key.fingerprint, "--passphrase", "p")
        message = gpg(home, *to, *QUICK, "--symmetric", "--encrypt", given=b"x")
    outcome = opening.open_message(alias.engine, message)
    assert isinstance(outcome, Opened)
    assert b"x" == outcome.plaintext


@pytest.mark.parametrize("cipher", ["3DES", "CAST5", "BLOWFISH"])
def test_a_cipher_with_64_bit_blocks(
    alias: Desk, reporter: Desk, alias_key: Key, cipher: str
) -> None:
    options = ("--cipher-algo", cipher, "--recipient", alias_key.fingerprint, "--encrypt")
    run = reporter.engine.run("--allow-old-cipher-algos", *options, given=b"x")
    if not run.output:
        run = reporter.engine.run(*options, given=b"x")
    assert _R.WEAK_CIPHER is reason(alias, run.output)


def test_a_bomb_is_cut_at_the_bound(desk: Callable[..., Desk], alias_key: Key) -> None:
    ours = desk(secret=alias_key.secret, output_limit=1_000_000)
    bomb = session_for(alias_key).protected(compressed(literal(bytes(50_000_000))))
    assert len(bomb) < 60_000
    assert _R.TOO_LARGE is reason(ours, bomb)


def test_content_of_exactly_the_bound_passes(desk: Callable[..., Desk], alias_key: Key) -> None:
    ours = desk(secret=alias_key.secret, output_limit=1_000_000)
    session = session_for(alias_key)
    fits = opening.open_message(ours.engine, session.protected(literal(bytes(1_000_000))))
    assert isinstance(fits, Opened)
    assert _R.TOO_LARGE is reason(ours, session.protected(literal(bytes(1_000_001))))


def test_many_nested_compressions(alias: Desk, alias_key: Key) -> None:
    content = literal(b"deep")
    for _ in range(200):
        content = compressed(content)
    assert isinstance(
        opening.open_message(alias.engine, session_for(alias_key).protected(content)), Closed
    )


def test_junk_key_packets_in_great_number(alias: Desk, alias_key: Key) -> None:
    session = session_for(alias_key)
    junk = session.key_packet * 100
    assert _R.TOO_MANY_KEYS is reason(alias, junk + session.protected(literal(b"x")))


def test_two_armored_messages_in_one_text(alias: Desk, alias_key: Key) -> None:
    block = armor.armor(Kind.MESSAGE, session_for(alias_key).protected(literal(b"x")))
    assert _R.AMBIGUOUS is reason(alias, block + block)
    assert _R.MALFORMED is reason(alias, block[:-40])


@tries(25)
@given(content=st.binary(max_size=200))
def test_any_content_inside_encryption_is_an_answer(
    alias: Desk, alias_key: Key, content: bytes
) -> None:
    outcome = opening.open_message(alias.engine, session_for(alias_key).protected(content))
    assert isinstance(outcome, Opened | Closed)


@tries(25)
@given(data=st.binary(max_size=300))
def test_any_octets_are_an_answer(alias: Desk, data: bytes) -> None:
    assert isinstance(opening.open_message(alias.engine, data), Opened | Closed)


def test_a_stolen_session_of_another_key_does_not_help(alias: Desk) -> None:
    other = session_for(key_of("Other <other@example.org>"))
    assert _R.NO_KEY is reason(alias, other.protected(literal(b"x")))
