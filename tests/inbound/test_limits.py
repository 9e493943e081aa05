"""Each limit of the intake over real sockets: its own reply, and others go on being served."""

import socket
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import IntakeLimits, SpacePolicy
from gatekeeper.inbound.clients import Clients
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.space import Space
from tests.inbound.talking import DATA, FROM, HELLO, RCPT, ask, everything, lines, said
from tests.sinks import Inbox, Sink, running_sink

KEY = b"k" * 32
OWN = OwnAddresses(security=Address(local="security", domain="example.org"))
TEAM = Recipients(own=OWN, token_key=KEY, team=[Address(local="andrea", domain="team.example")])
ANSWER = OWN.reply_address(token.mint_reply(KEY, RowId(b"r" * 16)))
TO_A_TOKEN = f"RCPT TO:<{ANSWER}>\r\n".encode()
FROM_THE_TEAM = b"MAIL FROM:<andrea@team.example>\r\n"
TAKEN = "250 2.0.0 Taken"


def strangers(limits: IntakeLimits) -> Clients:
    """Count everybody as a client, this machine too."""
    return Clients(limits=limits, trusted=())


def test_connections_of_one_client() -> None:
    limits = IntakeLimits(client_connections=2)
    with running_sink(limits=limits, clients=strangers(limits)) as sink:
        with sink.connect() as first, sink.connect() as second:
            lines(first, 1)
            lines(second, 1)
            with sink.connect() as third:
                assert b"421 4.7.0 Too many connections from you\r\n" == everything(third)
            second.sendall(b"QUIT\r\n")
            everything(second)
        assert "250 2.0.0 Ok" == said(sink, b"NOOP\r\n")[1]


def test_connections_of_one_client_in_a_minute() -> None:
    limits = IntakeLimits(client_connection_rate=2)
    with running_sink(limits=limits, clients=strangers(limits)) as sink:
        said(sink)
        said(sink)
        with sink.connect() as third:
            assert b"421 4.7.0 Too many connections in a short time\r\n" == everything(third)


def test_messages_and_recipients_of_one_client_in_a_minute() -> None:
    limits = IntakeLimits(client_message_rate=2, client_recipient_rate=3)
    with running_sink(limits=limits, clients=strangers(limits)) as sink:
        answers = said(sink, HELLO, FROM, RCPT, RCPT, DATA, FROM, RCPT, RCPT, DATA, FROM)
        assert "450 4.7.1 Too many recipients in a short time" == answers[9]
        assert "450 4.7.1 Too many messages in a short time" == answers[12]
        assert 2 == answers.count(TAKEN)


@pytest.mark.parametrize("trusted", [(), (IPv4Network("127.0.0.0/8"),)])
def test_unknown_recipients_end_a_strangers_session(trusted: tuple[IPv4Network, ...]) -> None:
    """A relay of ours hears 550 for each, however many they are."""
    limits = IntakeLimits(unknown_recipients=3, errors=2)
    inbox = Inbox(known=lambda address: address.local == "security")
    clients = Clients(limits=limits, trusted=trusted)
    with running_sink(limits=limits, inbox=inbox, clients=clients) as sink:
        unknown = [f"RCPT TO:<u{number}@example.org>\r\n".encode() for number in range(5)]
        answers = said(sink, HELLO, FROM, *unknown, RCPT, DATA)
    refused = ["550 5.1.1 No such recipient here"]
    if trusted:
        assert refused * 5 == answers[3:8]
        assert 1 == len(inbox.received)
    else:
        assert [*refused * 3, "421 4.7.0 Too many unknown recipients"] == answers[3:]


def test_refused_commands_and_idle_ones() -> None:
    with running_sink(limits=IntakeLimits(errors=2)) as sink:
        assert "421 4.7.0 Too many errors" == said(sink, b"X\r\n" * 5)[-1]
    with running_sink(limits=IntakeLimits(commands=5)) as sink:
        assert "421 4.7.0 Too many commands" == said(sink, b"NOOP\r\n" * 9)[-1]


def test_a_session_ends_between_two_messages() -> None:
    with running_sink(limits=IntakeLimits(session_wait=1)) as sink:
        assert ["220 sink.example ESMTP", "421 4.7.0 Session too long"] == said(sink, HELLO)


def test_a_command_line_that_dribbles_has_one_wait() -> None:
    """Each byte is no progress; neither is a command that leads nowhere."""
    limits = IntakeLimits(command_wait=SECOND // 2, commands=1_000_000)
    with running_sink(limits=limits) as sink:
        for dribble in (b"N", b"NOOP\r\n"):
            with sink.connect() as client:
                client.settimeout(0.05)
                answers = b""
                while b"421" not in answers:
                    client.sendall(dribble)
                    try:
                        answers += client.recv(1000)
                    except TimeoutError:
                        continue
                assert answers.endswith(b"421 4.4.2 Too slow\r\n")


def dribbled(sink: Sink, piece: bytes, pause: float) -> bytes:
    """Send a message's text piece by piece until it is answered; return the answer."""
    with sink.connect() as client:
        client.sendall(HELLO + FROM + RCPT + b"DATA\r\n")
        lines(client, 10)
        client.settimeout(pause)
        for _ in range(40):
            client.sendall(piece)
            try:
                return client.recv(1000)
            except TimeoutError:
                continue
        client.settimeout(30)
        client.sendall(b"\r\n.\r\n")
        return client.recv(1000)


def test_a_slow_sender_is_ended_and_a_steady_one_is_not() -> None:
    """Twice data_wait and more at the rate is fine; below the rate there is data_wait, no more."""
    limits = IntakeLimits(data_wait=SECOND, data_rate=1000)
    with running_sink(limits=limits) as sink:
        assert b"421 4.4.2 Too slow\r\n" == dribbled(sink, b"x", 0.05)
        assert b"250 2.0.0 Taken\r\n" == dribbled(sink, b"x" * 100, 0.05)
    assert 1 == len(sink.inbox.received)


def test_the_last_connections_are_kept_for_the_team_and_for_answers() -> None:
    limits = IntakeLimits(connections=2, reserved_percent=50)
    with running_sink(limits=limits, recipients=TEAM) as sink, sink.connect() as first:
        lines(first, 1)
        refused = "421 4.7.0 Too many connections"
        assert refused == said(sink, HELLO, FROM, RCPT, DATA)[-1]
        assert TAKEN == said(sink, HELLO, FROM_THE_TEAM, RCPT, DATA)[5]
        assert TAKEN == said(sink, HELLO, FROM, TO_A_TOKEN, DATA)[5]
        assert 2 == len(sink.inbox.received)
        with sink.connect() as second, sink.connect() as third:
            lines(second, 1)
            assert b"421 4.7.0 Too many connections\r\n" == everything(third)


def test_some_bytes_are_kept_for_the_team_and_for_answers() -> None:
    limits = IntakeLimits(message_bytes=100, bytes_in_flight=150, reserved_percent=50)
    with running_sink(limits=limits, recipients=TEAM) as sink, sink.connect() as client:
        sink.inbox.held = True
        client.sendall(HELLO + FROM + RCPT + DATA)
        sink.inbox.wait(1)
        sink.inbox.held = False
        busy = "452 4.3.1 Too much mail at once, try again later"
        sized = FROM.replace(b">", b"> SIZE=70")
        assert busy == said(sink, HELLO, FROM, RCPT, DATA)[5]
        assert busy == said(sink, HELLO, sized, RCPT)[3]
        assert TAKEN == said(sink, HELLO, sized, TO_A_TOKEN, RCPT, DATA)[6]
        assert TAKEN == said(sink, HELLO, FROM_THE_TEAM, RCPT, DATA)[5]


def space(folder: Path, *, reserve: int = 1) -> Space:
    """Return a guard of a volume that has less than everybody's room."""
    return Space(folder=folder, policy=SpacePolicy(stop_below=1 << 60, reserve=reserve))


def test_little_space_is_for_the_team_and_for_answers(tmp_path: Path) -> None:
    """In one transaction each recipient is decided by itself."""
    with running_sink(recipients=TEAM, space=space(tmp_path)) as sink:
        no_space = "452 4.3.1 No space now, try again later"
        answers = said(sink, HELLO, FROM, RCPT, TO_A_TOKEN, DATA)
        assert [no_space, "250 2.1.5 Recipient ok", TAKEN] == [answers[3], answers[4], answers[6]]
        assert [[str(ANSWER)]] == [
            [str(each) for each in received.envelope.recipients] for received in sink.inbox.received
        ]
        assert TAKEN == said(sink, HELLO, FROM_THE_TEAM, RCPT, DATA)[5]


def test_below_the_reserve_there_is_space_for_nobody(tmp_path: Path) -> None:
    with running_sink(recipients=TEAM, space=space(tmp_path, reserve=1 << 60)) as sink:
        assert "452 4.3.1 No space now, try again later" == said(sink, HELLO, FROM_THE_TEAM)[2]


def test_space_that_goes_while_a_message_comes_in_puts_it_off(tmp_path: Path) -> None:
    """LMTP: to each recipient; nothing is stored."""
    folder = tmp_path / "state"
    folder.mkdir()
    clock = [0]
    guard = Space(
        folder=folder, policy=SpacePolicy(stop_below=1, reserve=1), ticks=lambda: clock[0]
    )
    with running_sink(protocol="lmtp", space=guard, path=tmp_path / "s") as sink:
        with sink.connect() as client:
            client.sendall(b"LHLO x\r\n" + FROM + RCPT + RCPT + b"DATA\r\n")
            assert "354" == lines(client, 11)[-1][:3]
            folder.rmdir()
            clock[0] += SECOND
            client.sendall(b"text\r\n.\r\nQUIT\r\n")
            answers = everything(client).decode().splitlines()
        assert ["452 4.3.1 No space now, try again later"] * 2 == answers[:2]
        assert [] == sink.inbox.received


def test_one_client_at_its_limit_leaves_the_others_alone() -> None:
    """All that loopback addresses can show: 127.0.0.2 is another client than 127.0.0.1."""
    limits = IntakeLimits(client_connections=1)
    with running_sink(limits=limits, clients=strangers(limits)) as sink, sink.connect() as first:
        lines(first, 1)
        with socket.create_connection(
            (sink.host, sink.port), source_address=("127.0.0.2", 0)
        ) as other:
            lines(other, 1)
            assert "250 2.0.0 Ok" == ask(other, b"NOOP\r\n")
