"""4. Say what it is: report, reply, mail to postmaster, bounce, automatic answer, loop."""

from collections.abc import Sequence

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, Destination, OwnAddresses, Route
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.report import Classified, Envelope, Kind
from gatekeeper.issues.letterhead import LOOP
from gatekeeper.mail.reading import Reading

BOUNCE = "bounce"
"""The purpose of the token in an envelope sender of ours."""


def classify(
    reading: Reading, envelope: Envelope, own: OwnAddresses, token_key: bytes
) -> Classified:
    """Return what a message is, by its envelope and our own tokens, never by its words.

    The envelope's recipient routes, not `To:` (design: mail engine, "In"). Mail to a bounce
    address is a bounce; a letter of ours that came back carries a token only we can make; what
    calls itself automatic is still a report unless stage 5 finds its thread. `reading` may
    be of the outside alone: a loop may then show only once the mail is opened.
    """
    routes = [_destination(own, recipient) for recipient in envelope.recipients]
    if all(route.route is Route.BOUNCES for route in routes):
        named = (token.check(token_key, BOUNCE, route.token) for route in routes)
        return Classified(kind=Kind.BOUNCE, delivery=next(filter(None, named), None))
    carried = _came_back(reading.loop_tokens, token_key)
    if carried is not None:
        return Classified(kind=Kind.LOOP, carried=carried)
    automatic = reading.mail.auto_submitted not in {"", "no"}
    security = [route for route in routes if route.route is Route.SECURITY]
    if security:
        named = (token.check_reply(token_key, each.token) for each in security if each.token)
        route = next(filter(None, named), None)
        return Classified(kind=Kind.REPORT, automatic=automatic, route=route)
    return Classified(kind=Kind.POSTMASTER, automatic=automatic)


def _destination(own: OwnAddresses, recipient: Address) -> Destination:
    """Return where a stored recipient leads; one we no longer know still reaches people."""
    return own.route(recipient) or Destination(route=Route.SECURITY)


def _came_back(loop_tokens: Sequence[str], token_key: bytes) -> RowId | None:
    named = (token.check(token_key, LOOP, text) for text in loop_tokens)
    return next(filter(None, named), None)
