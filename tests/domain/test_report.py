"""What a message is, and how it came."""

from dataclasses import FrozenInstanceError

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.report import MAX_ATTEMPTS, Classified, Envelope, Kind, MessageState

RECIPIENT = Address.parse("security@example.org")


def test_an_envelope_leads_somewhere() -> None:
    with pytest.raises(ValueError, match="needs a recipient"):
        Envelope(sender=None, recipients=(), peer="192.0.2.7", protocol="ESMTP")


def test_the_null_sender_is_a_sender() -> None:
    """RFC 5321 §4.5.5: a bounce comes from `<>`, and is accepted like any other message."""
    envelope = Envelope(sender=None, recipients=(RECIPIENT,), peer="local", protocol="LMTP")
    assert envelope.sender is None
    assert envelope.tls == ""


def test_an_envelope_cannot_be_changed() -> None:
    envelope = Envelope(sender=None, recipients=(RECIPIENT,), peer="local", protocol="LMTP")
    with pytest.raises(FrozenInstanceError):
        envelope.recipients = ()  # type: ignore[misc]  # that it fails is the point


def test_what_is_not_said_of_a_message_is_not_so() -> None:
    classified = Classified(kind=Kind.REPORT)
    assert (None, None, False) == (classified.delivery, classified.carried, classified.automatic)


def test_words_that_the_database_keeps_do_not_change() -> None:
    """They stand in rows and in CHECK constraints: a new spelling needs a migration."""
    assert ["stored", "claimed", "handled", "quarantined"] == [str(state) for state in MessageState]
    kinds = ["report", "reply", "postmaster", "bounce", "auto-reply", "loop"]
    assert kinds == [str(kind) for kind in Kind]


def test_a_message_is_tried_three_times() -> None:
    assert 3 == MAX_ATTEMPTS
