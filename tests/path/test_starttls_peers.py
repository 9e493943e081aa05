"""STARTTLS with programs of others: Postfix and swaks as clients of listener and service."""

import subprocess
from pathlib import Path

import pytest

from gatekeeper.inbound.certificate import Certificate
from tests.house import ALIAS
from tests.path.test_postfix_clear import hand_over
from tests.peers import require
from tests.postfix import running_postfix
from tests.running import Site, free_port, make_site, serving
from tests.sinks import running_sink
from tests.worlds import make_certificate

FIRST = "530 5.7.0 Must issue a STARTTLS command first"


def test_postfix_delivers_over_tls(tmp_path: Path) -> None:
    """From its port that insists on TLS, so that nothing would come otherwise."""
    pem = make_certificate(tmp_path / "chain.pem", "mx.research.example")
    certificate = Certificate(certificate=pem, key=pem)
    with (
        running_sink(certificate=certificate) as world,
        running_postfix(lmtp=free_port(), world=world.port) as postfix,
    ):
        hand_over(postfix.clear)
        (received,) = world.inbox.wait(1)
    assert ("TLSv1.3", "ESMTP") == (received.envelope.tls, received.envelope.protocol)
    assert b"We can see what you see." in received.raw


@pytest.fixture
def swaks() -> str:
    return str(require("swaks")["swaks"])


def say(swaks: str, site: Site, *more: str) -> str:
    """Send a mail with swaks; return all that was said."""
    command = [swaks, "--server", f"127.0.0.1:{site.port}", "--to", str(ALIAS)]
    command += ["--from", "robin@research.example", "--helo", "mx.research.example", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_the_service_asks_for_tls_where_it_is_told_to(swaks: str, tmp_path: Path) -> None:
    """And goes over to a new certificate while it runs; the mail tells its team of the TLS."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        make_certificate(site.config / "tls.pem", "first.example.org")
        site.change("gatekeeper.yaml", "    tls:\n", "    tls: {certificate: tls.pem}\n")
        site.change("gatekeeper.yaml", "require_tls: []", "require_tls: [security]")
        site.change("gatekeeper.yaml", '[127.0.0.0/8, "::1/128"]', "[192.0.2.1]")
        with serving(site):
            assert FIRST in say(swaks, site)
            found = say(swaks, site, "--tls")
            assert 'TLS peer DN="/CN=first.example.org"' in found
            assert "<~  250 2.0.0 Stored" in found
            replaced(site, "second.example.org")
            while 'DN="/CN=second.example.org"' not in found:
                found = say(swaks, site, "--tls", "--quit-after", "RCPT")
            (issue,) = site.json("issue", "list")
            (message,) = site.json("issue", "thread", issue["issue"])["messages"]
    assert "TLSv1.3" == message["envelope"]["tls"]
    log = (tmp_path / "serve.log").read_text()
    assert "a new certificate is in use" in log
    assert "robin" not in log


def replaced(site: Site, name: str) -> None:
    """Put another certificate in the first one's place, as programs that renew them do."""
    made = make_certificate(site.config / "new.pem", name)
    made.rename(site.config / "tls.pem")
