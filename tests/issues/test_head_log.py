"""The head of the log is written to the service's log once a day, for the whole installation."""

import logging

import pytest

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, later
from gatekeeper.issues.head_log import HeadLog
from gatekeeper.store import audit, heads
from gatekeeper.store.engine import Store
from gatekeeper.store.heads import Quoted
from gatekeeper.store.seal import Codec
from tests.house import START


def test_once_a_day_by_whichever_process_and_after_a_time_of_rest(
    store: Store, codec: Codec, caplog: pytest.LogCaptureFixture
) -> None:
    """START is at noon; the day is the one of UTC."""
    caplog.set_level(logging.INFO, logger="gatekeeper.audit")
    moment = START
    logs = [HeadLog(store=store, now=lambda: moment) for _ in range(2)]
    made: list[int] = []
    steps = (0, 0, HOUR, 10 * HOUR + 59 * MINUTE, HOUR, MINUTE, 9 * DAY)
    for number, step in enumerate(steps):
        moment = Instant(later(moment, step))
        made.append(logs[number % 2].tick())
    assert [1, 0, 0, 0, 1, 0, 1] == made
    assert 3 == len(caplog.records)
    head = store.read(audit.head)
    assert heads.quoted(codec, head, whole=True) in caplog.messages[0]


def test_the_line_can_be_given_to_verify_as_it_stands(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="gatekeeper.audit")
    store.write(lambda tx: audit.append(tx, kind="x", actor="y", now=START, payload={}))
    assert 1 == HeadLog(store=store, now=lambda: START).tick()
    kept = Quoted.parse(caplog.messages[0].removeprefix("the event log ends with "))
    assert [] == store.read(lambda tx: list(heads.problems(tx, kept)))
