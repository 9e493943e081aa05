"""Why nothing is read from python-gnupg's results: text in a user ID makes it believe a forger.

It reads gpg's status and gpg's messages from one pipe, and splits it wherever some text library
sees the end of a line. What is shown here of it, as documentation, is shown not to happen to us.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gnupg
import pytest

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import opening
from tests.keys import Key, gpg, short_home
from tests.pgp.believing import LINE_BREAKS, claims
from tests.pgp.conftest import NOW, Desk, gpg_path, open_desk
from tests.pgp.crafting import CraftedKey, session_for

VICTIM = "A" * 40
"""Whose signature is claimed; there is no such key."""

IMPORTED = ("VT", "FF", "FS", "GS", "RS", "NEL", "LS", "PS")
"""What ends a line of gpg's messages for python-gnupg, which names keys as imported by them."""

VERIFIED = ("NEL", "LS", "PS")
"""What ends a line of gpg's status for it, so that a bad signature is a good one of anybody."""


def forger(name: str) -> CraftedKey:
    return CraftedKey(LINE_BREAKS[name].join([b"Mal", *claims(VICTIM)]))


@pytest.fixture(scope="module")
def stock_home(alias_key: Key) -> Iterator[Path]:
    with short_home() as home:
        gpg(home, "--import", given=alias_key.secret)
        yield home


@pytest.fixture(scope="module")
def ours(alias_key: Key) -> Iterator[Desk]:
    with open_desk(secret=alias_key.secret) as desk:
        yield desk


def stock(home: Path) -> Any:  # noqa: ANN401 - python-gnupg has no types
    """Return python-gnupg as its manual says, in a locale that has all characters."""
    surroundings = {**os.environ, "LC_ALL": "C.UTF-8"}
    found = gnupg.GPG(gpgbinary=str(gpg_path()), gnupghome=str(home), env=surroundings)
    found.encoding = "utf-8"
    return found


@pytest.mark.parametrize("name", IMPORTED)
def test_python_gnupg_names_a_key_that_was_never_imported(stock_home: Path, name: str) -> None:
    key = forger(name)
    assert {VICTIM, key.fingerprint} == set(
        stock(stock_home).import_keys(key.certificate).fingerprints
    )


@pytest.mark.parametrize("name", LINE_BREAKS)
def test_ours_names_the_key_that_was(ours: Desk, name: str) -> None:
    """It lists it too, with a user ID in one line or without that user ID."""
    key = forger(name)
    assert (key.fingerprint,) == ours.keyring.load([key.certificate])
    cert = ours.keyring.find(key.fingerprint, NOW)
    assert cert is not None
    shown = "".join(cert.user_ids)
    assert 1 >= len(shown.splitlines())
    assert shown.isprintable() or not shown
    assert ours.keyring.find(VICTIM, NOW) is None


@pytest.mark.parametrize("name", VERIFIED)
def test_python_gnupg_takes_a_bad_signature_for_anybodys(
    stock_home: Path, alias_key: Key, name: str
) -> None:
    key = forger(name)
    gpg(stock_home, "--import", given=key.certificate)
    message = session_for(alias_key).protected(key.signed(b"x", covered=b"other"))
    found = stock(stock_home).decrypt(message)
    assert (True, VICTIM) == (found.ok, found.fingerprint)
    assert VICTIM == found.pubkey_fingerprint


@pytest.mark.parametrize("name", VERIFIED)
def test_ours_says_that_it_is_bad(ours: Desk, alias_key: Key, name: str) -> None:
    key = forger(name)
    ours.keyring.load([key.certificate])
    message = session_for(alias_key).protected(key.signed(b"x", covered=b"other"))
    outcome = opening.open_message(ours.engine, message)
    assert isinstance(outcome, opening.Opened)
    assert [(SignatureState.BAD, None)] == [
        (one.state, one.fingerprint) for one in outcome.signatures
    ]
