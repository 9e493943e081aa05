"""What is believed of others' text that poses as gpg's status: nothing, wherever it stands."""

from collections.abc import Iterable
from typing import Final

from gatekeeper.domain.protection import UnreadableReason
from tests.pgp import crafting
from tests.pgp.believing import CONTENT, LINE_BREAKS, People, claims
from tests.pgp.crafting import literal
from tests.pgp.decisions import Case, Maker, cases, closed, inside, opened


def _texts(name: str, end: bytes) -> Iterable[Case]:
    """Return cases for all places of foreign text, with lines that end so in it."""

    def text(people: People) -> bytes:
        return end.join([b"text", *claims(people.person.fingerprint)])

    def forged(people: People, covered: bytes = CONTENT) -> bytes:
        return people.forgers[name].signed(CONTENT, covered=covered)

    def saying(kind: int) -> Maker:
        return lambda p: p.second.signed(CONTENT, more=crafting.subpacket(kind, text(p)))

    notation = inside(
        lambda p: p.second.signed(CONTENT, more=crafting.notation(b"n@example.org", text(p)))
    )
    named = inside(
        lambda p: p.second.signed(CONTENT, more=crafting.notation(text(p)[:200], b"value"))
    )
    good = opened("good by second")
    rows: list[tuple[str, str, Maker]] = [
        ("in a user ID, good", opened(f"good by forger {name}"), inside(forged)),
        ("in a user ID, bad", opened("bad"), inside(lambda p: forged(p, b"other"))),
        (
            "in a user ID, integrity check wrong",
            closed(UnreadableReason.NO_INTEGRITY),
            lambda p: p.session.protected(forged(p), mdc=b""),
        ),
        ("in a notation", good, notation),
        ("in the name of a notation", good, named),
        ("in a policy URL", good, inside(saying(26))),
        ("in a signer's user ID", good, inside(saying(28))),
        ("in a preferred key server", good, inside(saying(24))),
        (
            "in a file name",
            opened("unsigned"),
            inside(lambda p: literal(CONTENT, name=text(p)[:255])),
        ),
        (
            "in a file name, integrity check missing",
            closed(UnreadableReason.NO_INTEGRITY),
            lambda p: p.session.protected(literal(CONTENT, name=text(p)[-255:]), mdc=b""),
        ),
    ]
    return cases(*((f"status text {where}, {name}", told, make) for where, told, make in rows))


TEXTS: Final = tuple(case for name, end in LINE_BREAKS.items() for case in _texts(name, end))
"""Decisions about text of others that poses as gpg's status."""
