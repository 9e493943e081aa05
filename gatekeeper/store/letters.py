"""Letters: what we write, kept once for all recipients, and the shared packet once sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, exists, func, insert, select, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Form
from gatekeeper.store import claims, fields, keys
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import deliveries, letter_chunks, letters
from gatekeeper.store.tx import Tx

_L: Final = letters.c
_WHAT: Final = "letter"
_SHARED_OCTETS: Final = select(func.sum(func.length(letter_chunks.c.data))).where(
    letter_chunks.c.letter == bindparam("of"), letter_chunks.c.part == "shared"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """A letter to be kept: `plaintext` is what gets encrypted, the frame what goes around it.

    `message` is the message it passes on, if any · `kind` one word for people · `summary` JSON ·
    `form` how it goes out · `automatic` whether it answers without a person's doing.
    """

    issue: RowId | None
    message: RowId | None
    kind: str
    message_id: str
    plaintext: bytes
    frame_head: bytes
    frame_tail: bytes
    summary: Mapping[str, object]
    form: Form = Form.SEALED
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterHead:
    """A letter without its content; `sealed_at` None means that it has no shared packet yet.

    `erased_at` when its content was erased, None while it is kept.
    """

    id: RowId
    issue: RowId | None
    message: RowId | None
    kind: str
    message_id: str
    summary: Mapping[str, object]
    created_at: Instant
    sealed_at: Instant | None
    form: Form
    automatic: bool
    erased_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A letter with its content, which is empty once it was erased.

    `shared` is the encrypted data packet, or the whole message of a letter that goes in clear;
    None before sealing.
    """

    id: RowId
    issue: RowId | None
    message: RowId | None
    message_id: str
    plaintext: bytes
    frame_head: bytes
    frame_tail: bytes
    shared: bytes | None
    form: Form
    automatic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a letter's deliveries have in common on the wire: frame and shared packet.

    Of a letter that goes in clear, `shared` is the whole message.
    """

    frame_head: bytes
    frame_tail: bytes
    shared: bytes | None
    form: Form
    automatic: bool


def add(tx: Tx, letter: NewLetter, *, now: Instant) -> RowId:
    """Keep a letter; its Message-ID must be new."""
    made = keys.new_id()
    values = {
        "id": made,
        "issue": letter.issue,
        "message": letter.message,
        "kind": letter.kind,
        "message_id": fields.seal_text(tx, _L.message_id, made, letter.message_id),
        "message_id_key": keys.of_message_id(tx, letter.message_id),
        "frame_head": fields.seal(tx, _L.frame_head, made, letter.frame_head),
        "frame_tail": fields.seal(tx, _L.frame_tail, made, letter.frame_tail),
        "summary": fields.seal_json(tx, _L.summary, made, letter.summary),
        "created_at": now,
        "due_at": now,
        "form": letter.form,
        "automatic": letter.automatic,
    }
    tx.connection.execute(insert(letters).values(values))
    _write_part(tx, made, "plaintext", letter.plaintext)
    return made


def claim_unsealed(
    tx: Tx, *, now: Instant, lease: int, token: bytes, limit: int
) -> tuple[RowId, ...]:
    """Claim up to `limit` letters that have pending deliveries, oldest first.

    A letter held under a lease (microseconds) that has not ended is left alone.
    """
    pending = exists().where(
        deliveries.c.letter == _L.id, deliveries.c.state == DeliveryState.PENDING
    )
    rows = claims.claim(
        tx, letters, ready=pending, values={}, now=now, lease=lease, token=token, limit=limit
    )
    oldest = sorted(rows, key=lambda row: (row["created_at"], row["id"]))
    return tuple(row_id(row["id"]) for row in oldest)


def load(tx: Tx, letter: RowId) -> LetterRow:
    """Return the letter with its plaintext; Conflict when there is no such row."""
    row = _row(tx, letter)
    plaintext = _read_part(tx, letter, "plaintext") if row.erased_at is None else b""
    return LetterRow(
        id=letter,
        issue=row_id(row.issue) if row.issue is not None else None,
        message=row_id(row.message) if row.message is not None else None,
        message_id=fields.unseal_text(tx, _L.message_id, letter, row.message_id),
        plaintext=plaintext,
        frame_head=fields.unseal(tx, _L.frame_head, letter, row.frame_head),
        frame_tail=fields.unseal(tx, _L.frame_tail, letter, row.frame_tail),
        shared=_shared(tx, row),
        form=Form(row.form),
        automatic=row.automatic,
    )


def frame(tx: Tx, letter: RowId) -> Frame:
    """Return what sending needs of the letter, without the plaintext."""
    row = _row(tx, letter)
    return Frame(
        frame_head=fields.unseal(tx, _L.frame_head, letter, row.frame_head),
        frame_tail=fields.unseal(tx, _L.frame_tail, letter, row.frame_tail),
        shared=_shared(tx, row),
        form=Form(row.form),
        automatic=row.automatic,
    )


def kind_of(tx: Tx, letter: RowId) -> str:
    """Return what the letter is, such as `copy`; Conflict when there is no such row."""
    return str(_row(tx, letter).kind)


def sent_size(tx: Tx, letter: RowId) -> int:
    """Return about how many bytes a copy of the letter has on the wire, 0 when it is not ready."""
    # base64 and its line ends
    return (tx.connection.scalar(_SHARED_OCTETS, {"of": letter}) or 0) * 7 // 5


def sealed(tx: Tx, *, letter: RowId, token: bytes, shared: bytes, now: Instant) -> None:
    """Keep the shared packet and let go of the letter.

    StaleLease when `token` is not the row's; Conflict when it has a shared packet already, which
    must stay as it is for the deliveries sealed with it, and when the letter goes in clear.
    """
    _finish(tx, letter=letter, token=token, shared=shared, clear=False, now=now)


def keep(tx: Tx, *, letter: RowId, token: bytes, content: bytes, now: Instant) -> None:
    """Keep the composed message of a letter that goes in clear, and let go of the letter.

    StaleLease when `token` is not the row's; Conflict when it was kept already, for a message is
    tried again with the same bytes, and when the letter is one to be sealed.
    """
    _finish(tx, letter=letter, token=token, shared=content, clear=True, now=now)


def release(tx: Tx, *, letter: RowId, token: bytes, due_at: Instant) -> None:
    """Let go of the letter without a shared packet; claimable again from `due_at`.

    StaleLease when `token` is not the row's.
    """
    claims.held(tx, letters, letter, token=token, what=_WHAT)
    statement = update(letters).where(_L.id == letter).values(lease=None, due_at=due_at)
    tx.connection.execute(statement)


def release_leases(tx: Tx) -> int:
    """Make claimed letters due at once, for a start-up that is the only process; how many."""
    return claims.end_leases(tx, letters)


def sent_to(tx: Tx, *, message_ids: Sequence[str], recipient: Address) -> RowId | None:
    """Return the issue of a letter with one of these Message-IDs that went to `recipient`.

    The latest such letter counts; None when there is none.
    """
    wanted = [keys.of_message_id(tx, message_id) for message_id in message_ids]
    query = (
        select(_L.issue)
        .join(deliveries, deliveries.c.letter == _L.id)
        .where(
            _L.message_id_key.in_(wanted),
            _L.issue.is_not(None),
            deliveries.c.recipient_key == keys.of_address(tx, recipient),
        )
        .order_by(_L.created_at.desc(), _L.id)
        .limit(1)
    )
    found = tx.connection.scalar(query)
    return row_id(found) if found is not None else None


def known_message_id(tx: Tx, message_id: str) -> RowId | None:
    """Return the letter of ours that has this Message-ID, or None."""
    query = select(_L.id).where(_L.message_id_key == keys.of_message_id(tx, message_id))
    found = tx.connection.scalar(query)
    return row_id(found) if found is not None else None


def first_message_id(tx: Tx, issue: RowId, *, kind: str) -> str | None:
    """Return the Message-ID of the issue's oldest letter of a kind, or None.

    What the team reads hangs from one letter, and no other audience ever sees its Message-ID.
    """
    query = select(_L.id, _L.message_id).where(_L.issue == issue, _L.kind == kind)
    first = tx.connection.execute(query.order_by(_L.created_at, _L.id).limit(1)).one_or_none()
    if first is None:
        return None
    return fields.unseal_text(tx, _L.message_id, first.id, first.message_id)


def of_issue(tx: Tx, issue: RowId) -> tuple[LetterHead, ...]:
    """Return the issue's letters without content, oldest first."""
    query = select(letters).where(_L.issue == issue).order_by(_L.created_at, _L.id)
    return tuple(_head(tx, row) for row in tx.connection.execute(query))


def has_kind(tx: Tx, *, issue: RowId, kind: str) -> bool:
    """Say whether the issue has a letter of that kind."""
    return _any(tx, select(_L.id).where(_L.issue == issue, _L.kind == kind))


def automatic_to(tx: Tx, *, recipient: Address, since: Instant) -> int:
    """Return how many automatic letters were written to `recipient` at or after `since`."""
    query = (
        select(func.count())
        .select_from(letters.join(deliveries, deliveries.c.letter == _L.id))
        .where(
            deliveries.c.recipient_key == keys.of_address(tx, recipient),
            deliveries.c.created_at >= since,
            _L.automatic,
        )
    )
    return tx.connection.scalar(query) or 0


def automatic_since(tx: Tx, since: Instant) -> int:
    """Return how many automatic letters were written at or after `since`."""
    query = select(func.count()).select_from(letters)
    return tx.connection.scalar(query.where(_L.automatic, _L.created_at >= since)) or 0


def answered(tx: Tx, *, issue: RowId, recipient: Address) -> bool:
    """Say whether an automatic letter of this issue went to `recipient`."""
    query = (
        select(_L.id)
        .join(deliveries, deliveries.c.letter == _L.id)
        .where(
            _L.issue == issue,
            _L.automatic,
            deliveries.c.recipient_key == keys.of_address(tx, recipient),
        )
    )
    return _any(tx, query)


def _any(tx: Tx, query: Select[Any]) -> bool:
    return tx.connection.execute(query.limit(1)).first() is not None


def _finish(
    tx: Tx, *, letter: RowId, token: bytes, shared: bytes, clear: bool, now: Instant
) -> None:
    row = claims.held(tx, letters, letter, token=token, what=_WHAT)
    if row.sealed_at is not None:
        raise Conflict("the letter is sealed already", remedy="seal for that delivery alone")
    if clear == (Form(row.form) is Form.SEALED):
        raise Conflict("the letter goes out in another form")
    _write_part(tx, letter, "shared", shared)
    values = {"sealed_at": now, "lease": None, "due_at": now}
    tx.connection.execute(update(letters).where(_L.id == letter).values(values))


def _head(tx: Tx, row: Row[Any]) -> LetterHead:
    return LetterHead(
        id=row_id(row.id),
        issue=row_id(row.issue) if row.issue is not None else None,
        message=row_id(row.message) if row.message is not None else None,
        kind=row.kind,
        message_id=fields.unseal_text(tx, _L.message_id, row.id, row.message_id),
        summary=fields.unseal_json(tx, _L.summary, row.id, row.summary),
        created_at=Instant(row.created_at),
        sealed_at=Instant(row.sealed_at) if row.sealed_at is not None else None,
        form=Form(row.form),
        automatic=row.automatic,
        erased_at=Instant(row.erased_at) if row.erased_at is not None else None,
    )


def _row(tx: Tx, letter: RowId) -> Row[Any]:
    found = tx.connection.execute(select(letters).where(_L.id == letter)).one_or_none()
    if found is None:
        raise Conflict("there is no such letter")
    return found


def _shared(tx: Tx, row: Row[Any]) -> bytes | None:
    if row.sealed_at is None or row.erased_at is not None:
        return None
    return _read_part(tx, row_id(row.id), "shared")


def _write_part(tx: Tx, letter: RowId, part: str, plaintext: bytes) -> None:
    row = letter + part.encode()
    for seq, data in fields.seal_chunks(tx, letter_chunks.c.data, row, plaintext):
        tx.connection.execute(
            insert(letter_chunks).values(letter=letter, part=part, seq=seq, data=data)
        )


def _read_part(tx: Tx, letter: RowId, part: str) -> bytes:
    query = (
        select(letter_chunks.c.data)
        .where(letter_chunks.c.letter == letter, letter_chunks.c.part == part)
        .order_by(letter_chunks.c.seq)
    )
    row = letter + part.encode()
    return fields.unseal_chunks(tx, letter_chunks.c.data, row, tx.connection.scalars(query))
