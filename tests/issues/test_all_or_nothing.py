"""What follows from a message stands or falls together, whatever it is, in both databases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import pytest
from sqlalchemy import Connection, select

from gatekeeper.domain import token
from gatekeeper.domain.report import MessageState
from gatekeeper.inbound.classify import BOUNCE, classify
from gatekeeper.issues.acting import REPLY_LETTER
from gatekeeper.issues.case import Arrival
from gatekeeper.issues.handling import handle
from gatekeeper.issues.key_offers import examined
from gatekeeper.issues.notices import HELD_BACK, NOTICE, RETURNED
from gatekeeper.store import audit, deliveries, letters, messages, requests, tables
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import StaleLease
from tests.house import ALIAS, PEOPLE, House, person_key, uid
from tests.issues.found import ACK, COPY, handle_all, kinds, log
from tests.issues.reports import ANDREA, key_part, multipart, plain, robin_key
from tests.issues.talk import HERE, Talk, a_talk

ROBIN = "robin@research.example"


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    with a_talk(house) as lent:
        yield lent


class Interrupted(Exception):
    """The failure that a test puts between two statements."""


class Failing:
    """A connection that breaks at its n-th statement."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection = connection
        self._left = at

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self._left -= 1
        if self._left < 0:
            raise Interrupted
        return cast("Callable[..., Any]", getattr(self._connection, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that comes in, and what has to be there when it was handled."""

    raw: bytes
    sender: str = ROBIN
    to: str = str(ALIAS)
    written: dict[str, int]
    logged: tuple[str, ...] = ()


def _report(talk: Talk) -> Mail:
    raw = plain(subject="another")
    return Mail(raw=raw, written={COPY: 2, ACK: 2}, logged=("issue.opened", "reporter.answered"))


def _report_with_a_key(talk: Talk) -> Mail:
    content = multipart("mixed", b"\r\nHello.", key_part(robin_key(), talk.pen))
    raw = talk.sealed("", by=None, content=content)
    return Mail(raw=raw, written={COPY: 2, ACK: 2}, logged=("reporter.key_pinned",))


def _reply(talk: Talk) -> Mail:
    raw = plain(subject="SEC-2026-0001", sender=ANDREA)
    return Mail(raw=raw, sender=PEOPLE[0][1], written={COPY: 2, ACK: 1})


def _command(talk: Talk) -> Mail:
    words = f"!SEC-2026-0001@{HERE} own\n!SEC-2026-0001@{HERE} note\nSeen before."
    raw = talk.sealed(words, by=person_key(0), sender=uid(*PEOPLE[0]))
    logged = ("issue.owned", "issue.noted")
    return Mail(raw=raw, sender=PEOPLE[0][1], written={COPY: 2, ACK: 1}, logged=logged)


def _approval(talk: Talk) -> Mail:
    asked = f"!SEC-2026-0001@{HERE} reply clear\nPlease send us your key."
    raw = talk.sealed(asked, by=person_key(0), sender=uid(*PEOPLE[0]))
    talk.house.receive(raw, sender=PEOPLE[0][1])
    handle_all(talk.house)
    (waiting,) = talk.house.store.read(requests.waiting)
    words = f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}"
    raw = talk.sealed(words, by=person_key(1), sender=uid(*PEOPLE[1]))
    written = {COPY: 3, ACK: 1, NOTICE: 1, REPLY_LETTER: 1}
    logged = ("request.approved", "issue.replied")
    return Mail(raw=raw, sender=PEOPLE[1][1], written=written, logged=logged)


def _bounce(talk: Talk) -> Mail:
    house = talk.house
    rows = house.store.read(deliveries.list_all)
    (row,) = [row.id for row in rows if str(row.recipient) == ROBIN]
    to = house.desk.own.bounce_address(token.mint(house.desk.token_key, BOUNCE, row))
    return Mail(raw=plain(), sender="", to=str(to), written={COPY: 1, ACK: 1, RETURNED: 1})


def _automatic_answer(talk: Talk) -> Mail:
    house = talk.house
    issue = talk.issue().id
    copy = house.store.read(lambda tx: letters.first_message_id(tx, issue, kind=COPY))
    raw = plain("Auto-Submitted: auto-replied", f"In-Reply-To: {copy}", sender=ANDREA)
    return Mail(raw=raw, sender=PEOPLE[0][1], written={COPY: 1, ACK: 1, HELD_BACK: 1})


CASES: Final[dict[str, Callable[[Talk], Mail]]] = {
    "a report in clear": _report,
    "a report with a key": _report_with_a_key,
    "a reply of one of the team": _reply,
    "commands": _command,
    "an approval that sends a clear reply": _approval,
    "a bounce": _bounce,
    "an automatic answer": _automatic_answer,
}


def arrival(house: House, lease: bytes = b"l" * 16) -> Arrival:
    """Claim the one message that waits, and read it."""
    ((claimed),) = house.store.write(
        lambda tx: messages.claim(tx, now=house.now, lease=1_000_000, token=lease, limit=1)
    )
    stored = house.store.read(lambda tx: messages.load(tx, claimed.id))
    reading = house.reader.read(stored.raw or b"")
    return Arrival(
        id=claimed.id,
        lease=lease,
        envelope=stored.envelope,
        received_at=stored.received_at,
        reading=reading,
        classified=classify(reading, stored.envelope, house.desk.own, house.desk.token_key),
        offers=examined(house.engine, reading, house.now),
    )


def everything(house: House) -> dict[str, list[str]]:
    """Return every row of every table."""

    def read(tx: Tx) -> dict[str, list[str]]:
        return {
            table.name: sorted(repr(tuple(row)) for row in tx.connection.execute(select(table)))
            for table in tables.metadata.sorted_tables
        }

    return house.store.read(read)


def _is_handled(house: House, arrived: Arrival, at: int) -> bool:
    """Handle a message unless the statement numbered `at` is reached, which fails."""

    def broken(tx: Tx) -> None:
        failing = cast("Connection", Failing(tx.connection, at))
        handle(replace(tx, connection=failing), house.desk, arrived, house.now)

    try:
        house.store.write(broken)
    except Interrupted:
        return False
    return True


@pytest.mark.parametrize("case", CASES)
def test_a_failure_between_any_two_statements_leaves_nothing(talk: Talk, case: str) -> None:
    house = talk.house
    house.receive(plain(subject="the first"))
    handle_all(house)
    mail = CASES[case](talk)
    handled = house.store.read(messages.counts)[MessageState.HANDLED]
    house.receive(mail.raw, sender=mail.sender, to=mail.to)
    arrived = arrival(house)
    before = everything(house)

    at = 0
    while not _is_handled(house, arrived, at):
        assert before == everything(house), at
        at += 1
    assert at > 12
    assert handled + 1 == house.store.read(messages.counts)[MessageState.HANDLED]
    assert mail.written == kinds(house)
    assert {*mail.logged, "message.handled"} <= set(log(house))
    assert () == house.store.read(audit.verify)


def test_a_lease_that_was_taken_over_writes_nothing(house: House) -> None:
    """Neither a second copy nor a second acknowledgement."""
    house.receive(plain())
    late = arrival(house, b"a" * 16)
    house.pass_time(2_000_000)
    owner = arrival(house, b"b" * 16)
    before = everything(house)
    with pytest.raises(StaleLease):
        house.store.write(lambda tx: handle(tx, house.desk, late, house.now))
    assert before == everything(house)
    house.store.write(lambda tx: handle(tx, house.desk, owner, house.now))
    after = everything(house)
    with pytest.raises(StaleLease):
        house.store.write(lambda tx: handle(tx, house.desk, owner, house.now))
    assert after == everything(house)
    assert {COPY: 1, ACK: 1} == kinds(house)
