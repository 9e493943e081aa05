"""gpg's command line, built by python-gnupg; the only module that knows python-gnupg."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gnupg

from gatekeeper.domain.errors import Misconfigured

OPTIONS: Final = (
    "--no-options",
    "--no-greeting",
    "--no-random-seed-file",  # with it, parallel processes wait for one another
    "--no-auto-check-trustdb",
    "--no-auto-key-locate",
    "--no-auto-key-retrieve",
    "--no-auto-key-import",
    "--disable-dirmngr",
    "--trust-model=always",
    "--pinentry-mode=error",  # nobody is there to answer
    "--display-charset=utf-8",
    "--utf8-strings",
    "--ignore-time-conflict",  # clocks differ; how old is too old is a rule's question
    "--ignore-valid-from",
    "--exit-on-status-write-error",
)
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def environment(home: Path) -> dict[str, str]:
    """Return the whole environment that gpg gets: C locale, and nothing of ours."""
    return {"LC_ALL": "C", "PATH": _PATH, "HOME": str(home), "GNUPGHOME": str(home)}


class CommandLine:
    """Builds gpg's arguments for one home; python-gnupg's results are never used.

    Its result fields mix status with messages that quote user IDs, so they prove nothing.
    """

    __slots__ = ("_gpg",)

    def __init__(self, *, binary: Path, home: Path) -> None:
        """Find gpg; Misconfigured when it, or the home, is not there."""
        if not os.access(binary, os.X_OK) or not binary.is_file():
            raise Misconfigured(
                f"gpg is not there: {binary}",
                remedy="install the Debian package gnupg, or correct the path",
            )
        if not home.is_dir():
            raise Misconfigured(f"the gpg home {home} is no folder", remedy="create it, mode 0700")
        try:
            self._gpg = gnupg.GPG(
                gpgbinary=str(binary),
                gnupghome=str(home),
                options=list(OPTIONS),
                env=environment(home),
            )
        except (OSError, ValueError):
            raise Misconfigured(
                f"gpg cannot be started: {binary}", remedy="try it by hand with --version"
            ) from None

    @property
    def version(self) -> tuple[int, ...]:
        """Return gpg's version, () when it does not say."""
        return tuple(self._gpg.version or ())

    def arguments(self, *, status: int, options: Sequence[str]) -> list[bytes]:
        """Return a command line that writes its status to the file descriptor `status`.

        It stands after python-gnupg's own `--status-fd 2`, and the last one counts.
        """
        own = ["--status-fd", str(status), *options]
        words: list[str] = self._gpg.make_args(own, False)
        return [*map(os.fsencode, words[: -len(own)]), *map(_octets, own)]


def _octets(word: str) -> bytes:
    """Return an option in UTF-8, as gpg is told to read them, in whatever locale this runs."""
    return word.encode("utf-8", "surrogateescape") if "\0" not in word else b""
