"""What looks like a command and is none changes nothing; the team is told of it in one mail.

Whoever seems to have written it is answered once, at the registered address, unless their word
counts no more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, MINUTE, to_datetime
from gatekeeper.domain.team import Team
from gatekeeper.store import attendance, deliveries, letters
from gatekeeper.store.engine import Tx
from tests.house import PEOPLE, person_key, uid
from tests.issues.found import COPY, done, noted
from tests.issues.ordering import named_in, opened
from tests.issues.reports import head, pgp_mime, stranger_key
from tests.issues.talk import Talk, more
from tests.keys import Key

ANDREA, WEI = (address for _, address in PEOPLE[:2])
ANSWER = "command-answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One mail of somebody, and to whom what followed goes."""

    row: RowId
    goes: tuple[tuple[str, str], ...]

    def to(self, kind: str) -> list[str]:
        """Return the addresses to which letters of a kind go, sorted."""
        return sorted(address for name, address in self.goes if name == kind)


def send(talk: Talk, raw: bytes, *, sender: str = ANDREA) -> Sent:
    """Have a mail handled; return what was written because of it."""

    def read(tx: Tx) -> set[tuple[RowId, str, str]]:
        return {
            (row.id, letters.kind_of(tx, row.letter), str(row.recipient))
            for row in deliveries.list_all(tx)
        }

    before = talk.house.store.read(read)
    row = talk.handle(raw, sender=sender)
    new = talk.house.store.read(read) - before
    return Sent(row=row, goes=tuple((kind, to) for _, kind, to in new))


def at(talk: Talk, words: str, *, by: Key, person: int = 0, ahead: int = 0) -> bytes:
    """Return signed words, made `ahead` microseconds after the moment that the house is at."""
    moment = to_datetime(talk.house.now).timestamp() + ahead / 1_000_000
    body = words.replace("\n", "\r\n")
    inside = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
    options = f"--faked-system-time {int(moment)}!"
    begun = head(sender=uid(*PEOPLE[person]), message_id=talk.message_id("ahead.example"))
    return begun + pgp_mime(talk.pen.encrypt(inside, by=by, options=options))


def in_clear(talk: Talk, number: int) -> bytes:
    """Return what somebody writes who has Andrea's mailbox and not her key."""
    return talk.text(named_in(number, "own"), sender=uid(*PEOPLE[0]), subject=more(number))


def by_a_stranger(talk: Talk, number: int) -> bytes:
    """Return what somebody writes who has the mailbox, and signs with a key of the own."""
    return at(talk, named_in(number, "own"), by=stranger_key())


def by_a_colleague(talk: Talk, number: int) -> bytes:
    """Return what Wei signs in Andrea's name."""
    return at(talk, named_in(number, "own"), by=person_key(1))


def from_the_future(talk: Talk, number: int) -> bytes:
    """Return what was signed five minutes after it arrives."""
    return at(talk, named_in(number, "own"), by=person_key(0), ahead=5 * MINUTE)


def from_the_past(talk: Talk, number: int) -> bytes:
    """Return what was signed two days before it arrives."""
    return at(talk, named_in(number, "own"), by=person_key(0), ahead=-2 * DAY)


def of_elsewhere(talk: Talk, number: int) -> bytes:
    """Return what was signed for another installation."""
    words = f"!SEC-2026-{number:04}@elsewhere.example own"
    return at(talk, words, by=person_key(0))


def half_wrong(talk: Talk, number: int) -> bytes:
    """Return one good command and one that is none."""
    words = f"{named_in(number, 'own')}\n{named_in(number, 'approve everything')}"
    return at(talk, words, by=person_key(0))


@pytest.mark.parametrize(
    ("mail", "answered", "why"),
    [
        (in_clear, ANDREA, "it is not signed, or not as a whole"),
        (by_a_stranger, ANDREA, "key that is unknown here"),
        (by_a_colleague, WEI, "its From is not the address registered for the key"),
        (from_the_future, ANDREA, "which is after it arrived"),
        (from_the_past, ANDREA, "more than 24 hours before it arrived"),
        (of_elsewhere, ANDREA, "a command is for elsewhere.example"),
        (half_wrong, ANDREA, '"everything" is not hexadecimal'),
    ],
)
def test_nothing_is_done_and_the_team_is_told_once(
    talk: Talk, mail: Callable[[Talk, int], bytes], answered: str, why: str
) -> None:
    number = opened(talk)
    sent = send(talk, mail(talk, number))
    assert "" == talk.issue(number).owner
    assert () == tuple(done(talk.house, sent.row))
    said = " ".join(noted(talk.house, sent.row))
    assert "it holds commands, of which NONE was done" in said
    assert why in said
    assert sorted(address for _, address in PEOPLE) == sent.to(COPY)
    assert [answered] == sent.to(ANSWER)


def test_the_same_signed_mail_works_once(talk: Talk) -> None:
    """Also after what it did was undone by somebody else."""
    number = opened(talk)
    raw = at(talk, named_in(number, "own"), by=person_key(0))
    send(talk, raw)
    send(talk, at(talk, named_in(number, "own"), by=person_key(1), person=1), sender=WEI)
    again = send(talk, raw.replace(b"@ahead.example", b"@again.example"))
    assert "Wei Example" == talk.issue(number).owner
    assert "this signed mail came before" in " ".join(noted(talk.house, again.row))
    assert sorted(address for _, address in PEOPLE) == again.to(COPY)
    assert [ANDREA] == again.to(ANSWER)


def test_an_answer_in_one_thread_says_nothing_in_another(talk: Talk) -> None:
    here, other = opened(talk), opened(talk)
    row = talk.issue(here).id
    letter = talk.house.store.read(lambda tx: letters.first_message_id(tx, row, kind=COPY))
    raw = talk.sealed(
        named_in(other, "reply") + "\nThank you.",
        by=person_key(0),
        sender=uid(*PEOPLE[0]),
        extra=(f"In-Reply-To: {letter}",),
    )
    sent = send(talk, raw)
    assert f"this mail answers SEC-2026-{here:04}" in " ".join(noted(talk.house, sent.row))
    assert [] == sent.to("reply")


def test_nothing_is_obeyed_in_the_name_of_who_is_suspended(talk: Talk) -> None:
    """Nor is that address answered; all others learn of it with the mail."""
    number = opened(talk)
    wei = talk.house.desk.team.people[1]
    store, now = talk.house.store, talk.house.now
    store.write(lambda tx: attendance.suspend(tx, person=wei.address, now=now))
    raw = at(talk, named_in(number, "own"), by=person_key(1), person=1)
    sent = send(talk, raw, sender=WEI)
    store.write(lambda tx: attendance.reinstate(tx, person=wei.address, now=now))
    assert "" == talk.issue(number).owner
    assert "Wei Example is suspended since" in " ".join(noted(talk.house, sent.row))
    assert [] == sent.to(ANSWER)


def test_who_has_left_commands_nothing(talk: Talk) -> None:
    """Their mail is that of anybody outside."""
    number = opened(talk)
    desk = talk.house.desk
    stays = tuple(each for each in desk.team.people if str(each.address) != WEI)
    talk.house.desk = replace(desk, team=Team(people=stays))
    try:
        raw = at(talk, named_in(number, "own"), by=person_key(1), person=1)
        sent = send(talk, raw, sender=WEI)
    finally:
        talk.house.desk = desk
    assert "" == talk.issue(number).owner
    assert [] == sent.to(ANSWER)
    assert [ANDREA, PEOPLE[2][1]] == sent.to(COPY)
