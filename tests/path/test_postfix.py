"""Through a real Postfix: LMTP in front of the service, SMTP behind it."""

import smtplib
import time
from pathlib import Path

import pytest

from tests.house import ALIAS, PEOPLE
from tests.path.test_service import REPORTER, copies, plain_report, read
from tests.postfix import running_postfix
from tests.running import WAIT, Site, free_port, make_site, serving
from tests.sinks import running_sink


def test_a_report_goes_through_postfix_in_and_out(tmp_path: Path) -> None:
    """Postfix takes the report, hands it over by LMTP, and takes the copies for the world."""
    lmtp = free_port()
    with running_sink() as world, running_postfix(lmtp=lmtp, world=world.port) as postfix:
        site = make_site(tmp_path, relay=postfix.relay, lmtp=lmtp)
        with serving(site, also=(lmtp,)):
            with smtplib.SMTP("127.0.0.1", postfix.port) as client:
                client.sendmail(REPORTER, [str(ALIAS)], plain_report())
            found = copies(world.inbox, len(PEOPLE))
            for index, (_, address) in enumerate(PEOPLE):
                assert b"Crash in the frame parser" in read(site, index, found[address].raw)
            replies = {row["reply"].split()[0] for row in site.json("delivery", "list")}
            assert replies == {"250"}


def test_postfix_refuses_what_the_service_would_not_know() -> None:
    """With the map of recipients Postfix bounces nothing: the sender hears 550 at once."""
    with (
        running_sink() as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
        smtplib.SMTP("127.0.0.1", postfix.port) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        client.sendmail(REPORTER, ["nobody@example.org"], plain_report())


def test_mail_waits_in_postfix_while_the_service_is_down(tmp_path: Path) -> None:
    """A stopped service loses nothing: Postfix keeps the report until it is back."""
    lmtp = free_port()
    with running_sink() as world, running_postfix(lmtp=lmtp, world=world.port) as postfix:
        site = make_site(tmp_path, relay=postfix.relay, lmtp=lmtp)
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            client.sendmail(REPORTER, [str(ALIAS)], plain_report())
        with serving(site, also=(lmtp,)):
            postfix.flush()
            assert len(PEOPLE) == len(copies(world.inbox, len(PEOPLE)))


def test_a_bounce_comes_back_to_its_delivery(tmp_path: Path) -> None:
    """The world refuses a copy after Postfix took it: the bounce is no new report."""
    lmtp = free_port()
    with running_sink() as world, running_postfix(lmtp=lmtp, world=world.port) as postfix:
        refused = PEOPLE[2][1]
        world.inbox.known = lambda address: str(address) != refused
        site = make_site(tmp_path, relay=postfix.relay, lmtp=lmtp)
        with serving(site, also=(lmtp,)):
            with smtplib.SMTP("127.0.0.1", postfix.port) as client:
                client.sendmail(REPORTER, [str(ALIAS)], plain_report())
            copies(world.inbox, len(PEOPLE) - 1)
            kinds = _kinds_with(site, "bounce")
            assert ["report", "bounce"] == kinds
            assert 1 == len(site.json("issue", "list")), "it opened no issue of its own"
            rows = site.json("delivery", "list")
            others = [address for _, address in PEOPLE if address != refused]
            expected = [REPORTER, *others, refused, *others]
            assert sorted(expected) == sorted(row["recipient"] for row in rows), "others are told"
            (failed,) = [row for row in rows if row["recipient"] == refused]
            assert ("failed", True) == (failed["state"], failed["returned"] is not None)


def _kinds_with(site: Site, awaited: str) -> list[str]:
    """Return the kinds of the issue's messages, once one of the awaited kind is among them."""
    deadline = time.monotonic() + WAIT
    while True:
        thread = site.json("issue", "thread", site.json("issue", "list")[0]["issue"])
        kinds = [message["kind"] for message in thread["messages"]]
        if awaited in kinds:
            return kinds
        assert time.monotonic() < deadline, kinds
