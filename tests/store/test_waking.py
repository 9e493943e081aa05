"""Whoever waits for work is woken by its commit, here and in other processes; the rest is quiet."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import takewhile

import psycopg
import pytest
from sqlalchemy import text

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.store import deliveries, marks, messages
from gatekeeper.store.connect import parse_url
from gatekeeper.store.engine import Store
from gatekeeper.store.marks import Held, Mark
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx, Work
from gatekeeper.store.waking import Bell, Ears
from tests.store import samples

WAIT = 30.0


class Heard:
    """Counts how often somebody was woken, and waits for it without sleeping."""

    def __init__(self) -> None:
        self.number = 0
        self._told = threading.Condition()

    def __call__(self) -> None:
        """Be woken."""
        with self._told:
            self.number += 1
            self._told.notify_all()

    def wait(self, number: int) -> bool:
        """Say whether that many calls came before long."""
        with self._told:
            return self._told.wait_for(lambda: self.number >= number, WAIT)


@contextmanager
def ears(url: str, bell: Bell) -> Iterator[Ears]:
    """Listen until the end of the context."""
    listening = Ears(url, bell)
    listening.start()
    assert listening.until_it_hears(WAIT)
    try:
        yield listening
    finally:
        listening.finish()


def heard_at(bell: Bell) -> dict[Work, Heard]:
    """Wait at a bell for each kind of work."""
    found = {work: Heard() for work in Work}
    for work, heard in found.items():
        bell.hear(work, heard)
    return found


def counted(heard: dict[Work, Heard]) -> dict[Work, int]:
    """Return how often each was woken."""
    return {work: each.number for work, each in heard.items()}


def claimed(tx: Tx, token: bytes) -> int:
    """Claim what is to be sent."""
    now, lease = samples.NOW, samples.LEASE
    return len(deliveries.claim(tx, now=now, lease=lease, token=token, limit=9))


def test_a_commit_wakes_for_what_it_made(store: Store) -> None:
    """A message is to be handled, a letter's delivery to be sealed, a sealed one to be sent."""
    heard = heard_at(store.bell)
    message = store.write(samples.message)
    assert {Work.HANDLING: 1, Work.SEALING: 0, Work.SENDING: 0} == counted(heard)
    store.read(lambda tx: messages.head(tx, message))
    assert {Work.HANDLING: 1, Work.SEALING: 0, Work.SENDING: 0} == counted(heard)
    sealed = store.write(samples.sealed)
    assert {Work.HANDLING: 1, Work.SEALING: 1, Work.SENDING: 1} == counted(heard)
    store.write(samples.message)
    assert 1 == heard[Work.HANDLING].number, "a duplicate is no work"
    held = Held(delivery=sealed.delivery, token=samples.TOKEN)
    mark = Mark(held=held, attempt=Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 later"))
    store.write(lambda tx: claimed(tx, samples.TOKEN))
    store.write(lambda tx: marks.record_all(tx, [mark], now=samples.NOW))
    assert 1 == heard[Work.SENDING].number
    store.write(lambda tx: deliveries.retry(tx, delivery=sealed.delivery, now=samples.NOW))
    assert {Work.HANDLING: 1, Work.SEALING: 1, Work.SENDING: 2} == counted(heard)


def test_what_is_not_committed_wakes_nobody(store: Store) -> None:
    heard = heard_at(store.bell)

    def fail(tx: Tx) -> None:
        samples.message(tx)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        store.write(fail)
    assert {0} == set(counted(heard).values())


def test_a_hearer_that_fails_spoils_no_commit_and_keeps_nobody_else(store: Store) -> None:
    def broken() -> None:
        raise RuntimeError

    heard = Heard()
    store.bell.hear(Work.HANDLING, broken)
    store.bell.hear(Work.HANDLING, heard)
    message = store.write(samples.message)
    assert 1 == heard.number
    assert store.read(lambda tx: messages.head(tx, message)).id == message


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_another_process_is_woken_by_the_commit(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    """Store and bell of another process: it hears what the first commits, and nothing sooner."""
    bell = Bell()
    heard = heard_at(bell)
    with ears(migrated_url, bell):
        at_first = counted(heard)
        assert {1} == set(at_first.values()), "what may have been missed before is looked for"
        inside: list[int] = []

        def write(tx: Tx) -> None:
            samples.message(tx)
            inside.append(heard[Work.HANDLING].number)

        other = Store.open(migrated_url, codec)
        other.write(write)
        other.close()
        assert heard[Work.HANDLING].wait(2)
        assert [1] == inside
        assert 1 == heard[Work.SENDING].number


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_notification_says_nothing_but_go(store: Store, migrated_url: str) -> None:
    """The server hands them out in the order of the commits, so all have come with the last."""
    place = parse_url(migrated_url).set(drivername="postgresql")
    with psycopg.connect(place.render_as_string(hide_password=False), autocommit=True) as beside:
        for name in (*(f"gatekeeper_{work}" for work in Work), "over"):
            beside.execute(f"LISTEN {name}".encode())
        store.write(samples.sealed)
        store.write(samples.message)
        beside.execute("NOTIFY over")
        with closing(beside.notifies(timeout=WAIT)) as notes:
            until = takewhile(lambda note: note.channel != "over", notes)
            found = [(note.channel, note.payload) for note in until]
    names = {"gatekeeper_handling", "gatekeeper_sealing", "gatekeeper_sending"}
    assert names == {channel for channel, _ in found}
    assert {"go"} == {payload for _, payload in found}


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again_and_what_was_missed_is_looked_for(
    store: Store, migrated_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server ends every other connection, as at its restart."""
    caplog.set_level(logging.INFO, "gatekeeper")
    bell = Bell()
    heard = heard_at(bell)
    with ears(migrated_url, bell):
        store.write(_end_all_others)
        assert heard[Work.HANDLING].wait(2)
        store.write(samples.message)
        assert heard[Work.HANDLING].wait(3)
    lines = [record.getMessage().partition(" (")[0] for record in caplog.records]
    assert ["not woken by the database", "woken by the database again"] == lines[:2]


def _end_all_others(tx: Tx) -> None:
    tx.connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_server_that_is_not_there_ends_nothing(migrated_url: str) -> None:
    """It is tried again and again until it is told to finish, which it does at once."""
    nowhere = parse_url(migrated_url).set(drivername="postgresql", database="absent")
    listening = Ears(nowhere.render_as_string(hide_password=False), Bell())
    listening.start()
    assert not listening.until_it_hears(0.2)
    listening.finish()
    assert not listening.is_alive()
