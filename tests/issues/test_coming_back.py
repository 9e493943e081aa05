"""A rejected report is opened again by an answer of its reporter, and by nobody else's."""

import pytest

from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.process import IssueState
from gatekeeper.issues.letterhead import load
from gatekeeper.store import audit, deciding, letters
from gatekeeper.store.engine import Tx
from tests.issues.found import done, issue_of, noted
from tests.issues.ordering import named_in, opened, order
from tests.issues.talk import ROBINS, Talk, clear_text, to

AGAIN = "this answer opened it again"


def rejected(talk: Talk, *, reason: str = "not-reproducible") -> int:
    """Have Robin report in clear and Andrea reject it by mail; return the issue."""
    number = opened(talk, sealed=False)
    row = order(talk, named_in(number, f"reject {reason}"))
    assert f"reject: SEC-2026-{number:04} is rejected as {reason}" in " ".join(
        done(talk.house, row)
    )
    return number


def state(talk: Talk, number: int) -> IssueState:
    """Return the state of an issue."""
    row = talk.issue(number).id
    return talk.house.store.read(lambda tx: deciding.get(tx, row)).state


def test_the_reporter_is_told_in_clear_and_by_the_answer_it_is_open_again(talk: Talk) -> None:
    number = rejected(talk)
    assert IssueState.REJECTED is state(talk, number)
    said = [clear_text(each) for each in to(talk.work(), ROBINS)]
    (why,) = [each for each in said if "could not, so we have" in each]
    assert f"SEC-2026-{number:04}" in why
    assert "writes past" not in why
    row = talk.handle(
        talk.text("With version 4.2.", subject="Re: your report"),
        sender=ROBINS,
        to=talk.reply_address(number),
    )
    assert IssueState.REPORTED is state(talk, number)
    assert AGAIN in " ".join(noted(talk.house, row))
    assert () == talk.house.store.read(audit.verify)


def test_a_stranger_opens_nothing(talk: Talk) -> None:
    """Also one who knows the address for replies."""
    number = rejected(talk)
    row = talk.handle(
        talk.text("Open it!", sender="Eve <eve@elsewhere.example>"),
        sender="eve@elsewhere.example",
        to=talk.reply_address(number),
    )
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, row)
    assert IssueState.REJECTED is state(talk, number)


def test_an_automatic_answer_opens_nothing(talk: Talk) -> None:
    number = rejected(talk)
    talk.handle(
        talk.text("I am away.", "Auto-Submitted: auto-replied"),
        sender=ROBINS,
        to=talk.reply_address(number),
    )
    assert IssueState.REJECTED is state(talk, number)


def test_what_the_team_says_to_each_other_opens_nothing(talk: Talk) -> None:
    number = rejected(talk)
    order(talk, "I still wonder.", subject=f"[SEC-2026-{number:04}] again")
    assert IssueState.REJECTED is state(talk, number)


def test_mail_to_a_merged_issue_is_read_where_it_goes_on(talk: Talk) -> None:
    """By its old address for replies, and by an answer to an old mail; nothing is opened again."""
    first, second = opened(talk, sealed=False), opened(talk, sealed=False)
    address = talk.reply_address(second)
    order(talk, named_in(second, f"merge SEC-2026-{first:04}"))
    assert IssueState.REJECTED is state(talk, second)
    row = talk.handle(talk.text("One thing more."), sender=ROBINS, to=address)
    assert f"SEC-2026-{first:04}" == issue_of(talk.house, row)
    assert IssueState.REJECTED is state(talk, second)


@pytest.mark.parametrize("words", ["accept track=low", "accept track=sideways"])
def test_a_report_is_accepted_by_mail_or_the_fault_is_named(talk: Talk, words: str) -> None:
    number = opened(talk)
    row = order(talk, named_in(number, words))
    accepted = words.endswith("low")
    assert (IssueState.ACCEPTED if accepted else IssueState.REPORTED) is state(talk, number)
    assert accepted is ("accept:" in " ".join(done(talk.house, row)))
    if not accepted:
        assert "sideways" in " ".join(noted(talk.house, row))


def test_several_commands_of_one_mail_are_all_done_or_none(talk: Talk) -> None:
    number = opened(talk)
    both = f"{named_in(number, 'accept track=low')}\n{named_in(number, 'reject spam')}"
    order(talk, both)
    assert IssueState.REJECTED is state(talk, number)
    other = opened(talk)
    wrong = f"{named_in(other, 'accept track=low')}\n{named_in(other, 'reopen')}"
    row = order(talk, wrong)
    assert IssueState.REPORTED is state(talk, other)
    assert "NONE was done" in " ".join(noted(talk.house, row))
    kinds = outcomes(talk, other)
    assert [] == kinds


def outcomes(talk: Talk, number: int) -> list[Telling]:
    """Return what the people of an issue were told of it."""
    row = talk.issue(number).id

    def read(tx: Tx) -> list[Telling]:
        found = []
        for head in letters.of_issue(tx, row):
            form = load(letters.load(tx, head.id).plaintext).form
            if isinstance(form, Outcome):
                found.append(form.telling)
        return found

    return talk.house.store.read(read)
