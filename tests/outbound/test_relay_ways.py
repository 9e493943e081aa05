"""Which mail goes to which port of the relay, and from whom it says that it comes."""

from dataclasses import replace

from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.protection import CLEAR_REPLY_MINT, ClearReply
from gatekeeper.outbound.job import Job
from gatekeeper.outbound.relay import CLOSED
from tests.outbound.test_relay import BOUNCES, CONTENT, deliver, job
from tests.sinks import UnreliableRelay, refusing_port, unreliable_relay


def clear_reply(number: int) -> Job:
    """Return a job with free text in clear."""
    return replace(job(number), what=ClearReply(CONTENT, mint=CLEAR_REPLY_MINT))


def test_what_nobody_may_answer_has_no_sender(peer: UnreliableRelay) -> None:
    """RFC 5321 §4.5.5: the empty path, as it stands on the wire."""
    marks = deliver(peer.port, [replace(job(1), sender=None), job(2)])
    assert {Outcome.DELIVERED} == set(marks.outcomes().values())
    size = len(CONTENT)
    assert [f"MAIL FROM:<> SIZE={size}", f"MAIL FROM:<bounces+token@example.org> SIZE={size}"] == [
        each for each in peer.commands if each.startswith("MAIL")
    ]
    assert ["", str(BOUNCES)] == [each.sender for each in peer.accepted]


def test_free_text_in_clear_has_a_port_of_its_own(peer: UnreliableRelay) -> None:
    """And no other mail goes there."""
    jobs = [job(1), clear_reply(2), job(3), clear_reply(4)]
    with unreliable_relay() as guarded:
        marks = deliver(peer.port, jobs, connections=2, clear_port=guarded.port)
        assert {"r2@member.example", "r4@member.example"} == {
            each.recipient for each in guarded.accepted
        }
        assert "EHLO example.org" == guarded.commands[0]
    assert {"r1@member.example", "r3@member.example"} == {each.recipient for each in peer.accepted}
    assert {1, 2, 3, 4} == marks.of.keys()
    assert {Outcome.DELIVERED} == set(marks.outcomes().values())


def test_without_a_port_free_text_in_clear_is_refused_and_nothing_else(
    peer: UnreliableRelay,
) -> None:
    """Whatever came before it, the last gate is shut."""
    marks = deliver(peer.port, [clear_reply(1), job(2), clear_reply(3)])
    assert {"r2@member.example"} == {each.recipient for each in peer.seen}
    assert CLOSED == marks.of[1] == marks.of[3]
    assert Outcome.REFUSED is CLOSED.outcome
    assert Outcome.DELIVERED is marks.of[2].outcome


def test_when_nobody_answers_at_that_port_free_text_waits(peer: UnreliableRelay) -> None:
    """It does not go the other way instead."""
    with refusing_port() as closed:
        marks = deliver(peer.port, [clear_reply(1), job(2)], clear_port=closed)
    assert {1: Outcome.NOT_NOW, 2: Outcome.DELIVERED} == marks.outcomes()
    assert {"r2@member.example"} == {each.recipient for each in peer.seen}


def test_a_domain_beyond_ascii_is_not_told_in_the_greeting(peer: UnreliableRelay) -> None:
    deliver(peer.port, [job(1)], name="köln.example")
    assert "EHLO localhost" == peer.commands[0]
