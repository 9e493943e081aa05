"""A signature of text counts only where gpg took in all of the text."""

from collections.abc import Callable, Iterator

import pytest

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, opening
from gatekeeper.pgp.armor import Kind
from tests.keys import Key
from tests.pgp.conftest import Desk, open_desk
from tests.pgp.crafting import CraftedKey, literal, session_for

GPG_TAKES_IN = 19_993
"""Octets of one line that gpg hashes under a signature of text; it passes over the rest."""

SIGNED = b"A" * GPG_TAKES_IN + b"\r\nend\r\n"
FORGED = b"A" * GPG_TAKES_IN + b" and pay a million to Mallory\r\nend\r\n"
SIGNER = CraftedKey(b"Sig Ner <signer@example.org>")
STRANGER = CraftedKey(b"Nobody")


@pytest.fixture(scope="module")
def ours() -> Iterator[Desk]:
    with open_desk(SIGNER.certificate) as desk:
        yield desk


def states(desk: Desk, content: bytes, block: bytes) -> list[SignatureState]:
    return [one.state for one in opening.verify_detached(desk.engine, content, block)]


def test_gpg_itself_takes_the_forged_text_for_the_signed_one(ours: Desk) -> None:
    """Why it is not left to gpg: its status says good, and only the exit code says anything."""
    block = SIGNER.signature(SIGNED, kind=1)
    verify = ("--enable-special-filenames", "--verify", "--", "{attached}", "-")
    run = ours.engine.run(*verify, given=FORGED, attached=block)
    assert (1, 1, 0) == tuple(run.status.count(word) for word in ("GOODSIG", "VALIDSIG", "BADSIG"))
    assert 2 == run.exit_code


def test_text_behind_the_end_of_what_gpg_reads_is_not_signed(ours: Desk) -> None:
    block = SIGNER.signature(SIGNED, kind=1)
    assert [SignatureState.UNCHECKED] == states(ours, FORGED, block)


def test_an_unknown_signer_beside_it_does_not_explain_the_exit_code(ours: Desk) -> None:
    """Anybody can add a signature of an own key to a block, before or after the true one."""
    true, added = SIGNER.signature(SIGNED, kind=1), STRANGER.signature(b"x", kind=1)
    assert [SignatureState.UNCHECKED] * 2 == states(ours, FORGED, true + added)
    assert [SignatureState.UNCHECKED] * 2 == states(ours, FORGED, added + true)


def test_the_same_in_a_cleartext_signature(ours: Desk) -> None:
    block = SIGNER.signature(SIGNED.removesuffix(b"\r\n"), kind=1) + STRANGER.signature(
        b"x", kind=1
    )
    frame = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + FORGED
    text, found = opening.verify_inline(ours.engine, frame + armor.armor(Kind.SIGNATURE, block))
    assert FORGED.removesuffix(b"\r\n") == text
    assert [SignatureState.UNCHECKED] * 2 == [one.state for one in found]


@pytest.mark.parametrize("digest", [1, 2, 10])
def test_weak_or_old_signatures_are_no_way_round(digest: int) -> None:
    """Neither a weak digest nor an expired key makes a forged text its signer's."""
    old = CraftedKey(b"Old", more=b"\x05\x09\x00\x00\x0e\x10")
    for key in (SIGNER, old):
        with open_desk(key.certificate) as desk:
            block = key.signature(SIGNED, kind=1, digest=digest)
            assert [SignatureState.UNCHECKED] == states(desk, FORGED, block)


def test_lines_that_gpg_takes_in_are_good(ours: Desk) -> None:
    text = b"A" * 19_988 + b"\r\n" + b"B" * 19_988
    assert [SignatureState.GOOD] == states(ours, text, SIGNER.signature(text, kind=1))


def test_a_signature_of_octets_covers_lines_of_any_length(ours: Desk) -> None:
    text = b"A" * 100_000
    block = SIGNER.signature(text)
    assert [SignatureState.GOOD] == states(ours, text, block)
    assert [SignatureState.BAD] == states(ours, text[:-1], block)


def test_inside_encryption_every_octet_is_taken_in(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    ours = desk(SIGNER.certificate, secret=alias_key.secret)
    session = session_for(alias_key)
    found = []
    for content in (SIGNED, FORGED):
        packets = SIGNER.announced(kind=1) + literal(content) + SIGNER.signature(SIGNED, kind=1)
        outcome = opening.open_message(ours.engine, session.protected(packets))
        assert isinstance(outcome, opening.Opened)
        found += [one.state for one in outcome.signatures]
    assert [SignatureState.GOOD, SignatureState.BAD] == found


def test_each_of_several_signatures_is_told_apart(ours: Desk) -> None:
    good, bad = SIGNER.signature(b"x"), SIGNER.signature(b"y")
    unknown, text = STRANGER.signature(b"x"), SIGNER.signature(b"x", kind=1)
    assert [
        SignatureState.GOOD,
        SignatureState.BAD,
        SignatureState.UNKNOWN_SIGNER,
        SignatureState.GOOD,
    ] == states(ours, b"x", good + bad + unknown + text)
