"""What is found in a house's store once mail was handled: letters, what was noted, the log."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import Form
from gatekeeper.store import deliveries, issues, messages, tables
from gatekeeper.store.engine import Tx
from tests.house import House

COPY = "team-copy"
ACK = "acknowledgement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One letter as it was written: its kind, its form, and each address that it goes to."""

    kind: str
    form: Form
    automatic: bool
    to: tuple[str, ...]


def written(house: House) -> list[Outgoing]:
    """Return every letter there is, in no order."""

    def read(tx: Tx) -> list[Outgoing]:
        goes: dict[bytes, list[str]] = {}
        for row in deliveries.list_all(tx):
            goes.setdefault(row.letter, []).append(str(row.recipient))
        return [
            Outgoing(
                kind=row.kind,
                form=Form(row.form),
                automatic=row.automatic,
                to=tuple(sorted(goes.get(row.id, ()))),
            )
            for row in tx.connection.execute(select(tables.letters))
        ]

    return house.store.read(read)


def kinds(house: House) -> dict[str, int]:
    """Return how many letters of each kind there are."""
    return dict(Counter(letter.kind for letter in written(house)))


def written_to(house: House, address: str) -> list[str]:
    """Return the kinds of all letters to one address, sorted."""
    return sorted(each.kind for each in written(house) if address in each.to)


def log(house: House) -> list[str]:
    """Return the kind of every entry of the event log, oldest first."""
    query = select(tables.events.c.kind).order_by(tables.events.c.seq)
    return [str(kind) for kind in house.store.read(lambda tx: tx.connection.scalars(query).all())]


def handle_all(house: House) -> None:
    """Take every message that waits through stages 3 to 6; nothing is sealed or sent."""
    while house.inbound.tick():
        pass


def noted(house: House, message: RowId) -> list[str]:
    """Return what the team's copy notes of a message."""
    return _lines(house, message, "problems")


def done(house: House, message: RowId) -> list[str]:
    """Return what the team's copy says was done because of a message."""
    return _lines(house, message, "done")


def _lines(house: House, message: RowId, what: str) -> list[str]:
    row = house.store.read(lambda tx: messages.head(tx, message))
    assert row.summary is not None
    lines = row.summary[what]
    assert isinstance(lines, list)
    return [str(line) for line in lines]


def issue_of(house: House, message: RowId) -> str:
    """Return the id of the issue that a message was placed in, "" when in none."""

    def read(tx: Tx) -> str:
        row = messages.head(tx, message).issue
        return str(issues.by_row(tx, row).issue_id) if row else ""

    return house.store.read(read)
