"""Every exemption from a rule names the rule and says why."""

import io
import re
import tokenize

import pytest

from tests.architecture.sources import problems, python_files, read

# Spelt in pieces, so that neither this file nor its samples are taken for exemptions.
NOQA = "no" + "qa"
IGNORE = "type: " + "ignore"
EXEMPTION = re.compile(rf"#\s*({NOQA}|{IGNORE}|pragma: no)", re.IGNORECASE)
REASONED = re.compile(
    rf"#\s*(?:{NOQA}: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*|{IGNORE}\[[a-z-]+(?:, ?[a-z-]+)*\])"
    r"\s+(?:-|#) \w.+"
)


def unreasoned(path: str, text: str) -> list[str]:
    """Find exemptions in Python that name no rule or give no reason."""
    return [
        f"{path}:{token.start[0]}: an exemption without its rule or its reason"
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
        and EXEMPTION.search(token.string)
        and not REASONED.search(token.string)
    ]


def unexplained(settings: str) -> list[str]:
    """Find rules that the settings switch off without saying why on the same line."""
    found = []
    inside = False
    for number, line in enumerate(settings.splitlines(), 1):
        if re.match(r'(ignore|"[^"]+") = \[', line):
            inside = True
        elif line.startswith("]"):
            inside = False
        elif inside and not re.fullmatch(r'  "[A-Z]+[0-9]+",\s+# \w.+', line):
            found.append(f"pyproject.toml:{number}: switched off without a reason")
    return found


def test_every_exemption_in_the_code_gives_its_reason() -> None:
    assert [] == problems(unreasoned, python_files("gatekeeper", "tests", "migrations", "dev.py"))


def test_every_exemption_in_the_settings_gives_its_reason() -> None:
    assert [] == unexplained(read("pyproject.toml"))


@pytest.mark.parametrize(
    "comment",
    [
        f"# {NOQA}",
        f"# {NOQA}: S101",
        f"# {NOQA} - because",
        f"# {IGNORE}",
        f"# {IGNORE}[arg-type]",
        "# pragma: no cover",
    ],
)
def test_an_exemption_without_rule_or_reason_is_seen(comment: str) -> None:
    assert 1 == len(unreasoned("a.py", f"x = 1  {comment}\n"))


@pytest.mark.parametrize(
    "comment",
    [
        f"# {NOQA}: S101 - narrows the type",
        f"# {NOQA}: S101, BLE001 - as above",
        f"# {IGNORE}[arg-type]  # the stub is wrong",
        "# a remark like any other",
    ],
)
def test_a_reasoned_exemption_passes(comment: str) -> None:
    assert [] == unreasoned("a.py", f"x = 1  {comment}\n")


def test_a_setting_without_a_reason_is_seen() -> None:
    assert 1 == len(unexplained('ignore = [\n  "S603",\n  "D105", # it is clear\n]\n'))
    assert 1 == len(unexplained('"tests/**" = [\n  "S101",\n]\n'))
    assert [] == unexplained('select = [\n  "S101",\n]\nignore = [\n  "S603", # why\n]\n')
