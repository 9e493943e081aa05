"""Nothing is said to a relay that does not prove who it is, and no password without TLS."""

import asyncio
import gc
import hashlib
import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.domain.delivery import Outcome
from gatekeeper.domain.instants import SECOND
from gatekeeper.outbound import relay as outgoing
from gatekeeper.outbound.trust import Login, Tls, Trust
from tests.outbound.test_relay import LONG, deliver, job
from tests.secured import OFFERS, SecuredRelay, secured_relay
from tests.sinks import Faults, UnreliableRelay, refusing_port
from tests.worlds import make_certificate

LOGIN = Login(user="gatekeeper", password="hunter2 ü")
# "\0gatekeeper\0hunter2 ü" (RFC 4616)
PLAIN = "AUTH PLAIN AGdhdGVrZWVwZXIAaHVudGVyMiDDvA=="


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for this machine, with its key."""
    return make_certificate(
        tmp_path_factory.mktemp("relay") / "relay.pem", "relay.example.org", "IP:127.0.0.1"
    )


@pytest.fixture
def relay(certificate: Path) -> Iterator[SecuredRelay]:
    with secured_relay(certificate) as running:
        running.faults = Faults(offers=OFFERS)
        yield running


def authority(certificate: Path) -> str:
    """Return the certificate alone, as an authority that vouches for itself."""
    text = certificate.read_text(encoding="ascii")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
    return text[text.index(begin) : text.index(end) + len(end)]


def digest(certificate: Path) -> bytes:
    """Return the certificate's SHA-256."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority(certificate))).digest()


def complaint(port: int, trust: Trust) -> str:
    """Return what doctor would say."""
    return outgoing.complaint(
        host="127.0.0.1", port=port, wait=LONG, name="example.org", trust=trust
    )


def test_after_starttls_all_is_said_anew_and_encrypted(
    relay: SecuredRelay, certificate: Path
) -> None:
    trust = Trust(tls=Tls.STARTTLS, authorities=authority(certificate), login=LOGIN)
    marks = deliver(relay.port, [job(1), job(2)], trust=trust)
    assert dict.fromkeys((1, 2), Outcome.DELIVERED) == marks.outcomes()
    verbs = ["EHLO", "STARTTLS", "EHLO", "AUTH", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]
    assert verbs == relay.verbs()
    assert PLAIN == relay.commands[3]
    assert relay.commands[2:-1] == relay.secured
    assert "" == complaint(relay.port, trust)


def test_implicit_tls_and_auth_login(certificate: Path) -> None:
    with secured_relay(certificate, implicit=True) as relay:
        relay.faults = Faults(offers=("AUTH LOGIN",), replies={"AUTH": "334 UGFzc3dvcmQ6"})
        trust = Trust(tls=Tls.IMPLICIT, pins=frozenset({digest(certificate)}), login=LOGIN)
        assert {1: Outcome.DELIVERED} == deliver(relay.port, [job(1)], trust=trust).outcomes()
        assert ["EHLO", "AUTH"] == relay.verbs()[:2]
        assert ["AUTH LOGIN Z2F0ZWtlZXBlcg==", "aHVudGVyMiDDvA=="] == relay.commands[1:3]


def test_a_large_message_goes_out_whole_over_tls(relay: SecuredRelay, certificate: Path) -> None:
    content = b"Subject: x\r\n\r\n" + b".\r\n" * 1_000_000
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({digest(certificate)}))
    assert {1: Outcome.DELIVERED} == deliver(relay.port, [job(1, content)], trust=trust).outcomes()
    assert content.replace(b"\r\n.", b"\r\n..") == relay.accepted[0].wire


def test_without_starttls_nothing_is_sent(peer: UnreliableRelay) -> None:
    """Whoever takes the offer out of the conversation gets no mail (RFC 3207 §6)."""
    marks = deliver(peer.port, [job(1)], trust=Trust(tls=Tls.STARTTLS))
    assert (Outcome.NOT_NOW, "it offers no STARTTLS") == (marks.of[1].outcome, marks.of[1].reply)
    assert {"EHLO"} == set(peer.verbs())


@pytest.mark.parametrize("refusal", ["454 4.7.0 TLS not available", "220 go ahead"])
def test_a_handshake_that_does_not_come_about(peer: UnreliableRelay, refusal: str) -> None:
    """The second one says so and goes on in clear."""
    peer.faults = Faults(offers=OFFERS, replies={"STARTTLS": refusal})
    marks = deliver(peer.port, [job(1)], trust=Trust(tls=Tls.STARTTLS), wait=2 * SECOND)
    assert {1: Outcome.NOT_NOW} == marks.outcomes()
    assert [] == peer.seen
    assert not any(command.startswith(("MAIL", "AUTH")) for command in peer.commands)


def test_a_certificate_that_no_authority_knows(
    relay: SecuredRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, however much mail waits."""
    with caplog.at_level(logging.WARNING, "gatekeeper.outbound"):
        marks = deliver(relay.port, [job(1), job(2)], trust=Trust(tls=Tls.STARTTLS, login=LOGIN))
    assert dict.fromkeys((1, 2), Outcome.NOT_NOW) == marks.outcomes()
    assert "certificate verify failed: self-signed certificate" == marks.of[1].reply
    assert [] == relay.secured
    said = [record.getMessage() for record in caplog.records]
    assert 1 == len(said)
    assert "cannot be used, mail waits" in said[0]


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other.pem", "other.example.org")
    trust = Trust(tls=Tls.IMPLICIT, authorities=authority(other))
    with secured_relay(other, implicit=True) as relay:
        marks = deliver(relay.port, [job(1)], trust=trust)
        assert {1: Outcome.NOT_NOW} == marks.outcomes()
        assert "mismatch" in marks.of[1].reply
        assert [] == relay.commands


def test_another_certificate_than_the_pinned_one(relay: SecuredRelay, certificate: Path) -> None:
    """What it is stands in the complaint, so that it can be compared and pinned."""
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({bytes(32)}), login=LOGIN)
    marks = deliver(relay.port, [job(1)], trust=trust)
    assert {1: Outcome.NOT_NOW} == marks.outcomes()
    assert digest(certificate).hex() in marks.of[1].reply
    assert [] == relay.secured
    assert digest(certificate).hex() in complaint(relay.port, trust)


@pytest.mark.parametrize(
    ("offers", "reply", "expected"),
    [
        (OFFERS, "535 5.7.8 no: hunter2", "does not take relay.user with its password (535)"),
        (OFFERS, "454 4.7.0 later hunter2", "does not take relay.user with its password (454)"),
        (OFFERS, f"!garbage {PLAIN} hunter2", "its password (its answer is no SMTP reply)"),
        (OFFERS, "535 " + "hunter2" * 10_000, "its password (its answer is too long)"),
        (OFFERS, "235 hunter2\r\n535 hunter2", "its answers do not fit what it was asked"),
        (("STARTTLS",), "", "offers neither AUTH PLAIN nor AUTH LOGIN"),
        (("STARTTLS", "AUTH CRAM-MD5"), "", "offers neither AUTH PLAIN nor AUTH LOGIN"),
    ],
)
def test_a_login_that_is_refused(
    relay: SecuredRelay,
    certificate: Path,
    caplog: pytest.LogCaptureFixture,
    offers: tuple[str, ...],
    reply: str,
    expected: str,
) -> None:
    """Mail waits, and what the relay answers is not repeated: it might hold the password."""
    relay.faults = Faults(offers=offers, replies={"AUTH": reply} if reply else {})
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({digest(certificate)}), login=LOGIN)
    with caplog.at_level(logging.DEBUG):
        marks = deliver(relay.port, [job(1)], trust=trust)
    assert Outcome.NOT_NOW is marks.of[1].outcome
    assert expected in marks.of[1].reply
    said = marks.of[1].reply + caplog.text + complaint(relay.port, trust)
    assert "hunter2" not in said
    assert PLAIN.rpartition(" ")[2] not in said
    assert [] == relay.seen


def test_a_login_that_ends_the_connection(
    relay: SecuredRelay, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    relay.faults = Faults(offers=OFFERS, cut="AUTH")
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({digest(certificate)}), login=LOGIN)
    marks = deliver(relay.port, [job(1)], trust=trust)
    assert Outcome.NOT_NOW is marks.of[1].outcome
    assert "does not take relay.user with its password (" in marks.of[1].reply
    assert "does not take relay.user with its password (" in caplog.text


def test_when_the_relay_can_be_used_again_that_is_said(
    relay: SecuredRelay, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    relay.once["AUTH"] = "454 4.7.0 later"
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({digest(certificate)}), login=LOGIN)
    marks = deliver(relay.port, [job(1)], [job(2)], trust=trust)
    assert {1: Outcome.NOT_NOW, 2: Outcome.DELIVERED} == marks.outcomes()
    assert "can be used again" in caplog.text


def test_complaints_of_doctor(peer: UnreliableRelay) -> None:
    """It says what the service would meet, and sends nothing."""
    assert "" == complaint(peer.port, Trust())
    assert "it offers no STARTTLS" == complaint(peer.port, Trust(tls=Tls.STARTTLS))
    assert {"EHLO", "QUIT"} == set(peer.verbs())
    with refusing_port() as port:
        assert "Connect call failed" in complaint(port, Trust())


def test_a_connection_that_is_given_up_is_closed_at_once(
    relay: SecuredRelay, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS would wait for the relay's own goodbye; what is left open fails the test as a warning."""
    released = threading.Event()

    async def stand_still(line: str, *rest: Any) -> None:  # noqa: ANN401 - handed on as they are
        await usual(line, *rest)
        if line.startswith("AUTH"):
            asyncio.get_running_loop().call_soon(released.wait, 30)

    usual = relay._answered  # noqa: SLF001 - a relay that hears nothing more after its answer
    monkeypatch.setattr(relay, "_answered", stand_still)
    relay.faults = Faults(offers=OFFERS, replies={"AUTH": "454 4.7.0 not now"})
    trust = Trust(tls=Tls.STARTTLS, pins=frozenset({digest(certificate)}), login=LOGIN)
    assert {1: Outcome.NOT_NOW} == deliver(relay.port, [job(1)], trust=trust).outcomes()
    gc.collect()
    released.set()
