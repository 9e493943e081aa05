"""docs/operating.md can be followed: its commands work, its files agree with program and tests."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from gatekeeper.config.models import ListenSection, RelaySection
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.policy import IntakeLimits
from tests.architecture.sources import read
from tests.docs.test_references import typed_commands
from tests.house import person_key
from tests.peers import require
from tests.postfix import KNOWN, MAIN
from tests.running import gatekeeper

DOCUMENT = "docs/operating.md"


def block(after: str) -> str:
    """Return the first fenced block behind some words."""
    found = re.search(r"```\w*\n(.*?)```", read(DOCUMENT).partition(after)[2], re.DOTALL)
    assert found
    return found[1]


def parameters(text: str) -> dict[str, str]:
    """Return the settings of a main.cf."""
    lines = (line.partition("=") for line in text.splitlines() if re.match(r"\w+ =", line))
    return {name.strip(): value.strip() for name, _, value in lines}


def test_founding_works_as_written(tmp_path: Path) -> None:
    """The command, in other places: what it makes passes `check`."""
    key = tmp_path / "andrea.asc"
    key.write_bytes(person_key(0).public)
    (words,) = [words for words in typed_commands(read(DOCUMENT)) if words[0] == "init"]
    places = {
        "/etc/gatekeeper": str(tmp_path / "config"),
        "/var/lib/gatekeeper": str(tmp_path / "state"),
    }
    words = [places.get(word, word).replace("andrea.asc", str(key)) for word in words]
    gatekeeper(*words)
    done = gatekeeper("--config", str(tmp_path / "config"), "check")
    assert "security@example.org, 1 people, 1 keys" in done.stdout
    for name in ("master.key", "alias/revocation.asc", "team.yaml", "keys"):
        assert (tmp_path / "config" / name).exists()


def test_postfix_is_configured_as_in_the_tests_with_a_real_one() -> None:
    written, tested = parameters(block("In `main.cf`:")), parameters(MAIN)
    for name in (
        "relay_domains",
        "recipient_delimiter",
        "smtpd_reject_unlisted_recipient",
        "lmtp_destination_concurrency_limit",
        "mynetworks",
    ):
        assert tested[name] == written[name]
    assert list(KNOWN) == re.findall(r"(\w+)@example\.org", written["relay_recipient_maps"])
    form = tested["transport_maps"].replace("{{", "{").replace("}}", "}")
    assert form.replace("{lmtp}", "2424") == written["transport_maps"]


def test_postfix_knows_every_parameter() -> None:
    postfix = require("postfix")["postfix"]
    names = parameters(block("In `main.cf`:"))
    done = subprocess.run(
        [str(postfix.with_name("postconf")), "-d", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "unknown parameter" not in done.stderr
    assert set(names) == set(parameters(done.stdout))


def test_sizes_fit_one_another() -> None:
    """In front Postfix takes what the service takes; behind, a copy of it in base64 as well."""
    front = re.search(r"message_size_limit=(\d+)", block("In `master.cf`"))
    assert front
    assert IntakeLimits().message_bytes == int(front[1])
    behind = int(parameters(block("In `main.cf`:"))["message_size_limit"])
    assert behind > int(front[1]) * 78 / 57


def test_the_service_takes_the_sections_as_written() -> None:
    sections = yaml.safe_load(block("In `gatekeeper.yaml`:"))
    for section in sections["listen"]:
        assert "lmtp" == ListenSection.model_validate(section).protocol
    relay = RelaySection.model_validate(sections["relay"])
    assert f"{relay.host}:{relay.port} inet" in block("In `master.cf`")


def test_doctor_looks_at_what_is_listed() -> None:
    text = read(DOCUMENT).partition("| line | looked at |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| ([a-z ]+) \|", text, re.MULTILINE)
    named = {
        keyword.value.value
        for path in ("gatekeeper/cli/findings.py", "gatekeeper/cli/doctor.py")
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }
    assert named == set(listed)


def test_exit_statuses_are_those_of_the_unit() -> None:
    assert f"RestartPreventExitStatus={Misconfigured.exit_code}\n" in block("gatekeeper.service`")
    assert f"{OurFault.exit_code} that trying again may help" in read(DOCUMENT)


@pytest.mark.parametrize("name", ["master_key.file", "master_key.credential"])
def test_the_master_key_has_the_places_named(name: str) -> None:
    section, _, key = name.partition(".")
    assert key in yaml.safe_load(read("config/gatekeeper.yaml"))[section]
