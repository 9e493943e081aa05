"""OpenPGP over content of any length, in bounded memory: encrypted and signed, or opened again."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from gatekeeper.domain.errors import OurFault, Refusal
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp.command import CommandLine, environment
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.status import DECRYPTION, Status

_STRENGTH: Final = ("--cipher-algo=AES256", "--digest-algo=SHA512", "--compress-algo=zlib")
_QUICK: Final = "--compress-level=1"
"""What is sealed already does not compress; this takes back what base64 added."""

_STATUS_MAX: Final = 1 << 20
_BELIEVED: Final = ("GOODSIG", "EXPKEYSIG")
"""A signature made while its key was good; that the key has ended since is no fault."""

_OTHER: Final = "give another copy of the file; nothing was changed"


@contextmanager
def encrypting(
    engine: Engine, target: BinaryIO, *, to: Sequence[str], signer: str, now: Instant
) -> Iterator[IO[bytes]]:
    """Lend what to write to: all of it lands in `target`, signed and encrypted to these keys.

    `to` and `signer` are primary fingerprints in the engine's home. OurFault when gpg did not do
    exactly that; then what is in `target` is worth nothing.
    """
    keys = [word for key in to for word in ("--recipient", key)]
    options = [
        *(f"--faked-system-time={now // SECOND}!", *_STRENGTH, _QUICK, "--local-user", signer),
        *(*keys, "--encrypt", "--sign", "--output", "-"),
    ]
    command = CommandLine(binary=engine.binary, home=engine.home)
    with _status() as (reading, writing):
        process = _started(
            command.arguments(status=writing, options=options),
            stdin=subprocess.PIPE,
            stdout=target,
            environ=environment(engine.home),
            lent=writing,
        )
        os.close(writing)
        with _ended(process):
            pipe = _pipe(process.stdin)
            try:
                yield pipe
                pipe.close()
            except BrokenPipeError:
                process.wait()
            process.wait()
        status = _read(reading)
    made = status.count("SIG_CREATED") == 1 and status.count("END_ENCRYPTION") == 1
    if process.returncode != 0 or not made:
        raise OurFault("gpg did not encrypt it", remedy="check the space, and `gatekeeper doctor`")


@dataclass(slots=True)
class Opening:
    """An OpenPGP message that is being opened: read `content` to its end, then ask `signer`."""

    content: IO[bytes]
    _process: "subprocess.Popen[bytes]"
    _reading: int
    _status: Status | None = None

    def signer(self) -> str:
        """Return the primary fingerprint of who signed all of it.

        Refusal when it is not whole, or not signed by one key that this person's gpg knows. What
        was read before this returns is nobody's word yet.
        """
        status = self._said()
        if not status.count("DECRYPTION_OKAY") or status.count("BADMDC"):
            if status.count("NO_SECKEY") and not status.count("DECRYPTION_KEY"):
                raise Refusal(
                    "none of the keys it is encrypted to is in this gpg home",
                    remedy="set GNUPGHOME to the folder that holds a recovery key",
                )
            raise Refusal("it is damaged or cut off, or is no backup", remedy=_OTHER)
        believed = sum(status.count(word) for word in _BELIEVED)
        signed = status.only("VALIDSIG")
        if believed != 1 or signed is None or not status.within(DECRYPTION):
            raise Refusal(
                "it is not signed by a key that this gpg home knows",
                remedy="import the certificate of the security alias from where you published it",
            )
        return signed.arguments[-1]

    def _said(self) -> Status:
        if self._status is None:
            with suppress(OSError):
                while self.content.read(1 << 16):
                    pass
            self._process.wait()
            self._status = _read(self._reading)
        return self._status


@contextmanager
def opening(gpg: Path, source: BinaryIO) -> Iterator[Opening]:
    """Lend the content of an encrypted file as the gpg of this person opens it.

    It uses the person's own home (GNUPGHOME) and agent, which may ask for a passphrase.
    """
    with _status() as (reading, writing):
        words = ["--no-options", "--batch", "--status-fd", str(writing), "--decrypt"]
        process = _started(
            [os.fsencode(gpg), *map(os.fsencode, words)],
            stdin=source,
            stdout=subprocess.PIPE,
            environ=None,
            lent=writing,
        )
        os.close(writing)
        with _ended(process):
            yield Opening(_pipe(process.stdout), process, reading)


def _started(
    command: Sequence[bytes],
    *,
    stdin: int | BinaryIO,
    stdout: int | BinaryIO,
    environ: dict[str, str] | None,
    lent: int,
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            pass_fds=(lent,),
            env=environ,
            start_new_session=environ is not None,
        )
    except OSError as error:
        os.close(lent)
        raise OurFault(
            "gpg cannot be started",
            reason=error.strerror or "",
            remedy="install the Debian package gnupg",
        ) from None


@contextmanager
def _status() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End the program whatever happens to whoever uses it."""
    try:
        yield
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)


def _read(reading: int) -> Status:
    raw = bytearray()
    while len(raw) < _STATUS_MAX and (more := os.read(reading, 1 << 16)):
        raw += more
    return Status.parse(bytes(raw))
