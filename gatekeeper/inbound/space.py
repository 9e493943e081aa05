"""How much mail the volume still has room for: all of it, only what matters most, or none."""

import logging
import os
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Final

from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import SpacePolicy
from gatekeeper.inbound.rates import monotonic

_log = logging.getLogger("gatekeeper.inbound")

_LOOK_EVERY: Final = SECOND
_COPIES: Final = 2
"""A message is written to the write-ahead log first, and then into the database."""


class Room(IntEnum):
    """Whose mail there is room for."""

    NOBODY = 0
    FAVOURED = 1
    ALL = 2


def roomy() -> Room:
    """Return that there is room for all, for who has no volume to watch."""
    return Room.ALL


def room_in(left: int, policy: SpacePolicy) -> Room:
    """Return whose mail there is room for on a volume with so many bytes left."""
    if left < policy.reserve:
        return Room.NOBODY
    return Room.FAVOURED if left < policy.stop_below else Room.ALL


def bytes_left(folder: Path) -> int:
    """Return how many bytes a user who is not root may still write there; OSError if unknown."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Space:
    """Watches the volume of the state folder; cheap enough to be asked for each message.

    What a database server on PostgreSQL has left it says itself; this is about our own volume.
    """

    def __init__(
        self, *, folder: Path, policy: SpacePolicy, ticks: Callable[[], int] = monotonic
    ) -> None:
        """Begin to watch; `ticks` counts microseconds."""
        self._folder = folder
        self._policy = policy
        self._ticks = ticks
        self._looked_at: int | None = None
        self._free = 0
        self._taken = 0
        self._said = Room.ALL

    def room(self) -> Room:
        """Return whose mail there is room for, as of a second ago at most."""
        left = self._left()
        found = room_in(left, self._policy)
        self._tell(found, left)
        return found

    def take(self, size: int) -> None:
        """Count a message of `size` bytes that is about to be stored until the next look."""
        self._taken += size * _COPIES

    def _left(self) -> int:
        at = self._ticks()
        if self._looked_at is None or at - self._looked_at >= _LOOK_EVERY:
            self._looked_at = at
            self._taken = 0
            self._free = self._look()
        return self._free - self._taken

    def _look(self) -> int:
        try:
            return bytes_left(self._folder)
        except OSError as error:
            # The volume is gone: what is stored would be, too.
            _log.error("the state folder's volume does not answer: %s", error.strerror)
            return 0

    def _tell(self, found: Room, left: int) -> None:
        """Log each change, and nothing in between."""
        if found is self._said:
            return
        self._said = found
        if found is Room.ALL:
            _log.info("the state folder's volume has room again: mail of all is taken")
            return
        whose = "only of the team and answers to us" if found is Room.FAVOURED else "of nobody"
        _log.error("the state folder's volume has %d bytes left: mail %s is taken", left, whose)
