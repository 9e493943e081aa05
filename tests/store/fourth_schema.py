"""Rows as the program of schema 0004 wrote them, in what 0003 did not have."""

from sqlalchemy import column, table, update

from gatekeeper.store.tx import Tx
from tests.store.first_schema import ISSUE, insert, seal
from tests.store.samples import NOW, REPORTER

TABLES = {"duties", "processes", "reaffirmations", "scores"}
PROCESS = b".........process"


def fill(tx: Tx) -> None:
    """Run, count what came back, be frozen and told to go on; put the issue on hold."""
    insert(
        tx,
        "processes",
        id=PROCESS,
        name=seal(tx, "processes.name", PROCESS, "{}"),
        roles="inbound outbound",
        key_ids="00",
        started_at=NOW,
        seen_at=NOW,
    )
    insert(tx, "duties", name="clock", holder=PROCESS, term=1, until=NOW)
    address = tx.codec.lookup("address", str(REPORTER).encode())
    insert(
        tx,
        "scores",
        recipient_key=address,
        recipient=seal(tx, "scores.recipient", address, str(REPORTER)),
        points=1,
        counted_at=NOW,
        suspended_at=None,
        updated_at=NOW,
    )
    frozen, person = bytes(32), bytes(31) + b"1"
    name = seal(tx, "reaffirmations.name", frozen + person, "Alice")
    insert(tx, "reaffirmations", frozen_key=frozen, person_key=person, name=name, at=NOW)
    issues = table("issues", column("id"), column("legal_hold"))
    tx.connection.execute(update(issues).where(issues.c.id == ISSUE).values(legal_hold=True))
