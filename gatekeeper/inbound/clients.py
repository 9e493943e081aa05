"""Who is connected and what each client uses: one account for all listeners of a process."""

import logging
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from gatekeeper.domain.errors import Reply
from gatekeeper.domain.instants import MINUTE
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.rates import Rate, monotonic
from gatekeeper.inbound.reader import Budget

_log = logging.getLogger("gatekeeper.inbound")

Network = IPv4Network | IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

KNOWN: Final = 10_000
"""Clients that are remembered; beyond it those are forgotten that were away for the longest."""

FULL: Final = Reply(code=421, enhanced="4.7.0", text="Too many connections")
FULL_OF_YOURS: Final = Reply(code=421, enhanced="4.7.0", text="Too many connections from you")
TOO_OFTEN: Final = Reply(code=421, enhanced="4.7.0", text="Too many connections in a short time")
MESSAGES: Final = Reply(code=450, enhanced="4.7.1", text="Too many messages in a short time")
RECIPIENTS: Final = Reply(code=450, enhanced="4.7.1", text="Too many recipients in a short time")


class _Client:
    """What one client uses, on all its connections together."""

    __slots__ = ("budget", "connections", "messages", "open", "recipients")

    def __init__(self, limits: IntakeLimits, budget: Budget, at: int) -> None:
        self.open = 0
        self.budget = Budget(limits.client_bytes, within=budget)
        self.connections = Rate(limits.client_connection_rate, at)
        self.messages = Rate(limits.client_message_rate, at)
        self.recipients = Rate(limits.client_recipient_rate, at)

    def idle(self, at: int) -> bool:
        """Say whether nothing is lost when it is forgotten."""
        rates = (self.connections, self.messages, self.recipients)
        return not self.open and all(rate.full(at) for rate in rates)


class Guest:
    """One connection: what it may still use.

    `trusted` is a mail server of ours or this machine, which no limit of one client holds for ·
    `late` came when only the reserved connections were left, and must be favoured to stay ·
    `budget` is where its messages' bytes are taken from.
    """

    def __init__(
        self,
        *,
        client: _Client | None,
        budget: Budget,
        late: bool,
        ticks: Callable[[], int],
        on_left: "Callable[[Guest], None]",
    ) -> None:
        """Use `Clients.admit`."""
        self._client = client
        self._ticks = ticks
        self._on_left = on_left
        self.trusted = client is None
        self.late = late
        self.budget = budget

    def message(self) -> Reply | None:
        """Count a message that begins; return the reply that puts it off, or None."""
        if self._client is None or self._client.messages.take(self._ticks()):
            return None
        return MESSAGES

    def recipient(self) -> Reply | None:
        """Count a recipient; return the reply that puts it off, or None."""
        if self._client is None or self._client.recipients.take(self._ticks()):
            return None
        return RECIPIENTS

    def leave(self) -> None:
        """Say that the connection is over; may be repeated."""
        self._on_left(self)


def ours(budget: Budget) -> Guest:
    """Return a connection of this machine that nobody counts."""
    return Guest(client=None, budget=budget, late=False, ticks=monotonic, on_left=lambda _: None)


class Clients:
    """All connections of a process, and the clients that they are of."""

    def __init__(
        self,
        *,
        limits: IntakeLimits,
        trusted: Sequence[Network] = LOOPBACK,
        ticks: Callable[[], int] = monotonic,
        known: int = KNOWN,
    ) -> None:
        """Begin without any; `trusted` are mail servers of ours, `ticks` counts microseconds."""
        self.budget = Budget(limits.bytes_in_flight, reserved=limits.reserved_bytes)
        self._limits = limits
        self._trusted = tuple(trusted)
        self._ticks = ticks
        self._known = known
        self._told_at: int | None = None
        self._guests: dict[Guest, _Client | None] = {}
        self._clients: dict[Network, _Client] = {}

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._guests)

    @property
    def remembered(self) -> int:
        """How many clients are remembered."""
        return len(self._clients)

    def admit(self, peer: str | None) -> Guest | Reply:
        """Return what a new connection may use, or the reply that ends it.

        `peer` is the client's IP address, None for a socket of this machine.
        """
        found = _client_of(peer)
        if len(self._guests) >= self._limits.connections:
            self._tell_full()
            return FULL
        late = len(self._guests) >= self._limits.open_connections
        if found is None or self._trusts(peer):
            return self._guest(None, self.budget, late=late)
        client = self._client(found)
        if not client.connections.take(self._ticks()):
            return TOO_OFTEN
        if client.open >= self._limits.client_connections:
            return FULL_OF_YOURS
        return self._guest(client, client.budget, late=late)

    def _guest(self, client: _Client | None, budget: Budget, *, late: bool) -> Guest:
        # The reserved connections are a trusted server's as well: it may bring what is favoured.
        guest = Guest(
            client=client, budget=budget, late=late, ticks=self._ticks, on_left=self._left
        )
        self._guests[guest] = client
        if client is not None:
            client.open += 1
        return guest

    def _left(self, guest: Guest) -> None:
        if guest in self._guests:
            client = self._guests.pop(guest)
            if client is not None:
                client.open -= 1

    def _tell_full(self) -> None:
        """Log it, once a minute: who connects again and again shall not fill the log as well."""
        at = self._ticks()
        if self._told_at is None or at - self._told_at >= MINUTE:
            self._told_at = at
            _log.warning("connections are refused: %d are open", len(self._guests))

    def _trusts(self, peer: str | None) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)

    def _client(self, network: Network) -> _Client:
        """Return a client's account, the latest in order; forgets others when there are many."""
        client = self._clients.pop(network, None)
        if client is None:
            self._forget()
            client = _Client(self._limits, self.budget, self._ticks())
        self._clients[network] = client
        return client

    def _forget(self) -> None:
        """Make room: for one more, the idle ones that were away for the longest go first."""
        at = self._ticks()
        while len(self._clients) >= self._known:
            oldest = next((n for n, client in self._clients.items() if not client.open), None)
            if oldest is None:
                return
            del self._clients[oldest]
        first = next(iter(self._clients.items()), None)
        if first is not None and first[1].idle(at):
            del self._clients[first[0]]


def _address(peer: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(peer or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _client_of(peer: str | None) -> Network | None:
    """Return whom a connection counts for: an IPv4 address, or an IPv6 network of 64 bits."""
    address = _address(peer)
    if address is None:
        return None
    if isinstance(address, IPv4Address):
        return IPv4Network(address)
    return IPv6Network((int(address) >> 64 << 64, 64))
