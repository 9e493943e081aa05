"""The systemd units of the manual: systemd understands them, and they fit the program."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from gatekeeper.cli import frame
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import OutboxPolicy
from tests.architecture.sources import read
from tests.documented import BACKUP, block, unit

PROGRAM = "/opt/gatekeeper/bin/gatekeeper"


def settings() -> dict[str, str]:
    """Return the unit's settings; each stands once."""
    pairs = re.findall(r"^([A-Z]\w+)=(.*)$", unit(), re.MULTILINE)
    assert len(pairs) == len({name for name, _ in pairs})
    return dict(pairs)


def analysed(
    folder: Path, text: str, *words: str, name: str = "gatekeeper.service"
) -> subprocess.CompletedProcess[str]:
    """Have systemd look at a unit, with a program that is on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("missing peer: systemd-analyze; apt-get install systemd")
    path = folder / name
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


def test_a_hung_service_is_ended_and_a_ready_one_says_so() -> None:
    """The program tells systemd when it is ready and that it lives; both are asked for."""
    found = settings()
    assert "notify" == found["Type"]
    assert 0 < int(found["WatchdogSec"])


def test_the_witness_can_be_written() -> None:
    """Its place in the shipped configuration, which the rest of the file system is not."""
    place = yaml.safe_load(read("config/gatekeeper.yaml"))["witness"]["file"]
    folder = Path("/etc/gatekeeper", place).parent
    assert [str(folder)] == settings()["ReadWritePaths"].split()
    assert f"--volume {folder}:{folder} " in block("## Or in a container")


@pytest.mark.parametrize("kind", ["service", "timer"])
def test_systemd_understands_the_backup_s(tmp_path: Path, kind: str) -> None:
    """Both lie in one folder, where the timer finds its service."""
    for each in ("service", "timer"):
        name = f"gatekeeper-backup.{each}"
        text = block(f"{name}`:", BACKUP).replace("/bin/sh", "/bin/true")
        (tmp_path / name).write_text(text)
    name = f"gatekeeper-backup.{kind}"
    text = block(f"{name}`:", BACKUP)
    done = analysed(tmp_path, text, "verify", "--man=no", name=name)
    assert (0, "") == (done.returncode, done.stderr)
    assert f"enable --now {name}" in read(BACKUP) or kind == "service"


def test_the_backup_s_command_is_understood() -> None:
    """As the shell gets it from systemd, which doubles what it would take itself."""
    text = block("gatekeeper-backup.service`:", BACKUP)
    (line,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", text, re.MULTILINE)
    typed = line.replace("$$", "$").replace("%%", "%").replace(f"exec {PROGRAM}", "echo")
    done = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, check=True)
    words = done.stdout.split()
    frame.parser().parse_args(words)
    assert re.fullmatch(r"/var/backups/gatekeeper/\d{8}T\d{6}Z\.gpg", words[-1])
