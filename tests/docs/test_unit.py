"""The systemd unit of docs/operating.md: systemd understands it, and it fits the program."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from gatekeeper.cli import frame
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import OutboxPolicy
from tests.documented import block, unit

PROGRAM = "/opt/gatekeeper/bin/gatekeeper"


def settings() -> dict[str, str]:
    """Return the unit's settings; each stands once."""
    pairs = re.findall(r"^([A-Z]\w+)=(.*)$", unit(), re.MULTILINE)
    assert len(pairs) == len({name for name, _ in pairs})
    return dict(pairs)


def analysed(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Have systemd look at a unit, with a program that is on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("missing peer: systemd-analyze; apt-get install systemd")
    path = folder / "gatekeeper.service"
    path.write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return subprocess.run(
        ["systemd-analyze", *words, str(path)], capture_output=True, text=True, check=False
    )


def test_systemd_understands_it(tmp_path: Path) -> None:
    done = analysed(tmp_path, unit(), "verify", "--man=no")
    assert (0, "") == (done.returncode, done.stderr)


def test_systemd_would_tell_a_mistake(tmp_path: Path) -> None:
    """So that the test above can fail."""
    wrong = unit().replace("ProtectSystem=", "ProtectSystems=")
    assert "ProtectSystems" in analysed(tmp_path, wrong, "verify", "--man=no").stderr


def test_systemd_finds_little_exposed(tmp_path: Path) -> None:
    """At most 1.5 of 10, as it counts: what is left are sockets and users of the machine."""
    words = ("security", "--offline=yes", "--no-pager", "--threshold=15")
    done = analysed(tmp_path, unit(), *words)
    assert 0 == done.returncode, done.stdout


def test_it_starts_the_program_as_its_user_in_its_places() -> None:
    found = settings()
    program, *words = shlex.split(found["ExecStart"])
    assert PROGRAM == program
    assert "run" in frame.parser().parse_args(words)
    install, found_it = block("## Install"), block("## Found the installation")
    assert f"ln -s {program} " in install
    assert found["User"] == install.split()[-1]
    assert f"init {found['Environment'].removeprefix('GATEKEEPER_CONFIG=')} " in found_it
    assert f"--state /var/lib/{found['StateDirectory']} " in found_it.replace("\\\n", " ")
    assert found["User"] == found["RuntimeDirectory"], "tmpfs at /run, for this user alone"
    assert {"0700"} == {found["RuntimeDirectoryMode"], found["StateDirectoryMode"]}


def test_a_stop_lets_the_work_in_hand_finish() -> None:
    """gpg-agent lives in the same group of processes and must outlast the service's SIGTERM."""
    found = settings()
    assert "mixed" == found["KillMode"]
    assert int(found["TimeoutStopSec"]) * SECOND > OutboxPolicy().relay_wait


def test_what_must_be_mended_is_not_started_again() -> None:
    found = settings()
    assert "on-failure" == found["Restart"]
    assert str(Misconfigured.exit_code) == found["RestartPreventExitStatus"]
