"""Mail between the team and somebody invited, with real keys: the key counts, never From."""

from collections.abc import Iterator

import pytest

from gatekeeper.domain import token
from gatekeeper.store import correspondents, requests
from gatekeeper.store.correspondents import Correspondent
from tests.house import ALIAS, PEOPLE, House, person_key, reading_as, uid
from tests.issues.reports import key_part, multipart, newer_key, robin_key, stranger_key
from tests.issues.talk import HERE, Talk, a_talk, parsed, to

ROBINS = "robin@research.example"
EXPERT = "stranger@elsewhere.example"
FROM = "Stranger <stranger@elsewhere.example>"
TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\n"


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    """A talk in which Robin has reported, and the expert was invited by Andrea and Wei."""
    with a_talk(house) as lent:
        lent.receive(
            lent.sealed("", by=robin_key(), content=lent.with_keys(robin_key())), sender=ROBINS
        )
        words = f"{TEXT}!SEC-2026-0001@{HERE} invite {EXPERT} role=upstream\r\n".encode()
        content = multipart("mixed", words, key_part(stranger_key(), lent.pen))
        asked = lent.sealed("", by=person_key(0), sender=uid(*PEOPLE[0]), content=content)
        lent.receive(asked, sender=PEOPLE[0][1])
        (waiting,) = lent.house.store.read(requests.waiting)
        lent.command(f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}", person=1)
        yield lent


def known(talk: Talk, name: str) -> Correspondent:
    """Return somebody outside whom the issue knows."""
    row = talk.issue().id
    found = talk.house.store.read(lambda tx: correspondents.of_issue(tx, row))
    return next(each for each in found if each.name == name)


def address_of(talk: Talk, name: str) -> str:
    """Return the address that leads somebody's answers into the issue."""
    desk = talk.house.desk
    return str(desk.own.reply_address(token.mint_reply(desk.token_key, known(talk, name).route)))


def said(talk: Talk, raw: bytes, *, sender: str = EXPERT, to_: str = "") -> str:
    """Return in one line what the team's copy of a mail says."""
    left = talk.receive(raw, sender=sender, to=to_ or address_of(talk, "upstream"))
    assert {address for _, address in PEOPLE} == {str(job.recipient) for job in left}
    return " ".join(talk.block(left).split())


def test_the_invited_answers_to_a_token_of_their_own(talk: Talk) -> None:
    (letter,) = to(talk.sent, EXPERT)
    assert address_of(talk, "upstream") == str(parsed(letter)["Reply-To"])
    assert address_of(talk, "reporter") != address_of(talk, "upstream")
    raw = talk.sealed("It is in the parser.", by=stranger_key(), sender=FROM)
    block = said(talk, raw)
    assert "it is from the upstream of this issue: their pinned key signed it" in block
    assert 1 == talk.issues
    assert robin_key().fingerprint == known(talk, "reporter").fingerprint


def test_nobody_is_believed_to_be_the_invited_by_address_or_token_alone(talk: Talk) -> None:
    for sender in (FROM, "Other <other@nowhere.example>"):
        raw = talk.sealed("It is in the parser.", by=None, sender=sender)
        block = said(talk, raw, sender="other@nowhere.example")
        assert "as if by the upstream of this issue; their pinned key did not sign it" in block
    assert "their pinned key signed it" in said(
        talk, talk.sealed("Yes.", by=stranger_key(), sender=FROM), to_=address_of(talk, "reporter")
    )


def test_the_invited_change_no_key_but_their_own_by_a_signature_with_it(talk: Talk) -> None:
    """An unsigned mail with a key is kept for two of the team; the reporter's stays in any case."""
    before = known(talk, "upstream")
    content = talk.with_keys(newer_key())
    block = said(talk, talk.sealed("", by=None, content=content, sender=FROM))
    assert "another key came with it" in block
    assert before.fingerprint == known(talk, "upstream").fingerprint
    talk.command(f"!SEC-2026-0001@{HERE} key {newer_key().fingerprint}")
    (waiting,) = talk.house.store.read(requests.waiting)
    assert ("upstream", stranger_key().fingerprint) == (
        waiting.payload["to"],
        waiting.payload["before"],
    )
    talk.command(f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}", person=1)
    assert newer_key().fingerprint == known(talk, "upstream").fingerprint
    assert robin_key().fingerprint == known(talk, "reporter").fingerprint


def test_mail_of_who_was_removed_is_read_and_not_answered(talk: Talk) -> None:
    old = address_of(talk, "upstream")
    talk.command(f"!SEC-2026-0001@{HERE} remove upstream")
    (waiting,) = talk.house.store.read(requests.waiting)
    left = talk.command(f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}", person=1)
    assert [] == to(left, EXPERT)
    raw = talk.sealed(
        "Am I still in?", by=stranger_key(), sender=FROM, subject="Re: [SEC-2026-0001]"
    )
    block = said(talk, raw, to_=old)
    assert "in the name of the upstream, who takes part no more and is not answered" in block
    assert 1 == talk.issues


def test_several_are_answered_at_once_by_mail(talk: Talk) -> None:
    order = f"!SEC-2026-0001@{HERE} reply to=reporter,upstream\nShall we talk on Monday?"
    refused = talk.command(order)
    assert [] == [*to(refused, ROBINS), *to(refused, EXPERT)]
    agreed = [
        f'!SEC-2026-0001@{HERE} consent {name} via="mail"' for name in ("reporter", "upstream")
    ]
    talk.command("\n".join(agreed))
    left = talk.command(f"{order} Or on Tuesday?")
    assert 1 == len(to(left, ROBINS)) == len(to(left, EXPERT))
    with reading_as(stranger_key()) as expert:
        copy = expert.open(to(left, EXPERT)[0].what.content)
    assert ROBINS.encode() not in copy.plaintext
    assert str(ALIAS) in copy.plaintext.decode("utf-8", "replace")
    talk.command(f'!SEC-2026-0001@{HERE} credit "Robin of Example Research"')
    credit = known(talk, "reporter").credit
    assert credit is not None
    assert "Robin of Example Research" == credit.line
    talk.command(f"!SEC-2026-0001@{HERE} credit none")
    credit = known(talk, "reporter").credit
    assert credit is not None
    assert not credit.named
