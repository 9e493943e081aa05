"""What is believed of signatures and of the keys that made them: each decision a case."""

from dataclasses import replace
from typing import Final

from tests.pgp.believing import CONTENT, MADE, YEAR
from tests.pgp.crafting import compressed, literal
from tests.pgp.decisions import cases, inside, opened

_WEAK: Final = "weak digest by person"

SIGNED: Final = tuple(
    cases(
        ("good", opened("good by person"), inside(lambda p: p.person.signed(CONTENT))),
        (
            "good, announced by nothing",
            opened("good by person"),
            inside(lambda p: p.person.signature(CONTENT) + literal(CONTENT)),
        ),
        (
            "good, compressed",
            opened("good by person"),
            inside(lambda p: compressed(p.person.signed(CONTENT))),
        ),
        (
            "bad",
            opened("bad"),
            inside(lambda p: p.person.signed(CONTENT, covered=b"other")),
        ),
        (
            "of an unknown signer",
            opened("unknown signer"),
            inside(lambda p: p.stranger.signed(CONTENT)),
        ),
        (
            "two, both good",
            opened("good by second, good by person"),
            inside(
                lambda p: (
                    p.person.announced(last=False)
                    + p.second.announced()
                    + literal(CONTENT)
                    + p.second.signature(CONTENT)
                    + p.person.signature(CONTENT)
                )
            ),
        ),
        (
            "two, one good and one bad",
            opened("good by second, bad"),
            inside(
                lambda p: (
                    p.person.announced(last=False)
                    + p.second.announced()
                    + literal(CONTENT)
                    + p.second.signature(CONTENT)
                    + p.person.signature(b"other")
                )
            ),
        ),
        (
            "two, one good and one unknown",
            opened("unknown signer, good by person"),
            inside(
                lambda p: (
                    p.person.announced(last=False)
                    + p.stranger.announced()
                    + literal(CONTENT)
                    + p.stranger.signature(CONTENT)
                    + p.person.signature(CONTENT)
                )
            ),
        ),
        (
            "two, a forged one before the good",
            opened("bad"),
            inside(
                lambda p: (
                    p.person.announced(last=False)
                    + p.second.announced()
                    + literal(CONTENT)
                    + p.second.signature(b"other")
                    + p.person.signature(CONTENT)
                )
            ),
        ),
        *(
            (f"by a digest that is broken: {name}", opened(told), made)
            for name, told, made in (
                ("MD5", "weak digest", inside(lambda p: p.person.signed(CONTENT, digest=1))),
                ("SHA-1", _WEAK, inside(lambda p: p.person.signed(CONTENT, digest=2))),
                ("RIPEMD-160", _WEAK, inside(lambda p: p.person.signed(CONTENT, digest=3))),
            )
        ),
        (
            "of a key, not of a document",
            opened("could not be checked"),
            inside(
                lambda p: (
                    p.person.announced(kind=0x10)
                    + literal(CONTENT)
                    + p.person.signature(CONTENT, kind=0x10)
                )
            ),
        ),
    )
)
"""Decisions about signatures over the content."""

_USELESS: Final = frozenset(
    {"by a subkey for encryption", "by a primary key that may only certify"},
)
"""Keys that may not sign; newer gpgs do not find them when they look for a signer."""

SIGNERS: Final = tuple(
    replace(case, newer=opened("unknown signer")) if case.name in _USELESS else case
    for case in cases(
        (
            "made before the key ended",
            opened("key expired by expired"),
            inside(lambda p: p.expired.signed(CONTENT)),
        ),
        (
            "made after the key ended",
            opened("key expired by expired"),
            inside(lambda p: p.expired.signed(CONTENT, made=MADE + 2 * YEAR)),
        ),
        (
            "by a key that was replaced",
            opened("key revoked by revoked"),
            inside(lambda p: p.revoked.signed(CONTENT)),
        ),
        (
            "by a key that was stolen",
            opened("key revoked by lost"),
            inside(lambda p: p.lost.signed(CONTENT)),
        ),
        (
            "by the new subkey of a rotated key",
            opened("good by rotated"),
            inside(lambda p: p.new.signed(CONTENT)),
        ),
        (
            "by its old subkey while that was valid",
            opened("key expired by rotated"),
            inside(lambda p: p.old.signed(CONTENT)),
        ),
        (
            "by its subkey that was withdrawn",
            opened("key revoked by rotated"),
            inside(lambda p: p.withdrawn.signed(CONTENT)),
        ),
        (
            "by a subkey for encryption",
            opened("could not be checked"),
            inside(lambda p: p.encrypting.signed(CONTENT)),
        ),
        (
            "by a subkey that did not agree to be one",
            opened("could not be checked"),
            inside(lambda p: p.unasked.signed(CONTENT)),
        ),
        (
            "by a subkey that was never bound",
            opened("unknown signer"),
            inside(lambda p: p.unbound.signed(CONTENT)),
        ),
        (
            "by a primary key that may only certify",
            opened("could not be checked"),
            inside(lambda p: p.certifier.signed(CONTENT)),
        ),
    )
)
"""Decisions about the keys that signed."""
