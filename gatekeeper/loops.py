"""Threads that do one stage's work whenever they are woken, until there is none left."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from gatekeeper import memory
from gatekeeper.domain.errors import GatekeeperError

_LOG: Final = logging.getLogger("gatekeeper.service")

STUCK_SECONDS: Final = 600.0
"""No round of any stage takes so long: whatever it waits for has a limit of its own."""


class Loop(threading.Thread):
    """One such thread, which outlives what goes wrong in a round and tries again when woken.

    Each trouble is said once, and once that it is over, however often it is met in between.
    """

    def __init__(
        self, name: str, tick: Callable[[], int], *, may: Callable[[], bool] = lambda: True
    ) -> None:
        """Take a round of the work, which returns how much it did, and whether one may begin."""
        super().__init__(name=name, daemon=True)
        self._tick = tick
        self._may = may
        self._wake = threading.Event()
        self._over = False
        self._trouble = ""
        self._begun: float | None = None

    def wake(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def stop(self) -> None:
        """Have it finish the work in hand and end; does not wait for that."""
        self._over = True
        self._wake.set()

    def alive(self) -> bool:
        """Say whether it runs and is not stuck in a round."""
        begun = self._begun
        return self.is_alive() and (begun is None or time.monotonic() - begun < STUCK_SECONDS)

    def run(self) -> None:
        """Work until told to stop."""
        worked = False
        while not self._over:
            self._wake.clear()
            done = self.round()
            worked = worked or bool(done)
            if not done and not self._over:
                if worked:
                    memory.give_back()
                worked = False
                self._wake.wait()

    def round(self) -> int:
        """Do one round, on the thread that calls; return how much was done."""
        if not self._may():
            return 0
        self._begun = time.monotonic()
        try:
            done = self._tick()
        except GatekeeperError as error:
            self._met(error.diagnostics())
            return 0
        except Exception as error:  # noqa: BLE001 - a worker must outlive what it does not know
            self._met(f"unexpected {type(error).__name__}")
            return 0
        finally:
            self._begun = None
        if self._trouble:
            _LOG.warning("%s: goes on", self.name)
            self._trouble = ""
        return done

    def _met(self, trouble: str) -> None:
        if trouble != self._trouble:
            _LOG.error("%s: %s", self.name, trouble)
        self._trouble = trouble
