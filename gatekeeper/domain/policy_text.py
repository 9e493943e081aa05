"""The policy in sentences that anybody may read: its process and its numbers (T-1).

It says nothing of machines: limits of intake and the like concern who runs them, not who reports.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.instants import DAY, HOUR, MINUTE
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.process_policy import (
    ApprovalPolicy,
    CapAction,
    ClockRule,
    Counted,
    EmbargoPolicy,
    Employers,
    Roll,
    StartEvent,
)
from gatekeeper.domain.team import Team

_WIDTH: Final = 78
_WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_EVENTS: Final = {
    StartEvent.REPORTED: "the report",
    StartEvent.FIX_READY: "the day on which a fix is ready",
    StartEvent.PREDISCLOSED: "the pre-disclosure",
    StartEvent.DISTROS_POSTED: "our post to the list linux-distros",
    StartEvent.CERT_CONTACTED: "the first contact of a CERT",
}


def printed(policy: Policy, *, project: str, team: Team) -> str:
    """Return the whole policy as text in lines of at most 78 characters, ended by a newline.

    `team` is needed for what the policy says of a team that has one person or one employer only:
    whoever trusts the process may know that.
    """
    title = f"How {project} handles vulnerabilities"
    parts = [title, "=" * len(title)]
    parts += ["", *_paragraphs(policy.process.text)] if policy.process.text else []
    for heading, sentences in (
        ("Dates", (*_proposal(policy.embargo), *_bounds(policy.embargo))),
        ("Two pairs of eyes", (*_approvals(policy.approvals), *_shortage(policy.approvals, team))),
        ("What a reporter may expect", tuple(_expectations(policy))),
    ):
        parts += ["", heading, "-" * len(heading), "", *_list(sentences)]
    return "\n".join(parts) + "\n"


def lasting(microseconds: int) -> str:
    """Return a span as people say it: `14 days`, `36 hours`, `1 hour`, `90 minutes`.

    In the largest unit of which it is a whole number; what is no whole minute is rounded up to one.
    """
    for unit, word in ((DAY, "day"), (HOUR, "hour")):
        if microseconds and microseconds % unit == 0:
            return _count(microseconds // unit, word)
    return _count(-(-microseconds // MINUTE), "minute")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _hour(at: int) -> str:
    return f"{at // HOUR:02}:{at % HOUR // MINUTE:02} UTC"


def _listed(words: Sequence[str], join: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {join} {last}" if most else last


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ""
        yield from textwrap.wrap(paragraph, _WIDTH, break_on_hyphens=False)


def _list(sentences: Sequence[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from textwrap.wrap(
            sentence,
            _WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )


def _proposal(policy: EmbargoPolicy) -> Iterator[str]:
    word = "working day" if policy.counted is Counted.WORKING else "day"
    on = "" if policy.counted is Counted.WORKING else ", or on the next day on which we publish"
    yield (
        "We propose to tell the pre-disclosure list "
        f"{_count(policy.predisclosure_days, word)} after a report, and everybody "
        f"{_count(policy.public_days, word)} after that{on}."
    )
    yield _allowed(policy.calendar)
    if policy.minimum_lead:
        yield (
            f"At least {lasting(policy.minimum_lead)} lie between the pre-disclosure and the "
            "disclosure."
        )
    yield (
        "What was found with public tools or models is likely to be found again: we propose to "
        f"publish it within {lasting(policy.tools_span)} of the report."
    )


def _allowed(calendar: Calendar) -> str:
    days = _listed([_WEEKDAYS[day] for day in sorted(calendar.weekdays)], "or")
    if calendar.weekdays == frozenset(range(7)):
        days = "any day"
    elif calendar.weekdays == frozenset(range(5)):
        days = "Monday to Friday"
    sentence = f"What we publish becomes public at {_hour(calendar.at)}, on {days}"
    if not calendar.holidays:
        return f"{sentence}."
    return (
        f"{sentence}, and not on {_listed([str(day) for day in sorted(calendar.holidays)], 'or')}."
    )


def _bounds(policy: EmbargoPolicy) -> Iterator[str]:
    yield (
        "The reporter may always choose an earlier date. A later one needs our approval, and no "
        "date is later than the reporter agreed to."
    )
    yield f"No date is later than {_end(policy.own_clock, policy.calendar)}."
    for clock in policy.clocks:
        yield f"By the clock {clock.name}: no later than {_end(clock, policy.calendar)}."
    if policy.clocks:
        yield "Each clock counts from its own event only, and the earliest end holds."
    if policy.cap_action is CapAction.ESCALATE:
        yield (
            "If nothing is public by then, nothing is published by itself: the whole team hears of "
            "it every day, more urgently each time, until a person acts."
        )
    else:
        yield (
            "If nothing is public by then, what is prepared and approved is published; if nothing "
            "is, the whole team hears of it every day until a person acts."
        )
    number = policy.reporter_reminders
    reminders = {1: "once", 2: "twice"}.get(number, f"{number} times")
    yield (
        f"A reporter who does not answer a proposed date is reminded {reminders} within "
        f"{_count(policy.reminder_days, 'day')}. After that the proposed date binds, and the "
        "reporter is told."
    )
    yield "What is exploited or has leaked is published at once."


def _end(clock: ClockRule, calendar: Calendar) -> str:
    at = "" if clock.hour in {None, calendar.at} else f", at {_hour(clock.hour or 0)}"
    rolled = ", or the Monday after it on a weekend" if clock.roll is Roll.FORWARD else ""
    return f"{lasting(clock.span)} after {_EVENTS[clock.start]}{at}{rolled}"


def _approvals(policy: ApprovalPolicy) -> Iterator[str]:
    employers = (
        ", of two employers where the team has two"
        if policy.employers is Employers.DISTINCT_IF_AVAILABLE
        else ""
    )
    yield (
        "To move a date later, to publish early without a leak, to admit a member during an "
        "embargo, and to change the team or this policy, "
        f"{policy.people} people of the team have to agree{employers}. Nobody agrees twice."
    )
    yield f"What they have not approved within {lasting(policy.expiry)} is not done."
    yield "Whoever asks us for more time is named with the request once the advisory is public."


def _shortage(policy: ApprovalPolicy, team: Team) -> Iterator[str]:
    people, employers = len(team.people), len({person.employer for person in team.people})
    if people < policy.people:
        can = (
            "who can approve what else needs more"
            if policy.alone_allowed
            else "and waits for more before anything is done that needs them"
        )
        has = "1 person" if people == 1 else f"{people} people"
        yield f"At present the team has {has}, {can}."
    if employers == 1 and people > 1 and policy.employers is Employers.DISTINCT_IF_AVAILABLE:
        yield "At present all people of the team have one employer."


def _expectations(policy: Policy) -> Iterator[str]:
    reminders = policy.reminders
    yield (
        "A report is acknowledged by our program within minutes, and answered by a person within "
        f"{_count(reminders.unacknowledged_days, 'working day')}."
    )
    yield (
        "We write at least every "
        f"{_count(reminders.status_days, 'working day')}, also when there is nothing new."
    )
    yield (
        "The reporter is named in the advisory, or not, as they wish, and nowhere before it is "
        "public."
    )
    yield "A report that we close has a reason, and the reporter is told it. A reply reopens it."
    kept = policy.retention.mail
    yield (
        "What was written about an issue is kept for ever."
        if kept is None
        else f"What was written about an issue is erased {lasting(kept)} after it is closed."
    )
