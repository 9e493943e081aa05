"""Which certificates of strangers are taken, and which are refused with what words."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.pgp import armor, guests, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import BLOCK_MAX, KEYS_MAX, CertRefused
from tests.keys import Key, gpg, key_of, read_key, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, gpg_path, revoked
from tests.pgp.crafting import CraftedKey
from tests.pgp.test_hostile import LINE_BREAKS
from tests.pgp.test_keys import changed


@pytest.fixture(scope="module")
def guest() -> Key:
    """Someone outside whose certificate is in no home of ours."""
    return key_of("Ann Outside <ann@outside.example>")


def files(home: Path) -> set[Path]:
    return set(home.rglob("*"))


def test_examined_is_what_can_be_encrypted_to(alias: Desk, guest: Key) -> None:
    for block in (guest.public, armor.armor(Kind.PUBLIC_KEY, guest.public)):
        found = guests.examine(alias.engine, block, NOW)
        assert guest.fingerprint == found.info.fingerprint
        assert guest.public == found.certificate
        assert guest.fingerprint[-16:] in guests.key_ids(found.certificate)


def test_every_signing_subkey_is_known_by_its_id(alias: Desk) -> None:
    more = ("--quick-add-key", "{key}", "ed25519", "sign", "never")
    key = changed(more, more)
    ids = guests.key_ids(guests.examine(alias.engine, key.public, NOW).certificate)
    assert 4 == len(set(ids)), "the primary key, two that sign, and one to encrypt to"
    assert key.fingerprint[-16:] in ids


def _weak() -> bytes:
    with short_home() as home:
        gpg(home, "--quick-gen-key", "Short <short@example.org>", "rsa1024", "cert,sign", "never")
        listing = gpg(home, "--with-colons", "--list-keys").decode()
        fingerprint = listing.partition("fpr:::::::::")[2][:40]
        gpg(home, "--quick-add-key", fingerprint, "rsa1024", "encr", "never")
        return read_key(home, fingerprint).public


END = Instant(1_893_456_000 * SECOND)
"""2030-01-01, when the keys end that end."""


def _ending() -> bytes:
    return changed(("--quick-set-expire", "{key}", "20300101T000000")).public


def _version_6(key: Key) -> bytes:
    (first, *_) = packets.walk(key.public)
    body = key.public[first.body : first.end]
    return crafting.packet(6, b"\x06" + body[1:]) + key.public[first.end :]


def _many_subkeys(key: Key) -> bytes:
    first = CraftedKey(b"Many")
    extra = first.adopting(key.public, subkey=1)[len(first.certificate) :]
    return first.certificate + extra * KEYS_MAX


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda key: key.secret, "SECRET"),
        (lambda key: armor.armor(Kind.PRIVATE_KEY, key.secret), "SECRET"),
        (revoked, "revoked"),
        (lambda _: CraftedKey(b"Signs only").certificate, "no encryption subkey"),
        (_version_6, "version 4"),
        (lambda key: key.public * 2, "not hold exactly one"),
        (lambda key: key.public + bytes(BLOCK_MAX), "larger than 256 KiB"),
        (lambda _: b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nnot base64\n", "no end"),
        (lambda _: b"hello", "not exactly one"),
        (_many_subkeys, "more than 32 keys"),
        (lambda _: CraftedKey(b"x").certificate + crafting.packet(13, b"y") * 64, "64 user IDs"),
        (lambda _: _weak(), "less than 2048 bits"),
        (lambda key: key.public[: key.public.index(b"Ann") - 2], "no usable key"),
    ],
)
def test_what_is_refused(alias: Desk, guest: Key, make: Callable[[Key], bytes], words: str) -> None:
    with pytest.raises(CertRefused, match=words):
        guests.examine(alias.engine, make(guest), NOW)


@pytest.mark.parametrize("separator", LINE_BREAKS[:-2], ids=repr)
def test_a_user_id_that_could_pose_as_status_is_refused(
    alias: Desk, guest: Key, separator: bytes
) -> None:
    """No words of the user ID are in what is said, and none reaches a list of ours."""
    hostile = CraftedKey(separator.join([b"Mal", b"[GNUPG:] GOODSIG 0123456789ABCDEF Victim"]))
    block = hostile.adopting(guest.public, subkey=1)
    if separator == b"\x85":
        # Not UTF-8: an octet of an old character set, which is shown as one that is unknown.
        assert guests.examine(alias.engine, block, NOW).info.user_ids
        return
    with pytest.raises(CertRefused, match="control characters") as refused:
        guests.examine(alias.engine, block, NOW)
    assert "GNUPG" not in refused.value.diagnostics()


def test_our_own_certificate_is_no_guests(alias: Desk, alias_key: Key) -> None:
    """Reporters attach the key that they were given; nothing may be encrypted to ourselves."""
    with pytest.raises(CertRefused, match="of this address itself"):
        guests.examine(alias.engine, alias_key.public, NOW)


def test_an_expired_key_is_refused(alias: Desk) -> None:
    key = _ending()
    assert key == guests.examine(alias.engine, key, later(END, -SECOND)).certificate
    with pytest.raises(CertRefused, match="the key has expired"):
        guests.examine(alias.engine, key, END)


def test_a_flood_of_own_signatures_is_cut_down(alias: Desk, guest: Key) -> None:
    """256 KiB of good signatures come to the newest of each user ID and subkey."""
    crafted = CraftedKey(b"Flood")
    whole = crafted.adopting(guest.public, subkey=1)
    *_, last = packets.walk(whole)
    binding = whole[last.start :]
    many = (BLOCK_MAX - len(whole)) // len(binding)
    found = guests.examine(alias.engine, whole + binding * many, NOW)
    assert len(found.certificate) <= len(whole)


@pytest.mark.parametrize(
    ("instead", "words"),
    [("exec tail -f /dev/null", "takes too long"), ("exit 0", "no usable key")],
)
def test_one_of_which_gpg_makes_nothing_is_refused(
    alias: Desk, guest: Key, tmp_path: Path, instead: str, words: str
) -> None:
    program = tmp_path / "gpg"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *import-export*) {instead};; esac\nexec gpg "$@"\n',
        encoding="ascii",
    )
    program.chmod(0o700)
    engine = Engine(binary=program, home=alias.engine.home, wait=3 * SECOND, output_limit=10_000)
    with pytest.raises(CertRefused, match=words):
        guests.examine(engine, guest.public, NOW)


def test_a_guest_is_not_imported(alias: Desk, guest: Key) -> None:
    before = files(alias.engine.home)
    guests.examine(alias.engine, guest.public, NOW)
    assert before == files(alias.engine.home)
    listed = subprocess.run(
        [gpg_path(), "--homedir", alias.engine.home, "--list-keys", guest.fingerprint],
        capture_output=True,
        check=False,
    )
    assert 0 != listed.returncode


@given(st.binary(max_size=200))
def test_any_octets_are_refused_without_gpg(data: bytes) -> None:
    with pytest.raises(CertRefused):
        guests.examine(cast("Engine", None), data, NOW)


def test_the_ids_of_all_keys_are_known(alias: Desk, guest: Key) -> None:
    found = guests.examine(alias.engine, guest.public, NOW)
    expected = {key[-16:] for key in found.info.signing_keys}
    expected |= {key.key_id for key in found.info.encryption_keys}
    assert expected == set(guests.key_ids(found.certificate))
