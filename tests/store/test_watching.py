"""All open issues at one look: what happened, who was written to, what is known of them."""

from dataclasses import replace

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, Instant, later
from gatekeeper.domain.process import Fact, IssueState, Severity, Track
from gatekeeper.domain.report import Kind
from gatekeeper.store import (
    audit,
    clocks,
    deciding,
    deliveries,
    issue_facts,
    issues,
    letters,
    messages,
    watching,
)
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Store
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.tx import Tx
from gatekeeper.store.watching import Followed
from tests.store import samples
from tests.store.samples import LEASE, NOW, REPORTER, TOKEN

QUIET = ("delivery.", "issue.shown")
ANSWERS = ("issue.replied",)


def after(hours: int) -> Instant:
    """Return an instant so many hours after NOW."""
    return later(NOW, hours * HOUR)


def look(store: Store) -> tuple[Followed, ...]:
    """Return what is open."""
    return store.read(lambda tx: watching.open_issues(tx, quiet=QUIET, answers=ANSWERS))


def log(tx: Tx, issue: RowId, kind: str, at: Instant) -> None:
    """Append an entry about the issue."""
    audit.append(tx, kind=kind, actor="Andrea Example", now=at, payload={}, issue=issue)


def written_to(tx: Tx, whom: Correspondent, *, now: Instant) -> None:
    """Keep a letter to somebody outside."""
    deliveries.add(
        tx,
        letter=letters.add(tx, samples.new_letter(whom.issue), now=now),
        issue=whom.issue,
        recipient=whom.address,
        name=whom.name,
        correspondent=whom.id,
        due_at=now,
        now=now,
    )


def test_an_issue_of_which_nothing_is_known(store: Store) -> None:
    issue = store.write(samples.issue)
    expected = Followed(
        issue=issue.id,
        issue_id=issue.issue_id,
        subject="Overflow in the parser",
        owner="",
        state=IssueState.REPORTED,
        track=None,
        severity=None,
        opened_at=NOW,
        answered_at=None,
        active_at=NOW,
        reporter=None,
        written_at=None,
        heard_at=None,
        facts={},
        clocks={},
    )
    assert (expected,) == look(store)


def test_what_happened_last_and_the_first_answer(store: Store) -> None:
    def write(tx: Tx) -> None:
        issue = samples.issue(tx).id
        for kind, hour in (
            ("issue.owned", 1),
            ("issue.replied", 2),
            ("issue.replied", 5),
            ("delivery.delivered", 6),
            ("issue.shown", 7),
        ):
            log(tx, issue, kind, after(hour))

    store.write(write)
    (found,) = look(store)
    assert (after(2), after(5)) == (found.answered_at, found.active_at)


def test_what_was_decided_is_known_and_runs(store: Store) -> None:
    def write(tx: Tx) -> None:
        issue = samples.issue(tx).id
        issues.set_owner(tx, issue=issue, owner="Wei Example", now=NOW)
        before = deciding.get(tx, issue)
        changed = replace(
            before, state=IssueState.ACCEPTED, track=Track.PREDISCLOSE, severity=Severity.HIGH
        )
        deciding.save(tx, changed, now=NOW)
        exploited = Known(issue=issue, fact=Fact.EXPLOITED, at=after(3), by="Wei Example")
        issue_facts.put(tx, exploited)
        clocks.start(tx, issue=issue, rule="linux-distros", at=after(4))

    store.write(write)
    (found,) = look(store)
    assert ("Wei Example", IssueState.ACCEPTED) == (found.owner, found.state)
    assert (Track.PREDISCLOSE, Severity.HIGH) == (found.track, found.severity)
    assert {Fact.EXPLOITED: after(3)} == found.facts
    assert {"linux-distros": after(4)} == found.clocks


def test_the_reporter_who_was_written_to_and_who_wrote(store: Store) -> None:
    def write(tx: Tx) -> RowId:
        issue = samples.issue(tx).id
        whom = samples.correspondent(tx, issue_row=issue)
        assert REPORTER.key == whom.address.key
        written_to(tx, whom, now=after(1))
        written_to(tx, whom, now=after(4))
        message = samples.message(tx, now=after(6))
        messages.claim(tx, now=after(6), lease=LEASE, token=TOKEN, limit=1)
        messages.finish(
            tx,
            message=message,
            token=TOKEN,
            kind=Kind.REPLY,
            issue=issue,
            summary={},
            message_id=None,
            sender=REPORTER,
            now=after(7),
        )
        return whom.id

    whom = store.write(write)
    (found,) = look(store)
    assert (whom, after(4), after(6)) == (found.reporter, found.written_at, found.heard_at)


def test_what_is_closed_is_not_followed(store: Store) -> None:
    first, second = store.write(lambda tx: (samples.issue(tx), samples.issue(tx, now=after(1))))

    def close(tx: Tx) -> None:
        before = deciding.get(tx, first.id)
        deciding.save(tx, replace(before, state=IssueState.REJECTED), now=NOW)

    store.write(close)
    assert [second.id] == [each.issue for each in look(store)]
