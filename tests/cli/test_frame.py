"""Every command: help at once with an example that works, and one sentence for all else."""

import io
import os
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.__main__ import main
from gatekeeper.cli.frame import parser
from tests.cli.conftest import Shell
from tests.config.installation import Installation

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent.parent / "golden" / "cli"
HEAVY = {"sqlalchemy", "pydantic", "yaml", "gnupg", "alembic", "aiosmtpd", "cryptography", "jinja2"}
VERBS = (
    *("version", "init", "check", "serve", "health", "doctor", "metrics"),
    *("team check", "team plan", "team apply", "team suspend", "team reinstate", "team away"),
    *("team codes", "policy show", "policy check", "policy plan", "policy apply"),
    *("db upgrade", "db status", "db seal rotate", "db seal status"),
    *("key list", "key export", "key extend", "key rotate", "key import", "key publish"),
    *("issue list", "issue show", "issue thread", "issue timeline"),
    *("issue export", "issue legal-hold", "issue own", "issue note", "issue reply"),
    *("issue accept", "issue severity", "issue track", "issue fact", "issue tools"),
    *("issue people", "issue invite", "issue remove", "issue consent", "issue credit"),
    *("issue reject", "issue reopen", "issue hand-over", "issue merge", "issue split"),
    *("embargo propose", "embargo agree", "embargo move", "embargo extension"),
    *("embargo show", "embargo calendar"),
    *("approval list", "approval text", "approval give", "approval refuse"),
    *("approval withdraw", "mail inspect"),
    *("mail quarantine list", "mail quarantine show", "mail quarantine release"),
    *("delivery list", "delivery show", "delivery retry"),
    *("audit show", "audit verify", "audit export", "audit frozen"),
    *("backup create", "backup restore"),
    *("stats show", "stats csv"),
)


def parsers(top: ArgumentParser, words: str = "") -> Iterator[tuple[str, ArgumentParser]]:
    """Give every command's words and parser, nouns and verbs."""
    yield words, top
    for action in top._actions:  # noqa: SLF001 - argparse has no other way to ask
        choices = action.choices
        if isinstance(choices, dict):
            for name, inner in choices.items():
                yield from parsers(inner, f"{words} {name}".strip())


def verbs() -> dict[str, ArgumentParser]:
    """Return the verbs, by their words."""
    return {
        words: inner for words, inner in parsers(parser()) if inner.get_default("run") is not None
    }


def example(inner: ArgumentParser) -> str:
    """Return the command that a verb's help shows."""
    assert inner.epilog is not None
    assert inner.epilog.startswith("example:\n  ")
    return inner.epilog.removeprefix("example:\n  ").replace("\\\n", "")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python on the project."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_verbs_are_those_of_the_design() -> None:
    assert set(VERBS) == set(verbs())


def test_the_help_is_as_reviewed() -> None:
    """All helps, one after the other, as tests/golden/cli/help.txt has them."""
    shown = "\n".join(inner.format_help() for _, inner in parsers(parser()))
    assert (GOLDEN / "help.txt").read_text(encoding="utf-8") == shown


@pytest.mark.parametrize("words", VERBS)
def test_each_example_can_be_typed(words: str) -> None:
    """The example is a command of this very verb, with all its arguments right."""
    command = shlex.split(example(verbs()[words]))
    program, *arguments = command[: command.index(">")] if ">" in command else command
    assert "gatekeeper" == program
    given = parser().parse_args(arguments)
    assert verbs()[words].get_default("run") is given.run


@pytest.mark.parametrize("words", VERBS)
def test_what_shows_something_has_json(words: str) -> None:
    assert (words == "serve") != ("--json" in verbs()[words].format_help())


def test_help_imports_nothing_heavy() -> None:
    """Whoever asks for help waits for nothing that the answer does not need."""
    code = (
        "import sys; from gatekeeper.__main__ import main; main(['issue', 'show', '--help']);"
        f"print([n for n in {sorted(HEAVY)} if n in sys.modules], file=sys.stderr)"
    )
    done = python("-c", code)
    assert "[]\n" == done.stderr
    assert "gatekeeper issue show SEC-2026-0007" in done.stdout


def test_the_module_runs_as_a_program() -> None:
    done = python("-m", "gatekeeper", "version")
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("gatekeeper ")


def test_a_reader_that_had_enough_is_no_error(tmp_path: Path) -> None:
    """`gatekeeper … | head`: quiet, and done."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper", "version"],
        cwd=ROOT,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (0, b"") == (done.returncode, done.stderr)


def test_an_output_without_room_is_told() -> None:
    """`gatekeeper … >/dev/full`: what happened, and that the command itself was carried out."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gatekeeper", "version"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert 75 == done.returncode
    said = "gatekeeper: the output could not be written (No space left on device): "
    assert f"{said}see to where it goes; what the command did stands\n" == done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_end_nothing(closed: str) -> None:
    """What is not wanted goes nowhere, and into no file that happens to get its number."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m gatekeeper version {closed}', sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["issue", "lst"],
        ["issue", "show"],
        ["--confg", "x", "check"],
        ["init", "x"],
        ["delivery", "list", "--state", "lost"],
        ["version", "more"],
        ["init", "x", "--domain", "d.example", "--prefix", "P", "--listen", "25"],
        ["init", "x", "--domain", "d.example", "--prefix", "P", "--team", "A=b"],
        ["init", "x", "--domain", "d.example", "--prefix", "P", "--team", "A=b=c"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(arguments)
    said = capsys.readouterr()
    assert "" == said.out
    assert "error: " in said.err


@pytest.mark.parametrize("noun", ["", "db", "key", "issue", "approval", "mail", "delivery"])
def test_a_noun_alone_shows_its_help(noun: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(noun.split())
    assert capsys.readouterr().err.startswith(f"usage: gatekeeper {noun}".rstrip())


def test_help_is_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--help"])
    assert "exit codes: 0 done" in capsys.readouterr().out


def test_config_may_stand_before_and_after(shell: Shell, site: Installation) -> None:
    """And the environment names it, when nothing else does."""
    assert 0 == shell.bare("check", "--config", str(site.folder)).status
    assert 0 == shell.bare("--config", "/nowhere", "check", "--config", str(site.folder)).status
    assert 2 == shell.bare("--config", "/nowhere", "check").status


def test_the_environment_names_the_configuration(
    shell: Shell, site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEKEEPER_CONFIG", str(site.folder))
    assert 0 == shell.bare("check").status
    monkeypatch.delenv("GATEKEEPER_CONFIG")
    monkeypatch.chdir(site.folder.parent)
    assert 0 == shell.bare("check").status


class _Input(io.BytesIO):
    """A standard input on which something happens while it is read."""

    def __init__(self, happening: BaseException) -> None:
        super().__init__()
        self._happening = happening

    def read(self, size: int | None = -1, /) -> bytes:
        """Let it happen."""
        raise self._happening


@pytest.mark.parametrize(
    ("happening", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "gatekeeper: interrupted\n"),
        (RuntimeError("embargoed text"), 75, "gatekeeper: an unexpected RuntimeError at "),
    ],
    ids=["Ctrl-C", "a fault of ours"],
)
def test_whatever_happens_is_one_sentence(
    happening: BaseException,
    status: int,
    said: str,
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No traceback, and nothing of what an exception may quote."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(_Input(happening)))
    found = shell("mail", "inspect", "-")
    assert (status, "") == (found.status, found.out)
    assert found.err.startswith(said)
    assert 1 == found.err.count("\n")
    assert "embargoed" not in found.err
