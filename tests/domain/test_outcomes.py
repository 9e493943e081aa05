"""What people outside are told of a report is made of ids and enumerated words alone."""

import pytest

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.outcomes import FOR_OTHERS, Outcome, Telling
from gatekeeper.domain.reasons import Rejection

ISSUE = IssueId(prefix="SEC", year=2026, number=7)
OTHER = IssueId(prefix="SEC", year=2026, number=8)
KEY = "A" * 40


@pytest.mark.parametrize("telling", Telling)
def test_a_rejection_has_a_reason_and_nothing_else_has(telling: Telling) -> None:
    other = OTHER if telling.names_another else None
    rejects = telling is Telling.REJECTED
    fitting = Rejection.SPAM if rejects else None
    made = Outcome(issue=ISSUE, telling=telling, fingerprint=KEY, reason=fitting, other=other)
    assert fitting == made.reason
    with pytest.raises(ValueError, match="has a reason"):
        Outcome(
            issue=ISSUE,
            telling=telling,
            fingerprint=KEY,
            reason=None if rejects else Rejection.SPAM,
            other=other,
        )


@pytest.mark.parametrize("telling", Telling)
def test_another_issue_is_named_where_there_is_one(telling: Telling) -> None:
    reason = Rejection.SPAM if telling is Telling.REJECTED else None
    with pytest.raises(ValueError, match="another issue"):
        Outcome(
            issue=ISSUE,
            telling=telling,
            fingerprint=KEY,
            reason=reason,
            other=None if telling.names_another else OTHER,
        )


def test_no_slot_holds_a_word() -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        Outcome(issue=ISSUE, telling=Telling.ACCEPTED, fingerprint="ask me")


def test_whoever_was_invited_is_told_in_words_of_their_own() -> None:
    assert all(
        str(after) == f"others-{after.removeprefix('others-')}" for after in FOR_OTHERS.values()
    )
    assert len(FOR_OTHERS) == len(set(FOR_OTHERS.values()))
