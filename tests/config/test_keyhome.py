"""The alias's key is opened in memory, and nothing of it stays behind a killed process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.config import load
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.store.seal import Codec, MasterKey
from tests.running import ROOT, Site, make_site

OPEN_AND_WAIT = """
import sys
from pathlib import Path
from gatekeeper.config import load
from gatekeeper.config.keyhome import codec_of, open_keys
settings = load(Path(sys.argv[1]))
with open_keys(settings, codec_of(settings)) as keys:
    print(keys.engine.home, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An installation that was never started."""
    return make_site(tmp_path, relay=1)


def other_process(site: Site) -> tuple["subprocess.Popen[str]", Path]:
    """Open the keys in another process; return it and its home."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, str(site.config)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def agents(home: Path) -> list[str]:
    """Return the processes whose command line names a home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "gpg-agent" in command and str(home) in command:
            found.append(command)
    return found


def test_the_home_is_gone_afterwards(site: Site) -> None:
    """Home, lock and agent end with the context."""
    settings = load(site.config)
    with open_keys(settings, codec_of(settings)) as keys:
        home = keys.engine.home
        assert 0o700 == home.stat().st_mode & 0o777
        assert agents(home)
    assert [] == [*settings.runtime_folder.iterdir()]
    assert [] == agents(home)


def test_what_a_killed_process_left_is_swept(site: Site) -> None:
    """Kill -9 leaves a home and an agent that holds the key; the next start removes both."""
    process, home = other_process(site)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert home.is_dir()
    settings = load(site.config)
    with open_keys(settings, codec_of(settings)) as keys:
        assert not home.exists()
        assert home != keys.engine.home
    assert [] == agents(home)


def test_a_living_process_keeps_its_home(site: Site) -> None:
    """A command beside the running service does not sweep the service's keys away."""
    process, home = other_process(site)
    settings = load(site.config)
    with open_keys(settings, codec_of(settings)):
        assert home.is_dir()
    assert home.is_dir()
    process.communicate("")
    assert 0 == process.returncode
    assert not home.exists()


def test_another_master_key_opens_nothing(site: Site) -> None:
    """Nothing is laid down before the seal has opened."""
    settings = load(site.config)
    with (
        pytest.raises(GatekeeperError, match="alias-secret"),
        open_keys(settings, Codec(MasterKey.generate())),
    ):
        raise AssertionError
    assert not settings.runtime_folder.exists() or [] == [*settings.runtime_folder.iterdir()]
