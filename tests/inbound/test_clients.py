"""Who is connected: limits of one client, the connections kept for favoured mail, who is exempt."""

from ipaddress import IPv4Network

import pytest

from gatekeeper.domain.errors import Reply
from gatekeeper.domain.instants import MINUTE
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.clients import (
    FULL,
    FULL_OF_YOURS,
    MESSAGES,
    RECIPIENTS,
    TOO_OFTEN,
    Clients,
    Guest,
)

LIMITS = IntakeLimits(
    connections=10,
    reserved_percent=20,
    client_connections=3,
    client_connection_rate=5,
    client_message_rate=2,
    client_recipient_rate=3,
    client_bytes=400,
    bytes_in_flight=1000,
)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at


def made(clock: Clock | None = None, *, known: int = 100) -> Clients:
    return Clients(limits=LIMITS, ticks=clock or Clock(), known=known)


def guest(clients: Clients, peer: str | None = "192.0.2.1") -> Guest:
    found = clients.admit(peer)
    assert isinstance(found, Guest), found
    return found


def test_one_client_has_few_connections_and_others_have_theirs() -> None:
    clients = made()
    mine = [guest(clients) for _ in range(3)]
    assert FULL_OF_YOURS == clients.admit("192.0.2.1")
    guest(clients, "192.0.2.2")
    mine[0].leave()
    mine[0].leave()
    assert 3 == clients.open
    guest(clients)


def test_new_connections_are_counted_by_the_minute() -> None:
    clock = Clock()
    clients = made(clock)
    for _ in range(5):
        guest(clients).leave()
    assert TOO_OFTEN == clients.admit("192.0.2.1")
    clock.at += MINUTE // 5
    guest(clients)
    assert TOO_OFTEN == clients.admit("192.0.2.1")


def test_messages_and_recipients_are_counted_over_all_connections() -> None:
    clock = Clock()
    clients = made(clock)
    first, second = guest(clients), guest(clients)
    assert [None, None, MESSAGES] == [first.message(), second.message(), first.message()]
    assert [None, None, None, RECIPIENTS] == [second.recipient() for _ in range(4)]
    assert None is guest(clients, "192.0.2.2").message()
    clock.at += MINUTE
    assert None is first.message()


def test_the_refusals_of_a_rate_are_temporary() -> None:
    for reply in (FULL, FULL_OF_YOURS, TOO_OFTEN, MESSAGES, RECIPIENTS):
        assert reply.temporary


def test_one_client_cannot_take_all_bytes() -> None:
    """And gives them back to all; favoured mail may use what is kept, within the client's own."""
    clients = made()
    mine, other = guest(clients), guest(clients, "192.0.2.2")
    third = guest(clients, "192.0.2.3")
    assert mine.budget.take(400)
    assert not guest(clients).budget.take(1)
    assert other.budget.take(400)
    assert not third.budget.take(1)
    assert third.budget.take(200, favoured=True)
    assert not third.budget.take(1, favoured=True)
    mine.budget.give(400)
    assert third.budget.take(200)
    assert 200 == clients.budget.free(favoured=True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(one: str, other: str, same: bool) -> None:
    clients = made()
    for _ in range(3):
        guest(clients, one)
    assert (FULL_OF_YOURS == clients.admit(other)) is same


@pytest.mark.parametrize("peer", [None, "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_no_client_but_counts(peer: str | None) -> None:
    clients = made()
    guests = [guest(clients, peer) for _ in range(10)]
    assert all(each.trusted for each in guests)
    assert all(each.message() is None and each.recipient() is None for each in guests * 10)
    assert FULL == clients.admit(peer)


def test_a_relay_of_ours_is_no_client() -> None:
    clients = Clients(limits=LIMITS, trusted=(IPv4Network("198.51.100.0/24"),), ticks=Clock())
    assert guest(clients, "198.51.100.7").trusted
    assert not guest(clients, "127.0.0.1").trusted


def test_the_last_connections_are_for_favoured_mail() -> None:
    clients = made()
    lates = [guest(clients, f"192.0.2.{number}").late for number in range(10)]
    assert [False] * 8 + [True] * 2 == lates
    assert FULL == clients.admit("192.0.2.77")


def test_a_full_house_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    clients = made(clock)
    for _ in range(10):
        guest(clients, None)
    for minute in range(2):
        clock.at = minute * MINUTE
        assert [FULL] * 50 == [clients.admit("192.0.2.1") for _ in range(50)]
    assert ["connections are refused: 10 are open"] * 2 == caplog.messages


def test_only_so_many_clients_are_remembered() -> None:
    """Those that were away for the longest are forgotten first, those connected never."""
    clients = made(known=5)
    stays = guest(clients, "192.0.2.100")
    for number in range(50):
        found = clients.admit(f"198.51.100.{number}")
        assert isinstance(found, Guest)
        found.message()
        found.leave()
    assert 5 == clients.remembered
    assert [stays.message() for _ in range(3)] == [None, None, MESSAGES]
    guest(clients, "192.0.2.100")
    guest(clients, "192.0.2.100")
    assert FULL_OF_YOURS == clients.admit("192.0.2.100")


def test_who_did_nothing_lately_is_forgotten() -> None:
    clock = Clock()
    clients = made(clock)
    for number in range(20):
        guest(clients, f"192.0.2.{number}").leave()
        clock.at += 2 * MINUTE
    assert clients.remembered <= 2


@pytest.mark.parametrize("peer", ["", "no address", "192.0.2"])
def test_who_has_no_address_is_of_this_machine(peer: str) -> None:
    assert not isinstance(made().admit(peer), Reply)
