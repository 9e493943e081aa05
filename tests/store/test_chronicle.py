"""When issues reached what is measured, from the event log and from facts, on both databases."""

from dataclasses import replace

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, HOUR, Instant, later
from gatekeeper.domain.process import Fact, IssueState, Severity
from gatekeeper.domain.statistics import Life, Milestone
from gatekeeper.store import audit, chronicle, deciding, issue_facts
from gatekeeper.store.engine import Store
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import NOW


def log(tx: Tx, issue: RowId, kind: str, at: Instant) -> None:
    """Append an entry about the issue."""
    audit.append(tx, kind=kind, actor="Andrea Example", now=at, payload={}, issue=issue)


def after(hours: int) -> Instant:
    """Return an instant so many hours after NOW."""
    return later(NOW, hours * HOUR)


def lived(store: Store) -> Life:
    """Return the one issue as it is measured."""
    (found,) = store.read(chronicle.lives)
    return found


def test_an_issue_that_was_just_reported(store: Store) -> None:
    issue = store.write(samples.issue)
    found = lived(store)
    assert (str(issue.issue_id), IssueState.REPORTED) == (found.issue, found.state)
    assert {Milestone.REPORTED: NOW} == found.at
    assert (None, None) == (found.track, found.severity)


def test_the_first_entry_of_a_kind_counts_and_others_say_nothing(store: Store) -> None:
    def write(tx: Tx) -> None:
        issue = samples.issue(tx).id
        for kind, hour in (
            ("reporter.answered", 0),
            ("issue.noted", 1),
            ("issue.replied", 3),
            ("issue.replied", 9),
            ("issue.accepted", 4),
        ):
            log(tx, issue, kind, after(hour))

    store.write(write)
    expected = {
        Milestone.REPORTED: NOW,
        Milestone.ACKNOWLEDGED: NOW,
        Milestone.ANSWERED: after(3),
        Milestone.TRIAGED: after(4),
    }
    assert expected == lived(store).at


def test_facts_count_with_the_instant_that_they_have(store: Store) -> None:
    def write(tx: Tx) -> None:
        issue = samples.issue(tx).id
        for fact, hour in ((Fact.FIX_READY, 48), (Fact.FIXED, 90), (Fact.EXPLOITED, 5)):
            issue_facts.put(tx, Known(issue=issue, fact=fact, at=after(hour), by="Wei Example"))
        decided = deciding.get(tx, issue)
        judged = Severity.HIGH
        deciding.save(tx, _with(decided, severity=judged), now=after(1))

    store.write(write)
    assert {Milestone.REPORTED: NOW, Milestone.FIX_READY: after(48)} == lived(store).at
    assert Severity.HIGH is lived(store).severity


def test_it_is_closed_when_it_was_closed_for_good(store: Store) -> None:
    """Rejected, reopened, and disclosed in the end; while it was open it was not closed."""

    def rejected(tx: Tx) -> RowId:
        issue = samples.issue(tx).id
        log(tx, issue, "issue.rejected", after(2))
        return issue

    issue = store.write(rejected)
    assert Milestone.CLOSED not in lived(store).at

    def disclosed(tx: Tx) -> None:
        log(tx, issue, "issue.disclosed", later(NOW, 30 * DAY))
        decided = deciding.get(tx, issue)
        deciding.save(tx, _with(decided, state=IssueState.DISCLOSED), now=later(NOW, 30 * DAY))

    store.write(disclosed)
    found = lived(store)
    assert later(NOW, 30 * DAY) == found.at[Milestone.CLOSED] == found.at[Milestone.PUBLIC]
    assert after(2) == found.at[Milestone.ANSWERED]


def _with(
    decided: deciding.Decided,
    *,
    state: IssueState | None = None,
    severity: Severity | None = None,
) -> deciding.Decided:
    return replace(decided, state=state or decided.state, severity=severity or decided.severity)


def test_of_two_issues_each_has_its_own(store: Store) -> None:
    first = store.write(samples.issue)
    second = store.write(lambda tx: samples.issue(tx, now=after(1)))
    store.write(lambda tx: log(tx, second.id, "issue.replied", after(2)))
    found = store.read(chronicle.lives)
    assert [str(first.issue_id), str(second.issue_id)] == [each.issue for each in found]
    assert [False, True] == [Milestone.ANSWERED in each.at for each in found]
