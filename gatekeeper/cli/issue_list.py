"""`gatekeeper issue list`: every issue with its state, its date, what is next, and whose it is."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from gatekeeper import clock
from gatekeeper.cli.issue_values import issue_value
from gatekeeper.cli.opening import record, settings_of
from gatekeeper.cli.terminal import emit_json, emit_table
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, rfc3339
from gatekeeper.domain.process import onward
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.timeline import proposed
from gatekeeper.issues.standing import all_facts
from gatekeeper.start import open_store
from gatekeeper.store import dates, issues, watching
from gatekeeper.store.dates import DateRow
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One issue of the list.

    `followed` is what is known of it while it is open · `date` the one that stands, `public` when
    it becomes public by that or else by the timeline that policy proposes; None once it is closed.
    """

    row: IssueRow
    followed: Followed | None
    date: DateRow | None
    public: Instant | None
    next: str


def run(options: argparse.Namespace) -> int:
    """Print every issue, oldest first; that they are looked at is recorded with the read."""
    settings = settings_of(options)
    now = clock.now()

    def look(tx: Tx) -> tuple[Listed, ...]:
        found = listed(tx, settings.policy.embargo, now=now)
        record(tx, "issue.listed", payload={"issues": len(found)})
        return found

    with open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json([value(each) for each in found])
        return 0
    emit_table(
        ("ISSUE", "STATE", "DATE", "NEXT", "OWNER", "SUBJECT"),
        [
            (
                *(each.row.issue_id, _state(each), _date(each)),
                *(each.next or "-", each.row.owner or "-", each.row.subject),
            )
            for each in found
        ],
    )
    return 0


def listed(tx: Tx, policy: EmbargoPolicy, *, now: Instant) -> tuple[Listed, ...]:
    """Return every issue, oldest first, with a few queries however many there are."""
    followed = {each.issue: each for each in watching.open_issues(tx, quiet=("",), answers=())}
    standing: Mapping[RowId, DateRow] = {each.issue: each for each in dates.all_standing(tx)}
    return tuple(
        _listed(row, followed.get(row.id), standing.get(row.id), policy, now=now)
        for row in issues.list_all(tx)
    )


def _listed(
    row: IssueRow,
    followed: Followed | None,
    date: DateRow | None,
    policy: EmbargoPolicy,
    *,
    now: Instant,
) -> Listed:
    if followed is None:
        return Listed(row=row, followed=None, date=date, public=None, next="")
    facts = all_facts(followed.facts, followed.severity, date, now=now)
    embargoed = followed.track is None or followed.track.embargoed
    instant = date.instant if date is not None else None
    if instant is None and embargoed:
        instant = proposed(row.opened_at, policy).public
    return Listed(
        row=row,
        followed=followed,
        date=date,
        public=instant,
        next=onward(followed.state, followed.track, facts) if row.owner else "own",
    )


def value(one: Listed) -> dict[str, object]:
    """Return one issue as JSON."""
    followed, date = one.followed, one.date
    return {
        **issue_value(one.row),
        "track": followed.track if followed else None,
        "severity": followed.severity if followed else None,
        "public_at": rfc3339(one.public) if one.public is not None else None,
        "date": None if one.public is None else (date.state if date else dates.PROPOSED),
        "next": one.next or None,
    }


def _state(one: Listed) -> str:
    track = f", {one.followed.track}" if one.followed and one.followed.track else ""
    hold = ", on hold" if one.row.legal_hold else ""
    return f"{one.row.state}{track}{hold}"


def _date(one: Listed) -> str:
    if one.public is None:
        return "-"
    state = one.date.state if one.date is not None else dates.PROPOSED
    return f"{rfc3339(one.public)[:10]} {state}"
