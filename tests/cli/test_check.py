"""`gatekeeper check`: problems as lines for editors and as JSON, warnings that change nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Shell

ROOT = Path(__file__).parent.parent.parent


def test_a_sound_configuration(shell: Shell) -> None:
    said = shell("check")
    assert (0, "") == (said.status, said.err)
    assert "is sound: security@example.org, 3 people, 3 keys" in said.out
    assert {"ok": True, "problems": []} == shell("check", "--json").json


def test_every_error_is_a_line_that_editors_understand(shell: Shell) -> None:
    shell.site.replace("gatekeeper.yaml", "port: 2525", "port: 0")
    shell.site.replace("policy.yaml", "batch: 64", "batch: many")
    said = shell("check")
    assert (2, "") == (said.status, said.out)
    lines = said.err.splitlines()
    assert ["gatekeeper.yaml:39:11: ", "policy.yaml:"] == [lines[0][:23], lines[1][:12]]
    found = shell("check", "--json")
    assert 2 == found.status
    assert not found.json["ok"]
    first = found.json["problems"][0]
    assert {"severity", "file", "line", "column", "path", "text"} == set(first)
    assert ("gatekeeper.yaml", 39, 11, "listen[0].port") == (
        first["file"],
        first["line"],
        first["column"],
        first["path"],
    )


def test_a_warning_is_marked_and_changes_nothing(shell: Shell) -> None:
    shell.site.replace("gatekeeper.yaml", "  security: security", "  security: psirt")
    said = shell("check")
    assert 0 == said.status
    assert said.err.startswith("warning: gatekeeper.yaml: alias.certificate: no user ID")
    assert "is sound" in said.out
    found = shell("check", "--json").json
    assert found["ok"]
    assert ["warning"] == [problem["severity"] for problem in found["problems"]]


def test_as_a_program_of_its_own(shell: Shell) -> None:
    """The same from a shell: lines on standard error, the status of the design."""
    shell.site.replace("team.yaml", "    employer: Example\n", "    employr: Example\n")
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper", "check"],
        cwd=ROOT,
        env={**os.environ, "GATEKEEPER_CONFIG": str(shell.site.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (2, "") == (done.returncode, done.stdout)
    first, second = done.stderr.splitlines()
    assert first.endswith(": people[0].employer: is missing; add it")
    assert second.endswith(": people[0].employr: no such setting; did you mean employer?")


def test_what_a_file_holds_cannot_steer_the_terminal(shell: Shell) -> None:
    shell.site.replace("gatekeeper.yaml", "domain: example.org", 'domain: "a\\e[2Jb"')
    said = shell("check")
    assert "'a\\x1b[2Jb' is no domain name" in said.err
    assert "\x1b" not in said.err
