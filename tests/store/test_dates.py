"""Dates, ceilings, clocks, facts: what is agreed and known of an issue, and nothing twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from gatekeeper.domain.process import Fact
from gatekeeper.store import ceilings, clocks, dates, issue_facts
from gatekeeper.store.dates import AGREED, ENDED, PROPOSED, DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.seal import Codec
from tests.store import samples
from tests.store.samples import NOW

NOWHERE = RowId(bytes(16))
PUBLIC = later(NOW, 21 * DAY)
WAIT = 30.0


def date(issue: RowId, number: int = 1, *, state: str = PROPOSED, after: int = 0) -> DateRow:
    """Return the change of a date that was written down `after` seconds."""
    return DateRow(
        issue=issue,
        number=number,
        instant=PUBLIC,
        state=state,
        by="policy-default",
        at=later(NOW, after * SECOND),
    )


def add(store: Store, *changes: DateRow) -> None:
    for change in changes:
        store.write(partial(dates.add, date=change))


def test_every_change_of_a_date_is_kept_and_the_last_one_stands(store: Store) -> None:
    issue, other = store.write(samples.issue).id, store.write(samples.issue).id
    assert store.read(partial(dates.standing, issue=issue)) is None
    proposed = replace(date(issue), predisclosure=later(NOW, 7 * DAY))
    agreed = replace(
        date(issue, 2, state=AGREED, after=5), by="reporter", via="phone ÿ", reason="a talk"
    )
    add(store, proposed, date(other), agreed)
    over = replace(proposed, ended_at=agreed.at)
    assert (over, agreed) == store.read(partial(dates.history, issue=issue))
    assert agreed == store.read(partial(dates.standing, issue=issue))
    assert {issue, other} == {one.issue for one in store.read(dates.all_standing)}


def test_a_date_that_has_ended_does_not_stand_and_another_may_come(store: Store) -> None:
    issue = store.write(samples.issue).id
    ended = date(issue, 2, state=ENDED, after=5)
    add(store, date(issue, state=AGREED), ended)
    assert store.read(partial(dates.standing, issue=issue)) is None
    assert () == store.read(dates.all_standing)
    assert replace(ended, ended_at=ended.at) == store.read(partial(dates.history, issue=issue))[-1]
    again = date(issue, 3, after=9)
    add(store, again)
    assert again == store.read(partial(dates.standing, issue=issue))


@pytest.mark.parametrize("number", [1, 3])
def test_who_did_not_see_the_last_change_changes_nothing(number: int, store: Store) -> None:
    issue = store.write(samples.issue).id
    first = date(issue)
    add(store, first)
    with pytest.raises(Conflict, match="changed meanwhile"):
        add(store, date(issue, number, state=AGREED))
    assert (first,) == store.read(partial(dates.history, issue=issue))


def test_of_two_changes_at_once_one_is_made(store: Store, migrated_url: str, codec: Codec) -> None:
    issue = store.write(samples.issue).id
    add(store, date(issue))
    together = threading.Barrier(2)

    def work(by: str) -> bool:
        host = Store.open(migrated_url, codec)
        try:
            together.wait(WAIT)
            add(host, replace(date(issue, 2, state=AGREED), by=by))
        except OurFault:
            return False
        else:
            return True
        finally:
            host.close()

    with ThreadPoolExecutor(2) as pool:
        assert [False, True] == sorted(pool.map(work, ("Alice", "Bob"), timeout=WAIT))
    assert 2 == len(store.read(partial(dates.history, issue=issue)))


@pytest.mark.parametrize("wrong", [{"state": "held"}, {"number": 0}, {"by": ""}])
def test_a_change_that_nobody_could_make_is_refused(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"number": 1, "state": PROPOSED, "by": "reporter", **wrong}
    with pytest.raises(ValueError, match="a date is"):
        DateRow(issue=NOWHERE, instant=NOW, at=NOW, **values)  # type: ignore[arg-type]  # as given


def test_a_holder_of_a_date_has_one_that_binds(store: Store) -> None:
    issue, other = store.write(samples.issue).id, store.write(samples.issue).id

    def put(where: RowId, holder: str, instant: Instant, after: int) -> RowId:
        made = partial(ceilings.put, issue=where, holder=holder, kind="vendor", instant=instant)
        return store.write(partial(made, by="Alice", via="phone", now=later(NOW, after)))

    first = put(issue, "Example Vendor ÿ", PUBLIC, 1)
    put(other, "Example Vendor ÿ", PUBLIC, 1)
    early = later(NOW, DAY)
    second, cert = (
        put(issue, "example  vendor ÿ", later(PUBLIC, 1), 2),
        put(issue, "CERT", early, 3),
    )
    found = store.read(partial(ceilings.of_issue, issue=issue))
    assert [first, second, cert] == [one.id for one in found]
    assert (
        "Example Vendor ÿ",
        "vendor",
        PUBLIC,
        "Alice",
        "phone",
        later(NOW, 1),
        later(NOW, 2),
    ) == (
        found[0].holder,
        found[0].kind,
        found[0].instant,
        found[0].by,
        found[0].via,
        found[0].at,
        found[0].ended_at,
    )
    binding = partial(ceilings.binding, issue=issue)
    assert [cert, second] == [one.id for one in store.read(binding)]
    lift = partial(ceilings.lift, issue=issue, holder="cert", now=later(NOW, 4))
    store.write(lift)
    assert [second] == [one.id for one in store.read(binding)]
    with pytest.raises(Conflict, match="nobody of that name"):
        store.write(lift)
    assert 1 == len(store.read(partial(ceilings.binding, issue=other)))


def test_a_clock_begins_once(store: Store) -> None:
    issue, other = store.write(samples.issue).id, store.write(samples.issue).id
    start = partial(clocks.start, issue=issue, rule="linux-distros")
    assert [True, False] == [store.write(partial(start, at=at)) for at in (NOW, later(NOW, 1))]
    assert store.write(partial(clocks.start, issue=issue, rule="cert", at=later(NOW, 2)))
    running = {"linux-distros": NOW, "cert": later(NOW, 2)}
    assert running == store.read(partial(clocks.of_issue, issue=issue))
    assert {} == store.read(partial(clocks.of_issue, issue=other))
    stop = partial(clocks.stop, issue=issue, rule="cert")
    assert [True, False] == [store.write(stop) for _ in range(2)]
    assert {"linux-distros": NOW} == store.read(partial(clocks.of_issue, issue=issue))


def test_a_fact_is_known_once_with_its_latest_word(store: Store) -> None:
    issue, other = store.write(samples.issue).id, store.write(samples.issue).id
    known = Known(issue=issue, fact=Fact.TRIAGED, at=NOW, by="Alice")
    fixed = Known(issue=issue, fact=Fact.FIXED, at=later(NOW, 1), by="Bob ÿ", value="1.2.3 ÿ")
    again = replace(known, at=later(NOW, 2), by="Bob")
    for one in (known, fixed, again, replace(known, issue=other)):
        store.write(partial(issue_facts.put, known=one))
    found = store.read(partial(issue_facts.of_issue, issue=issue))
    assert [(Fact.FIXED, fixed), (Fact.TRIAGED, again)] == list(found.items())
    drop = partial(issue_facts.drop, issue=issue, fact=Fact.TRIAGED)
    assert [True, False] == [store.write(drop) for _ in range(2)]
    assert {Fact.FIXED: fixed} == store.read(partial(issue_facts.of_issue, issue=issue))
    assert 1 == len(store.read(partial(issue_facts.of_issue, issue=other)))
