"""Issues that are closed and erased in a house, and what of them is left."""

from dataclasses import replace

from sqlalchemy import select, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY
from gatekeeper.domain.policy import RetentionPolicy
from gatekeeper.issues.retention import Retention
from gatekeeper.store import (
    audit,
    issues,
    letters,
    messages,
    scores,
    tables,
)
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tables import ISSUE_STATES, OPEN_STATES, SEALED
from tests.house import House
from tests.issues.bounced import bounce, latest_to, report
from tests.issues.reports import plain

ROBIN = "robin@research.example"
YEAR = 365 * DAY
CLOSED = tuple(state for state in ISSUE_STATES if state not in OPEN_STATES)


def retention(house: House, **terms: int | None) -> Retention:
    policy = replace(house.desk.policy, retention=RetentionPolicy(**terms))
    return Retention(store=house.store, policy=policy, now=house.clock)


def erase_all(house: House, **terms: int | None) -> int:
    """Erase until nothing is left to, and return how many rows that were."""
    erased, tick = 0, retention(house, **terms).tick
    while done := tick():
        erased += done
    return erased


def a_case(house: House, number: int = 1, *, scored: bool = False) -> IssueRow:
    """Have an issue whose letters were delivered, one of which came back; its score if wanted."""
    before = house.store.read(issues.list_all)
    house.pass_time(1)
    raw = plain(subject=f"Finding {number}", message_id=f"<{number}@r.example>")
    house.receive(raw, sender=ROBIN)
    house.settle()
    house.collect()
    bounce(house, latest_to(house, ROBIN).id, report(subject=f"came back {number}"))
    house.settle()
    house.collect()
    if not scored:
        house.store.write(lambda tx: scores.drop(tx, Address.parse(ROBIN)))
    (made,) = [row for row in house.store.read(issues.list_all) if row.id not in _ids(before)]
    return made


def _ids(rows: tuple[IssueRow, ...]) -> set[RowId]:
    return {row.id for row in rows}


def close(house: House, issue: RowId, state: str = "disclosed") -> None:
    """End an issue, as the command that does it will."""
    values = {"state": state, "updated_at": house.now}
    statement = update(tables.issues).where(tables.issues.c.id == issue).values(values)

    def write(tx: Tx) -> None:
        tx.connection.execute(statement)

    house.store.write(write)


def kept(house: House, issue: RowId) -> tuple[int, int]:
    """Return how many messages and letters of an issue still have their content."""
    found = house.store.read(lambda tx: messages.of_issue(tx, issue))
    written = house.store.read(lambda tx: letters.of_issue(tx, issue))
    return sum(row.erased_at is None for row in found), sum(
        row.erased_at is None for row in written
    )


def entries(house: House, issue: RowId | None, kind: str) -> list[object]:
    """Return the payloads of the entries of a kind, of any issue when none is given."""
    if issue is not None:
        found = house.store.read(lambda tx: audit.of_issue(tx, issue))
        return [entry.payload for entry in found if entry.kind == kind]
    query = select(tables.events.c.seq).where(tables.events.c.kind == kind)
    return list(house.store.read(lambda tx: tx.connection.scalars(query).all()))


def sound(house: House) -> bool:
    return house.store.read(audit.verify) == ()


def blobs(tx: Tx) -> dict[str, set[bytes]]:
    """Return what stands in each sealed column, by table and column."""
    found = {}
    for column in SEALED:
        values = tx.connection.scalars(select(column)).all()
        found[str(column)] = {bytes(value) for value in values if value is not None}
    return found


STAYS = {
    "letters.message_id": "random, and no host names of people",
    "meta.value": "no issue's",
    "events.salt": "of the entries that say what was erased, and those of no issue",
    "events.payload": "likewise",
    "deliveries.reason": "there is none but of blocked ones, which wait",
}
