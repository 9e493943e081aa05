"""Certificates: what is taken, what is refused, and what one is good for at an instant."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from gatekeeper.pgp import armor, keys, listing
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.keys import BLOCK_MAX, CertInfo, CertRefused
from tests.keys import Key, gpg, key_of, make_key, read_key, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, revoked
from tests.pgp.test_hostile import LINE_BREAKS


def changed(*commands: tuple[str, ...]) -> Key:
    """Return a new key after gpg ran these commands on it; {key} is its fingerprint."""
    with short_home() as home:
        made = make_key(home, "Changed <changed@example.org>")
        for command in commands:
            gpg(home, *(word.replace("{key}", made.fingerprint) for word in command))
        return read_key(home, made.fingerprint)


def test_a_good_certificate(alias: Desk, reporter_key: Key) -> None:
    for block in (reporter_key.public, armor.armor(Kind.PUBLIC_KEY, reporter_key.public)):
        cert = keys.inspect(alias.engine, block, NOW)
        assert reporter_key.fingerprint == cert.fingerprint == cert.signing_keys[0]
        assert ("Rea Porter <rea@example.org>",) == cert.user_ids
        assert (True, True, False, False, None, ()) == (
            cert.can_sign,
            cert.can_encrypt,
            cert.revoked,
            cert.secret,
            cert.expires_at,
            cert.problems,
        )
        (key,) = cert.encryption_keys
        assert key.fingerprint.endswith(key.key_id)


def test_nothing_is_imported_by_looking(alias: Desk) -> None:
    before = alias.engine.run("--list-keys").output
    keys.inspect(alias.engine, key_of("Nobody <nobody@example.org>").public, NOW)
    assert before == alias.engine.run("--list-keys").output


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: b"", "no OpenPGP key|not exactly one"),
        (lambda _: b"hello", "not exactly one"),
        (lambda _: b"\xff\xff", "no OpenPGP key"),
        (lambda key: key.public[:-5], "no OpenPGP key"),
        (lambda key: key.public + b"\xce\x00", "version 4"),
        (lambda _: b"\xc6\x00", "version 4"),
        (lambda key: key.secret, "SECRET"),
        (lambda key: armor.armor(Kind.PRIVATE_KEY, key.secret), "SECRET"),
        (lambda key: armor.armor(Kind.PUBLIC_KEY, key.public)[:-40], "no end"),
        (lambda key: armor.armor(Kind.PUBLIC_KEY, key.public) * 2, "not exactly one"),
        (lambda key: key.public + key_of("Nobody <nobody@example.org>").public, "exactly one key"),
        (lambda key: key.public[53:], "exactly one key"),
        (lambda key: key.public + bytes(BLOCK_MAX), "larger than 256 KiB"),
        (lambda _: crafting.packet(6, b"\x06" + bytes(50)), "version 4"),
        (lambda _: crafting.packet(6, b"\x04" + bytes(50)), "no usable key"),
    ],
)
def test_what_is_not_one_public_certificate_is_refused(
    alias: Desk, reporter_key: Key, make: Callable[[Key], bytes], words: str
) -> None:
    with pytest.raises(CertRefused, match=words) as raised:
        keys.inspect(alias.engine, make(reporter_key), NOW)
    assert raised.value.remedy


@given(st.binary(max_size=200))
def test_any_octets_are_refused_without_gpg(data: bytes) -> None:
    with pytest.raises(CertRefused):
        keys.single(data)


def test_a_secret_key_is_taken_where_it_is_meant(alias: Desk, reporter_key: Key) -> None:
    cert = keys.inspect(alias.engine, reporter_key.secret, NOW, allow_secret=True)
    assert reporter_key.fingerprint == cert.fingerprint


def test_the_fingerprint_is_computed_as_gpg_does(reporter_key: Key) -> None:
    assert reporter_key.fingerprint == keys.primary_fingerprint(reporter_key.public)


def test_a_revoked_key_is_good_for_nothing(alias: Desk) -> None:
    cert = keys.inspect(alias.engine, revoked(key_of("Gone <gone@example.org>")), NOW)
    assert (True, False, False) == (cert.revoked, cert.can_sign, cert.can_encrypt)
    assert ("the key is revoked",) == cert.problems
    assert ("Gone <gone@example.org>",) == cert.user_ids


def inspected(alias: Desk, key: Key, now: Instant = NOW) -> CertInfo:
    return keys.inspect(alias.engine, key.public, now)


def test_expiry_is_judged_at_the_given_instant(alias: Desk) -> None:
    key = changed(("--quick-set-expire", "{key}", "20300101T000000"))
    end = inspected(alias, key).expires_at
    assert end is not None
    assert Instant(1_893_456_000 * SECOND) == end
    before, after = (inspected(alias, key, later(end, by)) for by in (-SECOND, 0))
    assert (True, ()) == (before.can_encrypt, before.problems)
    assert (False, ("the key has expired",)) == (after.can_encrypt, after.problems)


def test_an_expired_subkey(alias: Desk) -> None:
    key = changed(("--quick-set-expire", "{key}", "20300101T000000", "*"))
    late = inspected(alias, key, Instant(1_900_000_000 * SECOND))
    assert ("its encryption subkey has expired",) == late.problems
    assert (True, False, ()) == (late.can_sign, late.can_encrypt, late.encryption_keys)


def test_no_encryption_subkey(alias: Desk) -> None:
    with short_home() as home:
        options = ("--status-fd", "1", "--quick-gen-key")
        gpg(home, *options, "Sign Only <sign@example.org>", "ed25519", "cert,sign", "never")
        block = gpg(home, "--export")
    cert = keys.inspect(alias.engine, block, NOW)
    assert ("the key has no encryption subkey",) == cert.problems
    assert (True, False) == (cert.can_sign, cert.can_encrypt)


def test_two_encryption_subkeys(alias: Desk) -> None:
    key = changed(("--quick-add-key", "{key}", "cv25519", "encr", "never"))
    assert 2 == len(inspected(alias, key).encryption_keys)


@pytest.mark.parametrize("separator", LINE_BREAKS, ids=repr)
def test_a_user_id_cannot_pose_as_a_line_of_a_listing(alias: Desk, separator: bytes) -> None:
    line = b"fpr:::::::::" + b"A" * 40 + b":"
    key = crafting.CraftedKey(
        separator.join([b"Mal", b"pub:u:255:22:AA:1:::u:::scESC:", line, b""])
    )
    cert = keys.inspect(alias.engine, key.certificate, NOW)
    assert key.fingerprint == cert.fingerprint
    assert (key.fingerprint,) == cert.signing_keys
    assert all(text.isprintable() for text in cert.user_ids)


def test_unprintable_user_ids_are_told_and_left_out(alias: Desk) -> None:
    key = crafting.CraftedKey("Evil\u2028<e@example.org>".encode())
    cert = keys.inspect(alias.engine, key.certificate, NOW)
    assert () == cert.user_ids
    assert "a user ID holds characters that cannot be printed" in cert.problems


def test_a_colon_and_letters_of_other_scripts_stay(alias: Desk) -> None:
    key = crafting.CraftedKey("Ω: Jürgen <j@example.org>".encode())
    cert = keys.inspect(alias.engine, key.certificate, later(NOW, DAY))
    assert ("Ω: Jürgen <j@example.org>",) == cert.user_ids


@given(st.binary(max_size=300))
def test_any_listing_is_read(output: bytes) -> None:
    assert isinstance(listing.records(output), tuple)


@pytest.mark.parametrize(
    ("validities", "problem"),
    [
        (("i", "-"), "the key is invalid"),
        (("-", "r"), "its encryption subkey is revoked"),
        (("-", "i"), "its encryption subkey is invalid"),
    ],
)
def test_what_gpg_calls_invalid(validities: tuple[str, str], problem: str) -> None:
    first, second = validities
    output = (
        f"pub:{first}:255:22:AA:1:::u:::scESC:\nfpr:::::::::A:\n"
        f"sub:{second}:255:18:BB:1::::::e:\nfpr:::::::::B:\n"
    )
    (record,) = listing.records(output.encode())
    assert (problem,) == keys.info(record, NOW).problems


def test_a_disabled_key_is_told() -> None:
    output = b"pub:-:255:22:AA:1:::u:::scESCD:\nfpr:::::::::A:\nsub:-:255:18:BB:1::::::e:\n"
    (record,) = listing.records(output)
    assert ("the key is disabled",) == keys.info(record, NOW).problems
