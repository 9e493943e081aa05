"""The policy is printed whole, in sentences, as it is set: one golden text for each preset."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.instants import DAY, HOUR, MINUTE
from gatekeeper.domain.policy import Policy, RetentionPolicy
from gatekeeper.domain.policy_text import lasting, printed
from gatekeeper.domain.process_policy import (
    ApprovalPolicy,
    CapAction,
    EmbargoPolicy,
    Employers,
    ReminderPolicy,
)
from gatekeeper.domain.team import Person, Team
from tests.config.presetting import NAMES, policy

GOLDEN = Path(__file__).parent.parent / "golden" / "policy"


def team(*employers: str) -> Team:
    """Return a team of one person of each employer."""
    return Team(
        people=tuple(
            Person(
                name=f"Person {number}",
                address=Address.parse(f"person{number}@team.example"),
                employer=employer,
                keys=(f"{number:040X}",),
            )
            for number, employer in enumerate(employers)
        )
    )


TWO = team("One", "Another")


def said(policy: Policy, people: Team = TWO) -> str:
    """Return the printed policy with each sentence in one line."""
    text = printed(policy, project="Example", team=people)
    return re.sub(r"\n  (?=\S)", " ", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_of_each_preset_is_printed(name: str) -> None:
    text = printed(policy(name), project="Example", team=TWO)
    assert (GOLDEN / f"{name}.txt").read_text(encoding="utf-8") == text
    assert all(len(line) <= 78 for line in text.splitlines())


def test_every_golden_text_has_its_preset() -> None:
    assert {f"{name}.txt" for name in NAMES} == {path.name for path in GOLDEN.iterdir()}


def test_without_a_preset_only_the_numbers_are_printed() -> None:
    text = printed(Policy(), project="Example", team=TWO)
    assert text.startswith("How Example handles vulnerabilities\n===")
    assert "Reports go to" not in text
    assert "5 working days after a report, and everybody 10 working days" in said(Policy())


@pytest.mark.parametrize(
    ("embargo", "sentence"),
    [
        (
            EmbargoPolicy(calendar=Calendar(holidays=frozenset({date(2026, 12, 25)}), at=0)),
            (
                "What we publish becomes public at 00:00 UTC, on Monday to Friday, and not on "
                "2026-12-25."
            ),
        ),
        (
            EmbargoPolicy(calendar=Calendar(weekdays=frozenset({1, 3, 2}))),
            "at 12:00 UTC, on Tuesday, Wednesday or Thursday.",
        ),
        (EmbargoPolicy(calendar=Calendar(weekdays=frozenset(range(7)))), "UTC, on any day."),
        (EmbargoPolicy(calendar=Calendar(weekdays=frozenset({6}))), "UTC, on Sunday."),
        (EmbargoPolicy(predisclosure_days=1), "list 1 working day after a report"),
        (EmbargoPolicy(minimum_lead=36 * HOUR), "At least 36 hours lie between"),
        (EmbargoPolicy(cap_action=CapAction.PUBLISH), "what is prepared and approved is published"),
        (EmbargoPolicy(reporter_reminders=1), "is reminded once within 10 days"),
        (EmbargoPolicy(max_embargo=60 * DAY), "No date is later than 60 days after the report."),
    ],
)
def test_a_number_that_is_set_is_the_one_that_is_printed(
    embargo: EmbargoPolicy, sentence: str
) -> None:
    assert sentence in said(replace(Policy(), embargo=embargo))


def test_no_lead_and_no_clocks_are_not_mentioned() -> None:
    text = said(replace(Policy(), embargo=EmbargoPolicy(minimum_lead=0, clocks=())))
    assert "At least" not in text
    assert "the clock" not in text
    assert "earliest end" not in text
    assert "twice within" in text


@pytest.mark.parametrize(
    ("approvals", "people", "sentence"),
    [
        (ApprovalPolicy(), TWO, "2 people of the team have to agree, of two employers where"),
        (
            ApprovalPolicy(people=3, employers=Employers.ANY),
            TWO,
            "3 people of the team have to agr",
        ),
        (ApprovalPolicy(expiry=36 * HOUR), TWO, "What they have not approved within 36 hours"),
        (
            ApprovalPolicy(),
            team("One"),
            "At present the team has 1 person, who can approve what else needs more.",
        ),
        (
            ApprovalPolicy(people=3, alone_allowed=False),
            TWO,
            (
                "At present the team has 2 people, and waits for more before anything is done that "
                "needs them."
            ),
        ),
        (
            ApprovalPolicy(),
            team("One", "One", "One"),
            "At present all people of the team have one employer.",
        ),
    ],
)
def test_who_approves_is_said_also_where_the_team_is_small(
    approvals: ApprovalPolicy, people: Team, sentence: str
) -> None:
    assert sentence in said(replace(Policy(), approvals=approvals), people)


def test_a_team_that_suffices_has_nothing_to_say_of_itself() -> None:
    assert "At present" not in said(Policy())
    alike = replace(Policy(), approvals=ApprovalPolicy(employers=Employers.ANY))
    assert "At present" not in said(alike, team("One", "One"))


def test_what_a_reporter_may_expect_is_what_is_set() -> None:
    reminders = ReminderPolicy(unacknowledged_days=2, status_days=1)
    text = said(replace(Policy(), reminders=reminders))
    assert "answered by a person within 2 working days." in text
    assert "We write at least every 1 working day, also" in text
    assert "is erased 365 days after it is closed." in text
    for_ever = replace(Policy(), retention=RetentionPolicy(mail=None, issues=None))
    assert "is kept for ever." in said(for_ever)


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (DAY, "1 day"),
        (14 * DAY, "14 days"),
        (36 * HOUR, "36 hours"),
        (HOUR, "1 hour"),
        (90 * MINUTE, "90 minutes"),
        (1, "1 minute"),
        (MINUTE + 1, "2 minutes"),
        (0, "0 minutes"),
    ],
)
def test_a_span_is_said_in_its_largest_whole_unit(microseconds: int, words: str) -> None:
    assert words == lasting(microseconds)
