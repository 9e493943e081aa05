"""What the block says of later mail: what was done, what waits, and whom not to believe.

The expected texts lie in tests/golden/team-copy/conversation, to be reviewed as texts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.policy import AnswerPolicy
from gatekeeper.issues.letterhead import load
from gatekeeper.store import letters, messages, requests
from gatekeeper.store.engine import Tx
from tests.house import ALIAS, PEOPLE, person_key, uid
from tests.issues.found import COPY
from tests.issues.golden import with_names
from tests.issues.reports import head, newer_key, pgp_mime, robin_key, stranger_key
from tests.issues.talk import HERE, ROBINS, Talk, more

GOLDEN = Path(__file__).parent.parent / "golden" / "team-copy" / "conversation"
HOME = "Robin at home <robin@home.example>"
ANDREA, WEI = uid(*PEOPLE[0]), uid(*PEOPLE[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One mail of a conversation."""

    raw: bytes
    sender: str = ROBINS
    to: str = str(ALIAS)


def _command(talk: Talk, words: str, *, person: int = 0, extra: tuple[str, ...] = ()) -> Turn:
    raw = talk.sealed(words, by=person_key(person), sender=uid(*PEOPLE[person]), extra=extra)
    return Turn(raw=raw, sender=PEOPLE[person][1])


def _the_reporter_signs(talk: Talk) -> Turn:
    number = talk.opened(key=robin_key())
    return Turn(raw=talk.sealed("More.", by=robin_key(), subject=more(number)))


def _somebody_at_the_reply_address(talk: Talk) -> Turn:
    number = talk.opened()
    raw = talk.text("Me again.", sender=HOME)
    return Turn(raw=raw, sender="robin@home.example", to=talk.reply_address(number))


def _the_code_and_no_key(talk: Talk) -> Turn:
    number = talk.opened()
    raw = talk.text(f"{talk.reporter(number).nonce}\nI agree.", subject=more(number))
    return Turn(raw=raw)


def _a_key_that_nothing_proves(talk: Talk) -> Turn:
    number = talk.opened()
    content = talk.with_keys(stranger_key())
    return Turn(raw=talk.sealed("", by=None, content=content, subject=more(number)))


def _another_key(talk: Talk) -> Turn:
    number = talk.opened(key=robin_key())
    content = talk.with_keys(stranger_key())
    return Turn(raw=talk.sealed("", by=None, content=content, subject=more(number)))


def _a_key_signed_by_the_one_before(talk: Talk) -> Turn:
    number = talk.opened(key=robin_key())
    content = talk.with_keys(newer_key())
    return Turn(raw=talk.sealed("", by=robin_key(), content=content, subject=more(number)))


def _own_and_note(talk: Talk) -> Turn:
    named = f"!SEC-2026-{talk.opened():04}@{HERE}"
    return _command(talk, f"{named} own\n{named} note\nSeen before in 2019.")


def _a_reply(talk: Talk) -> Turn:
    number = talk.opened(key=robin_key())
    return _command(talk, f"!SEC-2026-{number:04}@{HERE} reply\nThank you.\n\n> It overflows.")


def _a_clear_reply_proposed(talk: Talk) -> Turn:
    return _command(talk, f"!SEC-2026-{talk.opened():04}@{HERE} reply clear\nPlease send a key.")


def _a_clear_reply_approved(talk: Talk) -> Turn:
    talk.handle(_a_clear_reply_proposed(talk).raw, sender=PEOPLE[0][1])
    issue = talk.issue(talk.issues)
    (waiting,) = talk.house.store.read(lambda tx: requests.waiting(tx, issue.id))
    words = f"!{issue.issue_id}@{HERE} approve {waiting.effect.hex()}"
    return _command(talk, words, person=1)


def _commands_of_which_one_is_wrong(talk: Talk) -> Turn:
    named = f"!SEC-2026-{talk.opened():04}@{HERE}"
    return _command(talk, f"{named} own\n{named} aprove 1234")


def _a_team_mail_that_went_outside(talk: Talk) -> Turn:
    number = talk.opened()
    extra = ("Cc: vendor@upstream.example",)
    raw = talk.sealed(
        "What do you think?", by=person_key(0), sender=ANDREA, subject=more(number), extra=extra
    )
    return Turn(raw=raw, sender=PEOPLE[0][1])


def _a_colleague_who_is_none(talk: Talk) -> Turn:
    words = f"!SEC-2026-{talk.opened():04}@{HERE} own"
    return Turn(raw=talk.text(words, sender=WEI), sender="eve@evil.example")


def _a_replay(talk: Talk) -> Turn:
    whole = pgp_mime(talk.pen.encrypt(b"Content-Type: text/plain\r\n\r\nIt overflows.\r\n"))
    talk.handle(head(message_id=talk.message_id("first.example")) + whole, sender=ROBINS)
    sender = "mallory@evil.example"
    begun = head(sender=sender, message_id=talk.message_id("again.example"))
    return Turn(raw=begun + whole, sender=sender)


def _a_revoked_address(talk: Talk) -> Turn:
    number = talk.opened()
    address = talk.reply_address(number)
    turn = _command(talk, f"!SEC-2026-{number:04}@{HERE} revoke")
    talk.handle(turn.raw, sender=turn.sender)
    assert address != talk.reply_address(number)
    stranger = "stranger@elsewhere.example"
    return Turn(raw=talk.text("Hello?", sender=stranger), sender=stranger, to=address)


def _our_own_name(talk: Talk) -> Turn:
    return Turn(raw=talk.text("It is us.", sender=str(ALIAS)), sender="eve@evil.example")


def _forwarded(talk: Talk) -> Turn:
    return Turn(raw=talk.text("It overflows."), sender="assistant@research.example")


TURNS: Final[dict[str, Callable[[Talk], Turn]]] = {
    turn.__name__.strip("_").replace("_", "-"): turn
    for turn in (
        _the_reporter_signs,
        _somebody_at_the_reply_address,
        _the_code_and_no_key,
        _a_key_that_nothing_proves,
        _another_key,
        _a_key_signed_by_the_one_before,
        _own_and_note,
        _a_reply,
        _a_clear_reply_proposed,
        _a_clear_reply_approved,
        _commands_of_which_one_is_wrong,
        _a_team_mail_that_went_outside,
        _a_colleague_who_is_none,
        _a_replay,
        _a_revoked_address,
        _our_own_name,
        _forwarded,
    )
}


def _block(tx: Tx, row: RowId) -> str:
    """Return our words in the copy that passes a message on."""
    issue = messages.head(tx, row).issue
    assert issue is not None
    (copy,) = [
        each for each in letters.of_issue(tx, issue) if (each.message, each.kind) == (row, COPY)
    ]
    return load(letters.load(tx, copy.id).plaintext).block


@pytest.fixture(scope="module")
def played(long_talk: Talk) -> Talk:
    """A talk in which everybody is answered, however many turns were taken before."""
    desk = long_talk.house.desk
    answers = AnswerPolicy(per_sender=100)
    long_talk.house.desk = replace(desk, policy=replace(desk.policy, answers=answers))
    return long_talk


@pytest.mark.parametrize("name", TURNS)
def test_what_is_said_of_each_turn(played: Talk, name: str) -> None:
    turn = TURNS[name](played)
    row = played.handle(turn.raw, sender=turn.sender, to=turn.to)
    block = played.house.store.read(lambda tx: _block(tx, row))
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert expected == with_names(block, played.house)
    wide = [line for line in block.split("\n") if len(line) > 78]
    assert all(line.startswith(" " * 13 + "!") for line in wide), "only commands stay whole"


def test_a_command_to_be_copied_stands_in_one_line(played: Talk) -> None:
    """It would do nothing if it were sent as two."""
    turn = _a_clear_reply_proposed(played)
    row = played.handle(turn.raw, sender=turn.sender)
    lines = played.house.store.read(lambda tx: _block(tx, row)).split("\n")
    issue = played.issue(played.issues).id
    (request,) = played.house.store.read(lambda tx: requests.waiting(tx, issue))
    wanted = f"!SEC-2026-{played.issues:04}@{HERE} approve {request.effect.hex()}"
    assert " " * 13 + wanted in lines


def test_every_golden_text_is_that_of_a_turn() -> None:
    assert set(TURNS) == {path.stem for path in GOLDEN.iterdir()}
