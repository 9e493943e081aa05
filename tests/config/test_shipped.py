"""The shipped files hold exactly the settings there are, with the defaults there are."""

import re
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic_core import PydanticUndefined

from gatekeeper.config import presets, shipped
from gatekeeper.config.models import (
    GatekeeperFile,
    ListenSection,
    PersonSection,
    TeamFile,
)
from gatekeeper.config.policy_models import PolicyFile
from gatekeeper.config.positions import Document, Plain, read
from gatekeeper.config.process_models import EmbargoSection
from gatekeeper.config.section import Section
from gatekeeper.config.validation import validate
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.process_policy import ApprovalPolicy, ReminderPolicy
from gatekeeper.texts.templates import REQUIRED

FILES: dict[str, type[Section]] = {
    "gatekeeper.yaml": GatekeeperFile,
    "policy.yaml": PolicyFile,
    "team.yaml": TeamFile,
}
EXAMPLES = {
    ("gatekeeper.yaml", "listen"),
    ("gatekeeper.yaml", "master_key.file"),
    ("policy.yaml", "preset"),
    ("policy.yaml", "process"),
}
"""Settings without a default, or with several values, for which the files show one that works."""
OTHERWISE_NAMED = {
    "process.preset": "preset",
    "process.text": "process",
    "embargo.calendar.at": "embargo.hour",
    "embargo.calendar.weekdays": "embargo.weekdays",
    "embargo.calendar.holidays": "embargo.holidays",
}
"""Numbers whose setting has the name that reads better in the file."""


def _document(name: str) -> Document:
    document, problems = read(name, (shipped.folder() / name).read_bytes())
    assert document is not None
    assert () == problems
    if name == "policy.yaml":
        document, problems = presets.applied(document, shipped.folder())
        assert () == problems
    return document


def _inner(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) in {Union, UnionType}:
        return next((i for part in get_args(annotation) if (i := _inner(part))), None)
    return None


def _settings(model: type[Section], path: str = "") -> dict[str, Any]:
    """Return every setting's path and default; lists stand for themselves."""
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        section = _inner(info.annotation)
        if section is not None:
            found |= _settings(section, f"{path}{name}.")
        else:
            found[path + name] = info.get_default()
    return found


def _written(value: Plain, path: str = "") -> dict[str, Plain]:
    if not isinstance(value, dict):
        return {path.rstrip("."): value}
    found: dict[str, Plain] = {}
    for key, inner in value.items():
        found |= _written(inner, f"{path}{key}.")
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_file_holds_exactly_the_settings(name: str) -> None:
    assert set(_settings(FILES[name])) == set(_written(_document(name).value))


@pytest.mark.parametrize("name", FILES)
def test_the_file_shows_the_defaults(name: str) -> None:
    """Reading the shipped file gives the same values as leaving them out."""
    given, problems = validate(FILES[name], _document(name))
    assert () == problems
    assert given is not None
    for path, default in _settings(FILES[name]).items():
        if default is PydanticUndefined or (name, path) in EXAMPLES:
            continue
        value: Any = given
        for step in path.split("."):
            value = getattr(value, step)
        assert default == value, path


def test_a_listener_shows_all_its_settings() -> None:
    value = _document("gatekeeper.yaml").value
    assert isinstance(value, dict)
    listen = value["listen"]
    assert isinstance(listen, list)
    assert isinstance(listen[0], dict)
    assert set(ListenSection.model_fields) == set(listen[0])


def test_the_example_person_shows_all_settings_and_is_sound() -> None:
    """The commented entry of team.yaml, without its marks, is a person."""
    text = (shipped.folder() / "team.yaml").read_text(encoding="utf-8")
    lines = [line[2:] for line in text.splitlines() if line.startswith("#   ")]
    entry = "\n".join(line for line in lines if not line.strip().startswith(("gpg ", "#")))
    document, problems = read("team.yaml", f"people:\n{entry}\n".encode())
    assert () == problems
    assert document is not None
    team, problems = validate(TeamFile, document)
    assert () == problems
    assert team is not None
    (person,) = team.people
    assert set(PersonSection.model_fields) == person.model_fields_set


def _numbers(value: object, path: str = "") -> set[str]:
    """Return every number's path; groups inside of groups are gone through."""
    if not is_dataclass(value):
        return {OTHERWISE_NAMED.get(path, path)}
    inner = (
        _numbers(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
        for field in fields(value)
    )
    return set().union(*inner)


def test_the_policy_is_the_domains() -> None:
    """policy.yaml has the groups and numbers of domain/policy.py, no more and no fewer."""
    assert all(is_dataclass(getattr(Policy(), field.name)) for field in fields(Policy))
    assert _numbers(Policy()) == set(_settings(PolicyFile))


def test_a_process_that_is_not_written_is_the_domains() -> None:
    file = PolicyFile()
    assert Policy().embargo == file.embargo.policy()
    assert Policy().approvals == ApprovalPolicy(**file.approvals.model_dump())
    assert Policy().reminders == ReminderPolicy(**file.reminders.model_dump())


def test_what_the_preset_gives_is_shown_where_it_may_be_changed() -> None:
    """The settings of `embargo`, without the mark before each, are those of the preset named."""
    text = (shipped.folder() / "policy.yaml").read_text(encoding="utf-8")
    shown, problems = read("policy.yaml", re.sub(r"(?m)^  #(?! \S)", "  ", text).encode())
    assert () == problems
    assert shown is not None
    merged, given = _document("policy.yaml").value, shown.value
    assert isinstance(merged, dict)
    assert isinstance(given, dict)
    assert isinstance(merged["embargo"], dict)
    assert merged["embargo"] == given["embargo"]
    assert list(EmbargoSection.model_fields) == list(given["embargo"])


def test_every_setting_is_explained() -> None:
    """Each file begins with what it is for and has a comment for each group of settings."""
    for name, model in FILES.items():
        text = (shipped.folder() / name).read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert len(model.model_fields) <= sum("# " in line for line in text.splitlines())


def test_the_shipped_templates_are_those_the_program_fills() -> None:
    assert {f"templates/{name}" for name in REQUIRED} <= set(shipped.templates())


def test_the_list_of_shipped_files_is_whole() -> None:
    """What `init` copies is what lies there."""
    folder = shipped.folder()
    lying = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in {"templates", "presets", "demo"}
    }
    assert lying == set(shipped.NAMES)
