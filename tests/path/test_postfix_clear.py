"""Behind, at `relay.clear_port`: what is not encrypted leaves over TLS or not at all."""

import smtplib
import time

import pytest

from gatekeeper.domain.address import Address
from tests.postfix import Postfix, running_postfix
from tests.running import WAIT, free_port
from tests.sinks import running_sink, unreliable_relay
from tests.worlds import tls_world

SENDER = "bounces+token@example.org"
REPORTER = "robin@research.example"
LETTER = (
    b"From: Example security <security@example.org>\r\n"
    b"To: Robin Finder <robin@research.example>\r\n"
    b"Subject: Re: your report\r\n"
    b"\r\n"
    b"We can see what you see.\r\n"
)


def hand_over(port: int) -> None:
    """Give Postfix the letter, as the service does."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(SENDER, [REPORTER], LETTER)


def until_logged(postfix: Postfix, words: str) -> str:
    """Return the line of the log with these words, once it is there."""
    deadline = time.monotonic() + WAIT
    while True:
        found = [line for line in postfix.log.splitlines() if words in line]
        if found:
            return found[0]
        assert time.monotonic() < deadline, postfix.log
        time.sleep(0.02)


def test_it_is_delivered_over_tls() -> None:
    """To a server whose certificate nobody vouches for, as most are among mail servers."""
    with tls_world() as world, running_postfix(lmtp=free_port(), world=world.port) as postfix:
        hand_over(postfix.clear)
        ((raw, over_tls),) = world.wait(1)
        assert over_tls
        assert b"We can see what you see." in raw


def test_a_server_without_tls_never_sees_it() -> None:
    """Neither now nor later: it comes back at once, so that the team is told within minutes."""
    with (
        running_sink(protocol="lmtp") as service,
        running_sink() as world,
        running_postfix(lmtp=service.port, world=world.port) as postfix,
    ):
        hand_over(postfix.clear)
        (bounce,) = service.inbox.wait(1)
        assert [] == world.inbox.received
    assert [Address.parse(SENDER)] == list(bounce.envelope.recipients)
    assert bounce.envelope.sender is None
    assert b"Status: 5.7.4" in bounce.raw


def test_a_server_whose_tls_fails_never_sees_it() -> None:
    """It offers TLS and cannot do it: that may pass, so the letter waits."""
    with (
        unreliable_relay() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
    ):
        world.faults.offers = ("STARTTLS",)
        world.faults.replies = {"STARTTLS": "454 4.7.0 TLS not available due to temporary reason"}
        hand_over(postfix.clear)
        assert "454 4.7.0" in until_logged(postfix, "status=deferred")
    assert {"EHLO", "STARTTLS", "QUIT"} == set(world.verbs())


def test_the_other_place_delivers_without_tls() -> None:
    """What is encrypted goes to servers of any kind: the strict place is one of its own."""
    with (
        running_sink() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
    ):
        hand_over(postfix.relay)
        (received,) = world.inbox.wait(1)
    assert b"We can see what you see." in received.raw


@pytest.mark.parametrize("place", ["relay", "clear"])
def test_both_places_take_mail_for_anyone(place: str) -> None:
    """Also for a recipient with a +, whose server is not asked first."""
    with (
        running_sink() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
        smtplib.SMTP("127.0.0.1", getattr(postfix, place)) as client,
    ):
        client.ehlo()
        client.mail(SENDER)
        code, _ = client.rcpt("robin+reports@research.example")
        assert 250 == code
        assert [] == world.inbox.received
