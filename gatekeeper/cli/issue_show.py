"""`gatekeeper issue show`: how one issue stands, on one screen."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from gatekeeper import clock
from gatekeeper.cli import issue_decided
from gatekeeper.cli.approval import show_request
from gatekeeper.cli.fates import delay, trouble
from gatekeeper.cli.issue_values import (
    correspondent_value,
    event_value,
    issue_value,
    request_value,
    timeline_value,
    trouble_values,
)
from gatekeeper.cli.next_step import next_step
from gatekeeper.cli.opening import record, settings_of, shortened
from gatekeeper.cli.screen import MARGIN, Screen, counted, listed, width
from gatekeeper.cli.terminal import emit_json, emit_lines
from gatekeeper.cli.turns import Thread, gather, named
from gatekeeper.config import Settings
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, spoken
from gatekeeper.domain.participants import Part
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.domain.timeline import Timeline, proposed
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.pending import Pending, pending
from gatekeeper.issues.standing import Standing as Stands
from gatekeeper.issues.standing import standing as stands_of
from gatekeeper.start import desk_of, open_store
from gatekeeper.store import audit, dates
from gatekeeper.store.audit import EventRow
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.tables import OPEN_STATES
from gatekeeper.store.tx import Tx

_LAST: Final = 8
"""Entries of the history that are shown on one screen."""

_DETAILS_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one issue stands at `now`; `domain` names this installation.

    `stands` is what was decided of it, `others` the issues it was merged or split with.
    """

    thread: Thread
    waiting: tuple[Pending, ...]
    history: tuple[EventRow, ...]
    timeline: Timeline
    stands: Stands
    others: Mapping[str, tuple[str, ...]]
    next_step: str
    domain: str
    now: Instant


def run(options: argparse.Namespace) -> int:
    """Print how an issue stands; that it is looked at is recorded with the read."""
    settings = settings_of(options)
    now = clock.now()

    def look(tx: Tx) -> Standing:
        found = standing(tx, settings, options.id, now=now)
        record(tx, "issue.shown", issue=found.thread.issue.id)
        return found

    with open_store(settings) as store:
        found = store.write(look)
    if options.json:
        emit_json(value(found))
        return 0
    screen = Screen(width())
    show(screen, found, last=None if options.all else _LAST)
    emit_lines(*screen.lines)
    return 0


def standing(tx: Tx, settings: Settings, name: str, *, now: Instant) -> Standing:
    """Return how the issue of that id stands."""
    thread = gather(tx, named(tx, name))
    desk = desk_of(settings, product=thread.issue.product)
    waiting = pending(tx, desk, thread.issue.id)
    timeline = proposed(thread.reported_at, settings.policy.embargo)
    stands = stands_of(tx, thread.issue.id, now=now)
    return Standing(
        thread=thread,
        stands=stands,
        others=issue_decided.kin(tx, stands),
        waiting=waiting,
        history=audit.of_issue(tx, thread.issue.id),
        timeline=timeline,
        next_step=next_step(
            thread,
            len(waiting),
            timeline,
            stands,
            team=settings.team,
            domain=settings.domain,
            now=now,
        ),
        domain=settings.domain,
        now=now,
    )


def value(found: Standing) -> dict[str, object]:
    """Return all of it as one JSON object."""
    thread = found.thread
    counts = Counter(row.state for row in thread.deliveries)
    return {
        **issue_value(thread.issue),
        **issue_decided.value(found.stands, found.others),
        "correspondents": [correspondent_value(one) for one in thread.correspondents],
        "timeline": timeline_value(found.timeline),
        "next": found.next_step,
        "letters": len(thread.letters),
        "requests": [request_value(one) for one in found.waiting],
        "deliveries": {str(state): counts[state] for state in DeliveryState},
        "trouble": trouble_values(thread),
        "history": [event_value(entry) for entry in found.history],
    }


def show(screen: Screen, found: Standing, *, last: int | None) -> None:
    """Write the screen, with so many entries of the history (None: all)."""
    thread = found.thread
    issue = thread.issue
    screen.title(str(issue.issue_id), issue.subject)
    screen.gap()
    issue_decided.write(screen, found.stands, found.others)
    since = thread.reported_at
    screen.pair("Since", f"{spoken(since)}, {_distance(since, found.now)}")
    screen.pair("Owner", issue.owner or "nobody")
    screen.pair("Hold", *filter(None, ["nothing of it is erased" if issue.legal_hold else ""]))
    for one in thread.correspondents:
        _correspondent(screen, one, thread)
    if not thread.correspondents:
        screen.pair("Reporter", issue.reporter or "not said")
    if issue.state in OPEN_STATES:
        _dates(screen, found)
    screen.pair("Thread", *_amount(thread))
    screen.pair("Tag", f"{issue.tag}, in the subjects that can be read outside")
    screen.pair("Next", found.next_step, colour="bold")
    _waiting(screen, found)
    _trouble(screen, thread)
    _deferred(screen, thread)
    _history(screen, found.history, last)


def _correspondent(screen: Screen, one: Correspondent, thread: Thread) -> None:
    """Write who somebody outside is; what was told to whom is for `issue people` to list."""
    is_short = len(one.name) < MARGIN
    label = one.name.capitalize() if is_short else "Outside"
    if one.address == ERASED_ADDRESS:
        screen.pair(label, ERASED)
        return
    screen.pair(label, str(one.address) if is_short else f"{one.address}, the {one.name}")
    if one.removed_at is not None:
        screen.pair("", f"takes part no more since {spoken(one.removed_at)}", colour="yellow")
        return
    _key(screen, one)
    if one.role is not Part.REPORTER:
        told = sum(row.correspondent == one.id for row in thread.deliveries)
        screen.pair("", f"{one.role.meaning}; was written {counted(told, 'letter')}")
    if one.credit is not None:
        screen.pair("", f"credit: {one.credit.line or 'none, as they wished'}")


def _key(screen: Screen, one: Correspondent) -> None:
    if one.fingerprint is not None:
        screen.pair("", f"encrypted to {spaced(one.fingerprint)}", colour="green")
    elif one.wrote_in_clear:
        screen.pair("", "no key known, wrote in clear", colour="yellow")
    else:
        screen.pair("", "no key known, wrote encrypted: nothing can be sent", colour="yellow")


def _dates(screen: Screen, found: Standing) -> None:
    """Write the date that stands; where none does, what policy proposes for an embargo."""
    timeline, stands, now = found.timeline, found.stands, found.now
    date = stands.date
    if date is None and stands.track is not None and not stands.track.embargoed:
        return
    told = timeline.predisclosure if date is None else date.predisclosure
    public = timeline.public if date is None else date.instant
    lines = [f"{spoken(public)}  public, {_distance(public, now)}"]
    if told is not None:
        lines.insert(0, f"{spoken(told)}  pre-disclosure, {_distance(told, now)}")
    if date is not None:
        lines.append(f"by {date.by}" + (f", via {date.via}" if date.via else ""))
    screen.pair(dates.PROPOSED.capitalize() if date is None else date.state.capitalize(), *lines)


def _distance(at: Instant, now: Instant) -> str:
    """Return how far an instant is away, in the largest unit that it fills."""
    away = abs(at - now)
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if away >= unit:
            said = counted(away // unit, name)
            return f"{said} ago" if at <= now else f"in {said}"
    return "now"


def _amount(thread: Thread) -> list[str]:
    parts = [counted(len(thread.messages), "message")]
    if thread.letters:
        parts.append(counted(len(thread.letters), "letter of ours", "letters of ours"))
    if not thread.turns:
        return [listed(parts)]
    return [f"{listed(parts)}; last {spoken(thread.turns[-1].at)}"]


def _waiting(screen: Screen, found: Standing) -> None:
    if found.waiting:
        screen.heading("Waits for approval")
    for one in found.waiting:
        show_request(screen, one)


def _trouble(screen: Screen, thread: Thread) -> None:
    if not thread.trouble:
        return
    screen.heading("Did not get through")
    short = shortened(row.id for row in thread.trouble)
    for row in thread.trouble:
        screen.item(short[row.id], trouble(row), colour="red")
    screen.say("Mend the reason, then: gatekeeper delivery retry DELIVERY")


def _deferred(screen: Screen, thread: Thread) -> None:
    if not thread.deferred:
        return
    screen.heading("Tries again by itself")
    short = shortened(row.id for row in thread.deferred)
    for row in thread.deferred:
        screen.item(short[row.id], delay(row), colour="yellow")


def _history(screen: Screen, history: Sequence[EventRow], last: int | None) -> None:
    """Write the entries, those that say the same within one second together."""
    runs = [
        (entries[0], len(entries))
        for _, group in groupby(history, key=_same)
        if (entries := list(group))
    ]
    shown = runs if last is None else runs[-last:]
    left_out = sum(count for _, count in runs[: len(runs) - len(shown)])
    screen.heading("History")
    if left_out:
        screen.say(f"  {counted(left_out, 'older entry', 'older entries')}, shown by --all")
    for entry, count in shown:
        times = f" ({count} times)" if count > 1 else ""
        by = f", {entry.actor}" if entry.actor and entry.actor != "gatekeeper" else ""
        details = " (damaged)" if entry.damage else _details(entry.payload or {})
        screen.item(spoken(entry.at), f"{entry.kind}{times}{by}{details}")


def _same(entry: EventRow) -> tuple[object, ...]:
    details = _details(entry.payload or {})
    return spoken(entry.at), entry.kind, entry.actor, details, entry.damage


def _details(payload: Mapping[str, object]) -> str:
    """Return the short words of a payload that tell one entry from another of its kind."""
    words = [
        str(payload[name])
        for name in ("kind", "letter", "to", "owner", "reason", "state")
        if payload.get(name) and len(str(payload[name])) <= _DETAILS_MAX
    ]
    return f": {listed(words)}" if words else ""
