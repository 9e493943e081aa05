"""`gatekeeper embargo show` and `calendar`: the date of one issue, and those of all open ones."""

import argparse

from gatekeeper import clock, start
from gatekeeper.cli.opening import record, settings_of
from gatekeeper.cli.screen import Screen, width
from gatekeeper.cli.terminal import emit_json, emit_lines, emit_raw
from gatekeeper.cli.turns import named
from gatekeeper.domain.clock_rules import caps
from gatekeeper.domain.date_limits import last_possible, nearest
from gatekeeper.domain.instants import Instant, rfc3339, spoken
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.wishes import Held
from gatekeeper.issues.embargo_dates import held_of
from gatekeeper.mail.icalendar import Event
from gatekeeper.mail.icalendar import calendar as written
from gatekeeper.store import dates, issues
from gatekeeper.store.dates import DateRow
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx


def run(options: argparse.Namespace) -> int:
    """Print the date, what bounds it, and how it came about."""
    settings, now = settings_of(options), clock.now()
    policy = settings.policy.embargo

    def look(tx: Tx) -> tuple[IssueRow, Held, tuple[DateRow, ...]]:
        issue = named(tx, options.id)
        desk = start.desk_of(settings, product=issue.product)
        record(tx, "embargo.shown", issue=issue.id)
        return issue, held_of(tx, desk, issue, now=now), dates.history(tx, issue.id)

    with start.open_store(settings) as store:
        issue, held, history = store.write(look)
    if options.json:
        emit_json(_value(issue, held, history, policy, now))
    else:
        emit_lines(*_lines(issue, held, history, policy, now))
    return 0


def _lines(
    issue: IssueRow,
    held: Held,
    history: tuple[DateRow, ...],
    policy: EmbargoPolicy,
    now: Instant,
) -> list[str]:
    screen, date = Screen(width()), held.date
    by = f", by {date.by}" if date.by is not None else ""
    screen.heading(f"{issue.issue_id}: {spoken(date.instant)}, {date.state}{by}")
    if date.predisclosure is not None:
        screen.pair("list told", spoken(date.predisclosure))
    for each in held.ceilings:
        screen.pair("ceiling", f"{spoken(each.instant)}, {each.holder}, {each.kind}")
    for cap in caps(held.clocks, policy):
        screen.pair("cap", f"{spoken(cap.instant)}, clock {cap.clock}")
    if IssueState(issue.state).is_open:
        top, (before, _) = (
            last_possible(held, policy),
            nearest(last_possible(held, policy), held, policy, now),
        )
        said = "none by now" if before is None else spoken(before)
        screen.pair("last", f"{said}, the last date that is possible (up to {spoken(top)})")
    for row in history:
        via = f", via {row.via}" if row.via else ""
        why = f": {row.reason}" if row.reason else ""
        words = f"{row.state} {spoken(row.instant)}, by {row.by}{via}{why}"
        screen.pair(f"no. {row.number}", f"{spoken(row.at)}: {words}")
    return screen.lines


def _value(
    issue: IssueRow,
    held: Held,
    history: tuple[DateRow, ...],
    policy: EmbargoPolicy,
    now: Instant,
) -> dict[str, object]:
    date = held.date
    before, _ = nearest(last_possible(held, policy), held, policy, now)
    return {
        "issue": str(issue.issue_id),
        "date": rfc3339(date.instant),
        "predisclosure": _written(date.predisclosure),
        "state": date.state,
        "by": date.by,
        "ceilings": [
            {"holder": each.holder, "instant": rfc3339(each.instant), "kind": each.kind}
            for each in held.ceilings
        ],
        "caps": [
            {"clock": each.clock, "instant": rfc3339(each.instant)}
            for each in caps(held.clocks, policy)
        ],
        "last_possible": _written(before),
        "history": [
            {
                "number": row.number,
                "at": rfc3339(row.at),
                "date": rfc3339(row.instant),
                "state": row.state,
                "by": row.by,
                "via": row.via or None,
                "reason": row.reason or None,
            }
            for row in history
        ],
    }


def _written(instant: Instant | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def calendar(options: argparse.Namespace) -> int:
    """Print the dates of all open issues as one calendar."""
    settings, now = settings_of(options), clock.now()

    def look(tx: Tx) -> list[tuple[IssueRow, DateRow]]:
        record(tx, "embargo.calendar_shown")
        return [(issues.by_row(tx, row.issue), row) for row in dates.all_standing(tx)]

    with start.open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json(
            [
                {"issue": str(issue.issue_id), "date": rfc3339(row.instant), "state": row.state}
                for issue, row in found
            ]
        )
        return 0
    alias = settings.own.security
    events = [
        Event(
            uid=f"{issue.issue_id}-public@{alias.domain}",
            starts_at=row.instant,
            summary=f"{issue.issue_id}: public disclosure ({row.state})",
            description=f"Set by {settings.product_name}; confidential until then.",
        )
        for issue, row in found
    ]
    emit_raw(written(events, stamped_at=now, organizer=alias))
    return 0
