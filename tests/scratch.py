"""Where a test process puts what lies outside of tmp_path: short paths, all gone at its end.

`folder` is for what is made once in a process. Services that tests start choose their runtime
folders below XDG_RUNTIME_DIR, which `kept_apart` makes one of the process's own.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_RUNTIME = "XDG_RUNTIME_DIR"


@cache
def folder() -> Path:
    """Return the process's own folder; its path is short enough for gpg's sockets below it."""
    return Path(tempfile.mkdtemp(prefix="gk-"))


@contextmanager
def kept_apart() -> Iterator[None]:
    """Give runtime folders a place in memory of their own; at the end remove all, agents too."""
    runtime = Path(tempfile.mkdtemp(prefix="gk-", dir="/dev/shm"))
    before = os.environ.get(_RUNTIME)
    os.environ[_RUNTIME] = str(runtime)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_RUNTIME]
        else:
            os.environ[_RUNTIME] = before
        sweep(runtime)
        sweep(folder())


def sweep(top: Path) -> None:
    """Remove a folder; end the agents of all gpg homes in it, such as those of killed services."""
    for socket in top.rglob("S.gpg-agent"):
        stop = ["gpgconf", "--homedir", str(socket.parent), "--kill", "gpg-agent"]
        subprocess.run(stop, capture_output=True, check=False)
    shutil.rmtree(top, ignore_errors=True)
