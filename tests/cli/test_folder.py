"""A folder of secrets stands there whole or not at all, for its owner alone."""

import os
import signal
import stat
from pathlib import Path

import pytest

from gatekeeper.cli.ending import Ended
from gatekeeper.cli.folder import made_at_once, new_file, place
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal


def fill(folder: Path) -> None:
    """Write one file."""
    with new_file(folder / "a") as file:
        file.write(b"secret")


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_it_is_for_its_owner_alone(there: bool, tmp_path: Path) -> None:
    """Whatever the umask, and whatever mode an empty folder in its place had."""
    target = tmp_path / "x"
    if there:
        target.mkdir(mode=0o755)
    umask = os.umask(0)
    try:
        with made_at_once(target) as folder:
            fill(folder)
            assert not (target / "a").exists()
    finally:
        os.umask(umask)
    assert b"secret" == (target / "a").read_bytes()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (target, target / "a")]
    assert [0o700, 0o600] == modes
    assert ["x"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("happening", [RuntimeError, KeyboardInterrupt, OSError(28, "full")])
def test_nothing_is_left_of_a_failure(
    happening: type[BaseException] | BaseException, tmp_path: Path
) -> None:
    """Neither half a folder nor the one beside it; what the system refused is told."""
    expected = OurFault if isinstance(happening, OSError) else happening
    assert isinstance(expected, type)

    def write() -> None:
        with made_at_once(tmp_path / "x") as folder:
            fill(folder)
            raise happening

    with pytest.raises(expected):
        write()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_it_is_ended(number: signal.Signals, tmp_path: Path) -> None:
    """By Ctrl-C, by a shutdown, by a lost connection; afterwards signals do what they did."""
    before = signal.getsignal(number)

    def write() -> None:
        with made_at_once(tmp_path / "x") as folder:
            fill(folder)
            signal.raise_signal(number)
            fill(folder / "never")

    with pytest.raises(Ended) as ended:
        write()
    assert number == ended.value.number
    assert [] == list(tmp_path.iterdir())
    assert before == signal.getsignal(number)


def test_what_ends_it_twice_does_not_end_the_tidying_up(tmp_path: Path) -> None:
    """Somebody presses Ctrl-C until it is quiet."""

    def write() -> None:
        with made_at_once(tmp_path / "x") as folder:
            fill(folder)
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Ended) as ended:
        write()
    assert signal.SIGINT == ended.value.number
    assert [] == list(tmp_path.iterdir())


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As after nohup: a lost connection does not end it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with made_at_once(tmp_path / "x") as folder:
            signal.raise_signal(signal.SIGHUP)
            fill(folder)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (tmp_path / "x" / "a").exists()


def test_what_came_there_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def write() -> None:
        with made_at_once(tmp_path / "x") as folder:
            fill(folder)
            (tmp_path / "x").mkdir()
            (tmp_path / "x" / "mine").touch()

    with pytest.raises(OurFault, match="could not be written"):
        write()
    assert ["x"] == [path.name for path in tmp_path.iterdir()]
    assert ["mine"] == [path.name for path in (tmp_path / "x").iterdir()]


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    """Nor one that a link in its place leads to."""
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        fill(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_where_it_may_stand(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "way").symlink_to(state)
    for name in ("new", "empty", "full/../new"):
        assert place(tmp_path / name, closed={"state folder": state}) == (tmp_path / name).resolve()
    for name in ("file", "full", "nowhere/new"):
        with pytest.raises(Misconfigured):
            place(tmp_path / name, closed={"state folder": state})
    for name in ("state", "state/new", "empty/../state/deep/new", "way/new"):
        with pytest.raises(Refusal) as refused:
            place(tmp_path / name, closed={"state folder": state})
        assert 1 == refused.value.exit_code


def test_it_does_not_stand_where_a_file_system_is_mounted() -> None:
    """A folder cannot be put in the place of one; that is said before anything is opened."""
    with pytest.raises(Misconfigured, match="mounted") as refused:
        place(Path("/proc"), closed={})
    assert "name a new folder in it" == refused.value.remedy
