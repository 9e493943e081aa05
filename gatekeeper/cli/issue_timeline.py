"""`gatekeeper issue timeline`: what was decided of one issue, when and by whom, and how long."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatekeeper import clock
from gatekeeper.cli.opening import record, settings_of
from gatekeeper.cli.screen import Screen, width
from gatekeeper.cli.terminal import emit_json, emit_lines
from gatekeeper.cli.turns import named
from gatekeeper.domain.instants import Instant, rfc3339, spoken
from gatekeeper.domain.statistics import SPANS, Life, said
from gatekeeper.start import open_store
from gatekeeper.store import audit, chronicle, dates, issue_facts
from gatekeeper.store.audit import EventRow
from gatekeeper.store.dates import DateRow
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx

Payload = Mapping[str, object]


def _plain(words: str) -> Callable[[Payload], str]:
    return lambda payload: words.format_map({key: str(each) for key, each in payload.items()})


_SAID: Final[Mapping[str, Callable[[Payload], str]]] = MappingProxyType(
    {
        "issue.opened": _plain("reported"),
        "reporter.answered": _plain("answered by machine: {letter}, to {to}"),
        "issue.replied": _plain("answered: the {to}"),
        "issue.owned": _plain("{owner} looks after it"),
        "issue.accepted": _plain("accepted, track {track}"),
        "issue.track_changed": _plain("track {track}, before {before}: {reason}"),
        "issue.severity": _plain("severity {severity}"),
        "issue.prepared": _plain("prepared"),
        "issue.rejected": _plain("rejected: {reason}"),
        "issue.reopened": _plain("opened again, before {before}: {reason}"),
        "issue.handed_over": _plain("handed over to {to}"),
        "issue.disclosed": _plain("disclosed"),
        "issue.merged": _plain("merged into {into}"),
        "issue.joined": _plain("{from} was merged into it"),
        "issue.split": _plain("a part of it goes on as {into}"),
        "issue.split_from": _plain("split from {from}"),
        "request.made": _plain("approval asked for"),
        "request.approved": _plain("approved"),
        "request.done": _plain("done, as it was approved"),
        "request.refused": _plain("approval refused"),
        "request.withdrawn": _plain("taken back before it was approved"),
        "request.expired": _plain("not approved in time"),
        "person.invited": _plain("somebody was invited"),
        "person.removed": _plain("somebody takes part no more"),
    }
)
"""What is told of an entry of the event log, by its kind; dates and facts tell their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened, or that began to hold: `by` whom, "" for gatekeeper itself."""

    at: Instant
    text: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened to one issue, oldest first, and its life as it is measured at `now`."""

    issue: IssueRow
    entries: tuple[Entry, ...]
    life: Life
    now: Instant


def run(options: argparse.Namespace) -> int:
    """Print the course of an issue; that it is looked at is recorded with the read."""
    settings = settings_of(options)
    now = clock.now()

    def look(tx: Tx) -> Course:
        found = course(tx, named(tx, options.id), now=now)
        record(tx, "issue.shown", issue=found.issue.id)
        return found

    with open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json(value(found))
        return 0
    screen = Screen(width())
    show(screen, found)
    emit_lines(*screen.lines)
    return 0


def course(tx: Tx, issue: IssueRow, *, now: Instant) -> Course:
    """Return what happened to an issue."""
    entries = [
        *_events(audit.of_issue(tx, issue.id)),
        *(
            Entry(at=known.at, text=f"known: {known.fact}" + _more(known.value), by=known.by)
            for known in issue_facts.of_issue(tx, issue.id).values()
        ),
        *(_dated(each) for each in dates.history(tx, issue.id)),
    ]
    life = next(each for each in chronicle.lives(tx) if each.issue == str(issue.issue_id))
    entries.sort(key=lambda each: each.at)
    return Course(issue=issue, entries=tuple(entries), life=life, now=now)


def _events(history: tuple[EventRow, ...]) -> Iterator[Entry]:
    for event in history:
        tell = _SAID.get(event.kind)
        if tell is None:
            continue
        by = "" if event.actor in {None, "gatekeeper"} else str(event.actor)
        try:
            text = tell(event.payload or {})
        except KeyError:
            # What was erased, or written by an older version, is told by its kind alone.
            text = event.kind
        yield Entry(at=event.at, text=text, by=by)


def _dated(date: DateRow) -> Entry:
    words = {
        dates.PROPOSED: f"date proposed: {spoken(date.instant)}",
        dates.AGREED: f"date agreed: {spoken(date.instant)}",
        dates.ENDED: "no date is waited for any more",
    }
    via = f", via {date.via}" if date.via else ""
    return Entry(at=date.at, text=words[date.state] + via + _more(date.reason), by=date.by)


def _more(words: str) -> str:
    return f", {words}" if words else ""


def show(screen: Screen, found: Course) -> None:
    """Write the screen: the entries, then how long each part took or takes."""
    screen.title(str(found.issue.issue_id), found.issue.subject)
    screen.gap()
    for each in found.entries:
        screen.item(spoken(each.at), each.text + (f", by {each.by}" if each.by else ""))
    screen.heading("How long it took")
    for title, words in _spans(found):
        screen.item(f"{title:<31}", words)


def _spans(found: Course) -> Iterator[tuple[str, str]]:
    for span in SPANS:
        took, since = span.of(found.life), span.runs_since(found.life)
        if took is not None:
            yield span.title, said(took)
        elif since is not None:
            yield span.title, f"{said(found.now - since)} until now"


def value(found: Course) -> dict[str, object]:
    """Return it as one JSON object."""
    return {
        "issue": str(found.issue.issue_id),
        "entries": [
            {"at": rfc3339(each.at), "what": each.text, "by": each.by or None}
            for each in found.entries
        ],
        "seconds": {
            span.name: None if (took := span.of(found.life)) is None else took // 1_000_000
            for span in SPANS
        },
    }
