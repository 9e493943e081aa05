"""What recipients read our mail with: five programs, each asked to decrypt and to verify."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.keys import Key, gpg, short_home

PROGRAMS = ("gpg", "sq", "sqop", "gosop", "rnp")

OWN = "own-key.pgp"
SIGNER = "signer.pgp"

Reader = Callable[[bytes], bytes | None]
"""Return the text of a message that decrypts and whose signature is the signer's, else None."""


def reader(name: str, program: Path, folder: Path, *, own: Key, signer: Key) -> Reader:
    """Return how to read with that program, with the key `own` and the certificate of `signer`.

    `folder` is an empty one, for the files that programs want.
    """
    (folder / OWN).write_bytes(own.secret)
    (folder / SIGNER).write_bytes(signer.public)
    made = {"gpg": _gpg, "sq": _sq, "sqop": _sop, "gosop": _sop, "rnp": _rnp}[name]
    return made(program, folder)


def _run(folder: Path, *command: str | Path, given: bytes = b"") -> bytes | None:
    done = subprocess.run(
        command,
        input=given,
        cwd=folder,
        env={"HOME": str(folder)},
        capture_output=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


def _gpg(_: Path, folder: Path) -> Reader:
    def read(message: bytes) -> bytes | None:
        with short_home() as home:
            for name in (OWN, SIGNER):
                gpg(home, "--import", given=(folder / name).read_bytes())
            how = ("--batch", "--no-options", "--trust-model", "always", "--status-fd", "2")
            done = subprocess.run(
                ["gpg", "--homedir", str(home), *how, "--decrypt"],
                input=message,
                capture_output=True,
                check=False,
            )
        signed = done.stderr.count(b"[GNUPG:] GOODSIG ") == 1
        return done.stdout if done.returncode == 0 and signed else None

    return read


def _sq(program: Path, folder: Path) -> Reader:
    known = _run(folder, program, "decrypt", "--help") or b""
    newer = b"--signer-file" in known
    own, signer = ("--recipient-file", "--signer-file") if newer else _OLDER_SQ

    def read(message: bytes) -> bytes | None:
        options = (own, OWN, signer, SIGNER, "--signatures", "1")
        return _run(folder, program, "decrypt", *options, given=message)

    return read


_OLDER_SQ = ("--recipient-key", "--signer-cert")


def _sop(program: Path, folder: Path) -> Reader:
    known = _run(folder, program, "decrypt", "--help") or b""
    out = "--verifications-out" if b"verifications-out" in known else "--verify-out"

    def read(message: bytes) -> bytes | None:
        found = folder / "verified"
        found.unlink(missing_ok=True)
        options = (f"{out}=verified", f"--verify-with={SIGNER}", OWN)
        text = _run(folder, program, "decrypt", *options, given=message)
        return text if found.is_file() and found.read_bytes().strip() else None

    return read


def _rnp(program: Path, folder: Path) -> Reader:
    parts = [(folder / name).read_bytes() for name in (OWN, SIGNER)]
    (folder / "both").write_bytes(b"".join(parts))
    options = ("--keyfile", "both", "--notty", "--output", "-", "--decrypt", "message")

    def read(message: bytes) -> bytes | None:
        (folder / "message").write_bytes(message)
        done = subprocess.run(
            [program, *options], cwd=folder, env=_env(folder), capture_output=True, check=False
        )
        verified = b"Signature(s) verified successfully" in done.stderr
        return done.stdout if done.returncode == 0 and verified else None

    return read


def _env(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": os.environ["PATH"]}
