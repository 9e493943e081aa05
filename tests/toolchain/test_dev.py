"""dev.py makes what a fresh machine lacks, nothing twice, and says in one line what it cannot."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.toolchain import workshop
from tests.toolchain.workshop import Workshop


def bring(shop: Workshop, installer: str) -> None:
    """Give the workshop an installer, or skip where this interpreter cannot have it."""
    if installer == "uv":
        shop.programs.joinpath("uv").symlink_to(Path(sys.executable).with_name("uv"))
    else:
        attempt = [dev.base_python(), "-c", "import ensurepip"]
        if subprocess.run(attempt, capture_output=True, check=False).returncode:
            pytest.skip("this interpreter has no ensurepip; apt-get install python3-venv")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A project that has never been set up."""
    return workshop.make(tmp_path)


@pytest.fixture
def ready(shop: Workshop) -> Workshop:
    """A project set up for its tests, whose checks and tests are programs of ours that pass."""
    bring(shop, "uv")
    done = shop.dev("test")
    assert "format   failed" in done.stdout, "there are no checks to run yet"
    assert shop.stamp.exists(), done.stderr
    for name in ("ruff", "mypy", "lint-imports"):
        shop.tool(name, f"echo {name} ran")
    shop.tool("pytest", 'echo "pytest ran $*"; echo "5 passed"')
    return shop


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_from_nothing_to_the_demo_and_nothing_twice(shop: Workshop, installer: str) -> None:
    """The first start sets up; the second says nothing and leaves everything as it was."""
    bring(shop, installer)
    first = shop.dev("run", "--port", "25")
    assert "set-up   making .venv" in first.stdout, first.stderr
    assert "set-up   installing requirements.lock by hash with " + installer in first.stdout
    assert first.stdout.splitlines()[-1].startswith("demo ")
    stamp = shop.stamp.stat().st_mtime_ns

    second = shop.dev("run", "--port", "25")
    assert ["demo", "--port", "25"] == [*second.stdout.split()[:1], *second.stdout.split()[2:]]
    assert stamp == shop.stamp.stat().st_mtime_ns
    assert "" == first.stderr + second.stderr

    probe = "import pebble, gatekeeper; print(pebble.NAME, gatekeeper.__file__)"
    command = [str(shop.folder / ".venv" / "bin" / "python"), "-c", probe]
    seen = subprocess.run(command, text=True, capture_output=True, check=True, cwd="/")
    assert ["pebble", str(shop.folder / "gatekeeper" / "__init__.py")] == seen.stdout.split()


def test_the_command_is_there_and_takes_no_module_from_where_it_is_called(
    shop: Workshop, tmp_path: Path
) -> None:
    bring(shop, "uv")
    shop.dev("run")
    elsewhere = tmp_path / "elsewhere" / "gatekeeper"
    elsewhere.mkdir(parents=True)
    for name in ("__init__", "__main__"):
        elsewhere.joinpath(f"{name}.py").write_text("raise SystemExit('wrong one')\n")
    command = [str(shop.folder / ".venv" / "bin" / "gatekeeper"), "issue", "a b"]
    done = subprocess.run(
        command, cwd=elsewhere.parent, text=True, capture_output=True, check=False
    )
    assert "called issue a b\n" == done.stdout, done.stderr


def test_the_demo_takes_over_the_process(shop: Workshop) -> None:
    """Ctrl-C and the exit code are the demo's own: no second process stands between."""
    bring(shop, "uv")
    shop.dev("run")
    with subprocess.Popen(
        [sys.executable, str(shop.folder / "dev.py"), "run"],
        env=shop.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        output, _ = process.communicate()
    assert f"demo {process.pid}\n" == output
    assert 7 == process.returncode


def test_what_is_for_tests_comes_on_top_of_what_is_there(shop: Workshop) -> None:
    """A demo first and tests later make one environment; then the demo needs nothing more."""
    bring(shop, "uv")
    shop.dev("run")
    later = shop.dev("test")
    assert "making .venv" not in later.stdout
    assert "installing requirements-dev.lock by hash" in later.stdout
    assert {"requirements.lock", "requirements-dev.lock"} == set(json.loads(shop.stamp.read_text()))
    assert "set-up" not in shop.dev("run").stdout


@pytest.mark.parametrize("damage", ["no stamp", "half a stamp", "no interpreter", "a link"])
def test_half_an_environment_is_made_anew(shop: Workshop, damage: str) -> None:
    bring(shop, "uv")
    shop.dev("run")
    if damage == "no stamp":
        shop.stamp.unlink()
    elif damage == "half a stamp":
        shop.stamp.write_text(shop.stamp.read_text()[:20])
    elif damage == "no interpreter":
        shop.folder.joinpath(".venv", "bin", "python").unlink()
    else:
        shop.folder.joinpath(".venv").rename(shop.folder / "moved")
        shop.folder.joinpath(".venv").symlink_to("nowhere")
    again = shop.dev("run")
    assert "set-up   making .venv" in again.stdout, again.stderr
    assert again.stdout.splitlines()[-1].startswith("demo ")


def test_a_new_lock_makes_a_new_environment(shop: Workshop) -> None:
    """What a lock file no longer lists does not stay installed."""
    bring(shop, "uv")
    shop.dev("run")
    shop.lock("requirements.lock", shop.wheel("granite"))
    assert "set-up   making .venv" in shop.dev("run").stdout
    installed = {path.stem for path in shop.folder.glob(".venv/lib/*/site-packages/*.py")}
    assert {"granite"} == installed & {"granite", "pebble"}


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_download_with_another_hash_is_refused(shop: Workshop, installer: str) -> None:
    """One line says so, and nothing counts as set up."""
    bring(shop, installer)
    bring(shop, "pip")
    with shop.folder.joinpath("wheels", "pebble-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"tampered")
    done = shop.dev("run")
    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert "hash" in done.stderr.lower()
    assert not shop.stamp.exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'gpg (GnuPG) 2.2.27'", "this is GnuPG 2.2.27, needed is 2.2.40 or newer"),
        ("echo 'gpg (GnuPG) 1.4.23'", "this is GnuPG 1.4.23, needed is 2.2.40 or newer"),
        ("exit 1", "gpg does not tell its version"),
        (None, "gpg is missing. Remedy: as root, apt-get install gnupg."),
    ],
)
@pytest.mark.parametrize("verb", ["run", "test"])
def test_without_a_fit_gpg_one_line_says_so(
    shop: Workshop, script: str | None, words: str, verb: str
) -> None:
    shop.programs.joinpath("gpg").unlink()
    if script is not None:
        workshop.write_script(shop.programs / "gpg", script)
    done = shop.dev(verb)
    assert 2 == done.returncode
    assert f"dev.py: {words}" in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert "" == done.stdout


@pytest.mark.parametrize("version", ["2.2.40", "2.2.41-beta3", "2.4.9", "2.10.0", "3.0.0"])
def test_a_fit_gpg_passes(version: str) -> None:
    dev.check_gpg(f"gpg (GnuPG) {version}\nlibgcrypt 1.10.1\n")


def test_an_old_python_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", (3, 10, 4, "final", 0))
        code = dev.main(["test"])
    assert 2 == code
    line = "dev.py: this is Python 3.10.4, needed is 3.11 or newer. Remedy: "
    assert capsys.readouterr().err.startswith(line)


def test_an_old_python_can_read_the_file_so_far() -> None:
    """The file's syntax is old enough that a Python of 2019 gets to the line about its age."""
    ast.parse(Path(dev.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_a_machine_that_cannot_make_environments_gets_the_remedy(shop: Workshop) -> None:
    """Without ensurepip, uv and apt: what a bare Debian looks like to who is not root."""
    bare = shop.folder / "bare"
    bare.mkdir()
    bare.joinpath("ensurepip.py").write_text("raise ImportError('not here')\n")
    shop.environment["PYTHONPATH"] = str(bare)
    done = shop.dev("run")
    assert 2 == done.returncode
    line = (
        "dev.py: this Python cannot make virtual environments. "
        "Remedy: as root, apt-get install python3-venv.\n"
    )
    assert line == done.stderr


def test_what_the_file_system_refuses_is_told_in_one_line(shop: Workshop) -> None:
    shop.folder.joinpath(".venv").write_text("a file in the way", encoding="utf-8")
    done = shop.dev("run")
    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert done.stderr.startswith("dev.py: the virtual environment cannot be made: Not a directory")


def test_every_step_is_named_and_the_tests_come_last(ready: Workshop) -> None:
    done = ready.dev("test", "--", "-k", "some thing")
    assert 0 == done.returncode, done.stdout + done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert ["peer"] * 8 + ["format", "lint", "types", "layers", "tests"] == names[:13]
    assert "5 passed" == done.stdout.splitlines()[-1]
    assert "-n 2 --dist worksteal -k 'some thing'" in done.stdout
    assert "-k some thing\n" in done.stdout


def test_the_first_failure_ends_it_with_its_code(ready: Workshop) -> None:
    ready.tool("mypy", "echo 'a.py:1: error'; exit 3")
    done = ready.dev("test")
    assert 3 == done.returncode
    assert "a.py:1: error" == done.stdout.splitlines()[-1]
    assert "types    failed in" in done.stdout


def test_keep_going_runs_all_and_still_fails(ready: Workshop) -> None:
    ready.tool("mypy", "echo 'a.py:1: error'; exit 3")
    ready.tool("lint-imports", "exit 4")
    done = ready.dev("test", "--keep-going")
    assert 3 == done.returncode
    assert "5 passed" == done.stdout.splitlines()[-1]


def test_failing_tests_fail_the_command(ready: Workshop) -> None:
    ready.tool("pytest", "echo '1 failed'; exit 1")
    assert 1 == ready.dev("test").returncode


def test_soak_runs_the_tests_alone_in_their_long_forms(ready: Workshop) -> None:
    ready.tool("mypy", "exit 3")
    ready.tool("pytest", 'echo "soak=$GATEKEEPER_SOAK $*"')
    done = ready.dev("soak", "--", "tests/path")
    assert 0 == done.returncode, done.stderr
    assert "soak=1 -n 2 --dist worksteal --timeout 7200 tests/path" == done.stdout.splitlines()[-1]


def test_ctrl_c_waits_for_the_tests_to_end_in_order(ready: Workshop) -> None:
    """A Ctrl-C reaches the whole group: pytest sums up and its code is the command's."""
    ready.tool("pytest", "trap 'echo summed up; exit 2' INT; echo ready; while :; do :; done")
    with subprocess.Popen(
        [sys.executable, str(ready.folder / "dev.py"), "test"],
        env=ready.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "ready\n":
                break
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate()
    assert "summed up\n" == output
    assert "" == errors
    assert 2 == process.returncode


@pytest.mark.parametrize("arguments", [[], ["fly"], ["test", "--fast"]])
def test_wrong_usage_is_told_and_does_nothing(shop: Workshop, arguments: list[str]) -> None:
    done = shop.dev(*arguments)
    assert 2 == done.returncode
    assert "usage: dev.py" in done.stderr
    assert not shop.folder.joinpath(".venv").exists()
