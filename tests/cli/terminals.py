"""A terminal for a command's output, as people have one."""

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def on_a_terminal(arguments: Sequence[str], **environment: str) -> str:
    """Run this Python with a terminal for its output, 60 columns wide, and return what came."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=theirs,
        env={**plain, "COLUMNS": "60", "TERM": "xterm", **environment},
    )
    os.close(theirs)
    came = b""
    while piece := _read(ours):
        came += piece
    os.close(ours)
    assert 0 == process.wait()
    return came.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """Return what came next; Linux says EIO once the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
