"""Throwaway keys for tests: Ed25519 and Curve25519 without a passphrase, made by the real gpg."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CREATED = "20260101T000000!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key pair: primary fingerprint, certificate and secret key as binary OpenPGP packets."""

    fingerprint: str
    public: bytes
    secret: bytes


def gpg(home: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run gpg on a home without any question and return what it printed; failure raises."""
    command = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--no-options", "--quiet"]
    command += ["--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"]
    done = subprocess.run([*command, *arguments], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


@contextmanager
def short_home() -> Iterator[Path]:
    """Lend an empty gpg home whose path is short enough for the agent's socket (108 octets).

    The home and its agent are gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="gk-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        try:
            yield home
        finally:
            stop = ["gpgconf", "--homedir", str(home), "--kill", "all"]
            subprocess.run(stop, capture_output=True, check=False)


def make_key(home: Path, uid: str) -> Key:
    """Make a key for `uid` in `home` (it stays there) and return it; it never expires.

    It was made at CREATED, so that a test whose time stands still can sign with it.
    """
    faked = ("--faked-system-time", CREATED)
    options = (*faked, "--status-fd", "1", "--quick-gen-key")
    status = gpg(home, *options, uid, "ed25519", "cert,sign", "never")
    fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
    gpg(home, *faked, "--quick-add-key", fingerprint, "cv25519", "encr", "never")
    return read_key(home, fingerprint)


def read_key(home: Path, fingerprint: str) -> Key:
    """Return a key pair of `home` as it is there now."""
    return Key(
        fingerprint=fingerprint,
        public=gpg(home, "--export", fingerprint),
        secret=gpg(home, "--export-secret-keys", fingerprint),
    )


_KEPT: dict[str, Key] = {}


def keep(keys: Mapping[str, Key]) -> None:
    """Use these keys, by user ID, instead of making them: those of another process."""
    _KEPT.update(keys)


@cache
def key_of(uid: str) -> Key:
    """Return the key of `uid`, made when first asked for: once in each test process."""
    if uid in _KEPT:
        return _KEPT[uid]
    with short_home() as home:
        return make_key(home, uid)
