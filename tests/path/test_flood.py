"""A thousand reports of one sender within a minute: all are issues, few are answered, none is lost.

The ordinary run sends fewer, with the same outcome; a soak sends the thousand.
"""

import email
import email.policy
import smtplib
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from gatekeeper.domain.instants import HOUR
from gatekeeper.domain.policy import AnswerPolicy
from tests.house import ALIAS, PEOPLE, person_key, uid
from tests.issues.reports import a_pen, head, pgp_mime
from tests.keys import Key, gpg
from tests.path.arrivals import to_each, unsettled
from tests.running import Site, make_site, serving
from tests.sampling import SOAK
from tests.sinks import Inbox, running_sink

REPORTS = 1000 if SOAK else 60
CLIENTS = 10
PER_SENDER = AnswerPolicy().per_sender
SENDER = "robin@research.example"
OTHER = "lee@elsewhere.example"
ACKNOWLEDGED = "Your report to the Example security team"
BATCHED = "Your mails to the Example security team"
PATIENCE = 1500.0 if SOAK else 100.0
LIMIT = 2000 if SOAK else 240


def report(number: int, *, sender: str = SENDER) -> bytes:
    """Return a report that is like no other."""
    return (
        f"From: {sender}\r\nTo: {ALIAS}\r\nSubject: report {number:04d}\r\n"
        f"Message-ID: <{number}@flood.example>\r\n\r\nIt crashes in line {number}.\r\n"
    ).encode()


def send_all(site: Site, mails: Sequence[tuple[str, bytes]]) -> None:
    """Send mails over some connections at once; each of them must be taken."""

    def send(some: Sequence[tuple[str, bytes]]) -> None:
        with smtplib.SMTP("127.0.0.1", site.port) as client:
            for sender, raw in some:
                client.sendmail(sender, [str(ALIAS)], raw)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, [mails[at::CLIENTS] for at in range(min(CLIENTS, len(mails)))]))


def rest(site: Site) -> None:
    """Wait until the service has nothing left to do; fails after a while."""
    deadline = time.monotonic() + PATIENCE
    while left := unsettled(site):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def answers(inbox: Inbox, address: str) -> Counter[str]:
    """Return the subjects of what was answered to an address, without the issue."""
    mails = (email.message_from_bytes(e.raw, policy=email.policy.default) for e in inbox.received)
    wanted = (mail for mail in mails if mail["To"] == address)
    return Counter(str(mail["Subject"]).rpartition("] ")[2] for mail in wanted)


def signed_by_the_team(site: Site, words: str) -> bytes:
    """Return a mail of Andrea's, signed and encrypted."""
    named = (site.config / "gatekeeper.yaml").read_text().partition("fingerprint: ")[2]
    alias = Key(fingerprint=named.split()[0].strip("'\""), public=b"", secret=b"")
    with a_pen() as pen:
        gpg(pen.home, "--import", given=site.alias_certificate)
        inside = f"Content-Type: text/plain\r\n\r\n{words}\r\n".encode()
        armor = pen.encrypt(inside, by=person_key(0), to=alias)
    return head(sender=uid(*PEOPLE[0]), subject="...", message_id="<a@team.example>") + pgp_mime(
        armor
    )


def let_an_hour_pass(site: Site) -> None:
    """Make all that was written an hour older; the service must not run."""
    (path,) = (site.config / "state").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as database:
        for table in ("letters", "deliveries"):
            statement = f"UPDATE {table} SET created_at = created_at - ?"  # noqa: S608 - ours
            database.execute(statement, (HOUR,))
        database.commit()


@pytest.mark.timeout(LIMIT)  # each report is encrypted by gpg
def test_a_flood_from_one_sender(tmp_path: Path) -> None:
    """Every report is an issue; few are answered; a colleague and another reporter get through."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            send_all(site, [(SENDER, report(0))])
            rest(site)
            (first,) = (issue["issue"] for issue in site.json("issue", "list"))
            command = signed_by_the_team(site, f"!{first}@{ALIAS.domain} own")
            mails = [(SENDER, report(number)) for number in range(1, REPORTS)]
            mails.insert(REPORTS // 2, (PEOPLE[0][1], command))
            mails.insert(REPORTS // 2, (OTHER, report(REPORTS, sender=OTHER)))
            send_all(site, mails)
            rest(site)
            listed = site.json("issue", "list")
            thread = site.json("issue", "thread", first)["messages"]
            assert PEOPLE[0][0] == site.json("issue", "show", first)["owner"]
        assert_all_are_there(sink.inbox, [issue["subject"] for issue in listed])
        assert ["report", "reply"] == [message["kind"] for message in thread]
        assert Counter({ACKNOWLEDGED: PER_SENDER, BATCHED: 1}) == answers(sink.inbox, SENDER)
        assert Counter({ACKNOWLEDGED: 1}) == answers(sink.inbox, OTHER)

        let_an_hour_pass(site)
        with serving(site):
            again = range(REPORTS + 1, REPORTS + PER_SENDER + 4)
            send_all(site, [(SENDER, report(number)) for number in again])
            rest(site)
        assert Counter({ACKNOWLEDGED: 2 * PER_SENDER, BATCHED: 2}) == answers(sink.inbox, SENDER)


def assert_all_are_there(inbox: Inbox, subjects: Sequence[str]) -> None:
    """See that each report is one issue, and that each of the team has a copy of every mail."""
    assert sorted(subjects) == [f"report {number:04d}" for number in range(REPORTS + 1)]
    for _, address in PEOPLE:
        assert REPORTS + 2 == len(to_each(inbox.received, {address}))
