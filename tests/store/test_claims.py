"""Leases under pressure: many claimers share the work without overlap, whatever the schedule."""

import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.store import deliveries, letters, marks, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.marks import Held
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.sampling import tries
from tests.store import samples
from tests.store.samples import LEASE, NOW, OTHER, TOKEN

CLAIMERS = 8
ROWS = 40
WAIT = 30


def claim_all(hosts: list[Store], claim: str) -> list[RowId]:
    """Let eight threads on the hosts claim until nothing is left; return all they got."""
    together = threading.Barrier(CLAIMERS)

    def work(number: int) -> list[RowId]:
        token = bytes([number]) * 16
        together.wait(WAIT)
        got: list[RowId] = []
        while True:
            host = hosts[number % len(hosts)]
            ids = host.write(lambda tx: claimed_ids(tx, claim, token))
            if not ids:
                return got
            got.extend(ids)

    with ThreadPoolExecutor(max_workers=CLAIMERS) as pool:
        futures = [pool.submit(work, number) for number in range(CLAIMERS)]
        return [one for future in futures for one in future.result(WAIT)]


def claimed_ids(tx: Tx, claim: str, token: bytes) -> list[RowId]:
    """Claim three of a kind."""
    if claim == "messages":
        return [one.id for one in messages.claim(tx, now=NOW, lease=LEASE, token=token, limit=3)]
    if claim == "letters":
        return list(letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=token, limit=3))
    return [one.id for one in deliveries.claim(tx, now=NOW, lease=LEASE, token=token, limit=3)]


def prepare(tx: Tx, claim: str) -> list[RowId]:
    """Make rows to claim."""
    if claim == "messages":
        return [samples.message(tx, raw=number.to_bytes(2)) for number in range(ROWS)]
    if claim == "letters":
        return [samples.pending(tx).letter for _ in range(ROWS)]
    return [samples.sealed(tx).delivery for _ in range(ROWS)]


@pytest.mark.parametrize("claim", ["messages", "letters", "deliveries"])
def test_eight_claimers_on_two_hosts_share_without_overlap(
    claim: str, store: Store, migrated_url: str, codec: Codec
) -> None:
    made = store.write(lambda tx: prepare(tx, claim))
    hosts = [store, Store.open(migrated_url, codec)]
    got = claim_all(hosts, claim)
    hosts[1].close()
    assert Counter(made) == Counter(got)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_claimer_passes_over_rows_another_is_claiming(store: Store) -> None:
    """It neither waits for the other's transaction nor takes the same rows."""
    made = store.write(lambda tx: prepare(tx, "deliveries"))
    claiming, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> list[RowId]:
        ids = claimed_ids(tx, "deliveries", TOKEN)
        claiming.set()
        assert go_on.wait(WAIT)
        return ids

    with ThreadPoolExecutor(max_workers=1) as pool:
        slow = pool.submit(store.write, slowly)
        assert claiming.wait(WAIT)
        quick = store.write(lambda tx: claimed_ids(tx, "deliveries", OTHER))
        go_on.set()
        taken = slow.result(WAIT)
    assert 3 == len(quick) == len(taken)
    assert not set(quick) & set(taken)
    assert set(made) >= {*quick, *taken}


class Interrupted(Exception):
    """Something that goes wrong after a claim."""


def test_a_claim_rolled_back_never_was(store: Store) -> None:
    store.write(lambda tx: prepare(tx, "messages"))

    def fail(tx: Tx) -> None:
        assert claimed_ids(tx, "messages", TOKEN)
        raise Interrupted

    with pytest.raises(Interrupted):
        store.write(fail)
    again = store.write(
        lambda tx: messages.claim(tx, now=NOW, lease=LEASE, token=OTHER, limit=2 * ROWS)
    )
    assert [1] * ROWS == [one.attempts for one in again]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.integers(0, 2)),
        st.tuples(st.just("record"), st.integers(0, 2), st.sampled_from(Outcome)),
        st.tuples(st.just("release"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
        st.tuples(st.just("retry")),
    ),
    max_size=25,
)


class Model:
    """What must be true of one delivery, kept beside the database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.delivery = store.write(samples.sealed).delivery
        self.now = NOW
        self.holder: int | None = None
        self.delivered = 0

    def claim(self, who: int) -> None:
        """Claim; only when nobody holds it, or the lease has ended, may it be got."""
        before = self.row()
        got = self.store.write(
            lambda tx: deliveries.claim(
                tx, now=self.now, lease=MINUTE, token=bytes([who]) * 16, limit=1
            )
        )
        if got:
            assert before.due_at <= self.now
            assert before.attempts + 1 == got[0].attempts
            self.holder = who
        else:
            assert before.due_at > self.now or before.state in {"delivered", "failed"}

    def record(self, who: int, outcome: Outcome) -> None:
        """Record; only the holder can."""
        before = self.row()
        attempt = Attempt(outcome=outcome, reply="")
        work = partial(
            samples.record,
            delivery=self.delivery,
            token=bytes([who]) * 16,
            attempt=attempt,
            now=self.now,
        )
        if who == self.holder:
            state = self.store.write(work)
            self.holder = None
            self.delivered += state is DeliveryState.DELIVERED
        else:
            assert self.store.write(work) is None
            assert before == self.row()

    def release(self, who: int) -> None:
        """Let go of what was not begun; only the holder can."""
        before = self.row()
        held = Held(delivery=self.delivery, token=bytes([who]) * 16)
        count = self.store.write(lambda tx: marks.release_all(tx, [held], wait=0, now=self.now))
        if who == self.holder:
            self.holder = None
            after = self.row()
            assert (1, before.attempts - 1) == (count, after.attempts)
            assert (DeliveryState.DEFERRED, self.now) == (after.state, after.due_at)
        else:
            assert (0, before) == (count, self.row())

    def row(self) -> deliveries.DeliveryRow:
        """Return the row."""
        found = self.store.read(partial(deliveries.get, delivery=self.delivery))
        assert found is not None
        return found


@tries(40)
@given(plan=steps)
def test_no_schedule_lets_two_record_one_attempt(
    plan: list[tuple[object, ...]], sqlite_template: Path, codec: Codec
) -> None:
    with TemporaryDirectory() as folder:
        path = shutil.copy(sqlite_template, Path(folder) / "x.db")
        store = Store.open(f"sqlite:///{path}", codec)
        try:
            run(Model(store), plan)
        finally:
            store.close()


def run(model: Model, plan: list[tuple[object, ...]]) -> None:
    """Take the steps, and look after each whether the row is what the model says."""
    for step in plan:
        match step:
            case ("claim", int(who)):
                model.claim(who)
            case ("record", int(who), Outcome() as outcome):
                model.record(who, outcome)
            case ("release", int(who)):
                model.release(who)
            case ("wait", int(minutes)):
                model.now = later(model.now, minutes * MINUTE)
            case _:
                retry(model)
        assert (model.holder is not None) == (model.row().state is DeliveryState.CLAIMED)
        assert model.delivered <= 1


def retry(model: Model) -> None:
    """Retry as a person would, which is refused while there is nothing to retry."""
    before = model.row()
    work = partial(deliveries.retry, delivery=model.delivery, now=Instant(model.now))
    if before.state in {"deferred", "in_doubt", "failed"}:
        model.store.write(work)
        assert model.now == model.row().due_at
    else:
        with pytest.raises(Conflict):
            model.store.write(work)
