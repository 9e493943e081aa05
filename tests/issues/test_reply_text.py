"""Only a writer's own words go to a reporter; what is in doubt goes to nobody."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.quoting import TEXT_MAX
from gatekeeper.issues.reply_text import Cleaned, cleaned, own_words

ISSUE = IssueId(prefix="SEC", year=2026, number=7)
TEMPLATES = Path(__file__).parent.parent.parent / "config" / "templates"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400)
CANARY = "canary"


def clean(text: str) -> Cleaned:
    return cleaned(text, issue=ISSUE, prefix="SEC")


def sent(text: str) -> str:
    found = clean(text)
    assert () == found.objections
    return found.text


def refused(text: str) -> str:
    found = clean(text).objections
    assert found
    return "\n".join(found)


def test_a_plain_answer_goes_out_as_it_is() -> None:
    text = "Dear Robin,\n\nthank you.\n\n\n    indented code;\n\nThe team"
    assert Cleaned(text=text, removed=0, objections=()) == clean(text)


GMAIL = f"""Thank you, we can reproduce it.

On Thu, 3 Sep 2026 at 10:00, Security <security@example.org> wrote:

> SEC-2026-0008: message to security@example.org
> Signature:   {CANARY}
>> {CANARY}
"""

INTERLEAVED = f"""Hello Robin,

Am 03.09.26 um 10:00 schrieb Robin Example:
> Is it known? {CANARY}

No.

> When will it be public? {CANARY}
> {CANARY}

On the 24th.

--\x20
Andrea {CANARY}
"""

OUTLOOK = f"""Thank you.

Andrea

-----Ursprüngliche Nachricht-----
Von: Security <security@example.org>
Gesendet: Donnerstag, 3. September 2026 10:00
An: Andrea
Betreff: {CANARY}

{CANARY}
SEC-2026-0008
Signature:   {CANARY}
"""

PHONE = f"""Merci, nous regardons.

Envoyé de mon téléphone

Le jeu. 3 sept. 2026 à 10:00, Security <security@example.org> a écrit :
> {CANARY}
"""


@pytest.mark.parametrize(
    ("mail", "text", "removed"),
    [
        (GMAIL, "Thank you, we can reproduce it.", 4),
        (INTERLEAVED, "Hello Robin,\n\nNo.\n\nOn the 24th.", 6),
        (OUTLOOK, "Thank you.\n\nAndrea", 8),
        (PHONE, "Merci, nous regardons.", 3),
    ],
)
def test_what_programs_add_is_taken_out_and_counted(mail: str, text: str, removed: int) -> None:
    assert Cleaned(text=text, removed=removed, objections=()) == clean(mail)


@pytest.mark.parametrize(
    "device",
    [
        "Sent from my telephone",
        "Sent from Outlook for Android",
        "Get Outlook for iOS<https://mail.example/o>",
        "Von meinem Telefon gesendet",
        "Gesendet von Mail für Windows",
        "Sent with Proton Mail secure email.",
        "Inviato dal mio telefono",
        "Отправлено с моего телефона",
        "Enviado desde mi teléfono",
        "Envoyé de mon téléphone",
    ],
)
def test_the_last_line_of_a_telephone_is_taken_out(device: str) -> None:
    assert "Thank you." == sent(f"Thank you.\n\n{device}\n")
    assert device in sent(f"{device}\nis what it says.")


def test_a_last_line_that_only_resembles_it_stays() -> None:
    for line in ("Sent with the last mail.", "Sent from a second machine it crashes.", "Sent:"):
        assert line in sent(f"Thank you.\n\n{line}\n")


@pytest.mark.parametrize(
    ("text", "fault", "remedy"),
    [
        ("", "the text is empty", "write it below the command"),
        ("\n \n", "the text is empty", "write it below the command"),
        ("> quoted\n>> more\n", "the text is empty", "write it below the command"),
        ("-- \nAndrea\n", "the text is empty", "write it below the command"),
        ("Sent from my telephone", "the text is empty", "write it below the command"),
        ("Hello.\n!SEC-2026-0007 own\n", "line 2,", "move it there"),
        ("Hello.\n  !x\n", "begins like a command", "another word"),
        ("Hello.\n\uff01x\n", "begins like a command", "another word"),
        ("Hello.\nSignature:   good, by Andrea\n", "line 2,", "delete everything that you did not"),
        ("Hello.\n> x\n    Event log:   1 abc\n", "line 3,", "block in a team's copy"),
        ("Hello.\nThe lines above are gatekeeper's.\n", "line 2,", "block in a team's copy"),
        ("Hello.\nOn 3 Sep 2026, Robin wrote:\nunmarked\n", "line 2,", "mark it with >"),
        ("Hello.\nFrom: r@x.example\nTo: us\n", "line 2,", "indent it by some words"),
        ("Hello.\nRE> theirs\n", "line 2,", "begin it with another word"),
        ("See SEC-2026-0008.", "SEC-2026-0008", "leave it out"),
    ],
)
def test_what_is_in_doubt_is_not_sent(text: str, fault: str, remedy: str) -> None:
    words = refused(text)
    assert fault in words
    assert remedy in words


def lines_of_ours() -> list[str]:
    """Return the lines that the shipped block has in every copy, with something for each value."""
    text = (TEMPLATES / "team-copy.txt").read_text().partition("#}")[2]
    filled = re.sub(r"{{.*?}}", "value", re.sub(r"{%.*?%}", "", text))
    return [line for line in filled.split("\n") if line.strip() not in {"", "value"}]


@pytest.mark.parametrize("mark", ["", "  ", "| ", "» ", "Andrea> ", " > "])
@pytest.mark.parametrize("line", lines_of_ours())
def test_every_line_of_a_teams_copy_is_known(line: str, mark: str) -> None:
    """Also behind the marks by which some programs quote."""
    found = clean(f"Hello.\n{mark}{line}\n")
    if mark.strip().startswith(">"):
        assert "Hello." == found.text
    else:
        assert "block in a team's copy" in "\n".join(found.objections)


@pytest.mark.parametrize(
    "name",
    [
        "SEC-2026-0008",
        "sec-2026-0008",
        "SEC\u20112026\u20110008",
        "SEC 2026 0008",
        "SEC-2026-\n0008",
        "SEC\u00ad-2026-00\u200b08",
        "[SEC-2026-00080]",
        "SEC_2026_0008",
        "SEC20260008",
        "xSEC-2026-0007 SEC-2025-0007",
    ],
)
def test_another_issue_is_seen_however_it_is_written(name: str) -> None:
    assert "another issue" in refused(f"It is like {name}, only better.")


@pytest.mark.parametrize(
    "name",
    [
        *("SEC-2026-0007", "sec-2026-0007", "SEC\u20112026\u20110007", "CVE-2026-0008"),
        *("XSEC-2026-0008", "SEC-2026", "ISO 27001", "SEC-2026-000", "INSEC-2026-0008"),
    ],
)
def test_the_own_issue_and_other_numbers_may_be_named(name: str) -> None:
    assert name in sent(f"It is {name} here.")


def test_a_quoted_mention_of_another_issue_is_no_objection() -> None:
    assert "Hello." == sent("> SEC-2026-0008\n\nHello.\n")


def test_html_is_never_sent() -> None:
    found = cleaned("Hello.", issue=ISSUE, prefix="SEC", html_only=True)
    assert ("the mail has its text in HTML only; send it as plain text",) == found.objections


def test_objections_are_all_told_and_bounded() -> None:
    assert 2 == len(refused("!a\nSEC-2026-0008").splitlines())
    assert 21 == len(refused("!a\n" * 1000).splitlines())
    assert 300 > max(len(line) for line in refused("!" + "a" * 10_000).splitlines())


@given(ANY_TEXT)
def test_any_text_is_cleaned(text: str) -> None:
    """No text raises; nothing that begins with the quoting mark is ever left."""
    found = clean(text)
    assert not any(line.lstrip().startswith(">") for line in found.text.split("\n"))
    assert 0 <= found.removed
    assert found.text == found.text.strip("\n")
    if not found.text.strip():
        assert found.objections


@given(ANY_TEXT, st.sampled_from(["> ", ">", "> > ", " > "]), st.booleans())
def test_no_quoted_word_gets_out(text: str, mark: str, first: bool) -> None:
    quoted = "\n".join(mark + line + CANARY for line in text.splitlines() or [""])
    found = clean(f"{quoted}\n\nMine.\n" if first else f"Mine.\n\n{quoted}\n")
    assert "Mine." == found.text
    assert CANARY not in "".join(found.objections)


@given(ANY_TEXT)
def test_what_was_cleaned_is_clean(text: str) -> None:
    """Cleaning again finds nothing more, unless it was refused anyway."""
    found = clean(text)
    if not found.objections:
        assert Cleaned(text=found.text, removed=0, objections=()) == clean(found.text)


def test_own_words_leave_out_what_is_in_doubt() -> None:
    assert "Mine." == own_words("Mine.\nOn 3 Sep 2026, Robin wrote:\nsecurity@example.org\n")
    assert "Mine." == own_words("> security@example.org\nMine.\n-- \nsecurity@example.org")


def test_a_long_text_is_cleaned_in_time() -> None:
    """The time limit of a test is the bar."""
    for piece in (
        "On 3 Sep 2026, ",
        "From: a\n",
        "SEC-2026-",
        "-- \n",
        "> x\n",
        "a@b:\n",
        "\n",
        "-",
    ):
        clean(piece * (TEXT_MAX // len(piece)))


def test_a_text_that_is_too_long_is_not_sent() -> None:
    assert "send the long part as a file" in refused("a" * (TEXT_MAX + 1))
    assert "a" * TEXT_MAX == sent("a" * TEXT_MAX)
