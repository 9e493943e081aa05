"""What a process remembers of the event log, to know at once when the database was set back.

Its witness is written every few seconds: what was committed since is known here alone.
"""

import threading

from gatekeeper.store.chain import Head


class Memory:
    """The entries that must still be there; safe to use from any thread.

    Entries that follow each other are one: the newest vouches for those before it. `told` is the
    nonce of the freeze that this process has told of last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heads: tuple[Head, ...] = ()
        self._era = 0
        self.told = b""

    def appended(self, before: Head, last: Head) -> None:
        """Take the entries that a commit of this process appended after `before`."""
        with self._lock:
            # Others stay: what was written between was not seen here, or another thread was faster
            # to tell of a later entry, or the database was set back. Then the entry that is gone
            # must stay known, and what was appended since must not go unnoticed either.
            self._keep({last, *self._heads}.difference({before}))

    def recall(self) -> tuple[int, tuple[Head, ...]]:
        """Return the era in which the entries were seen, and them, oldest first."""
        with self._lock:
            return self._era, self._heads

    def confirm(self, compared: tuple[Head, ...], *, era: int, newest: Head) -> None:
        """Keep `newest`, which is there, instead of those that were compared with the database."""
        with self._lock:
            self._keep({newest, *self._heads}.difference(set(compared) - {newest}))
            self._era = era

    def _keep(self, heads: set[Head]) -> None:
        self._heads = tuple(sorted(heads, key=lambda head: (head.seq, head.digest)))
