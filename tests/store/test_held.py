"""Of mail that was kept in its issue, as much is counted as there is."""

from contextlib import closing
from functools import partial
from itertools import islice

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.report import Kind
from gatekeeper.store import held, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.store.samples import LEASE, NOW, TOKEN, issue, message


def kept(tx: Tx, row: RowId, kind: Kind, number: int) -> None:
    made = message(tx, raw=b"Subject: %d\r\n\r\n" % number)
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx, message=made, token=TOKEN, kind=kind, issue=row, summary={}, message_id=None, now=NOW
    )


def test_each_kind_is_counted_in_its_issue(store: Store) -> None:
    one, other = (store.write(issue).id for _ in range(2))
    kinds = (Kind.LOOP, Kind.LOOP, Kind.AUTO_REPLY, Kind.REPORT)
    for number, kind in enumerate(kinds):
        store.write(partial(kept, row=one, kind=kind, number=number))
    wanted = (Kind.LOOP, Kind.AUTO_REPLY)
    assert 3 == store.read(lambda tx: held.count(tx, issue=one, kinds=wanted))
    assert 1 == store.read(lambda tx: held.count(tx, issue=one, kinds=(Kind.REPORT,)))
    assert 0 == store.read(lambda tx: held.count(tx, issue=other, kinds=wanted))


WRITER = Address.parse("wei@team.example")


def wrote(
    tx: Tx,
    row: RowId | None,
    sender: Address,
    number: int,
    at: Instant,
    kind: Kind = Kind.REPLY,
) -> None:
    made = message(tx, raw=b"Subject: %d\r\n\r\n" % number, now=at)
    messages.claim(tx, now=at, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=made,
        token=TOKEN,
        kind=kind if row else Kind.POSTMASTER,
        issue=row,
        summary={"number": number},
        message_id=None,
        sender=sender,
        now=at,
    )


def test_what_one_from_wrote_in_an_issue_comes_newest_first(store: Store) -> None:
    """And in none; a few at a time, however many there are. Mail of other kinds is none of it."""
    one, other = (store.write(issue).id for _ in range(2))
    for number in range(50):
        store.write(partial(wrote, row=one, sender=WRITER, number=number, at=later(NOW, number)))
    others = [
        (one, Address.parse("rae@r.example")),
        (other, WRITER),
        (None, WRITER),
    ]
    for number, (row, sender) in enumerate(others, start=50):
        store.write(partial(wrote, row=row, sender=sender, number=number, at=later(NOW, number)))
    for number, kind in enumerate((Kind.AUTO_REPLY, Kind.LOOP, Kind.BOUNCE, Kind.REPORT), start=53):
        at = later(NOW, number)
        store.write(partial(wrote, row=one, sender=WRITER, number=number, at=at, kind=kind))
    passed_on = (Kind.REPLY, Kind.POSTMASTER)

    def numbers(tx: Tx, row: RowId | None, since: Instant, most: int) -> list[object]:
        mail = held.newest_first(tx, issue=row, sender=WRITER, kinds=passed_on, since=since)
        with closing(mail) as found:
            return [each["number"] for each in islice(found, most)]

    since = later(NOW, 5)
    assert list(range(49, 4, -1)) == store.read(lambda tx: numbers(tx, one, since, 100))
    assert [49, 48] == store.read(lambda tx: numbers(tx, one, since, 2))
    assert [51] == store.read(lambda tx: numbers(tx, other, since, 2))
    assert [52] == store.read(lambda tx: numbers(tx, None, since, 2))
