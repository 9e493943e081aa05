"""The folder presets/: a project's whole process as one file, chosen by name in policy.yaml."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from gatekeeper.config import guarded, shipped
from gatekeeper.config.positions import Document, Plain, read
from gatekeeper.config.problems import Problem, quoted
from gatekeeper.config.process_models import EmbargoSection
from gatekeeper.config.scalars import PRESET_NAME, Prose
from gatekeeper.config.section import Section
from gatekeeper.config.validation import validate

FOLDER: Final = "presets"


class PresetFile(Section):
    """presets/NAME.yaml: what is proposed, how far a date may move, and the policy page's text."""

    process: Prose
    embargo: EmbargoSection = EmbargoSection()


def applied(policy: Document, folder: Path) -> tuple[Document, tuple[Problem, ...]]:
    """Return policy.yaml with the values of its preset where it has none of its own.

    `folder` is the configuration; a preset that does not lie there is the shipped one. Values keep
    their places, so that a problem is told where somebody wrote it; what is wrong with the preset
    itself is returned, and then nothing of it is used. A list is taken as a whole.
    """
    given = policy.value
    if isinstance(given, dict) and "embargo" in given and given["embargo"] is None:
        given = {**given, "embargo": {}}
        policy = replace(policy, value=given)
    name = given.get("preset") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(name, str) or not PRESET_NAME.fullmatch(name):
        return policy, ()
    path = _path(folder, name)
    if path is None:
        text = f"there is no preset {quoted(name)}; known here: {', '.join(names(folder))}"
        return policy, (policy.problem(("preset",), text),)
    preset, problems = _preset(path, name)
    if problems or preset is None:
        return policy, problems
    return replace(policy, value=_merged(given, preset)), ()


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the presets in the configuration `folder` and of the shipped ones."""
    both = (folder / FOLDER, shipped.folder() / FOLDER)
    return tuple(sorted({path.stem for each in both for path in each.glob("[!.]*.yaml")}))


def _path(folder: Path, name: str) -> Path | None:
    for each in (folder, shipped.folder()):
        path = each / FOLDER / f"{name}.yaml"
        if path.exists():
            return path
    return None


def _preset(path: Path, name: str) -> tuple[Mapping[str, Plain] | None, tuple[Problem, ...]]:
    file = f"{FOLDER}/{name}.yaml"
    texts = tuple(guarded.plain_file(path))
    if texts:
        return None, tuple(Problem(file=file, text=text) for text in texts)
    document, problems = read(file, path.read_bytes())
    if document is None or problems:
        return None, problems
    _, problems = validate(PresetFile, document)
    return document.value if isinstance(document.value, dict) else None, problems


def _merged(given: dict[str, Plain], preset: Mapping[str, Plain]) -> dict[str, Plain]:
    own, brought = given.get("embargo", {}), preset.get("embargo")
    merged = dict(given)
    if given.get("process") is None:
        merged["process"] = preset["process"]
    if isinstance(own, dict) and isinstance(brought, dict):
        merged["embargo"] = {**brought, **own}
    return merged
