"""Opened secrets lie in memory, in a folder that is ours alone."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.config import runtime
from gatekeeper.domain.errors import Misconfigured
from tests.config.installation import Installation

SHM = Path("/dev/shm")  # noqa: S108 - what it is for is what is tested
FOLDER = Path("/etc/gatekeeper")


@pytest.fixture
def memory() -> Iterator[Path]:
    """Lend a folder in memory."""
    with tempfile.TemporaryDirectory(prefix="gk-test-", dir=SHM) as folder:
        yield Path(folder)


def test_the_usual_places_in_their_order(memory: Path) -> None:
    """First the folder of systemd, then a folder of our own in the session's, then in /dev/shm."""
    systemd, session = memory / "systemd", memory / "session"
    systemd.mkdir()
    session.mkdir()
    environ = {"RUNTIME_DIRECTORY": f"{systemd}:other", "XDG_RUNTIME_DIR": str(session)}
    assert systemd == runtime.choose(None, folder=FOLDER, environ=environ)
    del environ["RUNTIME_DIRECTORY"]
    chosen = runtime.choose(None, folder=FOLDER, environ=environ)
    assert chosen is not None
    assert session == chosen.parent
    chosen = runtime.choose(None, folder=FOLDER, environ={})
    assert chosen is not None
    assert SHM == chosen.parent
    assert f"gatekeeper-{os.geteuid()}-" in chosen.name


def test_what_is_configured_is_taken() -> None:
    assert SHM / "mine" == runtime.choose(SHM / "mine", folder=FOLDER, environ={})


def test_two_configurations_have_two_folders() -> None:
    one, two = (runtime.choose(None, folder=Path(p), environ={}) for p in ("/etc/a", "/etc/b"))
    assert one != two


def test_memory_is_told_from_disk() -> None:
    """The kernel's table of mounts says what a folder, or its nearest parent, lies on."""
    assert runtime.in_memory(SHM / "not" / "there")
    assert not runtime.in_memory(Path("/usr/not-there"))
    assert "tmpfs" == runtime.filesystem(SHM)
    assert "proc" == runtime.filesystem(Path("/proc"))


def test_a_disk_is_refused_unless_allowed() -> None:
    disk = Path("/usr/gatekeeper")
    assert "lies on a disk" in runtime.complaint(disk, allow_disk=False)
    assert not runtime.complaint(disk, allow_disk=True)
    assert not runtime.complaint(SHM, allow_disk=False)
    assert "no folder in memory" in runtime.complaint(None, allow_disk=False)


def test_it_is_made_for_its_owner_alone(memory: Path) -> None:
    """Mode 0700 whatever the umask, and the same folder the second time."""
    before = os.umask(0)
    try:
        made = runtime.make(memory / "run")
    finally:
        os.umask(before)
    assert 0o700 == stat.S_IMODE(made.stat().st_mode)
    assert made == runtime.make(made)


def test_prepare_makes_the_configured_folder(site: Installation, memory: Path) -> None:
    site.replace("gatekeeper.yaml", "  folder:\n", f"  folder: {memory}/own\n")
    assert memory / "own" == runtime.prepare(site.load())
    assert (memory / "own").is_dir()


def test_a_folder_that_others_may_enter_is_refused(memory: Path) -> None:
    folder = memory / "run"
    folder.mkdir()
    folder.chmod(0o750)
    with pytest.raises(Misconfigured, match="can be entered by others"):
        runtime.make(folder)


def test_a_link_laid_by_somebody_else_is_refused(memory: Path) -> None:
    """Anyone may make names in /dev/shm; a link there could lead anywhere."""
    (memory / "elsewhere").mkdir(mode=0o700)
    (memory / "run").symlink_to(memory / "elsewhere")
    with pytest.raises(Misconfigured, match="not this user's own"):
        runtime.make(memory / "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
def test_a_folder_of_another_user_is_refused(memory: Path) -> None:
    folder = memory / "run"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)
    with pytest.raises(Misconfigured, match="not this user's own"):
        runtime.make(folder)


def test_a_parent_that_is_not_there_is_one_sentence(memory: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be made"):
        runtime.make(memory / "no" / "run")
