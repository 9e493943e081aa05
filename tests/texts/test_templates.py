"""The operator's templates are tried before a report depends on them, and fail as our fault."""

import pytest

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.texts.templates import (
    ACKNOWLEDGEMENT,
    APPROVAL_WANTED,
    CLEAR_REPLY,
    NEVER_LEFT_OUT,
    REPLY,
    REQUIRED,
    SAMPLES,
    TEAM_COPY,
    TEAM_NOTICE,
    Texts,
    examine,
)
from tests.house import TEMPLATES, texts


def saying(name: str, *, without: str = "") -> str:
    """Return a template that says what it must, and nothing else; or one value less."""
    said = sorted(NEVER_LEFT_OUT[name] - {without})
    lists = {key for key, value in SAMPLES[name].items() if not isinstance(value, str)}
    return "\n".join(
        f"{{% for x in {key} %}}{{{{ x }}}}{{% endfor %}}" if key in lists else f"{{{{ {key} }}}}"
        for key in said
    )


def test_what_must_be_said_is_among_what_is_known() -> None:
    assert set(SAMPLES) == set(NEVER_LEFT_OUT) == REQUIRED
    for name, said in NEVER_LEFT_OUT.items():
        assert said <= SAMPLES[name].keys(), name


@pytest.mark.parametrize("template", sorted(SAMPLES))
def test_the_shipped_template_uses_every_value_it_is_given(template: str) -> None:
    """So a new value cannot be forgotten in the shipped text."""
    shown = texts().fill(template, SAMPLES[template])
    for name, value in SAMPLES[template].items():
        for text in [value] if isinstance(value, str) else value:
            assert text in shown, name


@pytest.mark.parametrize("template", sorted(SAMPLES))
def test_no_value_leaves_a_gap_behind(template: str) -> None:
    """Whatever is empty, no two empty lines follow each other, nor does one end the text."""
    for name, value in SAMPLES[template].items():
        empty = "" if isinstance(value, str) else ()
        shown = texts().fill(template, {**SAMPLES[template], name: empty})
        if name in {"text", "headline", "lines", "fingerprint"}:
            continue  # no such text is without them
        assert "\n\n\n" not in shown, name
        assert shown.endswith("\n"), name
        assert not shown.endswith("\n\n"), name


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


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_missing_template_is_named(name: str) -> None:
    sources = {each: saying(each) for each in SAMPLES if each != name}
    with pytest.raises(Misconfigured, match=rf"templates/{name} is missing"):
        Texts(sources)


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
        examine(TEAM_COPY, {TEAM_COPY: source})
    with pytest.raises(Misconfigured, match=said):
        Texts({**{name: saying(name) for name in SAMPLES}, TEAM_COPY: source})


def test_a_template_that_fails_on_one_report_is_our_fault_and_waits() -> None:
    """Such a report is not quarantined: the text is mended, and it goes on."""
    broken = f"{{{{ 1 // (subject != 'bad') }}}}{saying(TEAM_COPY)}"
    filled = Texts({**{name: saying(name) for name in SAMPLES}, TEAM_COPY: broken})
    good = {**SAMPLES[TEAM_COPY], "subject": "good"}
    assert filled.fill(TEAM_COPY, good).startswith("1")
    with pytest.raises(OurFault) as caught:
        filled.fill(TEAM_COPY, {**good, "subject": "bad"})
    assert "templates/team-copy.txt could not be filled" == caught.value.public
    assert "bad" not in caught.value.diagnostics()


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (template, value)
        for template in sorted(SAMPLES)
        for value in sorted(NEVER_LEFT_OUT[template])
    ],
)
def test_a_template_cannot_leave_out_what_people_believe_and_decide_by(
    template: str, value: str
) -> None:
    """An operator may say it in other words of the own, and must not keep it from anybody."""
    sources = {name: saying(name) for name in SAMPLES}
    Texts(sources)
    with pytest.raises(Misconfigured, match=f"{template} leaves out {value}"):
        Texts({**sources, template: saying(template, without=value)})


@pytest.mark.parametrize(
    ("template", "whole", "part"),
    [
        (APPROVAL_WANTED, "in effect", "in effect[:1]"),
        (APPROVAL_WANTED, "in effect", "in effect[:30]"),
        (APPROVAL_WANTED, "{{ line }}", "{{ line.splitlines()[0] }}"),
        (APPROVAL_WANTED, "{{ approve }}", "{{ approve | wordwrap(72) }}"),
        (REPLY, "{{ text }}", "{{ text|truncate(20) }}"),
        (REPLY, "{{ text }}", "{{ text|truncate(5000) }}"),
        (CLEAR_REPLY, "{{ text }}", "{{ text.partition('\\n')[0] }}"),
        (CLEAR_REPLY, "{{ text }}", "{{ text|e }}"),
        (ACKNOWLEDGEMENT, "{{ code }}", "{{ code|lower }}"),
        (ACKNOWLEDGEMENT, "{{ code }}", "{{ code|upper }}"),
        (ACKNOWLEDGEMENT, "{{ fingerprint }}", "{{ fingerprint|replace(' ', '') }}"),
        (TEAM_COPY, "in notes", "in notes[-5:]"),
        (TEAM_COPY, "in done", "in (done if pieces else [])"),
        (TEAM_NOTICE, "in lines", "in (lines|list)[:1]"),
    ],
)
def test_a_template_cannot_leave_out_a_part_or_change_it(
    template: str, whole: str, part: str
) -> None:
    """Neither later entries, nor the end of a long one, nor letters of the other case."""
    shipped = (TEMPLATES / template).read_text(encoding="utf-8")
    assert whole in shipped
    examine(template, {template: shipped})
    with pytest.raises(Misconfigured, match=f"{template} leaves out"):
        examine(template, {template: shipped.replace(whole, part)})


@pytest.mark.parametrize("character", ["\x1b", "\0", "\x7f", "\x9b", "\r", "\f", "\u2028"])
@pytest.mark.parametrize("before", ["", "{# ", "{{ '"])
def test_a_control_character_is_refused_at_its_place(character: str, before: str) -> None:
    """Wherever it stands: as text, in a remark, in a value."""
    source = f"one\n\ttwo {before}{character}[2J\n" + saying(TEAM_COPY)
    column = len("\ttwo ") + len(before) + 1
    with pytest.raises(Misconfigured, match=rf"team-copy\.txt:2:{column}: a control character"):
        examine(TEAM_COPY, {TEAM_COPY: source})


def test_a_control_character_cannot_be_made_by_the_template() -> None:
    with pytest.raises(Misconfigured, match=r"team-copy\.txt writes a control character"):
        examine(TEAM_COPY, {TEAM_COPY: "{{ '\\x1b' }}" + saying(TEAM_COPY)})


def test_line_ends_of_other_systems_and_tabs_are_none() -> None:
    examine(TEAM_COPY, {TEAM_COPY: "\tone\n".replace("\n", "\r\n") + saying(TEAM_COPY)})
