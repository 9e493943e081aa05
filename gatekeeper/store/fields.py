"""Content columns: bytes, texts, JSON values and long bytes in chunks, sealed in their place."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from sqlalchemy import Column

from gatekeeper.domain.errors import OurFault
from gatekeeper.store.seal import Place
from gatekeeper.store.tx import Tx

CHUNK_BYTES: Final = 1024 * 1024

Sealable = Column[bytes] | Column[bytes | None] | Column[Any]


def seal(tx: Tx, column: Sealable, row: bytes, plaintext: bytes | memoryview) -> bytes:
    """Return `plaintext` sealed for that column of the row with that primary key."""
    return tx.codec.seal(place(column, row), plaintext)


def unseal(tx: Tx, column: Sealable, row: bytes, sealed: bytes) -> bytes:
    """Return what `seal` sealed for that column and row, else OurFault."""
    return tx.codec.open(place(column, row), sealed)


def seal_text(tx: Tx, column: Sealable, row: bytes, text: str) -> bytes:
    """Return any text sealed, lone surrogates included."""
    return seal(tx, column, row, text.encode("utf-8", "surrogatepass"))


def unseal_text(tx: Tx, column: Sealable, row: bytes, sealed: bytes | None) -> str:
    """Return the text that `seal_text` sealed, "" for NULL."""
    if sealed is None:
        return ""
    return unseal(tx, column, row, sealed).decode("utf-8", "surrogatepass")


def to_json(value: object) -> bytes:
    """Return the one JSON spelling of `value`: ASCII, sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def seal_json(tx: Tx, column: Sealable, row: bytes, value: object) -> bytes:
    """Return a JSON value sealed."""
    return seal(tx, column, row, to_json(value))


def unseal_json(tx: Tx, column: Sealable, row: bytes, sealed: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON value that `seal_json` sealed."""
    return json.loads(unseal(tx, column, row, sealed))


def unseal_object(
    tx: Tx, column: Sealable, row: bytes, sealed: bytes | None
) -> dict[str, object] | None:
    """Return the JSON object that `seal_json` sealed, None for NULL."""
    if sealed is None:
        return None
    return cast("dict[str, object]", unseal_json(tx, column, row, sealed))


def seal_chunks(
    tx: Tx, column: Sealable, row: bytes, plaintext: bytes
) -> Iterator[tuple[int, bytes]]:
    """Yield number and sealed bytes of each MiB; the place names number and end.

    So chunks that are missing, doubled or out of order do not open.
    """
    view = memoryview(plaintext)
    last = max(0, (len(view) - 1) // CHUNK_BYTES)
    for seq in range(last + 1):
        part = view[seq * CHUNK_BYTES : (seq + 1) * CHUNK_BYTES]
        yield seq, seal(tx, column, chunk_row(row, seq, end=seq == last), part)


def unseal_chunks(tx: Tx, column: Sealable, row: bytes, chunks: Iterable[bytes]) -> bytes:
    """Return what `seal_chunks` sealed from all its chunks in order."""
    rows = list(chunks)
    if not rows:
        raise OurFault(
            f"the content of {column.table.name} is missing",
            remedy="run `gatekeeper doctor`; restore the database from a backup",
        )
    last = len(rows) - 1
    return b"".join(
        unseal(tx, column, chunk_row(row, seq, end=seq == last), data)
        for seq, data in enumerate(rows)
    )


def chunk_row(row: bytes, seq: int, *, end: bool) -> bytes:
    """Return the row of a chunk: whose it is, its number, and whether it is the last one."""
    return row + seq.to_bytes(4) + bytes([end])


def place(column: Sealable, row: bytes) -> Place:
    """Return where a value of that column and row belongs."""
    return Place(table=column.table.name, column=column.name, row=row)
