"""One table of verbs: what it refuses to hold, and the help made of it, word for word."""

from pathlib import Path

import pytest

from gatekeeper.issues.commands import VERBS, Verb, help_text, parse, usage
from gatekeeper.issues.operands import Names, When, Who
from gatekeeper.issues.performing import PERFORMERS

GOLDEN = Path(__file__).parent.parent / "golden" / "commands"


def test_the_help_is_the_reviewed_one() -> None:
    """The help as it is mailed, reviewed in tests/golden/commands/help.txt."""
    assert (GOLDEN / "help.txt").read_text() == help_text(prefix="SEC", domain="example.org")


@pytest.mark.parametrize("prefix", ["S", "SEC", "ABCDEFGHIJKLMNOP"])
def test_no_line_of_the_help_is_wider_than_a_mail(prefix: str) -> None:
    assert 78 >= max(
        len(line) for line in help_text(prefix=prefix, domain="example.org").split("\n")
    )


def test_what_is_understood_is_what_can_be_done() -> None:
    """No verb does nothing, and none can be done that nobody is told of."""
    assert set(VERBS) == set(PERFORMERS)


def test_the_help_names_every_form_of_every_verb() -> None:
    text = help_text(prefix="SEC", domain="example.org")
    assert [] == [verb.name for verb in VERBS.values() if usage(verb) not in text]


@pytest.mark.parametrize("name", VERBS)
def test_every_example_is_a_command(name: str) -> None:
    """What the help shows can be sent as it stands."""
    verb = VERBS[name]
    issue = "SEC-2026-0007 " if verb.needs_issue else ""
    parsed = parse(f"!{issue}{verb.example}\n\nSome text.\n")
    assert () == parsed.problems
    assert [name] == [command.verb for command in parsed.commands]


@pytest.mark.parametrize("name", VERBS)
def test_every_word_and_key_is_in_a_form(name: str) -> None:
    """No word is understood that the usage hides."""
    verb = VERBS[name]
    shown = usage(verb)
    known = [*verb.words, *(f"{key}={kind.name}" for key, kind in verb.keys.items())]
    assert [] == [word for word in known if word not in shown]


def test_a_usage_can_name_the_issue() -> None:
    assert "!SEC-2026-0007 key FINGERPRINT" == usage(VERBS["key"], issue="SEC-2026-0007")
    both = "!SEC-2026-0007 approve HASH\n!approve HASH"
    assert both == usage(VERBS["approve"], issue="SEC-2026-0007")
    assert "!help" == usage(VERBS["help"], issue="SEC-2026-0007")


@pytest.mark.parametrize("name", ["", "Own", "o", "own it", "!own"])
def test_a_verb_is_one_word_in_lower_case(name: str) -> None:
    with pytest.raises(ValueError, match="lower case"):
        Verb(name=name, summary="", forms=("x",), example="x")


def test_a_verb_is_not_ambiguous_in_itself() -> None:
    with pytest.raises(ValueError, match="not both"):
        Verb(
            name="own",
            summary="",
            forms=("own",),
            example="own",
            words=frozenset({"to"}),
            keys={"to": Names(name="NAME")},
        )


def test_a_verb_says_where_each_operand_ends() -> None:
    operands = (When(name="INSTANT"), Who(name="NAME"))
    with pytest.raises(ValueError, match="where the first one ends"):
        Verb(name="meet", summary="", forms=("x",), example="x", operands=operands)


def test_a_verb_requires_no_key_that_it_has_not() -> None:
    with pytest.raises(ValueError, match="only a key that there is"):
        Verb(name="meet", summary="", forms=("x",), example="x", required=frozenset({"org"}))
