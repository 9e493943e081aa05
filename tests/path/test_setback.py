"""A database that is put back under the real service: frozen at its start, thawed by two mails."""

import shutil
import smtplib
import time
from pathlib import Path

from tests.house import ALIAS, PEOPLE, person_key
from tests.keys import gpg, short_home
from tests.path.arrivals import TEAM, to_each, wait_for, wait_until_delivered
from tests.running import WAIT, Site, make_site, serving
from tests.sinks import running_sink

REPORT = """\
From: Robin Finder <robin@research.example>
To: security@example.org
Subject: {subject}
Date: Thu, 03 Sep 2026 11:58:00 +0000
Message-ID: <{subject}@research.example>

A frame of length 0 reads one byte too far.
"""


def send(site: Site, text: str, *, sender: str) -> None:
    """Send a mail as a mail program does."""
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(sender, [str(ALIAS)], text.replace("\n", "\r\n").encode())


def signed(person: int, words: str) -> str:
    """Return a mail of one of the team, signed as a whole (RFC 3156 §5)."""
    part = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    with short_home() as home:
        gpg(home, "--import", given=person_key(person).secret)
        given = part.replace("\n", "\r\n").encode()
        signature = gpg(home, "--armor", "--digest-algo", "SHA512", "--detach-sign", given=given)
    name, address = PEOPLE[person]
    return (
        f"From: {name} <{address}>\nTo: {ALIAS}\nSubject: right\n"
        f"Message-ID: <{person}-{time.time_ns()}@team.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/signed; micalg="pgp-sha512"; boundary="b";\n'
        ' protocol="application/pgp-signature"\n\n'
        f"--b\n{part}\n--b\nContent-Type: application/pgp-signature\n\n"
        f"{signature.decode()}\n--b--\n"
    )


def wait_for_kind(site: Site, kind: str, number: int) -> None:
    """Return once the log has that many entries of a kind; fails after a while."""
    deadline = time.monotonic() + WAIT
    while len(site.json("audit", "show", "--kind", kind)) < number:
        assert time.monotonic() < deadline, site.run("audit", "show")


def test_a_database_put_back_sends_nothing_until_two_people_say_it_is_right(
    tmp_path: Path,
) -> None:
    """And then only what is new: what had gone out before does not go out again."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        database = site.config / "state" / "gatekeeper.sqlite"
        with serving(site):
            send(site, REPORT.format(subject="first"), sender="robin@research.example")
            wait_until_delivered(site)
        shutil.copy(database, tmp_path / "kept")
        with serving(site):
            send(site, REPORT.format(subject="second"), sender="other@research.example")
            wait_until_delivered(site)
        shutil.copy(tmp_path / "kept", database)
        before = len(sink.inbox.wait(1))
        with serving(site):
            assert "frozen" in site.refused("health", status=75)
            send(site, REPORT.format(subject="third"), sender="third@research.example")
            wait_for_kind(site, "issue.opened", 2)
            shown = site.json("audit", "frozen")
            # of two employers, as `init` takes them from the addresses
            for number, person in enumerate((0, 2), 1):
                assert before == len(sink.inbox.wait(1))
                words = f"{shown['command']}\nThis is for {ALIAS}."
                send(site, signed(person, words), sender=PEOPLE[person][1])
                wait_for_kind(site, "database.reaffirmed", number)
            wait_for_kind(site, "database.thawed", 1)
            site.run("health")
            # three copies each of the third report and of both mails
            new = wait_for(sink.inbox, TEAM, len(to_each(sink.inbox.wait(1)[:before], TEAM)) + 9)
            assert TEAM == {str(each.envelope.recipients[0]) for each in new[-9:]}
            numbers = {issue["issue"] for issue in site.json("issue", "list")}
        assert {"SEC-2026-0001", "SEC-2026-0003"} == numbers, (
            "the second's number is not used again"
        )
        assert "FROZEN" in (tmp_path / "serve.log").read_text()
        assert site.json("audit", "verify")["sound"]
