"""The strict layer over gpg: one home, own status pipe, minimal environment, deadline, bound."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp import packets, process
from gatekeeper.pgp.command import CommandLine, environment
from gatekeeper.pgp.process import Bounds, End
from gatekeeper.pgp.status import Status

OLDEST: Final = (2, 2, 40)
"""The oldest gpg that refuses what must be refused (design: OpenPGP; Debian 12)."""

ATTACHED: Final = "{attached}"
"""Stands in an argument for the special file name of the attached bytes."""

_STATUS_MAX: Final = 4 * 1024 * 1024
_HOME_MAX: Final = 108 - len("/S.gpg-agent.browser") - 1
"""Octets of a home's path: the agent's sockets lie in it (sockaddr_un holds 108)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of gpg came to: how it ended, its status lines, its output, its time in µs."""

    end: End
    exit_code: int
    status: Status
    output: bytes
    spent: int

    def ensure_sound(self, doing: str) -> None:
        """Raise OurFault when the run says nothing about its input: killed, disk, agent."""
        if self.end is End.KILLED:
            raise OurFault(
                f"gpg was killed while {doing}",
                reason=f"signal {-self.exit_code}",
                remedy="it is tried again; look for the kernel's out-of-memory killer",
            )
        if self.status.transient:
            raise OurFault(
                f"gpg could not work while {doing}",
                reason="it reports an error of the system or of gpg-agent",
                remedy="it is tried again; check disk, memory and gpg-agent",
            )

    def ensure_done(self, doing: str) -> None:
        """Raise OurFault unless the run ended by itself and well."""
        self.ensure_sound(doing)
        if self.end is not End.EXITED or self.exit_code != 0:
            raise OurFault(
                f"gpg failed while {doing}",
                reason=f"{self.end}, exit code {self.exit_code}",
                remedy="run `gatekeeper doctor`",
            )


class Engine:
    """Runs gpg on one home; safe to use from several threads at once."""

    __slots__ = ("_command", "binary", "home", "output_limit", "wait")

    def __init__(self, *, binary: Path, home: Path, wait: int, output_limit: int) -> None:
        """Take gpg's path, an existing home (0700), the deadline in µs, the bound in bytes.

        Misconfigured when gpg cannot be started or the home's path is too long for sockets.
        """
        if len(os.fsencode(home.absolute())) > _HOME_MAX:
            raise Misconfigured(
                f"the path of the gpg home is too long for gpg-agent's sockets: {home}",
                remedy=f"choose a runtime folder with a path of less than {_HOME_MAX} octets",
            )
        self.binary = binary
        self.home = home.absolute()
        self.wait = wait
        self.output_limit = output_limit
        self._command = CommandLine(binary=binary, home=self.home)
        self.prepare_home()

    def prepare_home(self) -> None:
        """Make the trust database if there is none: without it gpg stops at revoked keys.

        And let no smart card be looked for, as gpg-agent would for a hidden recipient.
        """
        try:
            (self.home / "gpg-agent.conf").write_text("disable-scdaemon\n", encoding="ascii")
        except OSError as error:
            raise OurFault(
                f"the gpg home {self.home} cannot be written",
                reason=error.strerror or type(error).__name__,
                remedy="check its owner, its mode and the space in it",
            ) from None
        if not (self.home / "trustdb.gpg").exists():
            run = self.run("--trust-model=pgp", "--import-ownertrust")
            run.ensure_done("preparing its home")

    def version(self) -> tuple[int, ...]:
        """Return gpg's version, such as (2, 2, 40)."""
        return self._command.version

    def require_version(self, minimum: tuple[int, ...] = OLDEST) -> None:
        """Raise Misconfigured when gpg is older than `minimum`."""
        if self.version() < minimum:
            found, wanted = (".".join(map(str, v)) for v in (self.version(), minimum))
            raise Misconfigured(
                f"gpg {wanted} or newer is needed, {self.binary} is {found or 'unknown'}",
                remedy="upgrade the Debian package gnupg (Debian 12 has 2.2.40)",
            )

    def run(
        self,
        *options: str,
        given: bytes = b"",
        attached: bytes = b"",
        ring: bytes = b"",
        wait: int | None = None,
        limit: int | None = None,
        now: Instant | None = None,
    ) -> Run:
        """Run gpg once with `given` on standard input; return whatever came of it.

        `attached` is readable under the file name that replaces "{attached}" in `options`. The
        certificates in `ring` are there for this run alone, after those of the home, which are
        always found first; packets that belong to no certificate are taken out of it. `wait`
        replaces the deadline, in µs, `limit` the bound of the output, in bytes. With `now`, gpg
        takes it for the time; else it asks the system. A gpg that cannot be started raises
        OurFault.
        """
        before = [] if now is None else [f"--faked-system-time={now // SECOND}!"]

        def command(status: int, special: int) -> list[bytes]:
            words = [word.replace(ATTACHED, f"-&{special}") for word in options]
            return self._command.arguments(status=status, options=[*before, *words])

        bounds = Bounds(
            wait=self.wait if wait is None else wait,
            output=self.output_limit if limit is None else limit,
            status=_STATUS_MAX,
        )
        # gpg believes a trust packet in a ring that a signature was checked and found good.
        lendable = packets.only(ring, packets.CERTIFICATE)
        try:
            with ExitStack() as stack:
                lent = (stack.enter_context(process.in_memory(lendable)),) if ring else ()
                before += [f"--keyring=/proc/self/fd/{number}" for number in lent]
                ended = process.run(
                    command,
                    given=given,
                    attached=attached,
                    environment=environment(self.home),
                    bounds=bounds,
                    lent=lent,
                )
        except OSError as error:
            raise OurFault(
                f"gpg cannot be started: {self.binary}",
                reason=error.strerror or type(error).__name__,
                remedy="check memory, the number of open files, and the package gnupg",
            ) from None
        if ended.end is not End.EXITED:
            self._unlock(ended.number)
        return Run(
            end=ended.end,
            exit_code=ended.exit_code,
            status=Status.parse(ended.status),
            output=ended.output,
            spent=ended.spent,
        )

    def _unlock(self, number: int) -> None:
        """Remove what a process that was killed left to lock the home with: a file for each."""
        for path in self.home.glob(f".#lk*.{number}"):
            path.unlink(missing_ok=True)
