"""Hostile and odd mail over SMTP: an issue each, in bounded time and memory (promise P-12)."""

import re
import smtplib
from pathlib import Path

import pytest

from tests.house import ALIAS, PEOPLE
from tests.path.arrivals import TEAM, wait_for, wait_until_delivered
from tests.path.test_service import REPORTER
from tests.running import Site, make_site, serving
from tests.sampling import shared_out
from tests.sinks import running_sink
from tests.torture import small_torture, torture

BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
LARGE = "attachment-25-mb"
MIB = 1024 * 1024


def deliverable() -> dict[str, bytes]:
    """Return the mails that may pass SMTP at all: whole lines that end with CRLF."""
    return {
        name: raw
        for name, raw in small_torture().items()
        if raw.endswith(b"\r\n") and not BARE.search(raw)
    }


def post(site: Site, raw: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, and return the reply to them."""
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.ehlo()
        client.mail(REPORTER)
        client.rcpt(str(ALIAS))
        return client.data(raw)


def test_every_odd_mail_becomes_an_issue(dialect: str, database_url: str, tmp_path: Path) -> None:
    """All are taken, each is handled once, and each person gets a copy of each."""
    assert len(deliverable()) > 50
    mails = shared_out(deliverable(), dialect)
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port, database=database_url)
        with serving(site):
            for name, raw in mails.items():
                assert post(site, raw)[0] == 250, name
            wait_for(sink.inbox, TEAM, len(mails) * len(PEOPLE))
            assert len(mails) == len(site.json("issue", "list"))
            wait_until_delivered(site)
    log = (tmp_path / "serve.log").read_text()
    assert "QUARANTINED" not in log
    assert "unexpected" not in log


def test_bare_line_ends_are_refused(tmp_path: Path) -> None:
    """What other servers would read differently is refused, and the service goes on."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            for raw in small_torture().values():
                if raw.endswith(b"\r\n") and BARE.search(raw):
                    code, _ = post(site, raw)
                    assert code == 554
            assert [] == site.json("issue", "list")


@pytest.mark.timeout(120)  # it takes some seconds; what takes minutes hangs
def test_a_large_attachment_in_bounded_memory(tmp_path: Path) -> None:
    """25 MB arrive whole, within a few times their size."""
    raw = torture()[LARGE]
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site) as process:
            before = peak(process.pid)
            assert post(site, raw)[0] == 250
            found = wait_for(sink.inbox, TEAM, len(PEOPLE))
            used = peak(process.pid) - before
    assert len(PEOPLE) == len(found)
    assert used < 12 * len(raw) + 60 * MIB, f"{used / MIB:.0f} MiB for {len(raw) / MIB:.0f} MiB"


def peak(process: int) -> int:
    """Return the most memory that a process has had so far, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1024
