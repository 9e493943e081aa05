"""Which mail goes to which port of the relay, and from whom it says that it comes."""

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.protection import CLEAR_REPLY_MINT, ClearReply
from gatekeeper.outbound.job import Job
from gatekeeper.outbound.relay import CLOSED, Relay
from tests.outbound.test_relay import BOUNCES, CONTENT, LONG, deliver, job
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


def test_a_mark_that_fails_ends_what_waits_for_either_port(peer: UnreliableRelay) -> None:
    """Nothing more is begun, on none of the connections."""

    def record(done: Job, attempt: Attempt) -> None:
        raise OurFault("the database's disk is full")

    async def run(port: int) -> None:
        relay = Relay(
            host="127.0.0.1",
            port=peer.port,
            wait=LONG,
            connections=1,
            name="example.org",
            clear_port=port,
        )
        jobs = [*(job(n) for n in range(10)), *(clear_reply(n) for n in range(10, 20))]
        with pytest.raises(OurFault):
            await relay.deliver_all(jobs, record)
        await relay.close()

    with unreliable_relay() as guarded:
        asyncio.run(run(guarded.port))
        assert 2 >= len(peer.accepted) + len(guarded.accepted)


def test_a_domain_beyond_ascii_is_not_told_in_the_greeting(peer: UnreliableRelay) -> None:
    deliver(peer.port, [job(1)], name="köln.example")
    assert "EHLO localhost" == peer.commands[0]
