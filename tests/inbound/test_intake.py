"""Messages are durable before they are answered, and every one is answered."""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import OurFault, Reply
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Envelope, MessageState
from gatekeeper.inbound.intake import STORED, Intake
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.store import messages, products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.sinks import WAIT

NOW = Instant(1_800_000_000_000_000)
KEY = b"k" * 32
SECURITY = Address(local="security", domain="example.org")
OWN = OwnAddresses(security=SECURITY)
RECIPIENTS = Recipients(own=OWN, token_key=KEY)
ENVELOPE = Envelope(
    sender=Address(local="alice", domain="reporter.example"),
    recipients=(SECURITY,),
    peer="192.0.2.1",
    protocol="ESMTP",
)
NOT_NOW = OurFault.reply


def ignore() -> None:
    """Wake nobody."""


def new_product(store: Store) -> RowId:
    row = ProductRow(key="default", issue_prefix="SEC")
    return store.write(lambda tx: products.ensure(tx, row, now=NOW))


@contextmanager
def intake(
    store: Store,
    *,
    on_stored: Callable[[], None] = ignore,
    now: Callable[[], Instant] = lambda: NOW,
) -> Iterator[Intake]:
    product = new_product(store)
    running = Intake(
        store=store, product=product, recipients=RECIPIENTS, now=now, on_stored=on_stored
    )
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def sqlite_store(sqlite_template: Path, codec: Codec, tmp_path: Path) -> Iterator[Store]:
    """For what depends on there being one writer, or on a limit that only SQLite has."""
    shutil.copy(sqlite_template, tmp_path / "one.sqlite3")
    opened = Store.open(f"sqlite:///{tmp_path / 'one.sqlite3'}", codec)
    try:
        yield opened
    finally:
        opened.close()


def stored(store: Store) -> int:
    return store.read(messages.counts)[MessageState.STORED]


@contextmanager
def writer_held(store: Store) -> Iterator[None]:
    """Keep the store's writes waiting, so that what is accepted meanwhile forms one group."""
    inside, release = threading.Event(), threading.Event()

    def wait(tx: Tx) -> None:
        inside.set()
        assert release.wait(WAIT)

    holder = threading.Thread(target=store.write, args=(wait,))
    holder.start()
    assert inside.wait(WAIT)
    try:
        yield
    finally:
        release.set()
        holder.join(WAIT)


def test_250_means_that_the_bytes_and_the_envelope_are_there(store: Store) -> None:
    raw = b"Subject: x\r\n\r\n\0\xff\r\n"
    with intake(store) as running:
        assert STORED == running.accept(raw, ENVELOPE).result(WAIT)
        (claimed,) = store.write(
            lambda tx: messages.claim(tx, now=NOW, lease=1, token=b"t" * 16, limit=9)
        )
        message = store.read(lambda tx: messages.load(tx, claimed.id))
        assert (raw, ENVELOPE, NOW) == (message.raw, message.envelope, message.received_at)


def test_the_same_message_again_is_answered_and_kept_once(store: Store) -> None:
    """Also when both copies are in one group."""
    with intake(store) as running:
        futures = [running.accept(b"same\r\n", ENVELOPE) for _ in range(5)]
        assert [STORED] * 5 == [future.result(WAIT) for future in futures]
        assert STORED == running.accept(b"same\r\n", ENVELOPE).result(WAIT)
        assert 1 == stored(store)


def test_what_waits_is_committed_together(sqlite_store: Store) -> None:
    """While one commit is under way a hundred messages gather; they need two groups at most."""
    commits: list[int] = []

    def now() -> Instant:
        commits.append(1)
        return NOW

    with intake(sqlite_store, now=now) as running:
        with writer_held(sqlite_store):
            futures = [running.accept(b"%d\r\n" % number, ENVELOPE) for number in range(100)]
        assert [STORED] * 100 == [future.result(WAIT) for future in futures]
    assert 100 == stored(sqlite_store)
    assert len(commits) <= 2


def test_the_handler_is_woken_after_the_answer_and_not_for_duplicates(store: Store) -> None:
    woken = threading.Semaphore(0)
    with intake(store, on_stored=woken.release) as running:
        running.accept(b"one\r\n", ENVELOPE).result(WAIT)
        assert woken.acquire(timeout=WAIT)
        running.accept(b"one\r\n", ENVELOPE).result(WAIT)
        running.accept(b"two\r\n", ENVELOPE).result(WAIT)
        assert woken.acquire(timeout=WAIT)
    assert not woken.acquire(blocking=False)


def test_a_handler_that_fails_stops_nothing(store: Store) -> None:
    def fail() -> None:
        raise RuntimeError

    with intake(store, on_stored=fail) as running:
        for number in range(3):
            assert STORED == running.accept(b"%d\r\n" % number, ENVELOPE).result(WAIT)


def test_one_message_that_cannot_be_stored_keeps_no_other_out(sqlite_store: Store) -> None:
    """A value of the wrong type stands for whatever a message may provoke."""
    poison = cast("bytes", "no bytes at all")
    with intake(sqlite_store) as running:
        with writer_held(sqlite_store):
            futures = [running.accept(b"first\r\n", ENVELOPE)]
            futures.append(running.accept(poison, ENVELOPE))
            futures += [running.accept(b"%d\r\n" % number, ENVELOPE) for number in range(9)]
        expected = [STORED, NOT_NOW, *[STORED] * 9]
        assert expected == [future.result(WAIT) for future in futures]
    assert 10 == stored(sqlite_store)


def test_a_full_disk_is_451_and_the_service_goes_on(sqlite_store: Store) -> None:
    """SQLite's own page limit gives the error of a full disk; with room again mail is taken."""
    raw = random.Random(1).randbytes(300_000)
    with intake(sqlite_store) as running:
        assert STORED == running.accept(b"before\r\n", ENVELOPE).result(WAIT)
        limit_pages(sqlite_store, extra=10)
        futures = [running.accept(raw + b"%d" % number, ENVELOPE) for number in range(10)]
        assert [NOT_NOW] * 10 == [future.result(WAIT) for future in futures]
        limit_pages(sqlite_store, extra=100_000)
        assert STORED == running.accept(raw, ENVELOPE).result(WAIT)
    assert 2 == stored(sqlite_store)


def limit_pages(store: Store, *, extra: int) -> None:
    def limit(tx: Tx) -> None:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + extra}")

    store.write(limit)


def test_a_database_that_is_gone_is_451_for_all(store: Store) -> None:
    with intake(store) as running:
        store.close()
        futures = [running.accept(b"%d\r\n" % number, ENVELOPE) for number in range(20)]
        assert [NOT_NOW] * 20 == [future.result(WAIT) for future in futures]


def test_close_stores_what_was_accepted_and_refuses_the_rest(store: Store) -> None:
    """Many threads hand in while it closes: each future is resolved, and 250 means stored."""
    with intake(store) as running:
        futures: list[Future[Reply]] = []
        started = threading.Barrier(9)

        def hand_in(worker: int) -> None:
            started.wait(WAIT)
            mails = [b"%d %d\r\n" % (worker, number) for number in range(50)]
            futures.extend([running.accept(mail, ENVELOPE) for mail in mails])

        workers = [threading.Thread(target=hand_in, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        started.wait(WAIT)
        running.close()
        for worker in workers:
            worker.join(WAIT)
        replies = [future.result(WAIT) for future in futures]
        assert 400 == len(replies)
        assert {STORED, NOT_NOW} >= set(replies)
        assert replies.count(STORED) == stored(store)
        assert NOT_NOW == running.accept(b"late\r\n", ENVELOPE).result(0)


def test_an_accepted_message_cannot_be_taken_back(store: Store) -> None:
    with intake(store) as running:
        future = running.accept(b"x\r\n", ENVELOPE)
        assert not future.cancel()
        assert STORED == future.result(WAIT)


def test_recipients_are_our_addresses_and_bounces_need_our_token(store: Store) -> None:
    bounce = token.mint(KEY, "bounce", RowId(b"d" * 16))
    other = token.mint(b"o" * 32, "bounce", RowId(b"d" * 16))
    with intake(store) as running:
        known = {
            local
            for local in ("security", "SECURITY", "abuse", "postmaster", "root", "bounces")
            if running.knows(Address(local=local, domain="Example.org"))
        }
        assert {"security", "SECURITY", "abuse", "postmaster"} == known
        assert running.knows(OWN.bounce_address(bounce))
        assert not running.knows(OWN.bounce_address(other))
        assert not running.knows(OWN.bounce_address("x"))
        assert not running.knows(Address(local="security", domain="other.example"))


def test_a_reply_address_exists_when_its_token_is_ours(store: Store) -> None:
    """In any case of letters; a bounce token behind the alias is none, nor the other way round."""
    route = RowId(b"r" * 16)
    reply, bounce = token.mint_reply(KEY, route), token.mint(KEY, "bounce", route)
    with intake(store) as running:
        assert running.knows(OWN.reply_address(reply))
        assert running.knows(OWN.reply_address(reply.upper()))
        assert running.knows(Address(local=f"Security+{reply}", domain="EXAMPLE.org"))
        for wrong in (
            "x",
            "a" * token.REPLY_LENGTH,
            reply[:-1],
            token.mint_reply(b"o" * 32, route),
        ):
            assert not running.knows(OWN.reply_address(wrong))
        assert not running.knows(Address(local=f"security+{bounce}"[:64], domain="example.org"))
        assert not running.knows(OWN.bounce_address(reply))
        assert not running.knows(Address(local=f"abuse+{reply}", domain="example.org"))
        assert not running.knows(Address(local=f"security+{reply}", domain="other.example"))
