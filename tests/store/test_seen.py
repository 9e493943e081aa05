"""Commands seen: one time is the first, whoever asks at once, and whatever is rolled back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.store import seen
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import NOW

DIGEST = bytes(range(32))
WAIT = 30


def first_time(store: Store, message: RowId, digest: bytes = DIGEST) -> bool:
    """Ask whether the digest is new."""
    return store.write(lambda tx: seen.first_time(tx, digest=digest, message=message, now=NOW))


def test_a_command_is_new_once(store: Store) -> None:
    one = store.write(samples.message)
    other = store.write(lambda tx: samples.message(tx, raw=b"the same, wrapped anew"))
    assert [True, False, False] == [first_time(store, message) for message in (one, one, other)]
    assert first_time(store, one, DIGEST[::-1])


def test_a_command_is_seen_in_a_message(store: Store) -> None:
    with pytest.raises(OurFault):
        first_time(store, RowId(bytes(16)))
    assert first_time(store, store.write(samples.message))


def test_of_several_hosts_that_ask_at_once_one_is_first(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    message = store.write(samples.message)
    together = threading.Barrier(4)

    def ask(_number: int) -> bool:
        host = Store.open(migrated_url, codec)
        try:
            together.wait(WAIT)
            return first_time(host, message)
        finally:
            host.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert 1 == sum(pool.map(ask, range(4), timeout=WAIT))


class Interrupted(Exception):
    """Something that goes wrong after the question."""


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("fails", [True, False])
def test_who_asks_second_is_told_what_came_of_the_first(*, fails: bool, store: Store) -> None:
    """Nothing is lost when the first one is rolled back, and nothing done twice when it is not."""
    message = store.write(samples.message)
    asked, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> bool:
        first = seen.first_time(tx, digest=DIGEST, message=message, now=NOW)
        asked.set()
        assert go_on.wait(WAIT)
        if fails:
            raise Interrupted
        return first

    with ThreadPoolExecutor(max_workers=2) as pool:
        slow = pool.submit(store.write, slowly)
        assert asked.wait(WAIT)
        second = pool.submit(first_time, store, message)
        with pytest.raises(TimeoutError):
            second.result(0.5)
        go_on.set()
        assert fails is second.result(WAIT)
        if fails:
            with pytest.raises(Interrupted):
                slow.result(WAIT)
        else:
            assert slow.result(WAIT)
