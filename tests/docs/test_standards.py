"""docs/standards.md lists each RFC and section that the code names, and no other."""

import re

from tests.architecture.sources import python_files, read

DOCUMENT = "docs/standards.md"

_NAMED = re.compile(r"RFC\s+(\d+)(?:((?:,?\s+§\d+(?:\.\d+)*)+))?")
_ROW = re.compile(
    r"^\| RFC (?P<number>\d+) \| (?P<about>[^|]+) \| (?P<sections>[^|]+) "
    r"\| (?P<far>full|partial)(?P<more>[^|]*) \| (?P<where>[^|]+) \|$",
    re.MULTILINE,
)


def named() -> dict[str, dict[str, set[str]]]:
    """Return RFC -> section -> modules that name it; the section "" is the RFC as a whole."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in python_files("gatekeeper"):
        for number, sections in _NAMED.findall(read(path)):
            of_rfc = found.setdefault(number, {})
            for section in ["", *re.findall(r"§([\d.]+\d|\d)", sections)]:
                of_rfc.setdefault(section, set()).add(path.removeprefix("gatekeeper/"))
    return found


def listed() -> dict[str, re.Match[str]]:
    """Return RFC -> its row."""
    return {row["number"]: row for row in _ROW.finditer(read(DOCUMENT))}


def test_every_row_is_read() -> None:
    """A row that is not understood would be a row that is not held against the code."""
    assert len(re.findall(r"^\| RFC", read(DOCUMENT), re.MULTILINE)) == len(listed()) + 1


def test_the_same_rfcs_are_listed_and_named() -> None:
    assert sorted(named(), key=int) == list(listed())


def test_every_section_that_the_code_names_is_listed() -> None:
    """Itself, or one it is part of."""
    rows = listed()
    missing = []
    for number, sections in named().items():
        said = [part.strip() for part in rows[number]["sections"].split(",")]
        missing += [
            f"RFC {number} §{section}"
            for section in sections
            if section and said != ["all"] and not any(within(section, part) for part in said)
        ]
    assert [] == missing


def within(section: str, part: str) -> bool:
    """Say whether a section is `part` or lies in it."""
    return section == part or section.startswith(f"{part}.")


def test_the_modules_that_are_listed_name_the_rfc() -> None:
    found = named()
    for number, row in listed().items():
        modules = set(re.findall(r"`([\w/]+\.py)`", row["where"]))
        assert modules
        assert modules <= found[number][""], f"RFC {number}"


def test_what_is_partial_says_what_is_missing() -> None:
    for number, row in listed().items():
        if row["far"] == "partial":
            assert row["more"].startswith(": "), f"RFC {number}"


def test_sections_are_found_where_several_stand_together() -> None:
    text = "as in (RFC 5321 §4.1.1.2, §4.1.1.3) and RFC 3156 §4."
    assert [("5321", " §4.1.1.2, §4.1.1.3"), ("3156", " §4")] == _NAMED.findall(text)
