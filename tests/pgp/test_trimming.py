"""What is handed out for an address carries that address and no other."""

from pathlib import Path

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.pgp.keys import CertRefused, inspect
from gatekeeper.pgp.trimming import trimmed
from tests.keys import Key, gpg, make_key, read_key, short_home
from tests.pgp.conftest import NOW, open_desk

ALIAS = Address.parse("security@example.org")


@pytest.fixture(scope="module")
def busy() -> Key:
    """A key with several user IDs and a picture, the alias's in the middle."""
    with short_home() as home:
        made = make_key(home, "Office <office@example.org>")
        for more in (
            "Example security <Security@Example.org>",
            "security@example.org <office@example.net>",
            "security@example.org",
        ):
            gpg(home, "--quick-add-uid", made.fingerprint, more)
        return read_key(home, made.fingerprint)


def test_only_the_user_ids_of_the_address_stay(busy: Key) -> None:
    """Whatever case they are in, with a name or without; what only looks so goes."""
    small = trimmed(busy.public, ALIAS)
    with open_desk() as desk:
        found = inspect(desk.engine, small, NOW)
    assert {"Example security <Security@Example.org>", "security@example.org"} == set(
        found.user_ids
    )
    assert busy.fingerprint == found.fingerprint
    assert found.can_encrypt
    assert b"office" not in small


def test_gpg_takes_it_and_encrypts_to_the_address(busy: Key, tmp_path: Path) -> None:
    with short_home() as home:
        gpg(home, "--import", given=trimmed(busy.public, ALIAS))
        sealed = gpg(home, "--encrypt", "--recipient", f"<{ALIAS}>", given=b"hello")
    assert sealed


def test_a_key_for_another_address_is_refused(busy: Key) -> None:
    with pytest.raises(CertRefused, match="no user ID of the key is for abuse@"):
        trimmed(busy.public, Address.parse("abuse@example.org"))
