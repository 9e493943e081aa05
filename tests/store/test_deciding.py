"""What was decided of an issue: read back as it was, changed by who saw the latest alone."""

from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.domain.process import IssueState, Severity, Track
from gatekeeper.store import deciding, issues
from gatekeeper.store.deciding import Decided
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from tests.store import samples
from tests.store.samples import NOW

NOWHERE = RowId(bytes(16))
LATER = later(NOW, SECOND)


def new(store: Store) -> Decided:
    """Return how a new issue stands."""
    return store.read(partial(deciding.get, issue=store.write(samples.issue).id))


def save(store: Store, changed: Decided) -> Decided:
    return store.write(partial(deciding.save, changed=changed, now=LATER))


def test_a_new_issue_is_reported_and_nothing_else_is_decided(store: Store) -> None:
    issue = store.write(samples.issue).id
    found = store.read(partial(deciding.get, issue=issue))
    assert Decided(issue=issue, state=IssueState.REPORTED, version=1, updated_at=NOW) == found
    with pytest.raises(Conflict, match="no such issue"):
        store.read(partial(deciding.get, issue=NOWHERE))


def test_what_was_decided_is_read_back(store: Store) -> None:
    other, first = new(store), new(store)
    changed = replace(
        first,
        state=IssueState.REJECTED,
        track=Track.EMBARGO_ONLY,
        severity=Severity.CRITICAL,
        reason="duplicate ÿ",
        merged_into=other.issue,
    )
    saved = save(store, changed)
    assert replace(changed, version=2, updated_at=LATER) == saved
    assert saved == store.read(partial(deciding.get, issue=first.issue))
    row = store.read(partial(issues.by_row, issue=first.issue))
    assert ("rejected", 2, LATER) == (row.state, row.version, row.updated_at)
    undone = replace(first, version=2)
    assert replace(first, version=3, updated_at=LATER) == save(store, undone)
    assert () == store.read(partial(deciding.merged, into=other.issue))


def test_who_did_not_see_the_latest_version_changes_nothing(store: Store) -> None:
    seen, other = new(store), new(store)
    saved = save(store, replace(seen, severity=Severity.LOW))
    stale = replace(seen, severity=Severity.HIGH, merged_into=other.issue)
    for wrong in (stale, replace(saved, issue=NOWHERE)):
        with pytest.raises(Conflict, match="changed meanwhile"):
            save(store, wrong)
    assert saved == store.read(partial(deciding.get, issue=seen.issue))


def test_merged_and_split_issues_are_known_from_both_ends(store: Store) -> None:
    whole, part, twin = new(store), new(store), new(store)
    save(store, replace(part, split_from=whole.issue))
    save(store, replace(twin, split_from=whole.issue, merged_into=part.issue))
    found = store.read(partial(deciding.get, issue=twin.issue))
    assert (whole.issue, part.issue) == (found.split_from, found.merged_into)
    assert {part.issue, twin.issue} == set(store.read(partial(deciding.split_off, off=whole.issue)))
    assert (twin.issue,) == store.read(partial(deciding.merged, into=part.issue))
    assert () == store.read(partial(deciding.merged, into=whole.issue))
    with pytest.raises(Exception, match="database"):
        save(store, replace(whole, merged_into=whole.issue))


@pytest.mark.parametrize("state", IssueState)
def test_open_issues_are_those_in_which_there_is_something_to_write(
    state: IssueState, store: Store
) -> None:
    first, second = new(store), new(store)
    saved = save(store, replace(first, state=state))
    expected = {saved.issue, second.issue} if state.is_open else {second.issue}
    assert expected == {one.issue for one in store.read(deciding.all_open)}
