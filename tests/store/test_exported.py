"""The exported log: a third person follows it with a short script, and finds what was changed."""

import hashlib
import json
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select, update

from gatekeeper.domain.errors import TheirFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import later
from gatekeeper.store import audit, exported, heads
from gatekeeper.store.engine import Store
from gatekeeper.store.heads import Quoted
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx
from tests.store.samples import NOW
from tests.store.test_heads import execute

ISSUE = RowId(b"i" * 16)
ENTRY = (
    b'{"seq":%b,"at":1,"kind":"x","issue":null,"message":null,"delivery":null,'
    b'"commitment":%b,"digest":%b,"salt":null,"payload":null}'
)


def fill(tx: Tx) -> None:
    """Append five entries, erase the content of the third, and say so with the last."""
    for number in range(1, 6):
        audit.append(
            tx,
            kind="issue noted" if number < 5 else "issue.erased",
            actor="Alice ÿ",
            now=later(NOW, number),
            payload={"n": number, "text": "a \ud800"},
            issue=ISSUE if number % 2 else None,
        )
    third = update(events).where(events.c.seq == 3)
    tx.connection.execute(third.values(salt=None, payload=None))


def export(store: Store) -> list[bytes]:
    """Return the lines of an export."""
    store.write(fill)
    return store.read(lambda tx: list(exported.lines(tx)))


def test_an_export_is_sound_without_database_and_key(store: Store) -> None:
    lines = export(store)
    found = exported.check(lines)
    assert ((), 1) == (found.problems, found.erased)
    assert store.read(audit.head) == found.head
    quoted = [store.read(lambda tx: heads.quoted(tx.codec, audit.head(tx)))]
    assert () == exported.check(lines, map(Quoted.parse, quoted)).problems
    third = json.loads(lines[2])
    assert (3, None, None) == (third["seq"], third["salt"], third["payload"])
    assert {"actor": "Alice ÿ", "payload": {"n": 1, "text": "a \ud800"}} == json.loads(
        json.loads(lines[0])["payload"]
    )


def test_the_documented_script_follows_it(store: Store) -> None:
    """As another program would, from the description alone."""
    previous = hashlib.sha256(b"gatekeeper event log 1").digest()
    for line in export(store)[:-1]:
        entry = json.loads(line)
        text = previous + entry["seq"].to_bytes(8, "big")
        text += entry["at"].to_bytes(8, "big", signed=True)
        kind = entry["kind"].encode()
        text += len(kind).to_bytes(2, "big") + kind
        for name in ("issue", "message", "delivery"):
            part = bytes.fromhex(entry[name] or "")
            text += len(part).to_bytes(2, "big") + part
        text += bytes.fromhex(entry["commitment"])
        previous = hashlib.sha256(text).digest()
        assert entry["digest"] == previous.hex()
        if entry["payload"] is not None:
            content = bytes.fromhex(entry["salt"]) + entry["payload"].encode()
            assert entry["commitment"] == hashlib.sha256(content).hexdigest()


def test_content_removed_without_a_record_is_missed_in_an_export(store: Store) -> None:
    """Whether it was in the database or in the export that it was taken away."""
    lines = export(store)
    for number in (2, 4):
        lines = altered(number, salt=None, payload=None)(lines)
    says = "its content was removed, and no entry says that it was erased"
    found = exported.check(lines)
    assert (f"entry 2: {says}", f"entry 4: {says}") == found.problems
    assert 3 == found.erased


def test_a_damaged_entry_is_marked_and_the_others_are_exported(store: Store) -> None:
    """Whether its salt or its payload is another one, of another entry or none of ours."""
    store.write(fill)
    fourth = store.read(
        lambda tx: tx.connection.execute(select(events).where(events.c.seq == 4)).one()
    )
    for damage in (
        {"payload": fourth.payload},
        {"salt": fourth.salt},
        {"payload": b"none"},
        {"salt": fourth.payload, "payload": fourth.salt},
    ):
        execute(store, update(events).where(events.c.seq == 2).values(**damage))
        damaged: list[int] = []
        lines = store.read(partial(listed, damaged=damaged))
        assert [2] == damaged
        assert 6 == len(lines)
        second = json.loads(lines[1])
        assert (None, None) == (second["salt"], second["payload"])
        assert "has other content than was sealed" in second["damaged"]
        found = exported.check(lines)
        assert ("entry 2 was damaged when it was exported",) == found.problems
        assert 1 == found.erased
        assert "damaged" not in json.loads(lines[0])
        (line,) = store.read(audit.verify)
        assert "entry 2 has other content than was sealed" in line
        assert ["", second["damaged"], ""] == [row.damage for row in store.read(audit.listed)][:3]


def listed(tx: Tx, *, damaged: list[int]) -> list[bytes]:
    """Return the lines of an export of what is there."""
    return list(exported.lines(tx, damaged))


@pytest.mark.parametrize("gone", ["salt", "payload"])
def test_half_a_content_is_damaged(gone: str, store: Store) -> None:
    """The tables refuse it, which whoever owns them can change."""
    store.write(fill)

    def look(tx: Tx) -> str:
        row = tx.connection.execute(select(events).where(events.c.seq == 2)).mappings().one()
        return audit.opened(tx, {**row, gone: None}).damage

    assert "a part of it was removed" in store.read(look)


def altered(number: int, **values: object) -> Callable[[list[bytes]], list[bytes]]:
    """Return a change of one line."""

    def change(lines: list[bytes]) -> list[bytes]:
        changed = json.dumps({**json.loads(lines[number - 1]), **values}).encode()
        return [*lines[: number - 1], changed, *lines[number:]]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (altered(2, kind="other"), "entry 2 does not follow"),
        (altered(2, at=5), "entry 2 does not follow"),
        (altered(2, issue=None, message="00" * 16), "entry 2 does not follow"),
        (altered(2, payload='{"actor":"Bob"}'), "entry 2 has other content"),
        (altered(2, payload=None), "entry 2 holds a salt or a payload alone"),
        (altered(3, salt="00" * 32), "entry 3 holds a salt or a payload alone"),
        (lambda lines: lines[:1] + lines[2:], "entry 2 is missing"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "entry 1 stands behind entry 2"),
        (lambda lines: lines[:2] + lines[1:], "entry 2 stands behind entry 2"),
        (lambda lines: lines[:4] + lines[5:], "does not end in the head of its export"),
        (lambda lines: lines[:5], "was cut off"),
        (lambda lines: lines[:3], "was cut off"),
    ],
)
def test_a_changed_export_is_found(
    change: Callable[[list[bytes]], list[bytes]], said: str, store: Store
) -> None:
    found = exported.check(change(export(store)))
    assert any(said in line for line in found.problems), found.problems


def test_an_export_made_to_end_earlier_is_found_by_a_head_that_was_kept(store: Store) -> None:
    """Whoever exports can leave out the end and write another last line, but not the quoted one."""
    lines = export(store)
    last = exported.check(lines).head
    fourth = json.loads(lines[3])
    cut = [*lines[:4], json.dumps({"head": f"4:{fourth['digest']}"}).encode()]
    # The record of what was erased was in the part that is left out.
    gone = "entry 3: its content was removed, and no entry says that it was erased"
    assert (gone,) == exported.check(cut).problems
    kept = Quoted.parse(f"{last.seq}:{last.digest.hex()}")
    assert (gone, "entry 5 is missing at the end") == exported.check(cut, [kept]).problems
    other = Quoted.parse(f"2:{'0' * 16}")
    (line,) = exported.check(lines, [other]).problems
    assert "entry 2" in line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 200_000,
        b'{"seq":' * 200_000,
        b'{"head": 1}',
        b'{"seq": 1, "at": 1, "kind": "x", "issue": null}',
        ENTRY % (b"-1", b'"00"', b'"00"'),
        ENTRY % (b"1", b"null", b'"00"'),
        ENTRY % (b"1", b'"0"', b'"00"'),
        ENTRY % (b"1", b'"00"', b"null"),
    ],
)
def test_what_is_no_export_is_refused(line: bytes) -> None:
    with pytest.raises(TheirFault):
        exported.check([line])


def test_nothing_follows_the_head(store: Store) -> None:
    lines = export(store)
    with pytest.raises(TheirFault, match="line 7"):
        exported.check([*lines, lines[0]])
