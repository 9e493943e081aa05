"""What a service manager said in the environment: where it listens, how often it wants a word."""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """`address` of its socket, "" for none; `watchdog` in microseconds, 0 for none.

    See sd_notify(3) and sd_watchdog_enabled(3).
    """

    address: str
    watchdog: int


def take(environ: MutableMapping[str, str] = os.environ, *, pid: int | None = None) -> Supervisor:
    """Return what was said to this process, and let no program that it starts think it meant it."""
    address = environ.pop("NOTIFY_SOCKET", "")
    wanted = environ.pop("WATCHDOG_USEC", "")
    whose = environ.pop("WATCHDOG_PID", "")
    ours = whose in {"", str(pid or os.getpid())}
    watchdog = int(wanted) if ours and address and wanted.isascii() and wanted.isdigit() else 0
    known = address.startswith(("/", "@"))
    return Supervisor(address=address if known else "", watchdog=watchdog if known else 0)
