"""Bounces as mail servers write them, to the address that one delivery's copy was sent from."""

from gatekeeper.domain import token
from gatekeeper.domain.identity import RowId
from gatekeeper.inbound.classify import BOUNCE
from gatekeeper.store import deliveries
from gatekeeper.store.deliveries import DeliveryRow
from tests.house import House
from tests.issues.found import handle_all

GONE = "550 5.1.1 <someone@elsewhere.example>: user unknown"


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = GONE,
    subject: str = "Undelivered Mail Returned to Sender",
) -> bytes:
    """Return a delivery report in the form of RFC 3464, as Postfix writes it."""
    lines = (
        "From: Mail Delivery System <MAILER-DAEMON@relay.example>",
        f"Subject: {subject}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=-r"',
        "",
        "--=-r",
        "Content-Type: text/plain",
        "",
        "Access denied, quota exceeded, user unknown, delayed, vacation.",
        "--=-r",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; relay.example",
        "",
        "Final-Recipient: rfc822; someone@elsewhere.example",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mx.elsewhere.example",
        f"Diagnostic-Code: smtp; {diagnostic}",
        "--=-r--",
        "",
    )
    return "\r\n".join(lines).encode()


def address_of(house: House, delivery: RowId) -> str:
    """Return the address that a bounce of a delivery comes to."""
    name = token.mint(house.desk.token_key, BOUNCE, delivery)
    return str(house.desk.own.bounce_address(name))


def latest_to(house: House, recipient: str) -> DeliveryRow:
    """Return the last delivery to an address."""
    rows = house.store.read(deliveries.list_all)
    return [row for row in rows if str(row.recipient) == recipient][-1]


def bounce(house: House, delivery: RowId, raw: bytes, *, sender: str = "") -> None:
    """Have a mail handled that came to a delivery's bounce address."""
    house.receive(raw, sender=sender, to=address_of(house, delivery))
    handle_all(house)


def now_of(house: House, delivery: RowId) -> DeliveryRow:
    """Return the delivery as it is now."""
    found = house.store.read(lambda tx: deliveries.get(tx, delivery))
    assert found is not None
    return found
