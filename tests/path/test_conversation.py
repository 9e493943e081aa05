"""A conversation by mail through Postfix, with gpg on all sides, as docs/conversation.md has it."""

from pathlib import Path

import pytest

from tests.architecture.sources import read
from tests.path.conversation import DOCUMENT, played
from tests.path.stand_ins import StandIns

MOMENT = "Thu 2026-09-03 09:12:00Z"
KEY = "0123 4567 89AB CDEF 0123 4567 89AB CDEF FEDC BA98"


@pytest.mark.timeout(300)  # some sixty mails, each through Postfix and gpg
def test_the_document_is_what_comes_of_the_play(tmp_path: Path) -> None:
    """`python -m tests.docs.printing` writes it anew, for somebody to read what changed."""
    assert read(DOCUMENT) == played(tmp_path)


def test_what_was_the_same_stays_the_same() -> None:
    """A key has one stand-in however it is written, and a wrapped one keeps its line ends."""
    stand_ins = StandIns()
    spaced = stand_ins.put(KEY, MOMENT)
    assert KEY != spaced
    assert len(KEY) == len(spaced)
    assert spaced.replace(" ", "") == stand_ins.put(KEY.replace(" ", ""), MOMENT)
    assert spaced[-19:] == stand_ins.put(KEY[-19:], MOMENT)
    wrapped = stand_ins.put(KEY.replace("CDEF 0123", "CDEF\n   0123"), MOMENT)
    assert spaced.split() == wrapped.split()
    assert "\n   " in wrapped


def test_what_differed_stays_different() -> None:
    text = "(K7QM-2XNB-V4TJ-6HRC-5DWS) (AAAA-2XNB-V4TJ-6HRC-5DWS)"
    first, second = StandIns().put(text, MOMENT).split()
    assert first != second


def test_instants_are_those_of_the_step_and_of_the_timeline() -> None:
    text = "Mon 2031-01-06 10:00:00Z\n  Mon 2031-01-13 12:00:00Z  our pre-disclosure list is told"
    replaced = f"{MOMENT}\n  Thu 2026-09-10 12:00:00Z  our pre-disclosure list is told"
    assert replaced == StandIns().put(text, MOMENT)
