"""No core file, and nobody of the same user may look into the process (promise P-11)."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LOOK = """
import ctypes, resource
from gatekeeper import secrecy

def look():
    return ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)

before = look()
secrecy.seal_off()
secrecy.forbid_cores()
print(before[0], *look()[1], look()[0])
"""

COMMAND = """
import ctypes, resource, sys
from gatekeeper.__main__ import main

def look():
    return ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE)

before, status = look(), main(sys.argv[1:])
print(before[0], status, *look(), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [("version",), ("--help",), ("no-such-command",)])
def test_every_command_seals_itself_off_before_anything_else(arguments: tuple[str, ...]) -> None:
    """All come through one door, `serve` too, which seals off before it knows what is asked."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    expected = str(2 if arguments == ("no-such-command",) else 0)
    assert ["1", expected, "0", "0", "0"] == done.stderr.splitlines()[-1].split()


def test_the_installed_program_goes_through_that_door() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"gatekeeper": "gatekeeper.__main__:main"} == project["scripts"]


NOBODY = 65534


def test_a_process_that_sealed_itself_off_cannot_be_looked_into() -> None:
    """PR_GET_DUMPABLE (prctl(2)) says so, and cores have no room."""
    command = [sys.executable, "-c", LOOK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ["1", "0", "0", "0"] == done.stdout.split()


HOLD = """
import ctypes, os, sys
from gatekeeper import secrecy

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    # As at the start of a program of an ordinary user.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
if sys.argv[1] == "sealed":
    secrecy.seal_off()
print("ready", flush=True)
sys.stdin.read()
"""


def owner(mode: str) -> int:
    """Return whom the memory of a process of an ordinary user belongs to, by /proc."""
    command = [sys.executable, "-c", HOLD, mode]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return Path(f"/proc/{process.pid}/mem").stat().st_uid


def test_its_memory_is_roots_alone() -> None:
    """Of a sealed process /proc/PID belongs to root, of any other to its user."""
    mine = os.getuid() or NOBODY
    assert mine == owner("open")
    assert 0 == owner("sealed")
