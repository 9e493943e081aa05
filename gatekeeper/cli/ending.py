"""Signals that end a command raise, as Ctrl-C does, while something is made that must not stay."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Final

_NUMBERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(KeyboardInterrupt):
    """The command was told to end by the signal `number`."""

    def __init__(self, number: int) -> None:
        """Keep the signal."""
        super().__init__()
        self.number = signal.Signals(number)


class Ending:
    """Raises what ends the command once it may, and only the first that comes."""

    def __init__(self) -> None:
        """Begin without a signal, keeping back what comes."""
        self._raises = False
        self._came: int | None = None

    def allow(self) -> None:
        """Let signals raise from now on; Ended at once for one that came before."""
        self._raises = True
        if self._came is not None:
            self.come(self._came, None)

    def hold(self) -> None:
        """Keep back what comes from now on."""
        self._raises = False

    def come(self, number: int, _: FrameType | None) -> None:
        """Take a signal."""
        self._came = number
        if self._raises:
            # another signal must not end the tidying up that the first one leads to
            self._raises = False
            raise Ended(number)


@contextmanager
def endings() -> Iterator[Ending]:
    """Lend the handling of SIGINT, SIGTERM and SIGHUP, kept back until they are allowed.

    A signal that is ignored stays so (nohup). Outside the main thread nothing is handled: signals
    arrive in no other.
    """
    ending = Ending()
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    ours = [number for number, how in before.items() if how not in {None, signal.SIG_IGN}]
    if current_thread() is not main_thread():
        ours = []
    for number in ours:
        signal.signal(number, ending.come)
    try:
        yield ending
    finally:
        for number in ours:
            signal.signal(number, before[number])
