"""A text signed at a shell approves as a signed mail does: what it shows, word for word."""

import pytest

from gatekeeper.domain.errors import GatekeeperError, Refusal, TheirFault
from gatekeeper.domain.instants import DAY, HOUR, later
from gatekeeper.issues import requesting, statements
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.pending import Pending, pending
from gatekeeper.store import letters, requests
from tests.house import person_key
from tests.issues.ordering import opened
from tests.issues.reports import robin_key
from tests.issues.talk import Talk
from tests.keys import Key, gpg

SHELL = Actor(shell="shell:root")  # noqa: S604 - no process, a name


@pytest.fixture
def one(talk: Talk) -> Pending:
    """Have a shell ask for an answer in clear; return what waits."""
    issue = talk.issue(opened(talk, sealed=False))
    desk, now = talk.house.desk, talk.house.now
    talk.house.store.write(
        lambda tx: requesting.reply_clear(
            tx, desk, issue=issue, actor=SHELL, to="reporter", text="- Which version?  \n", now=now
        )
    )
    (found,) = talk.house.store.read(lambda tx: pending(tx, desk, issue.id))
    return found


def signed(talk: Talk, words: str, by: Key) -> bytes:
    """Return words clear-signed at the moment that the house is at."""
    options = ("--faked-system-time", talk.moment(), "--local-user", by.fingerprint)
    return gpg(talk.pen.home, *options, "--clear-sign", given=words.encode())


def hand_in(talk: Talk, raw: bytes, *, verb: str = statements.APPROVE, late: int = 0) -> Done:
    """Hand a signed text in, `late` microseconds after the house's moment."""
    reading = talk.house.reader.read(statements.HEAD + raw)
    now = later(talk.house.now, late)
    return talk.house.store.write(
        lambda tx: statements.obey(tx, talk.house.desk, reading, verb=verb, now=now)
    )


def state(talk: Talk, one: Pending) -> str:
    """Return the state of a request."""
    found = talk.house.store.read(lambda tx: requests.by_effect(tx, one.request.effect))
    assert found is not None
    return found.state


def test_two_signed_texts_do_it_and_the_team_is_told(talk: Talk, one: Pending) -> None:
    raw = signed(talk, statements.text(one), person_key(0))
    assert one.request.effect.hex() == hand_in(talk, raw).waiting
    assert requests.WAITING == state(talk, one)
    done = hand_in(talk, signed(talk, statements.text(one), person_key(1)))
    assert "IN CLEAR" in done.lines[0]
    assert requests.DONE == state(talk, one)
    assert one.issue is not None
    row = one.issue.id
    told = talk.house.store.read(lambda tx: letters.of_issue(tx, row))
    said = [str((each.summary or {})["subject"]) for each in told]
    assert 1 == sum("Wei Example signed at a shell: approve an answer in clear" in s for s in said)


def test_a_signed_text_refuses_with_its_reason(talk: Talk, one: Pending) -> None:
    raw = signed(talk, statements.text(one, why="ask for the key first"), person_key(2))
    done = hand_in(talk, raw, verb=statements.REFUSE)
    assert "is refused: ask for the key first" in done.lines[0]
    assert requests.REFUSED == state(talk, one)


def test_the_same_text_counts_once(talk: Talk, one: Pending) -> None:
    raw = signed(talk, statements.text(one), person_key(0))
    hand_in(talk, raw)
    with pytest.raises(Refusal, match="you approved it before"):
        hand_in(talk, raw)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Which version?", "Which version is it?", "not the one that shows what waits"),
        ("\nOnce:", "\n\nOnce:", "not the one that shows what waits"),
        (" approve ", " refuse ", "no text to approve by"),
        ("!SEC", "Hello,\n!SEC", "no text to approve by"),
        ("@example.org approve", "@example.org own\n!SEC-2026-0001 approve", "no text to approve"),
    ],
)
def test_no_other_text_approves(talk: Talk, one: Pending, old: str, new: str, why: str) -> None:
    words = statements.text(one)
    assert old in words
    raw = signed(talk, words.replace(old, new, 1), person_key(0))
    with pytest.raises(GatekeeperError, match=why):
        hand_in(talk, raw)
    assert () == one.request.approved_by
    assert requests.WAITING == state(talk, one)


def test_only_a_fresh_signature_of_the_team_counts(talk: Talk, one: Pending) -> None:
    words = statements.text(one)
    good = signed(talk, words, person_key(0))
    with pytest.raises(Refusal, match="not signed by a person of the team"):
        hand_in(talk, signed(talk, words, robin_key()))
    with pytest.raises(Refusal, match="not signed by a person of the team"):
        hand_in(talk, words.encode())
    with pytest.raises(Refusal, match="not signed by a person of the team"):
        hand_in(talk, good.replace(b"Which version", b"What version"))
    with pytest.raises(Refusal, match="within the last 24 hours"):
        hand_in(talk, good, late=DAY + HOUR)
    with pytest.raises(Refusal, match="within the last 24 hours"):
        hand_in(talk, good, late=-HOUR)
    with pytest.raises(TheirFault, match="no text to refuse by"):
        hand_in(talk, good, verb=statements.REFUSE)
    assert requests.WAITING == state(talk, one)
