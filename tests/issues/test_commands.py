"""Commands are read as people mean them and refused with a remedy when that is not plain."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.commands import VERBS, Command, Parsed, parse
from gatekeeper.issues.quoting import TEXT_MAX

ISSUE = IssueId(prefix="SEC", year=2026, number=7)
OTHER = IssueId(prefix="SEC", year=2026, number=8)
HASH = "4f1c22ab90d7" + "0" * 51 + "e"
FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400)
PIECES = (
    *("!", "SEC-2026-0007", "@example.org", " ", "own", "reply", "clear", "to=", "=", '"', "\n"),
    *(
        "approve",
        HASH,
        HASH[:32],
        "> ",
        "-- ",
        "x",
        "\u00a0",
        "\u2026",
        "<mailto:a@b.example>",
        ":",
    ),
)
NEARLY = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def only(text: str) -> Command:
    parsed = parse(text)
    assert () == parsed.problems
    (command,) = parsed.commands
    return command


def told(text: str, thread: IssueId | None = None) -> str:
    parsed = parse(text, thread=thread)
    assert () == parsed.commands
    assert parsed.problems
    return "\n".join(parsed.problems)


def test_a_command_is_taken_apart() -> None:
    command = only("!SEC-2026-0007@example.org reply clear to=reporter\n\nHello.\n")
    assert ("reply", ISSUE, "example.org") == (command.verb, command.issue, command.domain)
    assert frozenset({"clear"}) == command.words
    assert {"to": "reporter"} == dict(command.values)
    assert "!SEC-2026-0007@example.org reply clear to=reporter" == command.line
    assert command.takes_text


def test_the_text_below_is_kept_as_it_is() -> None:
    parsed = parse("!SEC-2026-0007 note\n\n  indented\n\n\nlast line  \n\n")
    assert "  indented\n\n\nlast line  " == parsed.rest


def test_several_commands_name_their_own_issues() -> None:
    parsed = parse("!SEC-2026-0007 own\n\n!SEC-2026-0008 own\n!SEC-2026-0007 reply\nHello.")
    assert [("own", ISSUE), ("own", OTHER), ("reply", ISSUE)] == [
        (each.verb, each.issue) for each in parsed.commands
    ]
    assert "Hello." == parsed.rest


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, I will look at it.\n",
        "",
        "\n\n",
        "> !SEC-2026-0007 own\n",
        "In C, write\n    !pointer\nand so on!\n",
        "Wow!\n!= is the operator.\n! is not.\n",
        "Hello,\n\n> !SEC-2026-0007 own\nthis is what you sent.\n",
        "Hello.\n-- \n!SEC-2026-0007 own\n",
        "Done.\n\n-----Original Message-----\n!SEC-2026-0007 own\n",
    ],
)
def test_discussion_holds_no_command(text: str) -> None:
    """Prose, quoted commands and what stands in a signature are neither done nor answered."""
    assert Parsed(rest=text.strip("\n")) == parse(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("!SEC-2026-0007 OWN", "upper case"),
        ("!sec-2026-0007 own", "an id in lower case"),
        ("\n\n  !SEC-2026-0007 own", "blanks and empty lines before it"),
        ("! SEC-2026-0007   own  ", "blanks within"),
        ("!SEC-2026-0007\u00a0own", "a blank that does not break"),
        ("!SEC\u20112026\u20110007 own", "hyphens that do not break"),
        ("!SEC\u20132026\u20130007 own", "dashes"),
        ("!SEC-2026-0007: own", "a colon after the id"),
        ("!SEC-2026-0007. own", "the full stop of a telephone"),
        ("\uff01SEC-2026-0007 own", "a wide exclamation mark"),
        ("!SEC-2026-0007 \u200bown\ufeff", "invisible characters"),
        ("!SEC-2026-0007 own\r\n\r\n", "CRLF"),
        ("!SEC-2026-0007\town", "a tab"),
        ("> quoted\n> more\n\n!SEC-2026-0007 own", "quoted lines before it"),
        ("Am 03.09.26 um 10:00 schrieb R.:\n> alt\n\n!SEC-2026-0007 own", "an attribution before"),
    ],
)
def test_what_programs_and_fingers_do_to_a_line_is_undone(text: str, what: str) -> None:
    command = only(text)
    assert ("own", ISSUE, "") == (command.verb, command.issue, command.domain), what


@pytest.mark.parametrize(
    "line",
    [
        "!SEC-2026-0007@example.org<mailto:SEC-2026-0007@example.org> own",
        "!SEC-2026-0007@example.org <mailto:SEC-2026-0007@example.org> own",
        "!SEC-2026-0007@EXAMPLE.ORG own",
        "!SEC-2026-0007\uff20example.org: own",
    ],
)
def test_the_installation_is_read_out_of_a_link(line: str) -> None:
    assert "example.org" == only(line).domain


@pytest.mark.parametrize(
    "written",
    [
        "to=reporter",
        "TO=Reporter",
        "to = reporter",
        'to="reporter"',
        "to=\u201creporter\u201d",
        "to=\u00abreporter\u00bb",
        "to=\u201ereporter\u201c",
    ],
)
def test_a_value_is_read_however_it_is_quoted(written: str) -> None:
    assert {"to": "reporter"} == dict(only(f"!SEC-2026-0007 reply {written}\nHello.").values)


@pytest.mark.parametrize(
    "written",
    [
        HASH,
        HASH.upper(),
        f"0x{HASH}",
        " ".join(HASH[at : at + 4] for at in range(0, 64, 4)),
        f"\n{HASH}",
        f"{HASH[:40]}\n{HASH[40:]}",
        f"{HASH[:40]} \n  {HASH[40:]}\n\nadded: nothing",
        " ".join(HASH[at : at + 8] for at in range(0, 32, 8))
        + "\n"
        + HASH[32:48]
        + "\n"
        + HASH[48:],
    ],
)
def test_a_hash_is_read_in_groups_and_over_lines(written: str) -> None:
    assert (HASH,) == only(f"!SEC-2026-0007 approve {written}").operands


@pytest.mark.parametrize("written", [HASH[:10], f"{HASH[:12]}\u2026", f"{HASH[:12]}..."])
def test_the_beginning_of_a_hash_is_kept_to_be_completed(written: str) -> None:
    assert (written[:12].rstrip("\u2026."),) == only(f"!SEC-2026-0007 approve {written}").operands


def test_a_hash_takes_nothing_of_the_text_below() -> None:
    """Lines below count only when they make the hash exactly whole."""
    parsed = parse(f"!SEC-2026-0007 approve {HASH[:12]}\ndeadbeef\n")
    assert (HASH[:12],) == parsed.commands[0].operands
    assert "deadbeef" == parsed.rest
    whole = parse(f"!SEC-2026-0007 approve {HASH}\ndeadbeef\n")
    assert "deadbeef" == whole.rest


def test_a_fingerprint_is_read_as_it_is_shown() -> None:
    spaced = " ".join(FINGERPRINT[at : at + 4] for at in range(0, 40, 4))
    assert (FINGERPRINT,) == only(f"!SEC-2026-0007 key {spaced.lower()}").operands


@pytest.mark.parametrize(
    ("text", "line", "fault", "remedy"),
    [
        ("!", 1, "not what to do", '"!ID own"'),
        ("!SEC-2026-0007", 1, "not what to do", '"!SEC-2026-0007 own"'),
        ("!SEC-2026-0007 ownn", 1, 'no verb "ownn"', '"!SEC-2026-0007 own"'),
        ("!SEC-2026-0007 replay\nHi", 1, 'no verb "replay"', '"!SEC-2026-0007 reply"'),
        ("!SEC-2026-0007 xyzzy", 1, 'no verb "xyzzy"', "there are: own, note, reply, approve"),
        ("\n!!! urgent\n", 2, 'no verb "!!"', "there are: own"),
        ("!own", 1, "names no issue", '"!ID own"'),
        ("!own SEC-2026-0007", 1, "stands first", '"!SEC-2026-0007 own"'),
        ("!SEC-2026 own", 1, '"SEC-2026"', "looks like SEC-2026-0007"),
        ("!SEC-2026-0007@ own", 1, '"SEC-2026-0007@"', "domain of the alias"),
        ("!SEC-2026-0007 revoke now", 1, 'does not know "now"', "nothing follows"),
        ("!SEC-2026-0007 own\n!SEC-2026-0007 revoke it", 2, '"it"', "nothing follows"),
        ("!SEC-2026-0007 revoke clear", 1, '"clear"', "nothing follows"),
        ("!SEC-2026-0007 reply Hello Robin", 1, '"Hello"', "its text stands on the lines below"),
        ('!SEC-2026-0007 note "called"', 1, "called", "its text stands on the lines below"),
        ("!SEC-2026-0007 reply by=me\nHi", 1, 'no key "by"', "clear, to=NAME"),
        ("!SEC-2026-0007 reply to=a to=b\nHi", 1, "to= is given twice", "leave one out"),
        ("!SEC-2026-0007 reply to=\nHi", 1, "to= needs a value", "to=NAME"),
        ("!SEC-2026-0007 reply to=../x\nHi", 1, "to= needs a value", "to=NAME"),
        ('!SEC-2026-0007 reply to="a\nHi', 1, "not closed", "close it, or leave it out"),
        ("!SEC-2026-0007 approve", 1, "needs the 64", "copy them from the mail"),
        (f"!SEC-2026-0007 approve {HASH[:9]}", 1, "not 9", "copy them from the mail"),
        (f"!SEC-2026-0007 approve {HASH}0", 1, "not 65", "copy them from the mail"),
        ("!SEC-2026-0007 approve everything", 1, "not hexadecimal", "copy HASH from the mail"),
        (f"!SEC-2026-0007 key {FINGERPRINT[:39]}", 1, "not 39", "copy them from the mail"),
        ("!SEC-2026-0007 own " + "x" * 1000, 1, "more than 1000 characters", "shorten it"),
        ("Hi,\n!SEC-2026-0007 own", 2, "below other text", "at the top"),
        ("Hi,\n\n*!SEC-2026-0007 own*", 3, "below other text", "each line beginning with !"),
        ("*!SEC-2026-0007 own*", 1, "has marks before its !", "each line beginning with !"),
        ("Hi,\n!reply\nThank you.", 2, "below other text", "at the top"),
        ("!SEC-2026-0007 own\nHi\n!SEC-2026-0007 revoke", 3, "below other text", "at the top"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_remedy(
    text: str, line: int, fault: str, remedy: str
) -> None:
    words = told(text)
    assert words.startswith(f"line {line}: ")
    assert fault in words
    assert remedy in words


def test_the_issue_of_the_thread_is_named_where_an_id_is_missing() -> None:
    assert '"!SEC-2026-0008 own"' in told("!own", OTHER)
    assert '"!SEC-2026-0008 own"' in told("!oown", OTHER)


def test_all_problems_are_told_at_once_and_none_of_the_commands_is_left() -> None:
    words = told("!SEC-2026-0007 own\n!own\n!SEC-2026-0007 ownn\n!SEC-2026-0007 own x y=z\n")
    assert ["line 2:", "line 3:", "line 4:", "line 4:"] == [line[:7] for line in words.splitlines()]


@pytest.mark.parametrize("second", ["!SEC-2026-0007 note", "!SEC-2026-0008 reply"])
def test_one_mail_has_one_text(second: str) -> None:
    assert "each in its own mail" in told(f"!SEC-2026-0007 reply\n{second}\nHello.")


@pytest.mark.parametrize("verb", ["reply", "note"])
@pytest.mark.parametrize("below", ["", "\n\n", "\n   \n"])
def test_a_text_is_missed(verb: str, below: str) -> None:
    assert f"{verb} has no text; write it" in told(f"!SEC-2026-0007 {verb}{below}")


def test_help_needs_no_issue_and_may_have_one() -> None:
    assert None is only("!help").issue
    assert None is only("!HELP\n").issue
    assert ISSUE == only("!SEC-2026-0007 help").issue


def test_many_commands_are_too_many() -> None:
    assert 20 == len(parse("!SEC-2026-0007 own\n" * 20).commands)
    assert "more than 20 commands" in told("!SEC-2026-0007 own\n" * 21)
    assert 21 == len(told("!x\n" * 100_000).splitlines())
    assert 21 == len(told("x\n" + "!SEC-2026-0007 own\n" * 100_000).splitlines())


def test_what_was_written_is_shown_bounded_and_in_one_line() -> None:
    words = told(f"!SEC-2026-0007 x{'y' * 900}\u2028z")
    assert 400 > max(len(line) for line in words.splitlines())


def test_commands_and_problems_do_not_meet() -> None:
    with pytest.raises(ValueError, match="no command is obeyed"):
        Parsed(commands=(Command(verb="help", issue=None, line="!help"),), problems=("x",))


@given(st.one_of(ANY_TEXT, NEARLY))
def test_any_text_is_read(text: str) -> None:
    """No text raises; every problem is one line; every command is whole and in the table."""
    parsed = parse(text, thread=ISSUE)
    for problem in parsed.problems:
        assert 1 == len(problem.splitlines())
    for command in parsed.commands:
        verb = VERBS[command.verb]
        assert (command.issue is not None) or not verb.needs_issue
        assert command.words <= verb.words
        assert set(command.values) <= set(verb.keys)
        assert len(command.operands) == len(verb.operands)


@given(NEARLY, st.sampled_from(["> ", ">", "> > ", "  > "]))
def test_nothing_quoted_is_a_command(text: str, mark: str) -> None:
    quoted = "\n".join(mark + line for line in text.split("\n"))
    assert () == parse(quoted).commands
    assert () == parse(quoted).problems


@given(NEARLY)
def test_nothing_after_other_text_is_a_command(text: str) -> None:
    assert () == parse(f"Hello,\n{text}").commands


@given(st.text(string.printable, max_size=200))
def test_text_without_the_mark_is_discussion(text: str) -> None:
    plain = text.replace("!", "?")
    assert () == parse(plain).commands + parse(plain).problems


def test_a_long_text_is_read_in_time() -> None:
    """Each of these took too long in some mail program; the time limit of a test is the bar."""
    for piece in ("!", "! ", "> ", "On 1:00 ", '!SEC-2026-0007 own "', "From: ", "to = ", "a@b:\n"):
        parse(piece * (25_000_000 // len(piece)))


def test_a_text_that_is_too_long_is_told() -> None:
    assert "send it as a file" in told("!SEC-2026-0007 note\n" + "a" * TEXT_MAX)
    assert () == parse("a" * (TEXT_MAX + 1)).problems
