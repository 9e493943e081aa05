"""The Dockerfile fits the project, though no engine builds it here: users, locks, places, commands.

What it copies is enough to build the wheel, which is tried.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

import dev
from gatekeeper.cli import frame

TEXT = dev.ROOT.joinpath("Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads(dev.ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))
USER = "2424"
STATE = "/var/lib/gatekeeper"


def instructions() -> list[tuple[str, str]]:
    """Return each instruction and its argument, without remarks and with long lines joined."""
    bare = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    lines = [line for line in bare.replace("\\\n", " ").splitlines() if line.strip()]
    parts = [line.split(maxsplit=1) for line in lines]
    return [(word, re.sub(r"\s+", " ", rest)) for word, rest in parts]


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage, each beginning with its FROM."""
    found: list[list[tuple[str, str]]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def arguments(word: str, stage: int = -1) -> list[str]:
    """Return the arguments of the instructions of one kind in a stage, the last by default."""
    return [rest for kind, rest in stages()[stage] if kind == word]


def commands(stage: int) -> list[list[str]]:
    """Return the words of each command that a stage runs."""
    return [shlex.split(part) for run in arguments("RUN", stage) for part in run.split(" && ")]


def test_both_stages_have_the_python_that_the_project_is_written_for() -> None:
    """Debian 12 has Python 3.11; a wheel's environment moves from one to the other unchanged."""
    assert ["debian:12-slim AS build", "debian:12-slim"] == [
        rest for word, rest in instructions() if word == "FROM"
    ]
    assert (3, 11) == dev.OLDEST_PYTHON
    assert ">=3.11" == PROJECT["project"]["requires-python"]
    assert ["--from=build /opt/gatekeeper /opt/gatekeeper"] == arguments("COPY")


def test_every_download_of_python_is_checked_against_a_lock() -> None:
    installs = [words for words in commands(0) if "pip" in words[0]]
    assert 3 == len(installs)
    for words, lock in zip(installs, [dev.RUNTIME_LOCK, dev.DEV_LOCK, None], strict=True):
        if lock is None:
            assert {"--no-deps", "--no-index"} <= set(words)
        else:
            assert set(dev.BY_HASH) <= set(words)
            assert lock.name == words[words.index("--requirement") + 1]
    assert not [words for words in commands(-1) if "pip" in words[0]]


def test_what_is_copied_is_there_and_enough_for_the_wheel(tmp_path: Path) -> None:
    for rest in arguments("COPY", 0):
        *sources, target = rest.split()
        for source in sources:
            path = dev.ROOT / source
            assert path.exists(), source
            if path.is_dir():
                assert source == target
                shutil.copytree(path, tmp_path / source)
            else:
                assert "./" == target
                shutil.copy(path, tmp_path)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    assert " ".join(build[1:]) in TEXT
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert 1 == len(list(tmp_path.glob("dist/gatekeeper-*.whl")))


def test_the_engine_and_python_are_installed_and_nothing_more() -> None:
    (install,) = [words for words in commands(-1) if words[:2] == ["apt-get", "install"]]
    assert ["--yes", "--no-install-recommends", "python3", "gnupg"] == install[2:]


def test_it_runs_as_a_user_without_rights() -> None:
    """By number, so that an orchestrator can see that it is not root."""
    assert [f"{USER}:{USER}"] == arguments("USER")
    (made,) = [words for words in commands(-1) if words[0] == "useradd"]
    assert USER == made[made.index("--uid") + 1]
    assert USER == made[made.index("--gid") + 1]
    assert STATE == made[made.index("--home-dir") + 1]
    last = max(i for i, (word, _) in enumerate(stages()[-1]) if word == "RUN")
    assert last < [word for word, _ in stages()[-1]].index("USER")


def environment() -> dict[str, str]:
    """Return the variables that are set for the service."""
    return dict(word.split("=", 1) for rest in arguments("ENV") for word in rest.split())


def test_its_places_are_made_for_that_user() -> None:
    (install,) = [words for words in commands(-1) if words[0] == "install"]
    assert ["-o", "gatekeeper", "-g", "gatekeeper", "-m", "0700"] == install[2:8]
    variables = environment()
    config = variables["GATEKEEPER_CONFIG"]
    witness = f"{config}/witness"
    assert {config, witness, variables["RUNTIME_DIRECTORY"], STATE} == set(install[8:])
    assert [[STATE]] == [json.loads(rest) for rest in arguments("VOLUME")]
    assert "/opt/gatekeeper/bin" == variables["PATH"].split(":")[0]


def test_the_port_is_that_of_the_shipped_configuration() -> None:
    shipped = yaml.safe_load(dev.ROOT.joinpath("config/gatekeeper.yaml").read_text())
    assert [str(shipped["listen"][0]["port"])] == arguments("EXPOSE")


def test_what_is_started_is_the_program_and_it_knows_the_words() -> None:
    (entry,), (words,) = (map(json.loads, arguments(kind)) for kind in ("ENTRYPOINT", "CMD"))
    assert set(entry) == set(PROJECT["project"]["scripts"])
    assert "run" in frame.parser().parse_args(words)
    assert ["SIGTERM"] == arguments("STOPSIGNAL")


def test_the_health_check_is_a_command_of_ours_and_ends_with_0_or_1() -> None:
    (check,) = arguments("HEALTHCHECK")
    found = re.fullmatch(r".* CMD gatekeeper (\w+) \|\| exit 1", check)
    assert found
    assert "run" in frame.parser().parse_args([found[1]])


def test_the_manual_starts_it_with_the_same_user_port_and_places() -> None:
    manual = dev.ROOT.joinpath("docs/operating.md").read_text(encoding="utf-8")
    assert f"--tmpfs {environment()['RUNTIME_DIRECTORY']}:uid={USER},gid={USER},mode=0700" in manual
    assert f"--volume gatekeeper-state:{STATE} " in manual
    assert "127.0.0.1:2525:2525 gatekeeper\n" in manual
    assert "No container engine builds it" in manual
