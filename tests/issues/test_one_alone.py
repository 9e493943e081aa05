"""Whatever one person orders, in whatever order: no agreed date ends, nothing is public early."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.process import BY_HAND, Fact, IssueState, Severity, Track
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues import closing, deciding, merging, splitting
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.store import dates
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.seal import Codec
from tests.issues.cases import ANDREA, SHELL, Cases, by, cases_of
from tests.sampling import tries

Act = Callable[..., Done]

ORDERS: tuple[Act, ...] = (
    *(partial(deciding.accept, track=track) for track in Track),
    *(partial(deciding.track, to=track, reason="why not") for track in Track),
    *(partial(deciding.severity, judged=judged) for judged in Severity),
    *(
        partial(
            deciding.fact,
            stated=fact,
            reason=NoEmbargo.LEAKED if fact is Fact.PUBLIC_ALREADY else None,
        )
        for fact in sorted(BY_HAND)
    ),
    partial(deciding.tools, found=True),
    partial(closing.reject, reason=Rejection.SPAM),
    partial(closing.hand_over, project="Example Library"),
    closing.reopen,
    partial(splitting.split, subject="A part"),
)
MERGE = len(ORDERS)


@pytest.fixture(scope="module")
def cases(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, codec: Codec
) -> Iterator[Cases]:
    """One desk for all sequences, each with issues of its own."""
    path = tmp_path_factory.mktemp("alone") / "gatekeeper.sqlite3"
    shutil.copy(sqlite_template, path)
    store = Store.open(f"sqlite:///{path}", codec)
    yield cases_of(store)
    store.close()


def dated(cases: Cases, days: int) -> IssueRow:
    """Return an issue whose date was agreed."""
    issue = cases.opened()
    date = DateRow(
        issue=issue.id,
        number=1,
        instant=later(cases.now, days * DAY),
        state=dates.AGREED,
        by="reporter",
        at=cases.now,
    )
    cases.do(partial(dates.add, date=date))
    return issue


@tries(60)
@given(
    orders=st.lists(st.integers(0, MERGE), min_size=1, max_size=8),
    shell=st.booleans(),
    other=st.sampled_from([7, 21]),
)
def test_no_orders_of_one_person_end_an_agreed_date_or_publish(
    cases: Cases, orders: list[int], shell: bool, other: int
) -> None:
    issue, beside = dated(cases, 14), dated(cases, other)
    actor: Actor = SHELL if shell else by(ANDREA)
    for number in orders:
        act: Act = (
            partial(merging.merge, into=beside.issue_id) if number == MERGE else ORDERS[number]
        )
        try:
            cases.do(partial(act, desk=cases.desk, issue=issue, actor=actor, now=cases.now))
        except Refusal:
            continue
    for each, days in ((issue, 14), (beside, other)):
        stands = cases.stands(each)
        assert stands.date is not None
        assert (later(cases.now, days * DAY), dates.AGREED) == (
            stands.date.instant,
            stands.date.state,
        )
        assert stands.state in {IssueState.REPORTED, IssueState.ACCEPTED, IssueState.PREPARED}
        assert stands.track is None or stands.track.embargoed
