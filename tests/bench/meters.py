"""Reads what the kernel counts: CPU of this process, its children and others, and memory."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a piece of work took: seconds of CPU, and seconds by the clock."""

    cpu: float
    clock: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Bytes of memory that processes hold: `fair` with their share of what others use too.

    `own` is what would be free without them (the PSS and USS of smem(8)).
    """

    fair: int
    own: int


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
    """Return `own_cpu` and what these processes have used themselves."""
    return own_cpu() + cpu_clocks(agents)


def cpu_clocks(pids: Iterable[int]) -> float:
    """Return the seconds of CPU that other processes have used themselves, to the microsecond.

    The kernel's clock of a process (clock_getcpuclockid(3)) tells a short piece of work, for
    instance of a gpg-agent, which /proc counts in hundredths of a second.
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_of(pid: int) -> int:
    """Return the bytes of a process that are in memory now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def held_by(pids: Iterable[int]) -> Held | None:
    """Return what these processes hold together; None if one hides it, which root alone sees."""
    fair = own = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
        except PermissionError:
            return None
        lines = dict(line.split()[:2] for line in text.splitlines()[1:])
        fair += int(lines["Pss:"]) * 1024
        own += sum(int(lines[f"Private_{kind}:"]) for kind in ("Clean", "Dirty", "Hugetlb")) * 1024
    return Held(fair=fair, own=own)


def family(pid: int) -> tuple[int, ...]:
    """Return a process and all that descend from it and live."""
    found = [pid]
    for parent in found:
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, path.read_text(encoding="ascii").split())
    return tuple(found)


def agents_below(folder: Path) -> tuple[int, ...]:
    """Return the process ids of the gpg-agents whose homes lie below a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if words[0].endswith(b"gpg-agent") and any(_below(word, folder) for word in words):
                found.append(int(path.parent.name))
    return tuple(found)


def _below(word: bytes, folder: Path) -> bool:
    return Path(os.fsdecode(word)).is_relative_to(folder)


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
