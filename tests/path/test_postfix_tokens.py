"""In front: tokens that are none of ours are refused at RCPT, so that nothing is bounced later."""

import email
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import ALIAS, PEOPLE
from tests.path.test_service import REPORTER, plain_report
from tests.postfix import Postfix, running_postfix
from tests.running import free_port, make_site, serving
from tests.sinks import Sink, running_sink

NOBODY = "security+ggggggggggggggggggggggggggggggggggggggggg@example.org"
NO_BOUNCE = f"bounces+{'g' * 26}.{'g' * 24}@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Postfix before a running service, and the world that gets its mail."""

    postfix: Postfix
    world: Sink

    def asked(self, recipient: str) -> tuple[int, str]:
        """Return what Postfix answers to a stranger's recipient, and nothing is sent."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port) as client:
            client.ehlo()
            client.docmd("XCLIENT", "ADDR=192.0.2.7")
            client.ehlo()
            client.mail(REPORTER)
            code, text = client.rcpt(recipient)
        return code, text.decode()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """Lend them all, running."""
    lmtp = free_port()
    with running_sink() as world, running_postfix(lmtp=lmtp, world=world.port) as postfix:
        site = make_site(tmp_path, relay=postfix.relay, lmtp=lmtp)
        with serving(site, also=(lmtp,)):
            yield Front(postfix=postfix, world=world)


def test_what_is_no_token_of_ours_is_refused_at_once(front: Front) -> None:
    """Postfix asks the service, which knows its own tokens; the sender hears 550.

    So does who writes to the name before the token alone, which stands among Postfix's addresses.
    """
    plain = ("bounces@example.org", "BOUNCES@Example.org", '"bounces"@example.org')
    unknown = (NOBODY, "security+x@example.org", NO_BOUNCE, "abuse+x@example.org")
    for recipient in (*plain, *unknown):
        code, text = front.asked(recipient)
        assert (550, True) == (code, "no such address here" in text), recipient
        assert "LMTP" not in text, "nor does anyone outside hear what stands behind"
    assert "status=undeliverable" in front.postfix.log, "the service was asked"
    assert "non-delivery notification" not in front.postfix.log
    assert [] == front.world.inbox.received


def test_a_token_of_ours_is_taken(front: Front) -> None:
    """Mail servers answer to the envelope sender of a copy, the reporter to the acknowledgement."""
    with smtplib.SMTP("127.0.0.1", front.postfix.port) as client:
        client.sendmail(REPORTER, [str(ALIAS)], plain_report())
    received = front.world.inbox.wait(len(PEOPLE) + 1)
    found = {str(each.envelope.recipients[0]): each for each in received}
    answered = email.message_from_bytes(found.pop(REPORTER).raw)["Reply-To"]
    assert answered.startswith("security+")
    assert 250 == front.asked(answered)[0]
    for copy in found.values():
        sender = copy.envelope.sender
        assert sender is not None
        assert sender.local.startswith("bounces+")
        assert 250 == front.asked(str(sender))[0]


def test_the_plain_addresses_need_no_answer_from_the_service() -> None:
    """While it is down they are taken and wait; what has a token is put off, not refused.

    Others are refused all the same, and nobody's mail is passed on.
    """
    with (
        running_sink() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
    ):
        front = Front(postfix=postfix, world=world)
        for local in ("security", "postmaster", "abuse", "SECURITY"):
            assert 250 == front.asked(f"{local}@example.org")[0]
        assert 450 == front.asked(NOBODY)[0]
        for local in ("nobody", "bounces"):
            assert 550 == front.asked(f"{local}@example.org")[0]
        assert 554 == front.asked("somebody@elsewhere.example")[0]


def test_the_world_is_spoken_to_with_tls() -> None:
    """STARTTLS is offered in front, with the certificate that the settings name."""
    with (
        running_sink() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
        smtplib.SMTP("127.0.0.1", postfix.port) as client,
    ):
        client.starttls()
        client.ehlo()
        assert 250 == client.mail(REPORTER)[0]
        assert str(50 * 1024 * 1024) == client.esmtp_features["size"]
