"""Whatever people, reporters and the clock do, in whatever order, at the desk that keeps the dates.

The rules alone are tried in tests/domain/test_dates_always.py; here they go through the database,
the requests and the approvals.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.dates import decide
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, Instant, later, rfc3339
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.team import Person
from gatekeeper.domain.wishes import Proof, Wish, WishKind
from gatekeeper.issues import approving, dating
from gatekeeper.issues.embargo_dates import ensure_begun, keep
from gatekeeper.store import requests
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.seal import Codec
from tests.house import START
from tests.issues.cases import ANDREA, BO, WEI, Cases, by, cases_of
from tests.sampling import tries


@pytest.fixture(scope="module")
def cases(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, codec: Codec
) -> Iterator[Cases]:
    """One desk for all sequences, each with an issue of its own."""
    path = tmp_path_factory.mktemp("dates") / "gatekeeper.sqlite3"
    shutil.copy(sqlite_template, path)
    store = Store.open(f"sqlite:///{path}", codec)
    yield cases_of(store)
    store.close()


@dataclass(slots=True, kw_only=True)
class Course:
    """One issue on its way; `bound` is what the reporter said last, None before that."""

    cases: Cases
    issue: IssueRow
    bound: Instant | None = None

    def instant(self, days: int) -> Instant:
        """Return noon, so many days after the beginning."""
        return later(START, days * DAY)

    def date(self) -> Instant:
        """Return the date that stands."""
        found = self.cases.do(
            lambda tx: ensure_begun(tx, self.cases.desk, self.issue, now=self.cases.now)
        )
        return found.date.instant

    def try_to(self, act: Callable[[Tx], object]) -> bool:
        """Do something in one transaction, and say whether it was not refused."""
        try:
            self.cases.do(act)
        except Refusal:
            return False
        return True

    def order(self, verb: Callable[..., object], person: Person, **words: str) -> None:
        """Let one of the team order something."""
        self.try_to(
            partial(
                verb,
                desk=self.cases.desk,
                issue=self.issue,
                actor=by(person),
                now=self.cases.now,
                **words,
            )
        )

    def approve(self, person: Person) -> None:
        """Let one of the team approve all that waits."""
        waiting = self.cases.store.read(lambda tx: requests.waiting(tx, issue=self.issue.id))
        for request in waiting:
            self.order(partial(approving.approve, effect=request.effect.hex()), person)

    def hear(self, kind: WishKind, days: int) -> None:
        """Let the reporter say something that is proven to be theirs."""
        wish = Wish(kind=kind, instant=self.instant(days), holder="reporter", proof=Proof.PROVEN)

        def said(tx: Tx) -> bool:
            desk, now = self.cases.desk, self.cases.now
            held = ensure_begun(tx, desk, self.issue, now=now)
            found = decide(wish, held, desk.policy.embargo, now)
            keep(tx, self.issue, found, held, by="reporter", now=now)
            return found.ceiling is not None

        if self.cases.do(said):
            self.bound = wish.instant

    def silence(self) -> None:
        """Let the clock look whether silence binds."""
        self.try_to(
            partial(dating.silence, desk=self.cases.desk, issue=self.issue, now=self.cases.now)
        )


DAYS = st.sampled_from([5, 8, 14, 21, 22, 28, 35, 42, 60, 84])
STEPS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2), DAYS), min_size=1, max_size=10)
"""What is done, by whom of the people, and for which day."""


def go(course: Course, step: tuple[int, int, int], people: tuple[Person, ...]) -> None:
    """Take one step of a sequence."""
    what, who, days = step
    person = people[who % len(people)]
    when = rfc3339(course.instant(days))
    match what:
        case 0:
            course.order(dating.propose, person, when=when)
        case 1:
            course.order(dating.move, person, when=when, reason="why not")
        case 2:
            course.approve(person)
        case 3:
            course.hear(WishKind.WISH, days)
        case 4:
            course.hear(WishKind.AGREE, days)
        case 5:
            course.silence()
        case 6:
            # By itself such a sequence comes too seldom.
            course.order(dating.move, person, when=when, reason="all want it")
            for each in people:
                course.approve(each)
        case _:
            course.cases.pass_time(days * DAY // 5)


def begun(cases: Cases) -> Course:
    """Begin with an issue of the first moment."""
    cases.now = START
    return Course(cases=cases, issue=cases.opened())


@tries(80)
@given(steps=STEPS)
def test_no_date_moves_later_than_the_reporter_said_last(
    cases: Cases, steps: list[tuple[int, int, int]]
) -> None:
    """Whoever of two employers approves (promise P-7); and nothing becomes public by it."""
    course = begun(cases)
    for step in steps:
        before = course.date()
        go(course, step, (ANDREA, BO, WEI))
        after = course.date()
        assert after <= before or course.bound is None or after <= course.bound
        assert IssueState.REPORTED is cases.stands(course.issue).state


@tries(80)
@given(steps=STEPS)
def test_the_people_of_one_employer_move_no_date_later(
    cases: Cases, steps: list[tuple[int, int, int]]
) -> None:
    """Neither alone nor together, whatever the reporter asks for (T-11, promise P-8)."""
    course = begun(cases)
    for step in steps:
        before = course.date()
        go(course, step, (ANDREA, BO))
        assert course.date() <= before
