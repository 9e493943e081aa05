"""What became of the copies of a message or letter, in words; trouble apart, one by one."""

from collections.abc import Iterable, Sequence
from typing import Final

from gatekeeper.cli.screen import counted, listed
from gatekeeper.cli.turns import TROUBLE
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.instants import spoken
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.store.deliveries import DeliveryRow

_WORDS: Final = {
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.CLAIMED: "being sent",
    DeliveryState.SEALED: "waiting to be sent",
    DeliveryState.PENDING: "waiting to be encrypted",
    DeliveryState.DEFERRED: "to be tried again",
}

_TAKEN: Final = frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED})

_FORMS: Final = {
    Form.SEALED: "encrypted",
    Form.CLEAR_FORM: "in clear: a fixed text, without a word of the report",
    Form.CLEAR_REPLY: "in clear: free text that a second person confirmed",
}


def fates(rows: Sequence[DeliveryRow]) -> str:
    """Return how many copies are where, in one line; of a single one that arrived also when."""
    if len(rows) == 1 and rows[0].state is DeliveryState.DELIVERED:
        return f"delivered {spoken(rows[0].updated_at)}"
    parts = []
    for state, words in _WORDS.items():
        count = sum(row.state is state for row in rows)
        if count:
            every = "all " if count == len(rows) > 1 else ""
            parts.append(f"{every}{count} {words}")
    if count := sum(row.state in TROUBLE for row in rows):
        parts.append(f"{count} in trouble")
    return listed(parts)


def troubles(rows: Iterable[DeliveryRow]) -> list[str]:
    """Return a line for each copy that did not get through, with the reason."""
    return [trouble(row) for row in rows if row.state in TROUBLE]


def delays(rows: Iterable[DeliveryRow]) -> list[str]:
    """Return a line for each copy that is tried again by itself: when, and why."""
    return [delay(row) for row in rows if row.state is DeliveryState.DEFERRED]


def trouble(row: DeliveryRow) -> str:
    """Return how one copy stands, and why."""
    return _why(row, str(row.state).replace("_", " "))


def delay(row: DeliveryRow) -> str:
    """Return when one copy is tried again, and why."""
    return _why(row, f"tries again at {spoken(row.due_at)},")


def _why(row: DeliveryRow, state: str) -> str:
    said = f"{row.recipient}: {state}"
    if row.attempts:
        said += f" after {counted(row.attempts, 'try', 'tries')}"
    why = reason(row)
    return f"{said}, {why}" if why else said


def reason(row: DeliveryRow) -> str:
    """Return why a delivery stands as it does: what came back, else what the relay said last.

    What a bounce said counts of what the relay had taken, until it is tried again.
    """
    came = row.returned
    if row.reason or came is None or row.state not in _TAKEN or came["attempts"] != row.attempts:
        return row.reason or row.reply
    said = " ".join(str(came[name]) for name in ("status", "diagnostic") if came[name])
    how = "it came back" if row.state is DeliveryState.FAILED else f"report: {came['meaning']}"
    return f"{how}, {said}" if said else how


def form_words(form: Form, rows: Sequence[DeliveryRow]) -> str:
    """Return in which form a letter goes out; encrypted to one, to which key."""
    words = _FORMS[form]
    if form is Form.SEALED and len(rows) == 1 and rows[0].fingerprints:
        return f"{words} to {listed(spaced(key) for key in rows[0].fingerprints)}"
    return words
