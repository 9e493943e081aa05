"""Heads quoted outside: a log that was cut off or set back as a whole is found by them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, select, update

from gatekeeper.domain.errors import TheirFault
from gatekeeper.domain.instants import later
from gatekeeper.store import audit, heads
from gatekeeper.store.chain import EMPTY, Head, digest_after
from gatekeeper.store.engine import Store
from gatekeeper.store.heads import Quoted
from gatekeeper.store.seal import Codec, MasterKey
from gatekeeper.store.tables import events, meta
from gatekeeper.store.tx import Tx
from tests.store.samples import NOW
from tests.store.tampering import unguarded


def append(tx: Tx, count: int = 1) -> Head:
    """Append entries, none like the one before."""
    made = [
        audit.append(tx, kind="noted", actor="Alice", now=later(NOW, n), payload={"n": n})
        for n in range(count)
    ]
    return made[-1]


def execute(store: Store, *statements: Executable) -> None:
    """Change the database behind the store's back."""

    def change(tx: Tx) -> None:
        unguarded(tx)
        for statement in statements:
            tx.connection.execute(statement)

    store.write(change)


def snapshot(tx: Tx) -> tuple[list[dict[str, Any]], bytes]:
    """Return the rows of the log and its sealed head, as whoever reads the database has them."""
    rows = tx.connection.execute(select(events)).mappings()
    head = tx.connection.execute(select(meta.c.value).where(meta.c.name == "chain head"))
    return [dict(row) for row in rows], head.scalar_one()


def put_back(tx: Tx, kept: tuple[list[dict[str, Any]], bytes]) -> None:
    """Set the log back to what it was, with the head of then."""
    unguarded(tx)
    tx.connection.execute(delete(events))
    if kept[0]:
        tx.connection.execute(insert(events), kept[0])
    tx.connection.execute(update(meta).where(meta.c.name == "chain head").values(value=kept[1]))


def found(store: Store, head: str) -> list[str]:
    """Return what a head that somebody kept shows."""
    return store.read(lambda tx: list(heads.problems(tx, Quoted.parse(head))))


@pytest.mark.parametrize("whole", [False, True])
def test_a_head_of_the_log_is_believed(whole: bool, store: Store, codec: Codec) -> None:
    last = store.write(lambda tx: append(tx, 3))
    assert [] == found(store, heads.quoted(codec, last, whole=whole))
    store.write(append)
    assert [] == found(store, heads.quoted(codec, last, whole=whole))
    assert [] == found(store, f"entry {last.seq} : {last.digest.hex().upper()[:16]}")
    assert [] == found(store, heads.quoted(codec, EMPTY))


def test_rows_removed_at_the_end_are_found_though_the_old_head_was_put_back(
    store: Store, codec: Codec
) -> None:
    """The database is sound in itself: only what is kept outside it tells."""
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    last = store.write(lambda tx: append(tx, 2))
    store.write(lambda tx: put_back(tx, kept))
    assert () == store.read(audit.verify)
    (line,) = found(store, heads.quoted(codec, last))
    assert "entries 4 to 5 are missing" in line


def test_a_log_that_went_on_after_it_was_set_back_is_found(store: Store, codec: Codec) -> None:
    store.write(lambda tx: append(tx, 3))
    kept = store.read(snapshot)
    last = store.write(lambda tx: append(tx, 2))
    store.write(lambda tx: put_back(tx, kept))
    store.write(lambda tx: append(tx, 9))
    assert () == store.read(audit.verify)
    (line,) = found(store, heads.quoted(codec, last))
    assert "entry 5" in line


def rewritten(tx: Tx, kind: str) -> None:
    """Write entry 2 anew and chain all after it, as one who knows the code would."""
    unguarded(tx)
    tx.connection.execute(update(events).where(events.c.seq == 2).values(kind=kind))
    digest = EMPTY.digest
    for row in tx.connection.execute(select(events).order_by(events.c.seq)).mappings().all():
        digest = digest_after(digest, row)
        tx.connection.execute(
            update(events).where(events.c.seq == row["seq"]).values(digest=digest)
        )


def test_a_log_written_anew_is_found(store: Store, codec: Codec) -> None:
    last = store.write(lambda tx: append(tx, 3))
    store.write(lambda tx: rewritten(tx, "something else"))
    (line,) = found(store, heads.quoted(codec, last))
    assert "entry 3" in line


@pytest.mark.parametrize(
    "forge",
    [
        lambda head, _: f"{head.seq}:{'0' * 16}:{'0' * 16}",
        lambda head, mac: f"{head.seq + 1}:{head.digest.hex()[:16]}:{mac}",
        lambda head, mac: f"{head.seq}:{'0' * 16}:{mac}",
        lambda head, _: heads.quoted(Codec(MasterKey.generate()), head),
    ],
)
def test_a_head_that_was_never_quoted_is_known_by_its_mac(
    forge: Callable[[Head, str], str], store: Store, codec: Codec
) -> None:
    last = store.write(lambda tx: append(tx, 3))
    (line,) = found(store, forge(last, heads.mac(codec, last)))
    assert "MAC" in line


@pytest.mark.parametrize(
    "text", ["", "entry", "3", "3:", "3:0123", f"3:{'0' * 17}", f"x:{'0' * 16}", f"3:{'g' * 16}"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(TheirFault, match="no head"):
        Quoted.parse(text)
