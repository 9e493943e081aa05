"""Content columns: sealed in their place, long ones in chunks that cannot be moved or lost."""

from itertools import permutations

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.store import fields
from gatekeeper.store.engine import Store
from gatekeeper.store.fields import CHUNK_BYTES
from gatekeeper.store.tables import issues, message_chunks
from gatekeeper.store.tx import Tx

ROW = b"r" * 16
COLUMN = message_chunks.c.data


@pytest.fixture
def dialect() -> str:
    """One database is enough for what never reaches it."""
    return "sqlite"


@pytest.fixture
def tx(store: Store) -> Tx:
    """A transaction's codec; the connection is not used by what is tested here."""
    return store.read(lambda tx: tx)


@pytest.mark.parametrize(
    "text", ["", "plain", "ünïcödé", "nul \x00 and \ud800 a lone surrogate", "\U0001f512"]
)
def test_any_text_comes_back(text: str, tx: Tx) -> None:
    sealed = fields.seal_text(tx, issues.c.subject, ROW, text)
    assert text == fields.unseal_text(tx, issues.c.subject, ROW, sealed)


def test_nothing_is_an_empty_text_and_no_object(tx: Tx) -> None:
    assert "" == fields.unseal_text(tx, issues.c.subject, ROW, None)
    assert fields.unseal_object(tx, issues.c.subject, ROW, None) is None


def test_json_with_hostile_texts_comes_back(tx: Tx) -> None:
    value = {"subject": "\x00\ud800 ü", "list": [1, None, True], "nested": {"a": "b"}}
    sealed = fields.seal_json(tx, issues.c.subject, ROW, value)
    assert value == fields.unseal_object(tx, issues.c.subject, ROW, sealed)


def test_equal_json_has_one_spelling() -> None:
    assert b'{"a":1,"b":"\\u00fc"}' == fields.to_json({"b": "ü", "a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        fields.to_json({"a": float("nan")})


@pytest.mark.parametrize(
    ("size", "chunks"),
    [
        (0, 1),
        (1, 1),
        (CHUNK_BYTES - 1, 1),
        (CHUNK_BYTES, 1),
        (CHUNK_BYTES + 1, 2),
        (3 * CHUNK_BYTES, 3),
    ],
)
def test_chunks_come_back_whole(size: int, chunks: int, tx: Tx) -> None:
    plaintext = bytes(range(256)) * (size // 256) + bytes(size % 256)
    sealed = [data for _, data in fields.seal_chunks(tx, COLUMN, ROW, plaintext)]
    assert chunks == len(sealed)
    assert plaintext == fields.unseal_chunks(tx, COLUMN, ROW, sealed)


def test_chunks_missing_doubled_or_in_another_order_do_not_open(tx: Tx) -> None:
    plaintext = bytes(3 * CHUNK_BYTES)
    sealed = [data for _, data in fields.seal_chunks(tx, COLUMN, ROW, plaintext)]
    other = [data for _, data in fields.seal_chunks(tx, COLUMN, b"o" * 16, plaintext)]
    wrong = [list(order) for order in permutations(sealed) if list(order) != sealed]
    wrong += [[], sealed[:1], sealed[:2], sealed[1:], [*sealed, sealed[2]], [*sealed[:2], other[2]]]
    for chunks in wrong:
        with pytest.raises(OurFault):
            fields.unseal_chunks(tx, COLUMN, ROW, chunks)
