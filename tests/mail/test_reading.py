"""A piece is opened or explained and can be named on one line; a reading knows its ciphertexts."""

import pytest

from gatekeeper.domain.protection import Protection
from gatekeeper.mail import parse
from gatekeeper.mail.reading import Piece, Reading
from tests.mail.samples import LIMITS

ONE, OTHER = bytes(range(32)), bytes(32)


def test_an_opened_piece_may_be_empty() -> None:
    assert b"" == Piece(label="x", data=b"").data


def test_a_closed_piece_needs_its_reason() -> None:
    assert Piece(label="x", data=None, problem="why").problem
    with pytest.raises(ValueError, match="needs its reason"):
        Piece(label="x", data=None)


@pytest.mark.parametrize("label", ["a\nb", "a\x00", "a\u2028b", "\u202ea"])
def test_a_label_is_one_printable_line(label: str) -> None:
    with pytest.raises(ValueError, match="printable line"):
        Piece(label=label, data=b"")


def reading(ciphertext: bytes | None, *digests: bytes | None) -> Reading:
    """Return a reading with a piece for each digest."""
    mail = parse.read(b"\r\n", LIMITS)
    return Reading(
        mail=mail,
        subject="",
        content=mail.root,
        protection=Protection(),
        ciphertext=ciphertext,
        pieces=tuple(Piece(label="x", data=b"", digest=digest) for digest in digests),
    )


def test_the_ciphertexts_are_those_of_the_whole_and_of_each_piece_once() -> None:
    assert () == reading(None).ciphertexts
    assert () == reading(None, None).ciphertexts
    assert (ONE,) == reading(ONE).ciphertexts
    assert (OTHER, ONE) == reading(None, OTHER, None, ONE, OTHER).ciphertexts
    assert (ONE, OTHER) == reading(ONE, OTHER, ONE).ciphertexts
