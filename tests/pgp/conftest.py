"""Homes with the real gpg: the alias's, and any other that a test asks for."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp import armor
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from tests.keys import Key, key_of, short_home

NOW = Instant(int(time.time()) * SECOND)
"""One instant for the whole process, later than no key's making by more than the tests last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A home with its engine and key ring."""

    engine: Engine
    keyring: Keyring


def gpg_path() -> Path:
    found = shutil.which("gpg")
    assert found is not None
    return Path(found)


@contextmanager
def open_desk(
    *certificates: bytes, secret: bytes = b"", output_limit: int = 20_000_000, wait: int = 60
) -> Iterator[Desk]:
    """Lend a home with these keys; `wait` in seconds."""
    with short_home() as home:
        engine = Engine(binary=gpg_path(), home=home, wait=wait * SECOND, output_limit=output_limit)
        keyring = Keyring(engine)
        if secret:
            keyring.load_secret(secret)
        keyring.load(certificates)
        yield Desk(engine=engine, keyring=keyring)
        keyring.close()


def revoked(key: Key) -> bytes:
    """Return the certificate of `key` with a revocation in it."""
    with open_desk(secret=key.secret) as desk:
        answers = b"y\n0\n\ny\n"
        home = ("gpg", "--homedir", str(desk.engine.home), "--no-tty", "--command-fd", "0")
        revoke = [*home, "--gen-revoke", key.fingerprint]
        made = subprocess.run(revoke, input=answers, capture_output=True, check=True)
        (block,) = armor.dearmor(made.stdout)
        desk.engine.run("--import", given=block.data).ensure_done("revoking a test key")
        return desk.engine.run("--export", key.fingerprint).output


@pytest.fixture(scope="session")
def alias_key() -> Key:
    return key_of("Example Security <security@example.org>")


@pytest.fixture(scope="session")
def reporter_key() -> Key:
    return key_of("Rea Porter <rea@example.org>")


@pytest.fixture(scope="session")
def alias(alias_key: Key, reporter_key: Key) -> Iterator[Desk]:
    """The alias's desk: its secret key and the reporter's certificate; tests add nothing to it."""
    with open_desk(reporter_key.public, secret=alias_key.secret) as desk:
        yield desk


@pytest.fixture(scope="session")
def reporter(alias_key: Key, reporter_key: Key) -> Iterator[Desk]:
    """The reporter's desk: own secret key and the alias's certificate."""
    with open_desk(alias_key.public, secret=reporter_key.secret) as desk:
        yield desk


@pytest.fixture(scope="session")
def members() -> list[Key]:
    """Thirty people with a key each."""
    return [key_of(f"Member {number} <m{number}@example.org>") for number in range(30)]


@pytest.fixture(scope="session")
def sender(alias_key: Key, members: list[Key]) -> Iterator[Desk]:
    """The alias's desk with all members' certificates; tests add nothing to it."""
    publics = [member.public for member in members]
    with open_desk(*publics, secret=alias_key.secret) as desk:
        yield desk


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    """Return a maker of desks, all gone after the test."""
    with ExitStack() as stack:

        def make(*certificates: bytes, secret: bytes = b"", output_limit: int = 20_000_000) -> Desk:
            opened = open_desk(*certificates, secret=secret, output_limit=output_limit)
            return stack.enter_context(opened)

        yield make
