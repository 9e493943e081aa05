"""What each failure of a relay means for which delivery, over real sockets."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.domain.protection import (
    CLEAR_FORM_MINT,
    CLEAR_REPLY_MINT,
    PUBLIC_MINT,
    SEALED_MINT,
    ClearForm,
    ClearReply,
    Lines,
    Public,
    Sealed,
)
from gatekeeper.outbound.answers import REPLY_LENGTH
from gatekeeper.outbound.job import Job, Outgoing, octets
from gatekeeper.outbound.pump import Pump
from gatekeeper.outbound.relay import Relay
from gatekeeper.outbound.trust import Trust
from tests.pumping import NOW, Stock
from tests.sinks import Faults, UnreliableRelay, refusing_port, running_sink

BOUNCES = Address(local="bounces+token", domain="example.org")
CONTENT = b"Subject: x\r\n\r\n.\r\n..\r\ntext\r\n"
SHORT = SECOND // 4
LONG = 20 * SECOND


def job(number: int, content: bytes = CONTENT, domain: str = "member.example") -> Job:
    return Job(
        id=RowId(number.to_bytes(16)),
        lease=b"lease",
        sender=BOUNCES,
        recipient=Address(local=f"r{number}", domain=domain),
        what=Sealed(content, mint=SEALED_MINT),
    )


def deliver(
    port: int,
    *batches: Sequence[Job],
    wait: int = LONG,
    connections: int = 1,
    between: Callable[[], None] = lambda: None,
    clear_port: int | None = None,
    name: str = "example.org",
    trust: Trust | None = None,
) -> Stock:
    """Deliver batches one after the other over the same connections; return what was recorded."""
    stock = Stock()

    async def run() -> None:
        relay = Relay(
            host="127.0.0.1",
            port=port,
            wait=wait,
            connections=connections,
            name=name,
            clear_port=clear_port,
            trust=trust,
        )
        pump = Pump(outbox=stock, relay=relay, policy=OutboxPolicy(), now=lambda: NOW)
        stop = asyncio.Event()
        running = asyncio.create_task(pump.run(stop))
        ended = 0
        for batch in batches:
            if ended:
                between()
            stock.add(batch)
            pump.wake()
            ended += len(batch)
            await asyncio.to_thread(stock.wait, ended)
        stop.set()
        await running

    asyncio.run(run())
    return stock


def test_a_real_listener_gets_the_bytes_and_the_envelope() -> None:
    """Our client against our server: leading dots, sender, recipient, all as they were."""
    with running_sink() as sink:
        marks = deliver(sink.port, [job(number) for number in range(20)], connections=4)
        assert {Outcome.DELIVERED} == set(marks.outcomes().values())
        assert "250 2.0.0 Taken" == marks.of[0].reply
        assert [CONTENT] * 20 == [received.raw for received in sink.inbox.received]
        assert {BOUNCES} == {received.envelope.sender for received in sink.inbox.received}
        recipients = {str(received.envelope.recipients[0]) for received in sink.inbox.received}
        assert {f"r{number}@member.example" for number in range(20)} == recipients


def test_a_large_message_goes_out_whole() -> None:
    content = b"Subject: x\r\n\r\n" + b".\r\n" * 3_000_000
    with running_sink() as sink:
        assert Outcome.DELIVERED is deliver(sink.port, [job(1, content)]).of[1].outcome
        assert content == sink.inbox.received[0].raw


@pytest.mark.parametrize("lines", [1, 20_000])
def test_a_message_goes_out_as_the_sum_of_its_pieces(lines: int) -> None:
    """Short or long, and with a dot at the beginning of a piece."""
    pieces = [b"Subject: x\r\n\r\n", b"." + b"x" * 76 + b"\r\n", b".\r\n--b--\r\n"]
    pieces[1] *= lines
    what = Sealed(*pieces, mint=SEALED_MINT)
    with running_sink() as sink:
        stock = deliver(sink.port, [replace(job(number), what=what) for number in range(2)])
        assert [b"".join(pieces)] * 2 == [received.raw for received in sink.inbox.received]
    assert dict.fromkeys(range(2), Outcome.DELIVERED) == stock.outcomes()


def test_records_are_written_off_the_event_loop(peer: UnreliableRelay) -> None:
    assert threading.get_ident() not in deliver(peer.port, [job(1)]).threads


def test_connections_are_kept_and_greeted_once(peer: UnreliableRelay) -> None:
    """Over a pause too; the goodbye comes at the end."""
    deliver(peer.port, [job(n) for n in range(5)], [job(n) for n in range(5, 10)])
    assert 1 == peer.connections
    verbs = peer.verbs()
    assert ["EHLO", *["MAIL", "RCPT", "DATA"] * 10, "QUIT"] == verbs
    assert "EHLO example.org" == peer.commands[0]
    assert f"MAIL FROM:<bounces+token@example.org> SIZE={len(CONTENT)}" == peer.commands[1]


def test_no_connection_is_not_now() -> None:
    with refusing_port() as port:
        marks = deliver(port, [job(1), job(2)])
    assert {1: Outcome.NOT_NOW, 2: Outcome.NOT_NOW} == marks.outcomes()
    assert "Connect call failed" in marks.of[1].reply


@pytest.mark.parametrize(
    ("faults", "expected", "reply"),
    [
        (Faults(greeting="421 4.3.2 not now"), Outcome.NOT_NOW, "421 4.3.2 not now"),
        (Faults(greeting="554 5.3.2 no service"), Outcome.NOT_NOW, "554 5.3.2 no service"),
        (Faults(replies={"EHLO": "550 5.5.1 no"}), Outcome.NOT_NOW, "550 5.5.1 no"),
        (Faults(replies={"MAIL": "451 4.3.0 later"}), Outcome.NOT_NOW, "451 4.3.0 later"),
        (Faults(replies={"MAIL": "553 5.1.8 no"}), Outcome.REFUSED, "553 5.1.8 no"),
        (Faults(replies={"MAIL": "421 4.3.2 bye"}), Outcome.NOT_NOW, "421 4.3.2 bye"),
        (Faults(replies={"RCPT": "450 4.2.1 busy"}), Outcome.NOT_NOW, "450 4.2.1 busy"),
        (Faults(replies={"RCPT": "550 5.1.1 who"}), Outcome.REFUSED, "550 5.1.1 who"),
        (Faults(replies={"DATA": "452 4.3.1 full"}), Outcome.NOT_NOW, "452 4.3.1 full"),
        (Faults(replies={"DATA": "554 5.5.1 no"}), Outcome.REFUSED, "554 5.5.1 no"),
        (Faults(final="451 4.3.0 later"), Outcome.NOT_NOW, "451 4.3.0 later"),
        (Faults(final="421 4.3.2 bye"), Outcome.NOT_NOW, "421 4.3.2 bye"),
        (Faults(final="554 5.7.1 refused"), Outcome.REFUSED, "554 5.7.1 refused"),
        (Faults(final="354 go on"), Outcome.IN_DOUBT, "354 go on"),
        (Faults(final="what?"), Outcome.IN_DOUBT, "its answer is no SMTP reply"),
        (Faults(cut="greeting"), Outcome.NOT_NOW, None),
        (Faults(cut="MAIL"), Outcome.NOT_NOW, None),
        (Faults(cut="RCPT"), Outcome.NOT_NOW, None),
        (Faults(cut="DATA"), Outcome.NOT_NOW, None),
        (Faults(cut="dot"), Outcome.IN_DOUBT, None),
        (Faults(hang="greeting"), Outcome.NOT_NOW, "no answer in time"),
        (Faults(hang="RCPT"), Outcome.NOT_NOW, "no answer in time"),
        (Faults(hang="DATA"), Outcome.NOT_NOW, "no answer in time"),
        (Faults(hang="dot"), Outcome.IN_DOUBT, "no answer in time"),
    ],
)
def test_what_each_failure_means(
    peer: UnreliableRelay, faults: Faults, expected: Outcome, reply: str | None
) -> None:
    """And after it, the same client delivers as soon as the relay is sound again."""
    peer.faults = faults
    mended = Faults()

    def mend() -> None:
        peer.faults = mended

    wait = SECOND if faults.hang else LONG
    marks = deliver(peer.port, [job(1)], [job(2)], wait=wait, between=mend)
    assert {1: expected, 2: Outcome.DELIVERED} == marks.outcomes()
    if reply is not None:
        assert reply == marks.of[1].reply


@pytest.mark.parametrize("faults", [Faults(hang="body"), Faults(cut="body")])
def test_lost_within_a_large_message_is_not_in_doubt(peer: UnreliableRelay, faults: Faults) -> None:
    """The final dot is only sent once all before it has left: without it nothing was accepted."""
    peer.faults = faults
    content = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 500_000
    marks = deliver(peer.port, [job(1, content)], wait=SECOND)
    assert {1: Outcome.NOT_NOW} == marks.outcomes()
    assert [] == peer.seen


def test_a_refused_recipient_stops_no_other(peer: UnreliableRelay) -> None:
    """After a refusal the connection is reset and used again."""
    peer.faults = Faults(
        replies={"r1@member.example": "550 5.1.1 who", "r3@member.example": "451 4.2.1 later"}
    )
    marks = deliver(peer.port, [job(number) for number in range(6)])
    expected = [Outcome.DELIVERED] * 6
    expected[1], expected[3] = Outcome.REFUSED, Outcome.NOT_NOW
    assert dict(enumerate(expected)) == marks.outcomes()
    assert (1, 2) == (peer.connections, peer.verbs().count("RSET"))


def test_a_relay_that_dies_half_way_loses_nothing(peer: UnreliableRelay) -> None:
    peer.faults = Faults(die_after=4)
    marks = deliver(peer.port, [job(number) for number in range(10)])
    assert [Outcome.DELIVERED] * 4 + [Outcome.NOT_NOW] * 6 == [
        marks.of[number].outcome for number in range(10)
    ]
    assert 4 == len(peer.accepted)


def test_a_connection_the_relay_closed_meanwhile_costs_no_attempt(peer: UnreliableRelay) -> None:
    """Relays close idle connections: the next message simply goes over a new one."""
    marks = deliver(peer.port, [job(1)], [job(2)], between=peer.drop_all)
    assert {1: Outcome.DELIVERED, 2: Outcome.DELIVERED} == marks.outcomes()
    assert 2 == peer.connections


def test_a_farewell_on_a_kept_connection_costs_no_attempt(peer: UnreliableRelay) -> None:
    """421 to MAIL on a connection that was fine before: once more on a new one."""

    def weary() -> None:
        peer.once["MAIL"] = "421 4.4.2 too many messages"

    marks = deliver(peer.port, [job(1)], [job(2)], between=weary)
    assert {1: Outcome.DELIVERED, 2: Outcome.DELIVERED} == marks.outcomes()
    assert 2 == peer.connections


def test_replies_are_kept_bounded_and_printable(peer: UnreliableRelay) -> None:
    peer.faults = Faults(final="550-5.7.1 a\x1b[2Jb\r\n550-\u202e\r\n550 " + "x" * 2000)
    reply = deliver(peer.port, [job(1)]).of[1].reply
    assert reply.startswith("550 5.7.1 a [2Jb xxx")
    assert (REPLY_LENGTH, True) == (len(reply), reply.isprintable())


def test_a_non_ascii_recipient_needs_a_relay_that_knows_them(peer: UnreliableRelay) -> None:
    marks = deliver(peer.port, [job(1, domain="mitglied-ü.example")])
    assert {1: Outcome.DELIVERED} == marks.outcomes()
    assert "r1@mitglied-ü.example" == peer.accepted[0].recipient
    assert any(command.endswith(" SMTPUTF8") for command in peer.commands)


@pytest.mark.parametrize(
    "what",
    [
        Sealed(CONTENT, mint=SEALED_MINT),
        Public(CONTENT, mint=PUBLIC_MINT),
        ClearForm(CONTENT, mint=CLEAR_FORM_MINT),
        ClearReply(CONTENT, mint=CLEAR_REPLY_MINT),
    ],
)
def test_the_four_types_may_leave(what: Outgoing) -> None:
    assert (
        what
        is Job(id=RowId(b"i" * 16), lease=b"", sender=BOUNCES, recipient=BOUNCES, what=what).what
    )


@pytest.mark.parametrize("what", [CONTENT, "text", None])
def test_nothing_else_may_leave(what: Outgoing) -> None:
    with pytest.raises(TypeError, match="only Sealed, Public, ClearForm and ClearReply"):
        Job(id=RowId(b"i" * 16), lease=b"", sender=BOUNCES, recipient=BOUNCES, what=what)


def test_what_is_not_made_of_lines_that_were_looked_through_may_not_leave() -> None:
    class Unseen(Lines):
        def __init__(self) -> None:
            """Look at nothing."""

    what = Sealed(Unseen(), mint=SEALED_MINT)
    with pytest.raises(TypeError, match="made of Lines"):
        Job(id=RowId(b"i" * 16), lease=b"", sender=BOUNCES, recipient=BOUNCES, what=what)


def test_lines_that_jobs_share_count_once() -> None:
    shared = Lines(b"x" * 1000 + b"\r\n")
    made = [
        replace(job(number), what=Sealed(b"%d\r\n" % number, shared, mint=SEALED_MINT))
        for number in range(5)
    ]
    assert 5 * len(b"0\r\n") + len(shared) == octets(made)
    assert 0 == octets([])


@pytest.mark.parametrize(
    "content", [b"", b"a", b"a\n", b"a\rb\r\n", b"a\n.\r\nb\r\n", b"\xe4\r\n", b"\0\r\n"]
)
def test_only_lines_that_no_relay_reads_differently_are_sent(content: bytes) -> None:
    with pytest.raises(ValueError, match="a message to send"):
        job(1, content)
