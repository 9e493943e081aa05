"""Files of the configuration are replaced whole, keep their modes, and only one command does it."""

import fcntl
import os
from pathlib import Path

import pytest

from gatekeeper.config.replacing import changing, make_folder, put
from gatekeeper.domain.errors import OurFault, Refusal


@pytest.mark.parametrize(("secret", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_new_file_has_the_mode_of_its_kind(secret: bool, mode: int, tmp_path: Path) -> None:
    """Whatever the shell's mask is."""
    before = os.umask(0o777)
    try:
        put(tmp_path / "new", b"content", secret=secret)
    finally:
        os.umask(before)
    assert (b"content", mode) == (
        (tmp_path / "new").read_bytes(),
        (tmp_path / "new").stat().st_mode & 0o777,
    )
    assert ["new"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_that_is_there_keeps_its_mode_and_its_place(tmp_path: Path) -> None:
    """A link still leads to where it led."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = elsewhere / "real"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(real)
    put(link, b"new", secret=True)
    assert (b"new", 0o640, True) == (
        real.read_bytes(),
        real.stat().st_mode & 0o777,
        link.is_symlink(),
    )


def test_what_a_killed_command_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half of it")
    put(tmp_path / "file", b"all of it")
    assert {"file"} == {path.name for path in tmp_path.iterdir()}


def test_a_file_that_cannot_be_put_there_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OurFault, match="/file cannot be written"), changing(tmp_path):
        put(tmp_path / "file", b"content")
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_one_command_at_a_time(tmp_path: Path) -> None:
    """And the next one after it, also when it failed."""
    with changing(tmp_path):
        handle = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)
        with pytest.raises(Refusal, match="another command"), changing(tmp_path):
            raise AssertionError
    with pytest.raises(ZeroDivisionError), changing(tmp_path):
        raise ZeroDivisionError
    with changing(tmp_path):
        make_folder(tmp_path / "folder")
        make_folder(tmp_path / "folder")
    assert 0o700 == (tmp_path / "folder").stat().st_mode & 0o777
