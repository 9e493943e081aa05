"""An automatic answer goes to people only, and to nothing that could answer it by itself."""

from dataclasses import replace

import pytest
from hypothesis import given

from gatekeeper.domain.address import Address
from gatekeeper.domain.automatic import Forwarder, Signs, as_forwarded, is_robot, silence
from tests.domain.samples import ascii_addresses

PERSON = Signs(sender=Address.parse("finder@reporter.example"))


def test_a_person_is_answered() -> None:
    assert "" == silence(PERSON)
    assert "" == silence(replace(PERSON, auto_submitted="no"))
    assert "" == silence(replace(PERSON, auto_submitted="No; comment=1"))
    assert "" == silence(replace(PERSON, precedence="first-class"))


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (replace(PERSON, sender=None), "it has no envelope sender"),
        (replace(PERSON, own=True), "it came from an address of ours"),
        (replace(PERSON, looped=True), "it carries a loop token of ours"),
        (replace(PERSON, report=True), "it is a delivery report"),
        (replace(PERSON, auto_submitted="auto-replied"), "it says that it was sent automatically"),
        (replace(PERSON, auto_submitted="auto-generated; x=y"), "it says that it was sent auto"),
        (replace(PERSON, auto_submitted="whatever"), "it says that it was sent automatically"),
        (replace(PERSON, suppressed=True), "it asks for no automatic answer"),
        (replace(PERSON, listed=True), "it came through a mailing list"),
        (replace(PERSON, precedence="bulk"), "it was sent in bulk"),
        (replace(PERSON, precedence="junk"), "it was sent in bulk"),
        (replace(PERSON, precedence="list"), "it was sent in bulk"),
        (replace(PERSON, precedence=" Auto_Reply"), "it was sent in bulk"),
        (replace(PERSON, sender=Address.parse("root@x.example")), "it came from a robot's address"),
    ],
)
def test_each_sign_alone_is_enough(signs: Signs, expected: str) -> None:
    assert silence(signs).startswith(expected)


@pytest.mark.parametrize(
    "local",
    """mailer-daemon MAILER-DAEMON mailerdaemon mailer-daemon+x postmaster Postmaster daemon
    noreply no-reply no_reply no.reply do-not-reply donotreply do_not_reply dont-reply noreply-123
    no-reply+tag jira-noreply github.no-reply bounce bounces bounces+token bounce-17 bounces-list
    owner-kernel kernel-owner kernel-owner+tag kernel-request kernel-bounces
    kernel-bounces+finder=reporter.example kernel-confirm+0a1b kernel-subscribe kernel-unsubscribe
    announce-return-17-finder=reporter.example majordomo listserv listproc mailman sympa ezmlm
    nobody root root+x cron uucp www-data apache nginx httpd autoreply auto-reply autoresponder
    auto-responder vacation prvs=0123456789=mailer-daemon SRS0=aB1c=XY=other.example=noreply
    SRS0+aB1c=XY=other.example=noreply SRS1=q=fwd.example==aB=XY=other.example=no-reply""".split(),
)
def test_a_robot_is_known_by_its_name(local: str) -> None:
    assert is_robot(Address(local=local, domain="reporter.example"))


@pytest.mark.parametrize(
    "local",
    """finder finder+noreply security owner lowner request rooted nobody.important bouncer
    daemonic postmasters jordan.mailman the.root reply replyto vacationer list listing announce
    prvs=0123456789=finder SRS0=aB1c=XY=other.example=finder return-17 cronin uucphead""".split(),
)
def test_a_person_is_not_taken_for_one(local: str) -> None:
    assert not is_robot(Address(local=local, domain="reporter.example"))


@given(address=ascii_addresses)
def test_the_domain_does_not_matter(address: Address) -> None:
    assert is_robot(address) == is_robot(Address(local=address.local, domain="noreply.example"))


AUTHOR = Address.parse("finder@research.example")
THROUGH = replace(
    PERSON, sender=Address.parse("list-bounces@f.example"), listed=True, precedence="list"
)


@pytest.mark.parametrize("name", ["list-bounces@f.example", "LIST-bounces@F.example", "@F.example"])
def test_mail_through_a_forwarder_is_its_authors(name: str) -> None:
    """What a list adds is left out of account, and nothing else."""
    signs = replace(THROUGH, auto_submitted="no", report=True)
    expected = replace(PERSON, sender=AUTHOR, auto_submitted="no", report=True)
    assert expected == as_forwarded(signs, AUTHOR, [Forwarder.parse(name)])


@pytest.mark.parametrize(
    "name", ["other@f.example", "@sub.f.example", "@example", "@f.example.org"]
)
def test_mail_through_somebody_else_is_not(name: str) -> None:
    assert THROUGH == as_forwarded(THROUGH, AUTHOR, [Forwarder.parse(name)])


def test_without_an_author_or_a_sender_nothing_changes() -> None:
    forwarders = [Forwarder.parse("@f.example")]
    assert THROUGH == as_forwarded(THROUGH, None, forwarders)
    nobody = replace(THROUGH, sender=None)
    assert nobody == as_forwarded(nobody, AUTHOR, forwarders)


@pytest.mark.parametrize("text", ["", "@", "f.example", "a b@f.example", "@f example"])
def test_a_forwarder_is_an_address_or_a_domain(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|domain|local"):
        Forwarder.parse(text)
