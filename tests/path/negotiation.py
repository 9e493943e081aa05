"""The play that docs/negotiation.md shows: a date is agreed, and nobody decides it alone.

Each scene sends and waits; what the document says in prose about it, the scene asserts.
"""

import re
from collections.abc import Sequence
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR
from tests.house import ALIAS
from tests.path.lives import Lives
from tests.path.mail_program import Words
from tests.path.negotiators import TEAM, Table, a_table

DOCUMENT: Final = "docs/negotiation.md"
ISSUE: Final = f"!SEC-2026-0001@{ALIAS.domain}"
INTRODUCTION: Final = """\
# A date is agreed

How a reporter and a response team come to a disclosure date, by mail alone. All of it was sent and
received: a test plays it with real gpg on all sides, on both databases, on a clock of its own, and
kills the program in the middle of every step. What people read is the same as here, whatever is
killed. The people are invented; keys, codes, tokens and hashes are replaced by fixed values.

Andrea, Wei and Sam are the response team of a project called Example. Andrea and Wei work for
Example Cloud, Sam for Example Linux. What moves a date to a later day needs two of them, from two
employers.

Mail is shown as its reader sees it once it is opened. `[…]` stands for what was shown before."""


def negotiated(lives: Lives, kills: Sequence[tuple[int, bool]] = ()) -> tuple[str, Table]:
    """Play it all on one database, and return the document and the table it was played at."""
    with a_table(lives, kills) as table:
        table.script.tell(INTRODUCTION)
        for scene in SCENES:
            scene(table)
        return table.script.text(), table


def _report(table: Table) -> None:
    table.step(
        "1. Robin reports, and would like 90 days",
        "The acknowledgement proposes a timeline by policy. The 90 days are read as an instant and"
        " put before Robin; nothing is assumed.",
    )
    words = Words(
        to=str(ALIAS),
        subject="Frames of length 0 read one byte too far",
        text=(
            "Hello,\n\na frame of length 0 makes the parser read one byte too far.\n"
            "I will publish this in 90 days.\n\nRobin"
        ),
        files=(table.people["robin"].key_file(),),
    )
    table.write("robin", "writes", words)
    found = table.get("robin", "robin", *TEAM)
    table.mails["report"] = found["andrea"][0]
    table.mails["asked"] = found["robin"][-1]


def _accepted(table: Table) -> None:
    table.step(
        "2. Andrea takes the issue",
        "Two commands in one signed mail: both are done, or none. What is below them stays inside.",
        later_by=2 * HOUR,
    )
    text = f"{ISSUE} own\n{ISSUE} accept track=predisclose\n\nI can reproduce it."
    table.write("andrea", "answers", table.answer("report", text))
    table.get("robin", *TEAM)


def _wished(table: Table) -> None:
    table.step(
        "3. Robin means the 90 days",
        "A signed line makes it a wish. It is later than what is proposed, so it is for the team to"
        " decide, and nothing moves.",
        later_by=3 * HOUR,
    )
    table.write("robin", "answers", table.answer("asked", "!propose 2026-12-02T12:00Z"))
    table.get("robin", *TEAM)


def _shorter(table: Table) -> None:
    table.step(
        "4. Andrea proposes a shorter time",
        "It is later than the date by policy, so two people of two employers decide. All see what"
        " exactly would be done.",
        later_by=DAY,
    )
    table.write("andrea", "writes", table.answer("report", f"{ISSUE} propose 2026-10-15T12:00Z"))
    found = table.get(*TEAM, *TEAM)
    (table.effect,) = {
        each for mail in found["wei"] for each in re.findall(r"approve ([0-9a-f]{64})", mail.text)
    }


def _same_employer(table: Table) -> None:
    table.step(
        "5. Wei approves, and is refused",
        "Wei has the same employer as Andrea.",
        later_by=HOUR,
    )
    table.write("wei", "writes", table.answer("report", f"{ISSUE} approve {table.effect}"))
    table.get("wei", *TEAM)


def _other_employer(table: Table) -> None:
    table.step("6. Sam approves", "Now it is done, and Robin is asked.", later_by=HOUR)
    table.write("sam", "writes", table.answer("report", f"{ISSUE} approve {table.effect}"))
    (proposed,) = table.get("robin", *TEAM)["robin"]
    assert b"DTSTART:20261015T120000Z" in proposed.file("date.ics")
    table.mails["proposed"] = proposed


def _agreed(table: Table) -> None:
    table.step(
        "7. Robin agrees",
        "The line quotes the instant, and the mail is signed.",
        later_by=DAY,
    )
    table.write("robin", "answers", table.answer("proposed", "!agree 2026-10-15T12:00Z"))
    table.get("robin", *TEAM)


def _more_time(table: Table) -> None:
    table.step(
        "8. A vendor asks for more time",
        "That it asked is recorded, with its name. The date cannot move: Robin agreed to no later"
        " one, and no number of approvals is more than that.",
        later_by=5 * DAY,
    )
    text = f'{ISSUE} extension 2026-10-29T12:00Z org="Example Hosting"'
    table.write("wei", "writes", table.answer("report", text))
    table.get(*TEAM)
    text = f'{ISSUE} move 2026-10-29T12:00Z reason="Example Hosting is not ready"'
    table.write("wei", "writes again", table.answer("report", text))
    table.get("wei", *TEAM)


def _earlier(table: Table) -> None:
    table.step(
        "9. Robin needs it earlier, and says how to be named",
        "An earlier date of the reporter holds at once.",
        later_by=DAY,
    )
    text = '!propose 2026-10-08T12:00Z\n!credit "Robin Finder, Research Example"'
    table.write("robin", "answers", table.answer("proposed", text))
    table.get("robin", "robin", *TEAM)


def _status(table: Table) -> None:
    table.step(
        "10. Nobody has written to Robin for a while",
        "After five working days without a word the program says how things stand. The team has its"
        " reminders once a day, in one mail.",
        later_by=7 * DAY,
    )
    table.wait()
    table.get("robin", *TEAM)


SCENES: Final = (
    _report,
    _accepted,
    _wished,
    _shorter,
    _same_employer,
    _other_employer,
    _agreed,
    _more_time,
    _earlier,
    _status,
)
