"""The keys of one gpg home: a cache that is filled from elsewhere and thrown away."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import NotThere, OurFault
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.domain.instants import DAY, Instant, later, to_datetime
from gatekeeper.pgp import armor, keys, listing
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.command import environment
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import CertInfo, CertRefused
from gatekeeper.pgp.listing import Record

LIFE: Final = 2 * 365 * DAY
"""How long a generated key lasts, in microseconds."""

_WITHOUT_PASSPHRASE: Final = ("--pinentry-mode=loopback", "--passphrase", "")
_CLOSE_WAIT: Final = 10
"""Seconds for gpg-agent to answer that it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    records: tuple[Record, ...]
    secret: frozenset[str]


class Keyring:
    """Certificates and secret keys in one home; safe to use from several threads at once.

    Whoever makes the home (mode 0700, short path, in memory when it takes a secret key) removes
    it again after `close`.
    """

    __slots__ = ("_engine", "_known", "_lock")

    def __init__(self, engine: Engine) -> None:
        """Take the engine whose home this is."""
        self._engine = engine
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def load(self, certs: Iterable[bytes]) -> tuple[str, ...]:
        """Import certificates, one a block; return their primary fingerprints in that order.

        CertRefused, naming its position from 1, for the first that is refused.
        """
        blocks = [self._checked(number, cert) for number, cert in enumerate(certs, 1)]
        wanted = tuple(keys.primary_fingerprint(block) for block in blocks)
        imported = self._import(blocks) if blocks else frozenset()
        for number, fingerprint in enumerate(wanted, 1):
            if fingerprint not in imported:
                raise CertRefused(
                    f"certificate {number} ({fingerprint}): gpg finds nothing usable in it",
                    remedy="look at it with gpg --show-keys, and export it anew",
                )
        return wanted

    def load_secret(self, secret: bytes) -> str:
        """Import one secret key without a passphrase; return its primary fingerprint."""
        block = keys.single(secret, allow_secret=True)
        imported = self._import([block])
        if len(imported) != 1:
            raise CertRefused(
                "gpg finds no usable secret key in the block",
                remedy="export it anew with gpg --export-secret-keys",
            )
        return next(iter(imported))

    def _checked(self, number: int, cert: bytes) -> bytes:
        try:
            return keys.single(cert)
        except CertRefused as error:
            raise CertRefused(f"certificate {number}: {error}", remedy=error.remedy) from None

    def _import(self, blocks: list[bytes]) -> frozenset[str]:
        with self._lock:
            options = ("--import-options", keys.IMPORT_OPTIONS, "--import")
            run = self._engine.run(*options, given=b"".join(blocks))
            self._known = None
        run.ensure_sound("importing keys")
        return frozenset(line.arguments[1] for line in run.status.all("IMPORT_OK"))

    def export(self, fingerprint: str) -> bytes:
        """Return a certificate, armored and minimal; NotThere when the home has none."""
        options = ("--export-options", "export-minimal", "--export", checked(fingerprint))
        with self._lock:  # an import replaces the file that is read here
            run = self._engine.run(*options)
        run.ensure_sound("exporting a certificate")
        if not run.output:
            raise NotThere(f"no key {fingerprint} in this home")
        return armor.armor(Kind.PUBLIC_KEY, run.output)

    def export_secret(self, fingerprint: str) -> bytes:
        """Return a secret key with its subkeys as binary packets; NotThere when there is none."""
        options = (*_WITHOUT_PASSPHRASE, "--export-secret-keys", checked(fingerprint))
        with self._lock:
            run = self._engine.run(*options)
        run.ensure_sound("exporting a secret key")
        if not run.output:
            raise NotThere(f"no secret key {fingerprint} in this home")
        return run.output

    def list(self, now: Instant) -> tuple[CertInfo, ...]:
        """Return what every certificate here is good for at `now`."""
        known = self._listing()
        return tuple(
            replace(
                keys.info(record, now),
                secret_parts=known.secret & {key.fingerprint for key in record.keys},
            )
            for record in known.records
        )

    def find(self, fingerprint: str, now: Instant) -> CertInfo | None:
        """Return one certificate by its primary fingerprint, None when it is not here."""
        return next((cert for cert in self.list(now) if cert.fingerprint == fingerprint), None)

    def _listing(self) -> _Known:
        with self._lock:
            if self._known is None:
                public = self._engine.run("--list-keys")
                public.ensure_done("listing keys")
                secret = listing.secret_parts(self._engine.run("--list-secret-keys"))
                self._known = _Known(records=listing.records(public.output), secret=secret)
            return self._known

    def generate(self, user_id: str, now: Instant, *, life: int = LIFE) -> str:
        """Make a key and return its fingerprint: Ed25519, with a Curve25519 encryption subkey.

        `user_id` is `Name <address>`; it lives for `life` microseconds and has no passphrase.
        """
        end = to_datetime(later(now, life)).strftime("%Y%m%dT%H%M%S")
        make = ("--quick-generate-key", user_id, "ed25519", "cert,sign", end)
        with self._lock:
            self._known = None
            primary = self._engine.run(*_WITHOUT_PASSPHRASE, *make, now=now)
            primary.ensure_done("making the key")
            created = primary.status.only("KEY_CREATED")
            if created is None:
                raise OurFault("gpg made no key", remedy="check the user ID and the home's disk")
            fingerprint = checked(created.arguments[1])
            add = ("--quick-add-key", fingerprint, "cv25519", "encr", end)
            self._engine.run(*_WITHOUT_PASSPHRASE, *add, now=now).ensure_done(
                "adding the encryption subkey"
            )
        return fingerprint

    def take_revocation(self, fingerprint: str) -> bytes:
        """Return the revocation certificate that gpg made with the key, armored, and remove it.

        NotThere when it was taken already. gpg put a colon before it against accidents.
        """
        path = self._engine.home / "openpgp-revocs.d" / f"{checked(fingerprint)}.rev"
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            raise NotThere(f"no revocation certificate for {fingerprint}") from None
        (block,) = armor.dearmor(re.sub(rb"(?m)^:(?=-----BEGIN )", b"", text))
        path.unlink()
        return armor.armor(Kind.PUBLIC_KEY, block.data)

    def reset(self) -> None:
        """Forget every key: stop the agent and empty the home."""
        with self._lock:
            self._stop()
            self._known = None
            for path in self._engine.home.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            self._engine.prepare_home()

    def close(self) -> None:
        """Stop the gpg-agent of this home; another call to gpg would start it again."""
        self._stop()

    def _stop(self) -> None:
        stop_agent(self._engine.binary, self._engine.home)


def stop_agent(gpg: Path, home: Path) -> None:
    """Stop the gpg-agent of a home, which may hold secret keys in memory; none there is fine."""
    command = [str(_gpgconf(gpg)), "--homedir", str(home)]
    with suppress(subprocess.TimeoutExpired, OSError):
        subprocess.run(
            [*command, "--kill", "all"],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(home),
            timeout=_CLOSE_WAIT,
        )


def _gpgconf(gpg: Path) -> Path:
    beside = gpg.with_name("gpgconf")
    return beside if beside.exists() else Path("gpgconf")
