"""No secret leaves in clear and none lies on disk in clear: promises P-1 and P-11."""

import base64
import bz2
import gzip
import hashlib
import os
import smtplib
import zlib
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.canaries import leaks, leaks_in_files
from tests.house import ALIAS, PEOPLE
from tests.keys import gpg, key_of, short_home
from tests.path.arrivals import TEAM, wait_for
from tests.running import Site, make_site, serving
from tests.sinks import running_sink

SUBJECT = "canary-subject-heliotrope"
BODY = "canary-body-marzipan-quince"
FILE = "canary-file-tamarind"
CONTENT = "canary-content-xylophone"
REPORTER = "canary-robin@canary-research.example"
NAME = "Canary Nightjar"
MESSAGE_ID = "canary-message-id@canary-research.example"
SECRETS = (SUBJECT, BODY, FILE, CONTENT, REPORTER, NAME, MESSAGE_ID)


def secret_report() -> EmailMessage:
    """Return a report in which every field that may hold a secret holds one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{NAME} <{REPORTER}>"
    mail["To"] = str(ALIAS)
    mail["Subject"] = SUBJECT
    mail["Message-ID"] = f"<{MESSAGE_ID}>"
    mail.set_content(f"{BODY}\n")
    mail.add_attachment(
        CONTENT.encode(), maintype="application", subtype="x-poc", filename=f"{FILE}.bin"
    )
    return mail


def encrypted_report(site: Site) -> bytes:
    """Return the same, encrypted with its subject protected, under a header that says nothing."""
    inner = secret_report()
    inner.replace_header("Content-Type", f'{inner["Content-Type"]}; protected-headers="v1"')
    with short_home() as home:
        gpg(home, "--import", given=key_of(f"{NAME} <{REPORTER}>").secret)
        gpg(home, "--import", given=site.alias_certificate)
        options = ("--armor", "--sign", "--encrypt", "--recipient", str(ALIAS))
        armor = gpg(home, *options, given=inner.as_bytes()).replace(b"\n", b"\r\n")
    head = (
        f"From: {NAME} <{REPORTER}>\r\nTo: {ALIAS}\r\nSubject: ...\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        "\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + armor + b"\r\n--b--\r\n"


def rows_of(url: str) -> bytes:
    """Return every value of every table of a PostgreSQL database, as a dump holds them."""
    found = []
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        for (table,) in tables:
            query = f'SELECT * FROM "{table}"'  # noqa: S608 - names from the catalogue
            for row in connection.execute(query.encode()):
                found += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"\n".join(found)


def test_no_secret_leaves_or_lies_in_clear(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain and encrypted reports full of canaries: none outside, in logs, on disk, in a dump."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = tmp_path / "site"
    folder.mkdir()
    with running_sink() as sink:
        site = make_site(folder, relay=sink.port, database=database_url)
        reports = [secret_report().as_bytes(), encrypted_report(site)]
        monkeypatch.setenv("TMPDIR", str(temporary))
        with serving(site):
            for report in reports:
                with smtplib.SMTP("127.0.0.1", site.port) as client:
                    client.sendmail(REPORTER, [str(ALIAS)], report)
            copies = wait_for(sink.inbox, TEAM, 2 * len(PEOPLE))
            answers = wait_for(sink.inbox, {REPORTER}, 2)
            assert [] == leaks_in_files(tmp_path, SECRETS), "while it runs"
            thread = site.json("issue", "list")
            assert [SUBJECT, SUBJECT] == [issue["subject"] for issue in thread]
    for each in copies:
        sent = each.raw + str(each.envelope.sender).encode()
        assert [] == leaks(sent, SECRETS)
    for each in answers:
        assert each.envelope.sender is None
        assert [] == leaks(each.raw, set(SECRETS) - {REPORTER, MESSAGE_ID}), "their own are theirs"
    assert [] == leaks_in_files(tmp_path, SECRETS), "after it has stopped"
    if urlsplit(database_url).scheme == "postgresql":
        assert [] == leaks(rows_of(database_url), SECRETS)


def test_a_killed_service_leaves_nothing_in_clear(tmp_path: Path) -> None:
    """Kill -9 in the middle: nothing decrypted lies on the disk."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        report = encrypted_report(site)
        with serving(site) as process:
            with smtplib.SMTP("127.0.0.1", site.port) as client:
                client.sendmail(REPORTER, [str(ALIAS)], report)
            os.kill(process.pid, 9)
            process.wait()
            process.returncode = 0
    assert [] == leaks_in_files(tmp_path, SECRETS)


@pytest.mark.parametrize(
    "hidden",
    [
        SUBJECT.upper().encode(),
        base64.b64encode(b"ab" + SUBJECT.encode() + b"tail"),
        base64.encodebytes(b"x" * 50 + SUBJECT.encode() * 2),
        SUBJECT.encode().hex().encode(),
        gzip.compress(SUBJECT.encode(), mtime=0),
        b"junk" + zlib.compress(b"before " + SUBJECT.encode()),
        bz2.compress(SUBJECT.encode()),
        hashlib.sha256(SUBJECT.encode()).digest(),
        b"canary-subject-h=\r\neliotrope",
    ],
    ids=["upper case", "base64", "base64 lines", "hex", "gzip", "zlib", "bzip2", "hash", "qp"],
)
def test_the_search_finds_what_is_hidden(hidden: bytes) -> None:
    """The search would see a leak in each of its usual disguises."""
    assert leaks(b"before " + hidden + b" after", [SUBJECT])


def test_the_search_is_quiet_where_nothing_is() -> None:
    """Random bytes hold no canary."""
    assert [] == leaks(hashlib.shake_256(b"nothing").digest(200_000), SECRETS)
