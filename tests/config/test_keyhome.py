"""The alias's key is opened in memory, and nothing of it stays behind a killed process."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.config import former, load
from gatekeeper.config.keyhome import codec_of, former_name, open_keys
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.pgp.opening import Opened, open_message
from gatekeeper.store.seal import Codec, MasterKey
from tests.config.installation import add_former, installation
from tests.house import START
from tests.keys import Key, gpg, key_of, read_key, short_home
from tests.pgp.conftest import revoked
from tests.pgp.crafting import CraftedKey
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


_LONG_AGO = ("--faked-system-time", "20250101T000000!")
_END = "2025-06-01"


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


def ended_key() -> Key:
    """Return a key that ended long ago, primary key and subkey."""
    with short_home() as home:
        gpg(home, *_LONG_AGO, "--quick-gen-key", "Old <old@example.org>", "ed25519", "cert", _END)
        fingerprint = gpg(home, "--with-colons", "--list-keys").split(b"fpr:")[1][8:48].decode()
        gpg(home, *_LONG_AGO, "--quick-add-key", fingerprint, "cv25519", "encr", _END)
        return read_key(home, fingerprint)


def encrypted_to(key: Key, *faked: str) -> bytes:
    """Return a message to a key as a sender makes it who does not know that it ended."""
    with short_home() as home:
        gpg(home, "--import", given=key.public)
        return gpg(home, *faked, "--encrypt", "--recipient", key.fingerprint, given=b"a report")


@pytest.mark.parametrize("state", ["usable", "ended", "revoked"])
def test_mail_to_a_former_key_stays_readable(state: str, tmp_path: Path) -> None:
    """Also when that key has ended since, or was revoked."""
    key = ended_key() if state == "ended" else key_of("Old alias <security@example.org>")
    message = encrypted_to(key, *(_LONG_AGO if state == "ended" else ()))
    with installation(tmp_path) as site:
        add_former(site, key, certificate=revoked(key) if state == "revoked" else None)
        add_former(site, key_of("Between <security@example.org>"))
        settings = site.load()
        with open_keys(settings, codec_of(settings)) as keys:
            opened = open_message(keys.engine, message, now=START)
            assert isinstance(opened, Opened), opened
            assert b"a report" == opened.plaintext
            found = {c.fingerprint for c in keys.keyring.list(START) if c.secret}
    assert {settings.alias.fingerprint, *(k.fingerprint for k in settings.alias.former)} == found


def test_a_former_key_is_sealed_under_its_own_name(tmp_path: Path) -> None:
    """The secret of one key in the place of another does not open."""
    key, other = key_of("Old alias <security@example.org>"), key_of("Other <o@example.org>")
    with installation(tmp_path) as site:
        add_former(site, key)
        settings = site.load()
        path = site.folder / former.secret(key.fingerprint)
        path.write_bytes(codec_of(settings).wrap(former_name(other.fingerprint), other.secret))
        with (
            pytest.raises(GatekeeperError, match=key.fingerprint),
            open_keys(settings, codec_of(settings)),
        ):
            raise AssertionError


def test_another_master_key_opens_nothing(site: Site) -> None:
    """Nothing is laid down before the seal has opened."""
    settings = load(site.config)
    with (
        pytest.raises(GatekeeperError, match="alias-secret"),
        open_keys(settings, Codec(MasterKey.generate())),
    ):
        raise AssertionError
    assert not settings.runtime_folder.exists() or [] == [*settings.runtime_folder.iterdir()]


def test_a_certificate_that_may_not_be_used_keeps_no_mail_out(tmp_path: Path) -> None:
    """One person's file was broken since the start: the others' keys are there."""
    with installation(tmp_path) as site:
        settings = site.load()
        evil = CraftedKey(b"Evil\n<evil@example.org>")
        first, *others = settings.certificates
        broken = {**settings.certificates, first: armor(Kind.PUBLIC_KEY, evil.certificate)}
        settings = replace(settings, certificates=broken)
        with open_keys(settings, codec_of(settings)) as keys:
            found = {cert.fingerprint for cert in keys.keyring.list(START)}
    assert {settings.alias.fingerprint, *others} == found
