"""Stock python-gnupg and bare gpg, called as people call them: what the program is held against."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import gnupg

from gatekeeper.pgp.command import OPTIONS, environment

STRENGTH = ("--compress-algo", "none", "--cipher-algo", "AES256", "--digest-algo", "SHA512")
"""What the program tells gpg when it encrypts; gpg by itself compresses."""

_BARE = (
    *("--batch", "--no-tty", "--no-options", "--quiet", "--trust-model", "always"),
    *("--no-random-seed-file", "--no-auto-check-trustdb"),
)


class Stock:
    """python-gnupg on one home; each call starts gpg once, and anything but success is an error."""

    def __init__(self, home: Path, *, strict: bool = False) -> None:
        """Take the home; when `strict`, gpg gets the options and environment it has of us."""
        given = {"options": list(OPTIONS), "env": environment(home)} if strict else {}
        self._gpg = gnupg.GPG(gnupghome=str(home), **given)

    def decrypt(self, message: bytes) -> bytes:
        """Return the plaintext of a message with a good signature."""
        done = self._gpg.decrypt(message, always_trust=True)
        assert done.ok, done.status
        assert done.valid, done.status
        return bytes(done.data)

    def verify(self, content: bytes, signature: bytes) -> None:
        """Check a detached signature, which must be good; it can be given as a file only."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(signature)
            file.flush()
            done = self._gpg.verify_data(file.name, content)
        assert done.valid, done.status

    def seal(self, plaintext: bytes, *, to: str, signer: str, more: Sequence[str] = ()) -> bytes:
        """Sign and encrypt to one, armored."""
        done = self._gpg.encrypt(
            plaintext, to, sign=signer, always_trust=True, extra_args=list(more)
        )
        assert done.ok, done.status
        return bytes(done.data)


def bare(home: Path, *words: str, given: bytes) -> bytes:
    """Run gpg itself, without a question, on what is given; return what it writes."""
    command = ["gpg", "--homedir", str(home), *_BARE, *words]
    done = subprocess.run(
        command, input=given, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return done.stdout
