"""What this process opened stays in it: no core file, and no other process may look inside."""

import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def seal_off() -> None:
    """Let no core be written of this process, nor other processes of its user look into it.

    PR_SET_DUMPABLE of prctl(2): without it no core is dumped, not even to a program that
    core_pattern(5) names, and ptrace and /proc/PID/mem are for root alone. Only Linux has it.
    """
    try:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (OSError, AttributeError):
        return


def forbid_cores() -> None:
    """Let no core be written of this process or of those that it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
