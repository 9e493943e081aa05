"""Between sealing and sending people leave and keys are withdrawn: such copies stay here."""

from dataclasses import replace

import pytest

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import DAY
from gatekeeper.domain.team import NOT_IN_TEAM, WITHDRAWN, Person, Team
from gatekeeper.outbound.job import Job
from gatekeeper.store import audit, deliveries
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store
from tests.house import PEOPLE, House, decrypt, example_team, open_house
from tests.issues.reports import SECRET, plain
from tests.keys import key_of
from tests.sinks import running_sink

NEW_KEY = "Sam Example <sam-new@vendor.example>"
SAM = PEOPLE[2][0]


def rows(house: House) -> dict[str, DeliveryRow]:
    """Return the deliveries by the name of the person."""
    return {row.name: row for row in house.store.read(deliveries.list_all)}


def sealed(house: House) -> None:
    """Bring one report to where its copies wait for the relay."""
    house.receive_quietly(plain())
    house.settle()
    assert {DeliveryState.SEALED} == {row.state for row in rows(house).values()}


def with_team(house: House, *people: Person) -> None:
    """Start again with another team.yaml."""
    house.desk = replace(house.desk, team=Team(people=people))


def sams(*keys: str) -> Person:
    """Return Sam with other keys."""
    return replace(example_team().people[2], keys=keys)


def retry(house: House) -> None:
    """Have Sam's copy tried again, as a person may."""
    row = rows(house)[SAM]
    house.store.write(lambda tx: deliveries.retry(tx, delivery=row.id, now=house.now))


@pytest.mark.parametrize("tried", [False, True], ids=["never tried", "tried before"])
def test_who_has_left_gets_nothing_more(store: Store, *, tried: bool) -> None:
    """The copy is blocked with the reason; the others get theirs, and a retry changes nothing."""
    with open_house(store) as house, running_sink() as sink:
        sealed(house)
        if tried:
            for job in house.outbox.claim():
                house.outbox.record(job, Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 no"))
            house.pass_time(DAY // 2)
        with_team(house, *example_team().people[:2])
        assert 2 == house.send(sink.host, sink.port)
        assert {PEOPLE[0][1], PEOPLE[1][1]} == {
            str(each.envelope.recipients[0]) for each in sink.inbox.received
        }
        row = rows(house)[SAM]
        assert (DeliveryState.BLOCKED, NOT_IN_TEAM, ()) == (row.state, row.reason, row.fingerprints)
        retry(house)
        house.settle()
        assert 0 == house.send(sink.host, sink.port)
        assert DeliveryState.BLOCKED is rows(house)[SAM].state
        assert () == store.read(audit.verify)


def test_a_withdrawn_key_blocks_and_a_retry_seals_anew(store: Store) -> None:
    """Nothing leaves for the old key; the person gets the report with the new one, twice over."""
    new = key_of(NEW_KEY)
    with open_house(store, certificates=(new.public,)) as house, running_sink() as sink:
        sealed(house)
        for _ in range(2):
            with_team(house, *example_team().people[:2], sams(new.fingerprint))
            house.send(sink.host, sink.port)
            row = rows(house)[SAM]
            assert (DeliveryState.BLOCKED, WITHDRAWN) == (row.state, row.reason)
            retry(house)
            with_team(house, *example_team().people)
            house.settle()
        with_team(house, *example_team().people[:2], sams(new.fingerprint))
        house.send(sink.host, sink.port)
        retry(house)
        house.settle()
        assert (new.fingerprint,) == rows(house)[SAM].fingerprints
        house.send(sink.host, sink.port)
        (copy,) = [
            each.raw
            for each in sink.inbox.received
            if str(each.envelope.recipients[0]) == PEOPLE[2][1]
        ]
        plaintext, _ = decrypt(new, copy)
        assert SECRET in plaintext


def test_a_mark_that_could_not_be_written_is_written_before_anything_else_is_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay has taken a copy and the disk is full: it is not sent again when there is space."""
    with open_house(store) as house:
        sealed(house)
        outbox = house.outbox
        first, *others = outbox.claim()
        taken = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 taken")
        write = store.write

        def full(_: object) -> None:
            raise OurFault("the database's disk is full")

        monkeypatch.setattr(store, "write", full)
        with pytest.raises(OurFault):
            outbox.record(first, taken)
        with pytest.raises(OurFault):
            outbox.claim()
        monkeypatch.setattr(store, "write", write)
        house.pass_time(DAY)
        again: tuple[Job, ...] = outbox.claim()
        states = {row.id: row.state for row in rows(house).values()}
        assert DeliveryState.DELIVERED is states[first.id]
        assert {job.id for job in others} == {job.id for job in again}
