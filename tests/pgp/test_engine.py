"""The strict layer: what gpg is told, what it is not, and what is said when it cannot work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import SECOND
from gatekeeper.pgp.command import CommandLine, environment
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.process import End
from tests.keys import Key, short_home
from tests.pgp.conftest import Desk, gpg_path

_SETTINGS = {"wait": 20 * SECOND, "output_limit": 1_000_000}


def fake_gpg(folder: Path, body: str) -> Path:
    """Return a gpg that answers python-gnupg's first question, then runs `body`."""
    program = folder / "gpg"
    first = f'case "$*" in *--list-config*|*ownertrust*) exec {gpg_path()} "$@";; esac'
    program.write_text(f"#!/bin/sh\n{first}\n{body}\n")
    program.chmod(0o755)
    return program


def saying(folder: Path, *status: str, then: str = "exit 0") -> Path:
    """Return a gpg that reads its input, writes these status lines, and ends with `then`."""
    lines = "".join(f"[GNUPG:] {line}\n" for line in status)
    body = (
        f'case "$*" in *--list*) exec {gpg_path()} "$@";; esac\n'
        'while [ $# -gt 0 ]; do [ "$1" = --status-fd ] && fd=$2; shift; done\n'
        f"cat >/dev/null; cat >/dev/fd/$fd <<'END'\n{lines}END\n{then}"
    )
    return fake_gpg(folder, body)


def test_the_version_is_gpgs(alias: Desk) -> None:
    first = subprocess.run([gpg_path(), "--version"], capture_output=True, text=True, check=True)
    told = first.stdout.splitlines()[0].split()[-1]
    assert told == ".".join(map(str, alias.engine.version()))
    alias.engine.require_version()


def test_an_old_gpg_is_refused(alias: Desk) -> None:
    with pytest.raises(Misconfigured, match=r"99\.0 or newer is needed"):
        alias.engine.require_version((99, 0))


def test_the_status_pipe_is_ours_and_nothing_is_looked_up(alias: Desk) -> None:
    command = CommandLine(binary=gpg_path(), home=alias.engine.home)
    words = command.arguments(status=77, options=["--verify"])
    last = len(words) - 1 - words[::-1].index(b"--status-fd")
    assert b"77" == words[last + 1]
    wanted = (
        *(b"--batch", b"--no-tty", b"--no-options", b"--no-random-seed-file"),
        *(b"--disable-dirmngr", b"--no-auto-key-locate", b"--no-auto-key-retrieve"),
        *(b"--no-auto-key-import", b"--pinentry-mode=error"),
    )
    assert set(wanted) <= set(words)
    assert str(alias.engine.home).encode() in words


def test_the_environment_is_minimal(tmp_path: Path) -> None:
    assert {"LC_ALL", "PATH", "HOME", "GNUPGHOME"} == environment(tmp_path).keys()


def test_options_of_the_home_are_not_read(alias_key: Key) -> None:
    with short_home() as home:
        (home / "gpg.conf").write_text("this is no option\n")
        assert 0 == Engine(binary=gpg_path(), home=home, **_SETTINGS).run("--list-keys").exit_code


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_gpg_that_is_not_there_is_said_plainly(tmp_path: Path, mode: int | None) -> None:
    binary = tmp_path / "gpg"
    if mode is not None:
        binary.write_text("#!/bin/sh\n")
        binary.chmod(mode)
    with short_home() as home, pytest.raises(Misconfigured, match="gpg is not there"):
        Engine(binary=binary, home=home, **_SETTINGS)


@pytest.mark.parametrize("body", ["#!/bin/sh\nexit 1\n", "no program at all\n"])
def test_a_gpg_that_does_not_start_is_said_plainly(tmp_path: Path, body: str) -> None:
    binary = tmp_path / "gpg"
    binary.write_text(body)
    binary.chmod(0o755)
    with short_home() as home, pytest.raises(Misconfigured, match="cannot be started"):
        Engine(binary=binary, home=home, **_SETTINGS)


def test_a_home_that_is_not_there_or_too_deep_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is no folder"):
        Engine(binary=gpg_path(), home=Path("/nonexistent"), **_SETTINGS)
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with pytest.raises(Misconfigured, match="too long"):
        Engine(binary=gpg_path(), home=deep, **_SETTINGS)


def test_a_gpg_that_vanishes_is_our_fault(tmp_path: Path) -> None:
    binary = fake_gpg(tmp_path, "exit 0")
    with short_home() as home:
        engine = Engine(binary=binary, home=home, **_SETTINGS)
        binary.unlink()
        with pytest.raises(OurFault, match="cannot be started"):
            engine.run("--list-keys")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("kill -9 $$", "gpg was killed while working"),
        ("exit 3", "gpg failed while working"),
        ("sleep 600", "gpg failed while working"),
        ("head -c 2000000 /dev/zero; sleep 600", "gpg failed while working"),
    ],
)
def test_what_did_not_end_well_is_our_fault(tmp_path: Path, body: str, words: str) -> None:
    with short_home() as home:
        engine = Engine(
            binary=fake_gpg(tmp_path, body), home=home, wait=SECOND, output_limit=1_000_000
        )
        run = engine.run("--list-keys")
        with pytest.raises(OurFault, match=words) as raised:
            run.ensure_done("working")
        assert raised.value.remedy


def test_status_of_an_error_of_the_system_is_our_fault(tmp_path: Path) -> None:
    binary = saying(tmp_path, "ERROR pkdecrypt_failed 67141660", then="exit 2")
    with short_home() as home:
        engine = Engine(binary=binary, home=home, **_SETTINGS)
        with pytest.raises(OurFault, match="could not work"):
            engine.run("--decrypt").ensure_sound("working")


def test_what_gpg_prints_for_people_is_thrown_away(alias: Desk) -> None:
    run = alias.engine.run("--decrypt", given=b"nonsense")
    assert (End.EXITED, b"") == (run.end, run.output)
    assert run.status.count("NODATA") > 0


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "C without UTF-8"])
def test_it_works_in_every_locale(locale: str, alias_key: Key, tmp_path: Path) -> None:
    """A key with a name outside ASCII is made, listed and used, whatever the locale around us."""
    program = tmp_path / "program.py"
    program.write_text(_IN_A_LOCALE, encoding="utf-8")
    root = Path(__file__).parents[2]
    name, _, ascii_only = locale.partition(" without ")
    surroundings = {**os.environ, "LC_ALL": name, "PYTHONPATH": str(root)}
    if ascii_only:
        surroundings |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-W", "error", str(program), str(gpg_path())]
    done = subprocess.run(command, env=surroundings, capture_output=True, check=False)
    assert (0, "Jürgen Ωmega <j@example.org>\nGOOD\n") == (
        done.returncode,
        done.stdout.decode("utf-8"),
    ), done.stderr.decode("utf-8", "replace")


_IN_A_LOCALE = """
import sys
from pathlib import Path
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp import fanout, opening
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Recipient
from gatekeeper.pgp.keyring import Keyring
from tests.keys import short_home

NOW = Instant(1_800_000_000_000_000)
with short_home() as home:
    engine = Engine(binary=Path(sys.argv[1]), home=home, wait=60_000_000, output_limit=10**6)
    keyring = Keyring(engine)
    own = keyring.generate("Jürgen Ωmega <j@example.org>", NOW)
    (cert,) = keyring.list(NOW)
    sealed = fanout.seal(engine, keyring, plaintext="ü\\u2028".encode(), signer=own, now=NOW,
                         recipients=[Recipient(ref="a", fingerprints=(own,))])
    opened = opening.open_message(engine, sealed.key_packets["a"] + sealed.shared, now=NOW)
    assert opened.plaintext == "ü\\u2028".encode()
    text = cert.user_ids[0] + "\\n" + opened.signatures[0].state.name + "\\n"
    sys.stdout.buffer.write(text.encode("utf-8"))
    keyring.close()
"""
