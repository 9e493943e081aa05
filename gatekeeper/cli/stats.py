"""`gatekeeper stats`: how long the parts of the process take, and what is open how long."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, noun, verb

if TYPE_CHECKING:
    from gatekeeper.domain.instants import Instant
    from gatekeeper.domain.statistics import Life, Measured, Statistics

_SINCE: Final = "gatekeeper stats show --since 2026-01-01"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "stats", text="how long issues take")
    shown = verb(
        verbs,
        "show",
        run=show,
        text="print how long issues take, and how old the open ones are",
        more=(
            "Computed from the event log and from the facts of issues. Privately vulnerable: from "
            "the report until it is public. Publicly vulnerable: from then until there is a fix."
        ),
        example=_SINCE,
    )
    table = verb(
        verbs,
        "csv",
        run=csv,
        text="print one line for each issue, for a spreadsheet",
        more=(
            "When each issue reached what, in UTC, and how long that took, in seconds; no subject "
            "and no name. That it was printed is recorded in the event log."
        ),
        example="gatekeeper stats csv > issues.csv",
    )
    for parser in (shown, table):
        parser.add_argument("--since", metavar="DATE", help="issues reported on this day or later")
        parser.add_argument("--until", metavar="DATE", help="issues reported before this day")


def show(options: argparse.Namespace) -> int:
    """Print the statistics of now."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import records
    from gatekeeper.cli.screen import counted
    from gatekeeper.cli.terminal import emit_json, emit_lines, emit_table
    from gatekeeper.domain.statistics import measured, reported_between, said
    from gatekeeper.store import chronicle

    since, until = _bounds(options)
    with records(options) as store:
        lives = reported_between(store.read(chronicle.lives), since, until)
    found = measured(lives, clock.now())
    if options.json:
        emit_json(_value(found))
        return 0
    states = ", ".join(f"{number} {state}" for state, number in found.states.items() if number)
    total = counted(found.issues, "issue")
    emit_lines(f"{total}: {states}" if states else total, "")
    emit_table(
        ("HOW LONG", "DONE", "MEDIAN", "9 OF 10", "LONGEST", "RUNNING", "OLDEST"),
        [
            (
                *(each.span.title, each.count, said(each.median), said(each.most)),
                *(said(each.longest), each.running, said(each.oldest)),
            )
            for each in found.spans
        ],
    )
    emit_lines("")
    emit_table(("OPEN SINCE", "ISSUES"), list(found.open_by_age.items()))
    return 0


def csv(options: argparse.Namespace) -> int:
    """Print each issue's milestones and spans."""
    import io
    from csv import DictWriter

    from gatekeeper.cli.opening import record, records
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.domain.statistics import reported_between
    from gatekeeper.store import chronicle
    from gatekeeper.store.tx import Tx

    since, until = _bounds(options)

    def look(tx: Tx) -> "tuple[Life, ...]":
        found = reported_between(chronicle.lives(tx), since, until)
        record(tx, "statistics.listed", payload={"issues": len(found)})
        return found

    with records(options) as store:
        rows = [_row(life) for life in store.write(look)]
    if options.json:
        emit_json(rows)
        return 0
    out = io.StringIO()
    writer = DictWriter(out, fieldnames=list(_columns()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    emit_lines(*out.getvalue().splitlines())
    return 0


def _columns() -> tuple[str, ...]:
    from gatekeeper.domain.statistics import SPANS, Milestone

    instants = (f"{_name(each)}_at" for each in Milestone)
    spans = (f"{span.name}_seconds" for span in SPANS)
    return ("issue", "state", "track", "severity", *instants, *spans)


def _row(life: "Life") -> Mapping[str, object]:
    """Return what there is of one issue; None for what was not reached."""
    from gatekeeper.domain.instants import SECOND, rfc3339
    from gatekeeper.domain.statistics import SPANS, Milestone

    at = {each: life.at.get(each) for each in Milestone}
    spans = {span.name: span.of(life) for span in SPANS}
    return {
        "issue": life.issue,
        "state": str(life.state),
        "track": life.track and str(life.track),
        "severity": life.severity and str(life.severity),
        **{f"{_name(e)}_at": rfc3339(i) if i is not None else None for e, i in at.items()},
        **{f"{n}_seconds": s // SECOND if s is not None else None for n, s in spans.items()},
    }


def _name(milestone: str) -> str:
    return milestone.replace("-", "_")


def _value(found: "Statistics") -> dict[str, object]:
    return {
        "issues": found.issues,
        "states": {str(state): number for state, number in found.states.items()},
        "spans": {each.span.name: _seconds(each) for each in found.spans},
        "open_by_age": dict(found.open_by_age),
    }


def _seconds(each: "Measured") -> dict[str, int | None]:
    from gatekeeper.domain.instants import SECOND

    spans = {
        "median": each.median,
        "nine_of_ten": each.most,
        "longest": each.longest,
        "oldest_running": each.oldest,
    }
    return {
        "done": each.count,
        "running": each.running,
        **{f"{n}_seconds": s // SECOND if s is not None else None for n, s in spans.items()},
    }


def _bounds(options: argparse.Namespace) -> "tuple[Instant | None, Instant | None]":
    return _day(options.since), _day(options.until)


def _day(text: str | None) -> "Instant | None":
    """Return when a day begins in UTC; TheirFault for what is no date."""
    from datetime import UTC, datetime

    from gatekeeper.domain.errors import TheirFault
    from gatekeeper.domain.instants import from_datetime

    if text is None:
        return None
    try:
        return from_datetime(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        message = f"{text!r} is no date"
        raise TheirFault(message, remedy="write it as 2026-11-25") from None
