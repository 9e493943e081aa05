"""docs/design.md and CHANGELOG.md keep their form, so that they can be read for years."""

import re
import tomllib
from datetime import date
from pathlib import Path

import dev
import gatekeeper
from tests.architecture.sources import read


def test_design_notes_stand_under_their_day_oldest_first() -> None:
    text = read("docs/design.md")
    days = [date.fromisoformat(day) for day in re.findall(r"^## (.+)$", text, re.MULTILINE)]
    assert days
    assert sorted(days) == days


def test_every_design_note_begins_with_its_decision() -> None:
    notes = read("docs/design.md").partition("\n## ")[2].split("\n\n")[1:]
    assert [] == [note for note in notes if not re.match(r"(?:\*\*|## )", note)]


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    text = read("CHANGELOG.md")
    versions = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert "Unreleased" == versions[0]
    allowed = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(kinds) <= allowed


def test_a_version_that_was_released_has_its_section() -> None:
    """Until the first release everything stands under Unreleased."""
    released = re.findall(r"^## \[(\d\S*)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert not released or gatekeeper.__version__ == released[0]


def test_the_changelog_is_in_the_source_package() -> None:
    settings = tomllib.loads(Path(dev.ROOT, "pyproject.toml").read_text(encoding="utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert "/CHANGELOG.md" in included
