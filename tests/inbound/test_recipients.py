"""Which recipients exist, who is favoured when there is little room, and who asks for TLS."""

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses, Route
from gatekeeper.domain.identity import RowId
from gatekeeper.inbound.recipients import Recipients

KEY = b"k" * 32
OWN = OwnAddresses(security=Address(local="security", domain="example.org"))
ANDREA = Address(local="andrea", domain="team.example")
ROW = RowId(b"r" * 16)
RECIPIENTS = Recipients(own=OWN, token_key=KEY, team=[ANDREA])


@pytest.mark.parametrize(
    ("sender", "favoured"),
    [
        (ANDREA, True),
        (Address(local="ANDREA", domain="Team.Example"), True),
        (Address(local="mallory", domain="team.example"), False),
        (None, False),
    ],
)
def test_the_team_is_favoured_by_its_envelope_sender(
    sender: Address | None, favoured: bool
) -> None:
    assert favoured is RECIPIENTS.favours(sender, OWN.security)


def test_answers_to_us_are_favoured_by_their_token() -> None:
    """A bounce and a reporter's answer come in; a token that we did not give out does not."""
    reply, bounce = token.mint_reply(KEY, ROW), token.mint(KEY, "bounce", ROW)
    forged = token.mint_reply(b"x" * 32, ROW)
    assert RECIPIENTS.favours(None, OWN.reply_address(reply))
    assert RECIPIENTS.favours(None, OWN.bounce_address(bounce))
    assert not RECIPIENTS.favours(None, OWN.reply_address(forged))
    assert not RECIPIENTS.favours(None, OWN.security)
    assert not RECIPIENTS.favours(None, Address(local="x", domain="other.example"))
    assert not RECIPIENTS.favours(None, None)


def test_tls_is_asked_for_by_address() -> None:
    reply = OWN.reply_address(token.mint_reply(KEY, ROW))
    postmaster, abuse = (
        Address(local=name, domain="example.org") for name in ("postmaster", "abuse")
    )
    strict = Recipients(own=OWN, token_key=KEY, require_tls=frozenset({Route.SECURITY}))
    assert [True, True, False, False] == [
        strict.needs_tls(address) for address in (OWN.security, reply, postmaster, abuse)
    ]
    strict = Recipients(own=OWN, token_key=KEY, require_tls=frozenset({Route.POSTMASTER}))
    assert [False, True, True] == [
        strict.needs_tls(address) for address in (OWN.security, postmaster, abuse)
    ]
    assert not RECIPIENTS.needs_tls(OWN.security)
