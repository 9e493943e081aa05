"""Which recipients exist, whose mail comes in when there is little room, and who asks for TLS."""

from collections.abc import Iterable

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, Destination, OwnAddresses, Route


class Recipients:
    """What the envelope's addresses mean; no row is looked up for it."""

    def __init__(
        self,
        *,
        own: OwnAddresses,
        token_key: bytes,
        team: Iterable[Address] = (),
        require_tls: frozenset[Route] = frozenset(),
    ) -> None:
        """Take our own addresses, the team's, and those of ours that take no mail in clear."""
        self._own = own
        self._token_key = token_key
        self._team = frozenset(address.key for address in team)
        self._require_tls = require_tls

    def knows(self, recipient: Address) -> bool:
        """Say whether `recipient` is one of our own addresses, and its token, if any, one of ours.

        Whether a reply token still leads anywhere is found out later, so that an answer tells
        nobody which issues there are.
        """
        destination = self._own.route(recipient)
        if destination is None:
            return False
        if destination.route is Route.BOUNCES or destination.token:
            return self._is_ours(destination)
        return True

    def favours(self, sender: Address | None, recipient: Address | None) -> bool:
        """Say whether mail comes in though there is little room: the team's, and answers to us.

        `recipient` has a token of ours. A sender's address proves nothing: whoever forges it gets
        the reserved room and nothing else.
        """
        if sender is not None and sender.key in self._team:
            return True
        destination = self._own.route(recipient) if recipient is not None else None
        return destination is not None and self._is_ours(destination)

    def needs_tls(self, recipient: Address) -> bool:
        """Say whether an address of ours takes no mail in clear."""
        destination = self._own.route(recipient) if self._require_tls else None
        return destination is not None and destination.route in self._require_tls

    def _is_ours(self, destination: Destination) -> bool:
        """Say whether there is a token and we gave it out."""
        if not destination.token:
            return False
        if destination.route is Route.BOUNCES:
            return token.check(self._token_key, "bounce", destination.token) is not None
        return token.check_reply(self._token_key, destination.token) is not None
