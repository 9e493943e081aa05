"""An answer counts for what was asked, and for nothing else."""

import asyncio
import logging

import pytest

from gatekeeper.domain.delivery import Outcome
from gatekeeper.outbound import answers
from gatekeeper.outbound.relay import complaint
from gatekeeper.outbound.trust import Trust
from tests.outbound.test_relay import LONG, deliver, job
from tests.sinks import Faults, UnreliableRelay

REFUSED_ONE = {"r1@member.example": "550 5.1.1 who"}
SURPLUS = "its answers do not fit what it was asked"
GARBAGE = "its answer is no SMTP reply"
TOO_LONG = "its answer is too long"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("answer", ["354 go ahead", "334 more", "150 wait", "650 what"])
def test_only_data_leads_to_the_message(peer: UnreliableRelay, verb: str, answer: str) -> None:
    """Else its lines would be commands, and the answer to one of them would count for it."""
    peer.faults = Faults(replies={verb: answer})
    marks = deliver(peer.port, [job(1)])
    assert {1: Outcome.NOT_NOW} == marks.outcomes()
    assert [] == peer.seen
    assert "DATA" not in peer.verbs()


@pytest.mark.parametrize("answer", ["250 ok", "150 wait", "334 more"])
def test_data_answered_with_something_else(peer: UnreliableRelay, answer: str) -> None:
    peer.faults = Faults(replies={"DATA": answer})
    assert {1: Outcome.NOT_NOW} == deliver(peer.port, [job(1)]).outcomes()
    assert "DATA" == peer.verbs()[-1]


@pytest.mark.parametrize("answer", ["354 go ahead", "250 ok", "550 5.1.1 who", "4"])
def test_what_follows_the_answer_to_one_message_counts_for_no_other(
    peer: UnreliableRelay, answer: str
) -> None:
    """The message that was taken stays taken; the next goes over a connection of its own."""
    peer.faults = Faults(final=f"250 2.0.0 queued\r\n{answer}")
    marks = deliver(peer.port, [job(1), job(2)])
    assert dict.fromkeys((1, 2), Outcome.DELIVERED) == marks.outcomes()
    assert (2, 2) == (peer.connections, len(peer.accepted))


def test_a_reset_that_is_answered_twice(peer: UnreliableRelay) -> None:
    replies = {"RSET": "250 ok\r\n550 5.1.1 who", **REFUSED_ONE}
    peer.faults = Faults(replies=replies)
    marks = deliver(peer.port, [job(1), job(2)])
    assert {1: Outcome.REFUSED, 2: Outcome.DELIVERED} == marks.outcomes()
    assert ["r2@member.example"] == [message.recipient for message in peer.accepted]


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("EHLO", "250 relay.example\r\n250 ok"),
        ("MAIL", "250 ok\r\n550 5.1.1 who"),
        ("RCPT", "250 ok\r\n354 go ahead"),
        ("DATA", "354 go ahead\r\n250 2.0.0 queued"),
    ],
)
def test_an_answer_too_many_ends_the_attempt(peer: UnreliableRelay, verb: str, answer: str) -> None:
    peer.faults = Faults(replies={verb: answer})
    marks = deliver(peer.port, [job(1)])
    assert (Outcome.NOT_NOW, SURPLUS) == (marks.of[1].outcome, marks.of[1].reply)
    assert [] == peer.seen


def test_a_greeting_with_an_answer_too_many(peer: UnreliableRelay) -> None:
    peer.faults = Faults(greeting="220 relay.example\r\n250 ok")
    assert SURPLUS == deliver(peer.port, [job(1)]).of[1].reply
    assert SURPLUS == complaint(
        host="127.0.0.1", port=peer.port, wait=LONG, name="example.org", trust=Trust()
    )
    assert [] == peer.commands


@pytest.mark.parametrize("answer", ["250 2.0.0 ok", "550 5.1.1 who", "421 4.4.2 idle"])
def test_what_a_relay_says_meanwhile_counts_for_nothing(peer: UnreliableRelay, answer: str) -> None:
    """On a connection that is kept; the next message goes over another one."""
    marks = deliver(peer.port, [job(1)], [job(2)], between=lambda: peer.say(answer))
    assert dict.fromkeys((1, 2), Outcome.DELIVERED) == marks.outcomes()
    assert 2 == peer.connections


def test_an_answer_in_pieces_is_one_answer(peer: UnreliableRelay) -> None:
    """So is one of many lines; the connection is kept."""
    peer.faults = Faults(final="250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c")
    marks = deliver(peer.port, [job(1), job(2)])
    assert "250 2.0.0 a 2.0.0 b 2.0.0 c" == marks.of[2].reply
    assert 1 == peer.connections
    heard = answers.Answers(asyncio.Protocol())
    heard.ask()
    for octet in b"250-a\r\n250 b\r\n":
        heard.data_received(bytes([octet]))
    assert (True, 250) == (heard.fit, heard.code)
    heard.ask()
    heard.data_received(b"250 c\r\n2")
    assert not heard.fit
    with pytest.raises(ConnectionError, match=SURPLUS):
        heard.ask()


@pytest.mark.parametrize(
    "answer",
    [
        "250 2.0.0 queued " + "x" * 100_000,
        "250-2.0.0 queued\r\n" + "250-x\r\n" * 10_000 + "250 x",
        "250-2.0.0 queued\r\n!garbage",
    ],
    ids=["long", "many", "spoilt"],
)
def test_a_message_taken_with_too_many_words_is_taken(peer: UnreliableRelay, answer: str) -> None:
    """Else the recipient would get it again and again."""
    peer.faults = Faults(final=answer)
    marks = deliver(peer.port, [job(1), job(2)])
    assert dict.fromkeys((1, 2), Outcome.DELIVERED) == marks.outcomes()
    assert marks.of[1].reply.startswith("250 2.0.0 queued")
    assert 2 == len(peer.accepted)


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("!" * 100_000, TOO_LONG),
        ("2500" * 25_000, TOO_LONG),
        ("x250 ok", GARBAGE),
        ("25 ok", GARBAGE),
        ("-1 ok", GARBAGE),
        ("550 " + "x" * 100_000, TOO_LONG),
        ("550-a\r\n250 yes", GARBAGE),
        ("450-a\r\n250 yes", GARBAGE),
        ("250-a\r\n550 no", GARBAGE),
        ("250-a\r\n251 yes", GARBAGE),
        ("250-a\r\n550-b\r\n!garbage", GARBAGE),
        ("250-a\r\n550-b\r\n" + "250-x\r\n" * 10_000 + "250 x", TOO_LONG),
        ("2500 ok", GARBAGE),
        ("250-a\r\n2500 ok", GARBAGE),
        ("250_ok", GARBAGE),
        ("250\tok", GARBAGE),
        ("650 ok", GARBAGE),
    ],
)
def test_an_answer_that_is_none_leaves_it_in_doubt(
    peer: UnreliableRelay, answer: str, reply: str
) -> None:
    """Lines of different codes are none: nobody can say by which of them it was taken."""
    peer.faults = Faults(final=answer)
    marks = deliver(peer.port, [job(1)])
    assert (Outcome.IN_DOUBT, reply) == (marks.of[1].outcome, marks.of[1].reply)


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("end", ["250 yes", "354 yes", "550 no", "2500 yes", "550_no"])
def test_an_answer_that_is_none_to_a_command_decides_nothing(
    peer: UnreliableRelay, verb: str, end: str
) -> None:
    """It is tried again, whatever its last line says."""
    peer.faults = Faults(replies={verb: f"{'4' if end[0] == '5' else '5'}50-a\r\n{end}"})
    marks = deliver(peer.port, [job(1)])
    assert (Outcome.NOT_NOW, GARBAGE) == (marks.of[1].outcome, marks.of[1].reply)
    assert [] == peer.seen


@pytest.mark.parametrize(
    "answer", ["250", "250 ", "250-\r\n250", "250-a\r\n250-\r\n250 b", "250-a\rb\r\n250 c"]
)
def test_an_answer_need_not_have_words(peer: UnreliableRelay, answer: str) -> None:
    peer.faults = Faults(final=answer)
    assert {1: Outcome.DELIVERED} == deliver(peer.port, [job(1)]).outcomes()


@pytest.mark.parametrize(
    ("faults", "reply", "logged"),
    [
        (Faults(greeting="554 5.3.2 words of its own"), "554 5.3.2 words of its own", ": 554;"),
        (Faults(replies={"EHLO": "550 words of its own"}), "550 words of its own", ": 550;"),
        (Faults(replies={"EHLO": "!words of its own"}), GARBAGE, f": {GARBAGE};"),
    ],
)
def test_a_relays_words_do_not_get_into_the_log(
    peer: UnreliableRelay,
    caplog: pytest.LogCaptureFixture,
    faults: Faults,
    reply: str,
    logged: str,
) -> None:
    peer.faults = faults
    with caplog.at_level(logging.DEBUG, "gatekeeper"):
        assert reply == deliver(peer.port, [job(1)]).of[1].reply
    assert logged in caplog.text
    assert "words of its own" not in caplog.text
