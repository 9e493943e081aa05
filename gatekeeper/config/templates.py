"""The folder templates/: the texts that people read, each tried before the service uses it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatekeeper.config import guarded
from gatekeeper.config.positions import FILE_MAX
from gatekeeper.config.problems import Problem
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.texts.templates import REQUIRED, examine

FOLDER: Final = "templates"


def sources(folder: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Return the text of each template in `folder`/templates by file name, and the problems."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    names = {path.name for path in (folder / FOLDER).glob("[!.]*.txt")}
    for name in sorted(names | REQUIRED):
        text = _text(folder, name)
        if isinstance(text, Problem):
            problems.append(text)
        else:
            found[name] = text
    for name in found:
        problems += _trial(name, found)
    return MappingProxyType(found), tuple(problems)


def _text(folder: Path, name: str) -> str | Problem:
    file = f"{FOLDER}/{name}"
    path = folder / file
    if not path.exists():
        text = "does not exist; copy it from the shipped configuration"
        return Problem(file=file, text=text)
    for complaint in guarded.plain_file(path):
        return Problem(file=file, text=complaint)
    raw = path.read_bytes()
    if len(raw) > FILE_MAX:
        return Problem(file=file, text=f"larger than {FILE_MAX // 1024} KiB; shorten it")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return Problem(file=file, text="is not UTF-8; save it as UTF-8")


def _trial(name: str, found: Mapping[str, str]) -> Iterator[Problem]:
    try:
        examine(name, found)
    except Misconfigured as error:
        yield Problem(file="", text=f"{error.public.rstrip('.')}; {error.remedy}")
