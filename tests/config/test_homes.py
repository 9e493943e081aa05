"""A home for gpg is lent, used alone and swept up, also after a process that was killed."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatekeeper.config import runtime
from gatekeeper.config.homes import lend_home, sweep

GPG = Path("gpg")
ROOT = Path(__file__).parent.parent.parent

_HOLDER = """
    import sys
    from pathlib import Path
    from gatekeeper.config.homes import lend_home
    with lend_home(Path(sys.argv[1]), Path("gpg")) as home:
        (home / "secret").write_text("an opened key")
        print(home, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def memory() -> Iterator[Path]:
    """Lend a folder in memory."""
    with tempfile.TemporaryDirectory(prefix="gk-test-", dir="/dev/shm") as folder:
        yield Path(folder)


def _holder(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a home, and return both."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_HOLDER), str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_gone_afterwards(memory: Path) -> None:
    with lend_home(memory, GPG) as home:
        assert [home] == list(memory.iterdir())
        (home / "pubring.kbx").write_bytes(b"x")
    assert [] == list(memory.iterdir())


def test_what_a_killed_process_left_is_swept_up(memory: Path) -> None:
    """While the holder lives its home stays; once it is killed the next one removes it."""
    process, home = _holder(memory)
    with lend_home(memory, GPG):
        assert (home / "secret").exists()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (home / "secret").exists()
    with lend_home(memory, GPG) as mine:
        assert [mine] == list(memory.iterdir())


def test_what_a_killed_command_left_elsewhere_is_swept_up(memory: Path) -> None:
    """The service has a folder of systemd's, a command by itself one of ours: the next finds it."""
    settings = Path("/etc/some-configuration")
    own = runtime.choose(None, folder=settings, environ={"XDG_RUNTIME_DIR": str(memory)})
    assert own is not None
    process, home = _holder(runtime.make(own))
    other = {"XDG_RUNTIME_DIR": str(memory)}
    left = runtime.elsewhere(settings, environ=other, chosen=Path("/run/gatekeeper"))
    assert (own,) == left
    sweep(left, GPG)
    assert (home / "secret").exists(), "in use"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    sweep(left, GPG)
    assert not home.exists()
    assert () == runtime.elsewhere(settings, environ=other, chosen=own)


def test_many_at_once_never_take_each_others_home(memory: Path) -> None:
    def use(number: int) -> int:
        with lend_home(memory, GPG) as home:
            (home / "mine").write_text(str(number))
            return int((home / "mine").read_text())

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(range(200)) == list(pool.map(use, range(200)))
    assert [] == list(memory.iterdir())


def test_nothing_else_in_the_folder_is_touched(memory: Path) -> None:
    """Nothing of another name, and no link or file with such a name is followed or removed."""
    (memory / "service-home").mkdir()
    (memory / "keep").mkdir()
    (memory / "keep" / "me").write_text("x")
    (memory / "gpg-link").symlink_to(memory / "keep")
    (memory / "gpg-file").write_text("x")
    with lend_home(memory, GPG):
        pass
    assert (memory / "gpg-link" / "me").exists()
    assert (memory / "gpg-file").exists()
    assert (memory / "service-home").is_dir()
