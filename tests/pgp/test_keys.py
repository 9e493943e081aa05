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


def test_a_secret_key_is_taken_where_it_is_meant(reporter_key: Key) -> None:
    assert reporter_key.secret == keys.single(reporter_key.secret, allow_secret=True)


def test_every_key_in_it_is_told_with_its_use_and_end(alias: Desk) -> None:
    """The primary key first, then all subkeys, usable or not."""
    key = changed(
        ("--quick-add-key", "{key}", "ed25519", "sign", "20300101T000000"),
        ("--quick-set-expire", "{key}", "20310101T000000"),
    )
    cert = inspected(alias, key, Instant(1_900_000_000 * SECOND))
    ends = [part.expires_at and part.expires_at // SECOND for part in cert.parts]
    assert [1_924_992_000, None, 1_893_456_000] == ends
    assert [{"s", "c"}, {"e"}, {"s"}] == [set(part.uses) for part in cert.parts]
    assert (key.fingerprint,) == cert.signing_keys


def rsa(bits: int, *subkeys: int) -> bytes:
    """Return a certificate of RSA with encryption subkeys of these lengths."""
    with short_home() as home:
        gpg(home, "--quick-gen-key", "Rsa <rsa@example.org>", f"rsa{bits}", "sign,cert", "never")
        listing = gpg(home, "--with-colons", "--list-keys").decode()
        fingerprint = listing.partition("fpr:::::::::")[2][:40]
        for length in subkeys:
            gpg(home, "--quick-add-key", fingerprint, f"rsa{length}", "encr", "never")
        return gpg(home, "--export")


def test_short_keys_are_not_used(alias: Desk) -> None:
    """A short primary key is refused; a short subkey is, with any other, for it may be chosen."""
    with pytest.raises(CertRefused, match="its primary key has less than 2048 bits"):
        keys.inspect(alias.engine, rsa(1024, 2048), NOW)
    sound = keys.inspect(alias.engine, rsa(2048, 2048), NOW)
    assert (True, True, ()) == (sound.can_sign, sound.can_encrypt, sound.problems)
    for lengths in ((1024,), (1024, 2048), (2048, 1024)):
        cert = keys.inspect(alias.engine, rsa(2048, *lengths), NOW)
        assert (True, False, ()) == (cert.can_sign, cert.can_encrypt, cert.encryption_keys)
        assert ("its encryption subkey has less than 2048 bits",) == cert.problems


def test_a_short_primary_key_that_is_there_already_is_good_for_nothing() -> None:
    """As a listing shows it: RSA of 1024 bits, which came in before it was refused."""
    output = b"pub:-:1024:1:AA:1:::u:::scESC:\nfpr:::::::::A:\nsub:-:2048:1:BB:1::::::e:\n"
    (record,) = listing.records(output + b"fpr:::::::::B:\n")
    cert = keys.info(record, NOW)
    assert (False, False) == (cert.can_sign, cert.can_encrypt)
    assert ("its primary key has less than 2048 bits",) == cert.problems


@pytest.mark.parametrize("body", [b"\x04", b"\x04\x00\x00\x00\x00\x16"])
def test_a_key_that_is_cut_short_is_left_to_gpg(body: bytes, alias: Desk) -> None:
    with pytest.raises(CertRefused, match="no usable key"):
        keys.inspect(alias.engine, crafting.packet(6, body), NOW)


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
def test_a_user_id_cannot_pose_as_a_line_of_a_listing(
    desk: Callable[..., Desk], separator: bytes
) -> None:
    """Not even where no door refused it: it is in the home."""
    line = b"fpr:::::::::" + b"A" * 40 + b":"
    key = crafting.CraftedKey(
        separator.join([b"Mal", b"pub:u:255:22:AA:1:::u:::scESC:", line, b""])
    )
    (cert,) = desk(key.certificate).keyring.list(NOW)
    assert key.fingerprint == cert.fingerprint
    assert (key.fingerprint,) == cert.signing_keys
    assert all(text.isprintable() for text in cert.user_ids)


CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_control_characters_and_line_breaks_are_refused(alias: Desk, control: str) -> None:
    key = crafting.CraftedKey(f"Evil{control}<e@example.org>".encode())
    with pytest.raises(CertRefused, match="control characters") as refused:
        keys.inspect(alias.engine, key.certificate, NOW)
    assert "Evil" not in refused.value.diagnostics()


def test_unprintable_user_ids_are_told_and_left_out(alias: Desk) -> None:
    key = crafting.CraftedKey("Evil\u202e<e@example.org>".encode())
    cert = keys.inspect(alias.engine, key.certificate, NOW)
    assert () == cert.user_ids
    assert "a user ID holds characters that cannot be printed" in cert.problems


def test_a_colon_and_letters_of_other_scripts_stay(alias: Desk) -> None:
    key = crafting.CraftedKey("Ω: Jürgen <j@example.org>".encode())
    cert = keys.inspect(alias.engine, key.certificate, later(NOW, DAY))
    assert ("Ω: Jürgen <j@example.org>",) == cert.user_ids


def test_a_flood_of_user_ids_is_refused(alias: Desk) -> None:
    many = crafting.CraftedKey(b"x").certificate + crafting.packet(13, b"y") * 64
    with pytest.raises(CertRefused, match="64 user IDs"):
        keys.inspect(alias.engine, many, NOW)


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


@pytest.mark.parametrize(
    ("algorithm", "numbers", "slow"),
    [
        (1, (4096, 17), False),
        (1, (8192, 32), False),
        (1, (8193, 17), True),
        (1, (4096, 4096), True),
        (16, (16_000, 3), True),
        (17, (16_000, 256), True),
        (22, (16_000, 16_000), False),
    ],
)
def test_keys_made_to_cost_time_are_known(
    algorithm: int, numbers: tuple[int, int], *, slow: bool
) -> None:
    """Each signature by RSA of 16384 bits with as long an exponent takes gpg three seconds."""
    mpis = b"".join(n.to_bytes(2, "big") + b"\xff" * ((n + 7) // 8) for n in numbers)
    assert slow == listing.is_slow(b"\x04\0\0\0\0" + bytes([algorithm]) + mpis)


def test_a_certificate_with_such_a_key_is_refused_before_gpg_sees_it() -> None:
    body = b"\x04\0\0\0\0\x01" + (9000).to_bytes(2, "big") + b"\xff" * 1125 + b"\0\x05\x11"
    with pytest.raises(CertRefused, match="made to cost time"):
        keys.screen(crafting.packet(6, body))
