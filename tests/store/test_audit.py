"""The event log: one unbroken chain, whose changed, removed or reordered entries are found."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.store import audit, meta
from gatekeeper.store.audit import Head
from gatekeeper.store.chain import ISSUE_ERASED, KEPT, PIECE_ERASED, digest_after
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import events
from gatekeeper.store.tables import meta as meta_table
from gatekeeper.store.tx import Tx
from tests.store.samples import NOW
from tests.store.tampering import unguarded

ISSUE = RowId(b"i" * 16)
MESSAGE = RowId(b"m" * 16)
DELIVERY = RowId(b"d" * 16)
E = events.c


def append(tx: Tx, number: int = 0) -> Head:
    """Append an entry about the issue."""
    return audit.append(
        tx,
        kind="issue opened",
        actor="Alice ÿ",
        now=later(NOW, number),
        payload={"number": number, "subject": "Overflow \ud800"},
        issue=ISSUE,
        message=MESSAGE if number % 2 else None,
        delivery=DELIVERY if number % 3 else None,
    )


def append_five(tx: Tx) -> Head:
    """Append five entries."""
    return [append(tx, number) for number in range(1, 6)][-1]


def problems(store: Store) -> tuple[str, ...]:
    """Return what verification finds."""
    return store.read(audit.verify)


def test_an_empty_log_is_sound(store: Store) -> None:
    assert () == problems(store)
    assert audit.EMPTY == store.read(audit.head)


def test_entries_come_back_and_the_chain_holds(store: Store) -> None:
    last = store.write(append_five)
    assert 5 == last.seq
    assert last == store.read(audit.head)
    assert () == problems(store)
    rows = store.read(lambda tx: audit.of_issue(tx, ISSUE))
    assert [1, 2, 3, 4, 5] == [row.seq for row in rows]
    assert ("issue opened", "Alice ÿ", later(NOW, 1)) == (rows[0].kind, rows[0].actor, rows[0].at)
    assert {"number": 1, "subject": "Overflow \ud800"} == rows[0].payload
    assert () == store.read(lambda tx: audit.of_issue(tx, RowId(b"o" * 16)))


def test_the_digest_is_the_documented_one(store: Store) -> None:
    """Recomputed here from the rows alone, as another program would."""
    store.write(append_five)
    rows = store.read(lambda tx: tx.connection.execute(select(events).order_by(E.seq)).all())
    digest = hashlib.sha256(b"gatekeeper event log 1").digest()
    for row in rows:
        text = digest + row.seq.to_bytes(8, "big") + row.at.to_bytes(8, "big", signed=True)
        for part in (row.kind.encode(), row.issue, row.message or b"", row.delivery or b""):
            text += len(part).to_bytes(2, "big") + part
        digest = hashlib.sha256(text + row.commitment).digest()
        assert digest == row.digest


Change = Callable[[Tx], Any]


def change(entry: int, /, **values: object) -> Change:
    """Return a change of one entry."""

    def changed(tx: Tx) -> None:
        unguarded(tx)
        tx.connection.execute(update(events).where(E.seq == entry).values(values))

    return changed


def remove(*numbers: int) -> Change:
    """Return a removal of entries."""

    def removed(tx: Tx) -> None:
        unguarded(tx)
        tx.connection.execute(delete(events).where(E.seq.in_(numbers)))

    return removed


def remove_all(tx: Tx) -> None:
    """Remove every entry."""
    unguarded(tx)
    tx.connection.execute(delete(events))


def row(tx: Tx, seq: int) -> dict[str, Any]:
    """Return an entry as it lies."""
    return dict(tx.connection.execute(select(events).where(E.seq == seq)).mappings().one())


def swap(tx: Tx) -> None:
    """Let entries 2 and 3 trade places."""
    second, third = row(tx, 2), row(tx, 3)
    remove(2, 3)(tx)
    tx.connection.execute(insert(events), [second | {"seq": 3}, third | {"seq": 2}])


def swap_payloads(tx: Tx) -> None:
    """Let entries 2 and 3 trade their sealed content."""
    second, third = row(tx, 2), row(tx, 3)
    for seq, other in ((2, third), (3, second)):
        change(seq, payload=other["payload"], salt=other["salt"])(tx)


def close_the_gap(tx: Tx) -> None:
    """Remove entry 3 and number the rest anew."""
    remove(3)(tx)
    change(4, seq=3)(tx)
    change(5, seq=4)(tx)


def add_one(tx: Tx) -> None:
    """Put an entry behind the last one without moving the head."""
    tx.connection.execute(insert(events).values(row(tx, 5) | {"seq": 6}))


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (change(3, kind="issue closed"), "entry 3 does not follow"),
        (change(3, at=NOW), "entry 3 does not follow"),
        (change(3, issue=b"o" * 16), "entry 3 does not follow"),
        (change(3, message=None), "entry 3 does not follow"),
        (change(4, delivery=None), "entry 4 does not follow"),
        (change(3, delivery=b"x" * 16), "entry 3 does not follow"),
        (change(3, commitment=b"c" * 32), "entry 3 does not follow"),
        (change(3, digest=b"c" * 32), "entry 3 does not follow"),
        (change(5, kind="x"), "entry 5 does not follow"),
        (change(3, payload=b"\x01" + bytes(60)), "entry 3 has other content"),
        (remove(1), "entry 1 is missing"),
        (remove(2, 3), "entries 2 to 3 are missing"),
        (remove(5), "entry 5 is missing at the end"),
        (remove_all, "entries 1 to 5 are missing at the end"),
        (swap, "entry 2 does not follow"),
        (swap_payloads, "entry 2 has other content"),
        (close_the_gap, "entry 3 does not follow"),
        (add_one, "entry 6 does not follow"),
    ],
)
def test_tampering_is_found(tamper: Change, said: str, store: Store) -> None:
    store.write(append_five)
    store.write(lambda tx: tamper(tx) and None)
    found = problems(store)
    assert any(said in line for line in found), found


def test_one_change_is_told_once(store: Store) -> None:
    store.write(append_five)
    store.write(lambda tx: change(3, kind="issue closed")(tx) and None)
    assert ("entry 3 does not follow from the one before it",) == problems(store)


def rebuild(tx: Tx) -> None:
    """Rewrite entry 3 and recompute every digest after it, as one who can write the rows would."""
    change(3, kind="nothing happened")(tx)
    digest = row(tx, 2)["digest"]
    for seq in (3, 4, 5):
        digest = digest_after(digest, row(tx, seq))
        change(seq, digest=digest)(tx)


def test_a_chain_rewritten_without_the_master_key_does_not_fit_its_head(store: Store) -> None:
    store.write(append_five)
    store.write(rebuild)
    assert ("the log does not end in its recorded head, entry 5",) == problems(store)


def test_a_head_that_was_replaced_is_not_trusted(store: Store) -> None:
    store.write(append_five)
    query = select(meta_table.c.value).where(meta_table.c.name != meta.CHAIN_HEAD)

    def replace_head(tx: Tx) -> None:
        value = tx.connection.execute(query).scalar_one()
        statement = update(meta_table).where(meta_table.c.name == meta.CHAIN_HEAD)
        tx.connection.execute(statement.values(value=value))

    store.write(replace_head)
    (line,) = problems(store)
    assert "the head of the log cannot be trusted" in line


def erase(store: Store, *numbers: int) -> None:
    """Take the content of entries away, which the database allows."""

    def erased(tx: Tx) -> None:
        query = update(events).where(E.seq.in_(numbers))
        tx.connection.execute(query.values(payload=None, salt=None))

    store.write(erased)


def record(store: Store, kind: str, issue: RowId | None) -> int:
    """Append an entry as one that says what was erased, and return its number."""
    entry = audit.Entry(kind=kind, actor="gatekeeper", payload={"why": "issues"}, issue=issue)
    return store.write(lambda tx: audit.append_all(tx, (entry,), now=NOW)).seq


def removed_alone(*numbers: int) -> tuple[str, ...]:
    """Return what verification says of content that nothing says was erased."""
    says = "its content was removed, and no entry says that it was erased"
    return tuple(f"entry {number}: {says}" for number in numbers)


@pytest.mark.parametrize("kind", [ISSUE_ERASED, PIECE_ERASED])
def test_content_is_erased_without_breaking_the_chain(store: Store, kind: str) -> None:
    """When a later entry of the same issue says so."""
    store.write(append_five)
    erase(store, 3)
    record(store, kind, ISSUE)
    assert () == problems(store)
    third = store.read(lambda tx: audit.of_issue(tx, ISSUE))[2]
    assert (3, "issue opened", None, None) == (third.seq, third.kind, third.actor, third.payload)


@pytest.mark.parametrize(
    ("kind", "issue"),
    [
        (ISSUE_ERASED, RowId(b"o" * 16)),
        (ISSUE_ERASED, None),
        ("mail.erased", ISSUE),
        ("issue noted", ISSUE),
    ],
)
def test_content_that_no_entry_says_was_erased_is_missed(
    kind: str, issue: RowId | None, store: Store
) -> None:
    """Another issue's record does not say it, nor one of mail alone, nor none at all."""
    store.write(append_five)
    erase(store, 3, 5)
    assert removed_alone(3, 5) == problems(store)
    record(store, kind, issue)
    assert removed_alone(3, 5) == problems(store)


def test_content_removed_after_the_record_is_missed(store: Store) -> None:
    store.write(append_five)
    erase(store, 1, 2, 3, 4, 5)
    record(store, ISSUE_ERASED, ISSUE)
    later_one = store.write(append).seq
    assert () == problems(store)
    erase(store, later_one)
    assert removed_alone(later_one) == problems(store)


def test_content_of_an_entry_that_names_no_issue_is_never_erased(store: Store) -> None:
    store.write(append_five)
    alone = record(store, "shell.opened", None)
    record(store, ISSUE_ERASED, None)
    erase(store, alone)
    assert removed_alone(alone) == problems(store)


@pytest.mark.parametrize("kind", KEPT)
def test_the_content_of_a_record_of_erasure_is_never_erased(store: Store, kind: str) -> None:
    store.write(append_five)
    said = record(store, kind, ISSUE)
    record(store, ISSUE_ERASED, ISSUE)
    erase(store, said)
    assert removed_alone(said) == problems(store)


def test_equal_content_has_unequal_commitments(store: Store) -> None:
    """So a commitment tells nothing once its salt is erased."""

    def twice(tx: Tx) -> list[bytes]:
        return [row(tx, append(tx).seq)["commitment"] for _ in range(2)]

    first, second = store.write(twice)
    assert first != second


class Interrupted(Exception):
    """Something that goes wrong after an entry was appended."""


def test_a_rollback_takes_its_entry_with_it(store: Store) -> None:
    store.write(append_five)

    def fail(tx: Tx) -> None:
        append(tx)
        raise Interrupted

    with pytest.raises(Interrupted):
        store.write(fail)
    assert 6 == store.write(append).seq
    assert () == problems(store)


def test_many_who_append_at_once_make_one_chain(
    store: Store, migrated_url: str, codec: Codec
) -> None:
    """Eight threads on two hosts, two entries in each transaction."""
    hosts = [store, Store.open(migrated_url, codec)]

    def append_two(number: int) -> list[int]:
        def work(tx: Tx) -> list[int]:
            return [append(tx, number).seq for _ in range(2)]

        return hosts[number % 2].write(work)

    with ThreadPoolExecutor(max_workers=8) as pool:
        pairs = list(pool.map(append_two, range(40), timeout=60))
    hosts[1].close()
    assert list(range(1, 81)) == sorted(seq for pair in pairs for seq in pair)
    assert all(first + 1 == second for first, second in pairs)
    assert () == problems(store)


def test_instants_before_1970_and_long_kinds_are_chained(store: Store) -> None:
    store.write(lambda tx: audit.append(tx, kind="k" * 64, actor="", now=Instant(-1), payload={}))
    assert () == problems(store)
