"""A piece is opened or explained, and can be named on one line."""

import pytest

from gatekeeper.mail.reading import Piece


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
