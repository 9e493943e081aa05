"""Tell ciphertext that was here before, and a Message-ID that another mail already has."""

from collections.abc import Iterator
from dataclasses import dataclass

from gatekeeper.domain.address import Address
from gatekeeper.issues.case import Case
from gatekeeper.store import issues, keys, messages
from gatekeeper.store.messages import Twin
from gatekeeper.store.tx import lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What of a message was here before; `replayed` when another sender had sent it."""

    replayed: bool = False
    remarks: tuple[str, ...] = ()


def listen(case: Case) -> Echo:
    """Compare a message with those handled before it (design: mail, "Reading").

    Whoever sends on another's ciphertext has it opened by us; so that mail gets no automatic
    answer, and the team is told where the ciphertext first came from. It counts the same whether
    the ciphertext is the whole mail or a piece of it, now or then.
    """
    places = dict.fromkeys(_where(case, twin) for twin in _foreign(case))
    remarks = [
        f"REPLAY: the same ciphertext came before{place}, from another sender;"
        " whoever sent this need not know what it says"
        for place in places
    ]
    replayed = bool(remarks)
    message_id = case.reading.mail.message_id
    if message_id is not None and messages.same_message_id(case.tx, message_id):
        remarks.append("a mail with this Message-ID and other content came before; both are kept")
    return Echo(replayed=replayed, remarks=tuple(remarks))


def _foreign(case: Case) -> Iterator[Twin]:
    """Yield, for each ciphertext of a message, the first that came with it from another sender."""
    for digest in sorted(case.reading.ciphertexts):
        # Of two mails handled at once, the second has to see the first.
        lock(case.tx, "ciphertext", digest)
    for digest in case.reading.ciphertexts:
        twins = messages.same_ciphertext(case.tx, digest)
        first = next((twin for twin in twins if not _is_by(case, twin, case.sender)), None)
        if first is not None:
            yield first


def _is_by(case: Case, twin: Twin, sender: Address | None) -> bool:
    known = keys.of_address(case.tx, sender) if sender is not None else b""
    return twin.sender_key == known


def _where(case: Case, twin: Twin) -> str:
    if twin.issue is None:
        return ""
    return f" in {issues.by_row(case.tx, twin.issue).issue_id}"
