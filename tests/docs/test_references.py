"""What the documents point to exists: files, names in the code, settings, commands, links."""

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import dev
from gatekeeper.cli import frame
from tests.architecture.sources import read
from tests.docs.printing import documents

PACKAGES = {path.stem for path in dev.ROOT.joinpath("gatekeeper").iterdir()}
PROSE = "CHANGELOG.md"

_CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|yaml|lock)")
_AS_ITS_USER = "runuser -u gatekeeper -- "
_COMMAND = re.compile(r"gatekeeper (?:--config|[a-z]).*")
ABBREVIATED = frozenset({"main.cf", "master.cf"})
OUTSIDE = ("/", "~", "dist/", "alias/", "master.key", ".well-known/", "openpgp/", "recovery/")


def snippets(text: str) -> list[str]:
    """Return what stands in backticks within the sentences."""
    return _CODE.findall(_BLOCK.sub("", text))


def settings() -> set[str]:
    """Return every setting of the shipped configuration, with dots."""

    def walk(value: Any, name: str) -> set[str]:  # noqa: ANN401 - whatever YAML holds
        if not isinstance(value, dict):
            return {name}
        return {name} | {each for key in value for each in walk(value[key], f"{name}.{key}")}

    found: set[str] = set()
    for file in ("gatekeeper.yaml", "policy.yaml", "team.yaml"):
        for key, value in yaml.safe_load(read(f"config/{file}")).items():
            found |= walk(value, key)
    return found


def resolves(name: str) -> bool:
    """Say whether a dotted name leads to a module of ours, or to something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["gatekeeper", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def exists(path: str) -> bool:
    """Say whether a path is one of the project, also when it is told from within gatekeeper/."""
    bases = (dev.ROOT, dev.ROOT / "gatekeeper", dev.ROOT / "config", dev.ROOT / "docs")
    return any((base / path).exists() for base in bases)


def named_commands(text: str) -> list[list[str]]:
    """Return the words of each command of ours that a sentence names, perhaps not in full."""
    return [shlex.split(code)[1:] for code in snippets(text) if _COMMAND.fullmatch(code)]


def typed_commands(text: str) -> list[list[str]]:
    """Return the words of each command of ours in a block of shell, ready to be typed."""
    blocks = [block for kind, block in _BLOCK.findall(text) if kind == "sh"]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    ours = [line.removeprefix(_AS_ITS_USER) for line in lines]
    return [shlex.split(line)[1:] for line in ours if _COMMAND.fullmatch(line)]


def status_of(words: list[str]) -> object:
    """Return the exit status with which the program takes a command's words."""
    try:
        frame.parser().parse_args(words)
    except SystemExit as ending:
        return ending.code
    return 0


ALL = [*documents(), PROSE]


def test_all_documents_are_there() -> None:
    names = "backup design glossary limits mail-path operating".split()
    names += ["standards", "states", "threat-model"]
    assert {f"docs/{name}.md" for name in names} <= set(ALL)


@pytest.mark.parametrize("document", ALL)
def test_links_lead_somewhere(document: str) -> None:
    folder = Path(document).parent
    targets = [link for link in _LINK.findall(read(document)) if "://" not in link]
    assert [] == [link for link in targets if not dev.ROOT.joinpath(folder, link).exists()]


@pytest.mark.parametrize("document", ALL)
def test_files_exist(document: str) -> None:
    paths = [code for code in snippets(read(document)) if _PATH.fullmatch(code)]
    ours = [path for path in paths if not path.startswith(OUTSIDE) and path not in ABBREVIATED]
    assert [] == [path for path in ours if not exists(path)]


@pytest.mark.parametrize("document", ALL)
def test_names_lead_into_the_code_or_the_configuration(document: str) -> None:
    known = settings()
    tops = {name.partition(".")[0] for name in known}
    lost = []
    for code in snippets(read(document)):
        if not re.fullmatch(r"[a-z_]+(?:\.\w+)+", code) or exists(code) or code in ABBREVIATED:
            continue
        top = code.partition(".")[0]
        if code in known or (top in PACKAGES and resolves(code)):
            continue
        if top in tops or top in PACKAGES:
            lost.append(code)
    assert [] == lost


@pytest.mark.parametrize("document", ALL)
def test_commands_are_understood(document: str) -> None:
    """What is to be typed is taken as it stands; what is only named is there."""
    text = read(document)
    for words in typed_commands(text):
        assert 0 == status_of(words), words
    for words in named_commands(text):
        assert 0 == status_of([*words, "--help"]), words


def test_a_name_that_leads_nowhere_is_seen() -> None:
    assert resolves("domain.delivery.after")
    assert resolves("domain.report.MessageState.STORED")
    assert not resolves("domain.delivery.afterwards")
    assert not resolves("domain.parcels")


def test_commands_are_found() -> None:
    typed = "gatekeeper check \\\n    --json\nrunuser -u gatekeeper -- gatekeeper doctor\n"
    text = f"Run `gatekeeper issue show`.\n```sh\n{typed}```\n"
    assert [["issue", "show"]] == named_commands(text)
    assert [["check", "--json"], ["doctor"]] == typed_commands(text)


@pytest.mark.parametrize("words", [["issue", "shew"], ["init"], ["check", "--jason"]])
def test_a_command_that_is_none_is_seen(words: list[str]) -> None:
    assert 2 == status_of(words)
