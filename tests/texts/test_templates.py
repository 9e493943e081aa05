"""The operator's templates are tried before a report depends on them, and fail as our fault."""

import pytest

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.texts.templates import NEVER_LEFT_OUT, SAMPLES, TEAM_COPY, Texts
from tests.house import TEMPLATES, texts

SAID = " ".join(f"{{{{ {name} }}}}" for name in sorted(NEVER_LEFT_OUT[TEAM_COPY]))


def test_the_shipped_template_uses_every_value_it_is_given() -> None:
    """So a new value cannot be forgotten in the shipped text."""
    shown = texts().fill(TEAM_COPY, SAMPLES[TEAM_COPY])
    for name, value in SAMPLES[TEAM_COPY].items():
        for text in [value] if isinstance(value, str) else value:
            assert text in shown, name


def test_empty_values_leave_no_empty_lines_behind() -> None:
    empty = {name: "" if isinstance(v, str) else () for name, v in SAMPLES[TEAM_COPY].items()}
    shown = texts().fill(TEAM_COPY, empty)
    for label in ("To:", "Cc:", "Piece:", "Note:"):
        assert label not in shown
    assert 2 == shown.split("Event log:")[0].count("\n\n") + 1


def test_only_the_templates_that_are_used_are_shipped() -> None:
    assert set(SAMPLES) == {path.name for path in TEMPLATES.iterdir()}


def test_markup_is_left_alone() -> None:
    values = {**SAMPLES[TEAM_COPY], "subject": "<b>&amp; {{ headline }}"}
    assert "<b>&amp; {{ headline }}" in texts().fill(TEAM_COPY, values)


def test_a_missing_template_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"templates/team-copy\.txt is missing"):
        Texts({})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{% if %}", r"team-copy\.txt:2:1:"),
        ("{{ subjct }}", "'subjct' is undefined"),
        ("{{ subject + 1 }}", "cannot be filled"),
        ("{{ 1 // (subject | length) }}", "cannot be filled"),
        ("{% include 'other.txt' %}", "other.txt"),
        ("{{ subject.__class__.__mro__ }}", "unsafe|undefined"),
        ("{% for x in range(10 ** 9) %}{% endfor %}", "cannot be filled"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_before_it_is_used(source: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        Texts({TEAM_COPY: source})


def test_a_template_that_fails_on_one_report_is_our_fault_and_waits() -> None:
    """Such a report is not quarantined: the text is mended, and it goes on."""
    filled = Texts({TEAM_COPY: f"{{{{ 1 // (subject != 'bad') }}}}{SAID}"})
    good = {**SAMPLES[TEAM_COPY], "subject": "good"}
    assert filled.fill(TEAM_COPY, good).startswith("1")
    with pytest.raises(OurFault) as caught:
        filled.fill(TEAM_COPY, {**good, "subject": "bad"})
    assert "templates/team-copy.txt could not be filled" == caught.value.public
    assert "bad" not in caught.value.diagnostics()


@pytest.mark.parametrize("name", sorted(NEVER_LEFT_OUT[TEAM_COPY]))
def test_a_template_cannot_leave_out_what_a_report_is_believed_by(name: str) -> None:
    """An operator may say it in other words of the own, and must not keep it from the team."""
    Texts({TEAM_COPY: SAID})
    with pytest.raises(Misconfigured, match=f"leaves out {name}"):
        Texts({TEAM_COPY: SAID.replace(f"{{{{ {name} }}}}", "")})
