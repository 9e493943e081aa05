"""Paper codes: what people of the team carry on paper for when they have no key, each good once."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select, update

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.store import keys
from gatekeeper.store.procedure import paper_codes
from gatekeeper.store.tx import Tx

_P: Final = paper_codes.c


def add_all(tx: Tx, *, person: Address, codes: Sequence[str], now: Instant) -> None:
    """Keep the look-ups of a person's new codes, in place of all that the person had before."""
    revoke_all(tx, person=person)
    owner = keys.of_address(tx, person)
    rows = [
        {"person_key": owner, "code_key": key, "made_at": now}
        for key in sorted({_key(tx, person, code) for code in codes})
    ]
    if rows:
        tx.connection.execute(insert(paper_codes), rows)


def redeem(tx: Tx, *, person: Address, code: str, now: Instant) -> bool:
    """Use up one of a person's codes; False when it is none of theirs, or was used before."""
    this = (
        _P.person_key == keys.of_address(tx, person),
        _P.code_key == _key(tx, person, code),
        _P.used_at.is_(None),
    )
    return tx.connection.execute(update(paper_codes).where(*this).values(used_at=now)).rowcount > 0


def revoke_all(tx: Tx, *, person: Address) -> int:
    """Make all codes of a person worthless, and return how many were good still."""
    good = left(tx, person)
    tx.connection.execute(delete(paper_codes).where(_P.person_key == keys.of_address(tx, person)))
    return good


def left(tx: Tx, person: Address) -> int:
    """Return how many codes of a person are good still."""
    good = (_P.person_key == keys.of_address(tx, person), _P.used_at.is_(None))
    return tx.connection.scalar(select(func.count()).select_from(paper_codes).where(*good)) or 0


def _key(tx: Tx, person: Address, code: str) -> bytes:
    """Return the look-up of a code; how it is spaced and written makes no other one."""
    plain = "".join(each for each in code.casefold() if each.isalnum())
    return keys.of_word(tx, "paper code", plain, issue=keys.of_address(tx, person))
