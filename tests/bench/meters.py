"""Reads what the kernel counts: CPU of this process, its children and others, and memory."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def own_cpu() -> float:
    """Return the seconds of CPU that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that another process and its ended children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    # proc(5): utime, stime, cutime, cstime are fields 14 to 17; the name in brackets is field 2
    return sum(map(int, fields.rpartition(")")[2].split()[11:15])) / _TICK


def cpu_with(agents: Iterable[int]) -> float:
    """Return `own_cpu` and what these processes have used themselves, to the microsecond.

    The kernel's clock of a process (clock_getcpuclockid(3)) tells a short piece of work of a
    gpg-agent, which /proc counts in hundredths of a second.
    """
    return own_cpu() + sum(time.clock_gettime((~agent << 3) | 2) for agent in agents)


def memory_of(pid: int) -> int:
    """Return the bytes of a process that are in memory now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def agent_of(home: Path) -> int:
    """Return the process id of the gpg-agent of a home, started if need be."""
    connect = shutil.which("gpg-connect-agent") or "gpg-connect-agent"
    command = [connect, "--homedir", str(home), "GETINFO pid", "/bye"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(said.split()[1])


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes by the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
