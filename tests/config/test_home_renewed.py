"""A lent home that vanishes comes back under its name and its lock, with all its keys."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.config.homes import in_use, is_for_secrets, lend_home, renewable
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, open_keys
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.pgp.opening import Opened, open_message
from tests.config.installation import add_former, installation
from tests.house import START
from tests.keys import Key, gpg, key_of, short_home
from tests.running import ROOT

GPG = Path("gpg")
SWEEP = """
import sys
from pathlib import Path
from gatekeeper.config.homes import lend_home
with lend_home(Path(sys.argv[1]), Path("gpg")):
    pass
"""


@pytest.fixture
def memory() -> Iterator[Path]:
    """Lend a folder in memory."""
    with tempfile.TemporaryDirectory(prefix="gk-test-", dir="/dev/shm") as folder:
        yield Path(folder) / "runtime"


def sweep(folder: Path) -> None:
    """Have another process sweep up what nobody holds."""
    subprocess.run([sys.executable, "-c", SWEEP, str(folder)], cwd=ROOT, check=True)


def descriptors() -> int:
    """Return how many files this process holds open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("gone", ["its content", "the home", "the runtime folder"])
def test_a_renewed_home_is_empty_and_held_like_the_first(memory: Path, gone: str) -> None:
    with lend_home(memory, GPG) as home, renewable(home) as renew:
        (home / "left").write_text("x")
        if gone != "its content":
            shutil.rmtree(home if gone == "the home" else memory)
        renew()
        assert [] == list(home.iterdir())
        assert 0o700 == home.stat().st_mode & 0o777
        (home / "secret").write_text("an opened key")
        sweep(memory)
        assert (home / "secret").exists()
        assert (home,) == in_use(memory)
    assert [] == list(memory.iterdir())


def test_a_home_that_is_renewed_often_costs_one_descriptor(memory: Path) -> None:
    before = descriptors()
    with lend_home(memory, GPG) as home, renewable(home) as renew:
        for _ in range(5):
            renew()
        assert before + 2 == descriptors(), "the lock of before, and the one of now"
    assert before == descriptors()


def test_what_nobody_holds_is_not_in_use(memory: Path) -> None:
    memory.mkdir(mode=0o700)
    (memory / "gpg-left").mkdir()
    (memory / "gpg-file").write_text("x")
    with lend_home(memory, GPG) as home:
        assert (home,) == in_use(memory)
    assert () == in_use(memory)


def test_a_home_tells_whether_secret_keys_belong_in_it(memory: Path) -> None:
    """Others see it by its name; a socket of gpg's still fits in below the longest folder."""
    with lend_home(memory, GPG) as bare, lend_home(memory, GPG, secrets=True) as full:
        assert {bare, full} == set(in_use(memory))
        assert [full] == [home for home in in_use(memory) if is_for_secrets(home)]
        assert 64 + len(f"/{full.name}/S.gpg-agent.browser") < 108


def test_another_s_folder_under_that_name_is_not_taken(memory: Path) -> None:
    with lend_home(memory, GPG) as home, renewable(home) as renew:
        memory.chmod(0o755)
        with pytest.raises(Misconfigured, match="can be entered by others"):
            renew()


def encrypted_to(key: bytes, fingerprint: str) -> bytes:
    """Return a message to a key."""
    with short_home() as home:
        gpg(home, "--import", given=key)
        return gpg(home, "--encrypt", "--recipient", fingerprint, given=b"a report")


def test_all_keys_are_back_whatever_the_files_say_by_then(tmp_path: Path) -> None:
    """Also when a rotation has put another secret into their place: a restart is for that."""
    former: Key = key_of("Old alias <security@example.org>")
    with installation(tmp_path) as site:
        add_former(site, former)
        settings = site.load()
        codec = codec_of(settings)
        alias = settings.alias
        messages = [
            encrypted_to(alias.certificate, alias.fingerprint),
            encrypted_to(former.public, former.fingerprint),
        ]
        with open_keys(settings, codec) as keys:
            known = {cert.fingerprint for cert in keys.keyring.list(START)}
            other = key_of("Another <security@example.org>").secret
            (site.folder / "alias" / "secret.sealed").write_bytes(codec.wrap(ALIAS_SECRET, other))
            (site.folder / "alias" / "former" / f"{former.fingerprint}.sealed").unlink()
            shutil.rmtree(settings.runtime_folder)
            for message in messages:
                assert isinstance(open_message(keys.engine, message, now=START), Opened)
            assert known == {cert.fingerprint for cert in keys.keyring.list(START)}
            assert [keys.engine.home] == list(settings.runtime_folder.iterdir())
        assert [] == list(settings.runtime_folder.iterdir())
