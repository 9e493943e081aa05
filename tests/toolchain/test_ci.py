"""Continuous integration brings every peer, skips nothing, and calls the one test command."""

import os
import re
import subprocess

import dev
from tests import peers

SCRIPT = dev.ROOT / ".ci" / "run"
TEXT = SCRIPT.read_text(encoding="utf-8")


SWAKS_TLS = "libnet-ssleay-perl"
"""What swaks needs to speak TLS, which Debian only recommends with it."""


def test_the_script_installs_every_peer_and_what_set_up_needs() -> None:
    install = re.search(r"apt-get install ((?:.|\\\n)+?)</dev/null", TEXT)
    assert install is not None
    packages = {word for word in install[1].split() if re.fullmatch(r"[a-z0-9-]+", word)}
    wanted = {package for package, _ in dev.PEERS.values()} | {"gnupg", "python3-venv", SWAKS_TLS}
    assert wanted == {package for package in packages if not package.startswith("-")}


def test_the_script_allows_no_skip_and_ends_in_the_test_command() -> None:
    assert f"export {peers.REQUIRE_VARIABLE}=1\n" in TEXT
    assert "exec python3 dev.py test </dev/null" == TEXT.splitlines()[-1]


def test_the_script_can_be_called() -> None:
    assert os.access(SCRIPT, os.X_OK)
    command = ["/bin/bash", "-n", str(SCRIPT)]
    checked = subprocess.run(command, capture_output=True, check=False)
    assert (0, b"") == (checked.returncode, checked.stderr)
