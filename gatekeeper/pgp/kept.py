"""An engine that looks after its home: what the machine has cleaned away is filled in anew."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.engine import Engine, Run
from gatekeeper.pgp.keyring import stop_agent

_LOG: Final = logging.getLogger("gatekeeper.pgp")

_INSIDE: Final = ("private-keys-v1.d", "public-keys.d")
_TRIES: Final = 3
"""How often a home is made before its caller has to try again later."""

_PASSING: Final = ("~", ".lock", ".tmp")
"""How the names of files end that gpg makes and removes as it works."""


_REMEDY: Final = "it is made anew and the work is tried again; see what cleans the runtime folder"


class KeptEngine(Engine):
    """Runs gpg on a home that may lose files, or vanish, at any moment; safe in several threads.

    Before each run the home is made anew if something is missing, and a run during which something
    went missing is OurFault, whatever gpg said: without its keys it says of any mail that it is to
    somebody else. Nobody runs gpg while the home is made.
    """

    __slots__ = ("_fill", "_kept", "_renew", "_running", "_turn")

    def __init__(
        self,
        *,
        binary: Path,
        home: Path,
        wait: int,
        output_limit: int,
        renew: Callable[[], None],
        fill: Callable[[Engine], None],
    ) -> None:
        """Take what `Engine` takes; `fill` puts all keys into the engine's empty home.

        `renew` replaces the home, whatever is left of it, by an empty one (OSError if it cannot).
        """
        self._renew = renew
        self._fill = fill
        self._kept: Mapping[str, int] = {}
        self._running = 0
        self._turn = threading.Condition()
        super().__init__(binary=binary, home=home, wait=wait, output_limit=output_limit)
        with self._turn:
            self._fill_in()

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
        """Run gpg as `Engine.run` does, on a home that is whole before and after; else OurFault."""
        with self._whole():
            return super().run(
                *options,
                given=given,
                attached=attached,
                ring=ring,
                wait=wait,
                limit=limit,
                now=now,
            )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        with self._turn:
            while self._lost():
                if self._running:
                    self._turn.wait()
                else:
                    self._make_anew()
            self._running += 1
        try:
            yield
            if self._lost():
                raise OurFault("gpg's home lost files while gpg ran", remedy=_REMEDY)
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    def _make_anew(self) -> None:
        """Make the home anew; more than once when it is incomplete as soon as it is made.

        The agent of a home that vanished sees that late, and as it ends takes the socket away from
        the one that is being given the keys.
        """
        for left in reversed(range(_TRIES)):
            stop_agent(self.binary, self.home)
            try:
                self._renew()
            except OSError as error:
                raise OurFault(
                    f"gpg's home {self.home} cannot be made anew",
                    reason=error.strerror or type(error).__name__,
                    remedy="see that the runtime folder can be written, or restart the service",
                ) from None
            try:
                self._fill_in()
            except OurFault:
                if not left:
                    raise
            else:
                _LOG.warning("gpg's home had lost files and was made anew from the settings")
                return

    def _fill_in(self) -> None:
        plain = Engine(
            binary=self.binary, home=self.home, wait=self.wait, output_limit=self.output_limit
        )
        self._fill(plain)
        kept = _contents(self.home)
        # What goes while the home is filled would otherwise be taken for what belongs there.
        if not kept or not self._kept.keys() <= kept.keys():
            raise OurFault("gpg's home lost files as soon as it was made", remedy=_REMEDY)
        self._kept = kept

    def _lost(self) -> bool:
        found = _contents(self.home)
        return any(found.get(name, -1) < size for name, size in self._kept.items())


def _contents(home: Path) -> Mapping[str, int]:
    """Return the files in which gpg keeps keys, with the sizes they have at least; none is opened.

    gpg-agent rewrites a secret key in place when it is used first, shorter: it has to be there.
    """
    found: dict[str, int] = {}
    for folder in ("", *_INSIDE):
        try:
            with os.scandir(home / folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False) and not _passes(entry.name):
                        found[f"{folder}/{entry.name}"] = 0 if folder else entry.stat().st_size
        except OSError:
            # What is not there has no entries; that is all there is to say of it.
            continue
    return found


def _passes(name: str) -> bool:
    return name.startswith(".") or name.endswith(_PASSING)
