"""The keys of one gpg home: a cache that is filled from elsewhere and thrown away."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import NotThere, OurFault, Refusal
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.domain.instants import DAY, SECOND, Instant, later, to_datetime
from gatekeeper.pgp import armor, keys, listing
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.command import environment
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import CertInfo, CertRefused
from gatekeeper.pgp.listing import Record, SubkeyRecord

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

    def load_sound(self, certs: Iterable[bytes]) -> frozenset[str]:
        """Import those of the certificates that may be used; return their primary fingerprints.

        What `keys.single` or `keys.screen` refuses is left out, and what gpg finds nothing in.
        """
        blocks = [block for cert in certs if (block := _screened(cert)) is not None]
        return self._import(blocks) if blocks else frozenset()

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
        end = _written(later(now, life))
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

    def extend(self, fingerprint: str, *, until: Instant, now: Instant) -> CertInfo:
        """Let a key of ours and its subkeys last until `until`, and return what it is then.

        Extended are the subkeys that are usable at `now`; where none is left for a use, those that
        were so last. Nothing is shortened. Refusal when the key's primary secret is not here, when
        it is revoked, or lasts that long already; NotThere when the home has none; OurFault when
        gpg did not do it.
        """
        cert = self.find(fingerprint, now)
        if cert is None or not cert.secret:
            raise NotThere(f"no secret key {fingerprint} in this home")
        record = self._record(fingerprint)
        if cert.primary_offline:
            remedy = "extend it where that is, and run: gatekeeper key import FILE"
            raise Refusal("the secret of the primary key is not here", remedy=remedy)
        if record.primary.dead:
            raise Refusal("the key is revoked", remedy="make a new one: gatekeeper key rotate")
        end = Instant(until // SECOND * SECOND)
        short = [key for key in _lasting(record, now) if (key.expires_at or end) < end]
        if not short:
            raise Refusal("the key lasts that long already", remedy="name a later day")
        when = max(now, later(self._last_signature(fingerprint), SECOND))
        for key in short:
            self._set_end(record, key, end, when)
        wanted = {key.fingerprint for key in short}
        ends = [k.expires_at for k in self._record(fingerprint).keys if k.fingerprint in wanted]
        if any(one != end for one in ends):
            raise OurFault("gpg did not extend the key", remedy="run `gatekeeper doctor`")
        return next(one for one in self.list(now) if one.fingerprint == fingerprint)

    def _record(self, fingerprint: str) -> Record:
        records = self._listing().records
        return next(one for one in records if one.primary.fingerprint == fingerprint)

    def _last_signature(self, fingerprint: str) -> Instant:
        """Return when a certificate was last signed: gpg waits until it is later than that."""
        run = self._engine.run("--list-sigs", fingerprint)
        run.ensure_done("listing keys")
        return listing.last_signature(run.output)

    def _set_end(self, record: Record, key: SubkeyRecord, end: Instant, now: Instant) -> None:
        primary = record.primary.fingerprint
        which = () if key is record.primary else (key.fingerprint,)
        options = ("--quick-set-expire", primary, _written(end), *which)
        with self._lock:
            self._known = None
            run = self._engine.run(*_WITHOUT_PASSPHRASE, *options, now=now)
        run.ensure_done("extending the key")

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


def _screened(cert: bytes) -> bytes | None:
    try:
        block = keys.single(cert)
        keys.screen(block)
    except CertRefused:
        return None
    return block


def _written(instant: Instant) -> str:
    """Return an instant as gpg reads it: UTC, in ISO 8601's short form."""
    return to_datetime(instant).strftime("%Y%m%dT%H%M%S")


def _lasting(record: Record, now: Instant) -> Iterator[SubkeyRecord]:
    """Yield the primary key and the subkeys that are, or were last, used beside it."""
    primary, *subkeys = record.keys
    yield primary
    alive = [key for key in subkeys if not key.dead]
    usable = [key for key in alive if key.expires_at is None or key.expires_at > now]
    yield from usable
    for use in {"e", "s"} - {use for key in (primary, *usable) for use in key.uses}:
        ended = [key for key in alive if use in key.uses and key.expires_at is not None]
        last = max((key.expires_at or 0 for key in ended), default=0)
        yield from (key for key in ended if key.expires_at == last)


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
