"""A home that loses files is made anew, and what gpg said meanwhile is not believed."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import SECOND
from gatekeeper.pgp.engine import Engine, Run
from gatekeeper.pgp.kept import KeptEngine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.opening import Opened, open_message
from tests.keys import Key, gpg, short_home
from tests.pgp.conftest import NOW, gpg_path


@dataclass(slots=True, kw_only=True)
class Kept:
    """An engine, how often its home was made, and a message that only its keys open."""

    engine: KeptEngine
    message: bytes
    made: list[Path] = field(default_factory=list)

    def opens(self) -> bool:
        """Say whether the message opens."""
        return isinstance(open_message(self.engine, self.message, now=NOW), Opened)


@contextmanager
def keeping(alias: Key) -> Iterator[Kept]:
    """Lend an engine whose home holds the alias's key."""
    with short_home() as folder, short_home() as outside:
        home = folder / "home"
        home.mkdir(mode=0o700)
        made: list[Path] = []

        def renew() -> None:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(mode=0o700)
            made.append(home)

        def fill(engine: Engine) -> None:
            Keyring(engine).load_secret(alias.secret)

        engine = KeptEngine(
            binary=gpg_path(),
            home=home,
            wait=60 * SECOND,
            output_limit=1_000_000,
            renew=renew,
            fill=fill,
        )
        gpg(outside, "--import", given=alias.public)
        message = gpg(outside, "--encrypt", "--recipient", alias.fingerprint, given=b"a report")
        yield Kept(engine=engine, message=message, made=made)
        Keyring(engine).close()


@pytest.fixture
def kept(alias_key: Key) -> Iterator[Kept]:
    with keeping(alias_key) as lent:
        yield lent


def times_made(caplog: pytest.LogCaptureFixture) -> int:
    """Return how often a home came out whole; the agent of one that vanished may spoil some."""
    return sum("was made anew" in record.message for record in caplog.records)


def the_home(home: Path) -> None:
    shutil.rmtree(home)


def what_is_in_it(home: Path) -> None:
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def the_secret_keys(home: Path) -> None:
    shutil.rmtree(home / "private-keys-v1.d")


def one_secret_key(home: Path) -> None:
    next((home / "private-keys-v1.d").iterdir()).unlink()


def the_certificates(home: Path) -> None:
    (home / "pubring.kbx").unlink()


def the_end_of_a_file(home: Path) -> None:
    (home / "pubring.kbx").write_bytes((home / "pubring.kbx").read_bytes()[:-1])


LOSSES = [
    the_home,
    what_is_in_it,
    the_secret_keys,
    one_secret_key,
    the_certificates,
    the_end_of_a_file,
]


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_what_is_lost_is_there_again_at_the_next_run(
    lose: Callable[[Path], None], kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    """Once: as long as nothing more is lost the home stays as it is."""
    assert kept.opens()
    assert [] == kept.made
    lose(kept.engine.home)
    try:
        assert kept.opens()
    except OurFault:
        # The old agent may answer once more before it sees that its home is another: tried again.
        assert kept.opens()
    assert kept.opens()
    assert {kept.engine.home} == set(kept.made)
    assert 1 == times_made(caplog)
    assert 0o700 == kept.engine.home.stat().st_mode & 0o777


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_what_gpg_said_while_files_went_is_not_believed(
    lose: Callable[[Path], None], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its keys gpg would say that the mail is to somebody else."""
    run = Engine.run

    def losing(self: Engine, *options: str, **more: bytes) -> Run:
        if self is kept.engine:
            lose(self.home)
        return run(self, *options, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Engine, "run", losing)
    with pytest.raises(OurFault, match="lost files while gpg ran") as caught:
        kept.opens()
    assert "tried again" in caught.value.remedy
    monkeypatch.undo()
    assert kept.opens()


def test_what_goes_while_the_home_is_filled_is_no_part_of_it_less(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would stay without keys for ever, and no mail be read until a restart."""
    load_secret = Keyring.load_secret

    def losing(self: Keyring, secret: bytes) -> str:
        loaded = load_secret(self, secret)
        the_secret_keys(kept.engine.home)
        return loaded

    the_secret_keys(kept.engine.home)
    monkeypatch.setattr(Keyring, "load_secret", losing)
    with pytest.raises(OurFault, match="as soon as it was made"):
        kept.opens()
    monkeypatch.undo()
    assert kept.opens()


def test_what_gpg_itself_adds_and_removes_is_no_loss(kept: Kept) -> None:
    for name in ("pubring.kbx~", ".#lk0x1", "pubring.kbx.lock"):
        (kept.engine.home / name).write_bytes(b"x")
        assert kept.engine.run("--list-keys").output
        (kept.engine.home / name).unlink()
    with socket.socket(socket.AF_UNIX) as like_an_agents:
        like_an_agents.bind(str(kept.engine.home / "S.another"))
        assert kept.engine.run("--list-keys").output
    (kept.engine.home / "S.another").unlink()
    assert kept.opens()
    assert [] == kept.made


def test_many_threads_wait_while_it_is_made(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """Each opens its message; the home is made whole once, and not by each."""
    the_home(kept.engine.home)
    opened: list[bool] = []
    threads = [threading.Thread(target=lambda: opened.append(kept.opens())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [True] * 6 == opened
    assert 1 == times_made(caplog)


def test_a_home_that_cannot_be_made_is_tried_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail waits meanwhile."""

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    the_home(kept.engine.home)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", fail)
        for _ in range(2):
            with pytest.raises(OurFault, match="cannot be made anew"):
                kept.opens()
    assert kept.opens()
