"""What a person may do next: the most urgent thing, told in one sentence."""

from collections.abc import Callable

import pytest

from gatekeeper.cli.next_step import next_step
from gatekeeper.cli.turns import gather, named
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.timeline import proposed
from gatekeeper.issues.standing import standing
from gatekeeper.store import requests
from tests.cli.story import ISSUE, ROBINS, refused, report
from tests.cli.test_issue_show import ask
from tests.house import START, example_team
from tests.issues.talk import HERE, Talk


def owned(talk: Talk) -> None:
    """Have a report, and Andrea take it."""
    report(talk)
    talk.command(f"!{ISSUE}@{HERE} own")


def replied(talk: Talk) -> None:
    """And answer."""
    owned(talk)
    talk.house.pass_time(DAY)
    talk.command(f"!{ISSUE}@{HERE} reply\nThank you.")


def answered_again(talk: Talk) -> None:
    """And Robin write once more."""
    replied(talk)
    talk.house.pass_time(DAY)
    talk.receive(talk.text("More.", subject=f"Re: {ISSUE}"), sender=ROBINS)


def in_trouble(talk: Talk) -> None:
    """Have a report whose answer nobody takes."""
    talk.house.receive(talk.text("It crashes."), sender=ROBINS)
    talk.house.settle()
    refused(talk, ROBINS)


def asked_for(talk: Talk) -> None:
    """And something that waits for approval besides."""
    in_trouble(talk)
    ask(talk)


def accepted(talk: Talk) -> None:
    """And accept it."""
    replied(talk)
    talk.command(f"!{ISSUE}@{HERE} accept track=predisclose")


def small(talk: Talk) -> None:
    """And accept it as one that waits for no date."""
    replied(talk)
    talk.command(f"!{ISSUE}@{HERE} accept track=low")


def rejected(talk: Talk) -> None:
    """And reject it."""
    replied(talk)
    talk.command(f"!{ISSUE}@{HERE} reject spam")


JUDGE = "accept, reject or hand over"
PREPARE = "to prepare: no severity, no advisory that is ready"


@pytest.mark.parametrize(
    ("happened", "days", "expected"),
    [
        (asked_for, 0, "1 request waits for approval, see below"),
        (in_trouble, 0, "1 copy did not get through, see below"),
        (report, 0, f"nobody has taken it: send the signed mail `!{ISSUE}@{HERE} own`"),
        (owned, 0, "answer the mail of Thu 2026-09-03 12:00:00Z"),
        (replied, 1, f"{JUDGE}; pre-disclosure is proposed for Thu 2026-09-10 12:00:00Z"),
        (replied, 8, f"{JUDGE}; public disclosure is proposed for Thu 2026-09-24 12:00:00Z"),
        (replied, 30, f"{JUDGE}; the proposed date has passed"),
        (accepted, 1, f"{PREPARE}; pre-disclosure is proposed for Thu 2026-09-10 12:00:00Z"),
        (small, 1, PREPARE),
        (rejected, 1, "nothing: it is rejected"),
        (answered_again, 30, "answer the mail of Sat 2026-09-05 12:00:00Z"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_most_urgent_comes_first(
    happened: Callable[[Talk], None], days: int, expected: str, talk: Talk
) -> None:
    """What waits for people before what waits for a date."""
    happened(talk)
    store = talk.house.store
    thread = store.read(lambda tx: gather(tx, named(tx, ISSUE)))
    waiting = store.read(lambda tx: requests.waiting(tx, issue=thread.issue.id))
    timeline = proposed(thread.reported_at, EmbargoPolicy())
    now = later(START, days * DAY)
    stands = store.read(lambda tx: standing(tx, thread.issue.id, now=now))
    found = next_step(
        thread, len(waiting), timeline, stands, team=example_team(), domain=HERE, now=now
    )
    assert expected == found
