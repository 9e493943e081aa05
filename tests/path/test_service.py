"""The whole path through the real service: SMTP in, gpg, database, SMTP out."""

import base64
import email
import os
import smtplib
import subprocess
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.governing import put_into_force
from tests.house import ALIAS, PEOPLE, decrypt_with, person_key
from tests.keys import gpg, key_of, short_home
from tests.path.arrivals import TEAM, wait_for, wait_until_delivered
from tests.peers import require
from tests.running import Site, make_site, serving
from tests.sinks import Inbox, Received, running_sink

REPORTER = "robin@research.example"
PROOF = bytes(range(256)) * 3


def plain_report() -> bytes:
    """Return a plain report with a binary attachment."""
    mail = EmailMessage()
    mail["From"] = f"Robin Finder <{REPORTER}>"
    mail["To"] = str(ALIAS)
    mail["Subject"] = "Crash in the frame parser"
    mail.set_content("A frame of length 0 reads one byte too far.\n")
    mail.add_attachment(PROOF, maintype="application", subtype="x-proof", filename="frame.bin")
    return mail.as_bytes(policy=SMTP)


def copies(inbox: Inbox, number: int) -> dict[str, Received]:
    """Return the team's copies by recipient, once that many have arrived."""
    return {str(each.envelope.recipients[0]): each for each in wait_for(inbox, TEAM, number)}


def read(site: Site, index: int, raw: bytes) -> bytes:
    """Return what one person of the team reads, and see that the alias's signature is good."""
    plaintext, status = decrypt_with(person_key(index), raw, site.alias_certificate)
    assert b"[GNUPG:] GOODSIG " in status
    assert b"[GNUPG:] GOODMDC" in status
    return plaintext


def send(site: Site, raw: bytes) -> None:
    """Send a report as a mail program does."""
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(REPORTER, [str(ALIAS)], raw)


def test_a_report_reaches_each_person_encrypted_to_the_own_key(
    database_url: str, tmp_path: Path
) -> None:
    """One report over SMTP: an issue, three copies, each opened by its own key alone."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port, database=database_url)
        with serving(site):
            send(site, plain_report())
            found = copies(sink.inbox, len(PEOPLE))
            for index, (_, address) in enumerate(PEOPLE):
                plaintext = read(site, index, found[address].raw)
                inner = email.message_from_bytes(plaintext)
                proofs = [p for p in inner.walk() if p.get_content_type() == "application/x-proof"]
                assert [PROOF] == [part.get_payload(decode=True) for part in proofs]
            (answer,) = wait_for(sink.inbox, {REPORTER}, 1)
            assert answer.envelope.sender is None
            issues = site.json("issue", "list")
            assert ["Crash in the frame parser"] == [issue["subject"] for issue in issues]
            assert len(PEOPLE) + 1 == wait_until_delivered(site)


def test_nothing_is_lost_when_the_service_stops_in_between(tmp_path: Path) -> None:
    """The relay is away, the service stops and starts again: the copies go out all the same."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        sink.thread.run(sink.listener.stop())
        with serving(site):
            send(site, plain_report())
        with running_sink() as second:
            site.change("gatekeeper.yaml", f"port: {sink.port}", f"port: {second.port}")
            put_into_force(site)
            with serving(site):
                for row in site.json("delivery", "list"):
                    if row["state"] == "deferred":
                        site.run("delivery", "retry", row["delivery"])
                assert {address for _, address in PEOPLE} == set(copies(second.inbox, 3))


def test_swaks_is_answered_as_every_mail_program(tmp_path: Path) -> None:
    """A real client with an attachment and odd settings gets its 250."""
    swaks = require("swaks")["swaks"]
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            done = subprocess.run(
                [
                    str(swaks), "--server", f"127.0.0.1:{site.port}", "--from", REPORTER,
                    "--to", str(ALIAS).upper(), "--pipeline", "--attach-type", "text/x-poc",
                    "--attach", "@" + __file__, "--header", "Subject: from swaks",
                ],
                capture_output=True,
                text=True,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout
            found = copies(sink.inbox, len(PEOPLE))
            text = read(site, 0, found[PEOPLE[0][1]].raw)
            inner = email.message_from_bytes(text)
            attached = [p for p in inner.walk() if p.get_content_type() == "text/x-poc"]
            assert Path(__file__).read_bytes() == attached[0].get_payload(decode=True)


def test_mutt_opens_a_copy_and_sees_the_real_subject(tmp_path: Path) -> None:
    """A mail reader of the team decrypts a copy, verifies it, and shows subject and text."""
    mutt = require("mutt")["mutt"]
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            send(site, plain_report())
            raw = copies(sink.inbox, len(PEOPLE))[PEOPLE[0][1]].raw
    with short_home() as home:
        gpg(home, "--import", given=person_key(0).secret)
        gpg(home, "--import", given=site.alias_certificate)
        shown = _mutt(mutt, home, raw, tmp_path)
    assert "A frame of length 0 reads one byte too far." in shown
    assert "new report to security@example.org" in shown
    assert "Good signature from" in shown
    assert "Subject: [SEC-2026-0001] Crash in the frame parser" in shown


_MUTT_GPG = "gpg --batch --trust-model always --status-fd=2"


def _mutt(mutt: Path, home: Path, raw: bytes, folder: Path) -> str:
    """Open a mail in mutt, as in a terminal, and return what its pager is given to show."""
    box = folder / "mbox"
    box.write_bytes(b"From relay Thu Sep  3 12:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n")
    shown = folder / "shown"
    (folder / "muttrc").write_text(
        "\n".join(
            (
                "set crypt_use_gpgme=no pgp_use_gpg_agent=yes sort=threads",
                f"set pgp_decrypt_command='{_MUTT_GPG} --output - --decrypt %f'",
                f"set pgp_decode_command='{_MUTT_GPG} --output - --decrypt %f'",
                "set pgp_verify_command='gpg --batch --status-fd=2 --verify %s %f'",
                "set pgp_good_sign='^\\\\[GNUPG:\\\\] GOODSIG'",
                f"set folder={folder} record='' mbox_type=mbox",
                f"set pager='cp %s {shown}' wait_key=no prompt_after=no",
                "push '<display-message><exit>'",
            )
        )
    )
    environment = {**os.environ, "GNUPGHOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    command = [str(mutt), "-n", "-F", str(folder / "muttrc"), "-f", str(box)]
    done = subprocess.run(
        ["script", "--quiet", "--command", " ".join(command), "/dev/null"],
        env={**environment, "COLUMNS": "120", "LINES": "50"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert shown.exists(), done.stdout.decode("utf-8", "replace")
    return shown.read_text(encoding="utf-8", errors="replace")


def test_each_form_of_a_report_is_told_truly(tmp_path: Path) -> None:
    """PGP/MIME signed and encrypted, and inline armour: what was verified stands in the thread."""
    robin = key_of(f"Robin Finder <{REPORTER}>")
    with running_sink() as sink, short_home() as home:
        site = make_site(tmp_path, relay=sink.port)
        gpg(home, "--import", given=robin.secret)
        gpg(home, "--import", given=site.alias_certificate)
        with serving(site):
            send(site, _pgp_mime(home))
            send(site, _inline(home))
            copies(sink.inbox, 2 * len(PEOPLE))
            listed = {issue["subject"]: issue["issue"] for issue in site.json("issue", "list")}
            assert {"the real subject", "inline"} == set(listed)
            signed = site.json("issue", "thread", listed["the real subject"])["messages"][0]
            assert signed["encryption"].startswith("all of it, to our key ")
            assert signed["signature"].startswith("not checked: the signer's key is unknown here")
            inline = site.json("issue", "thread", listed["inline"])["messages"][0]
            assert inline["signature"] == "none"
            assert "grüße aus dem armor" in inline["text"]


def _pgp_mime(home: Path) -> bytes:
    inner = EmailMessage()
    inner["Subject"] = "the real subject"
    inner.set_content("the real text\n")
    inner.replace_header("Content-Type", 'text/plain; charset="utf-8"; protected-headers="v1"')
    options = ("--armor", "--sign", "--encrypt", "--recipient", str(ALIAS))
    armor = gpg(home, *options, given=inner.as_bytes().replace(b"\n", b"\r\n"))
    return (
        f"From: Robin Finder <{REPORTER}>\r\nTo: {ALIAS}\r\nSubject: ...\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        "\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
    ).encode() + armor.replace(b"\n", b"\r\n") + b"\r\n--b--\r\n"  # fmt: skip


def _inline(home: Path) -> bytes:
    options = ("--armor", "--encrypt", "--recipient", str(ALIAS))
    armor = gpg(home, *options, given="grüße aus dem armor\n".encode())
    head = f"From: {REPORTER}\r\nTo: {ALIAS}\r\nSubject: inline\r\n\r\n"
    return head.encode() + armor.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("recipient", ["nobody@example.org", "security@elsewhere.example"])
def test_unknown_recipients_are_refused_at_once(recipient: str, tmp_path: Path) -> None:
    """550 at RCPT: nothing is taken that leads nowhere."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site), smtplib.SMTP("127.0.0.1", site.port) as client:
            client.ehlo()
            client.mail(REPORTER)
            code, _ = client.rcpt(recipient)
            assert code == 550


def test_base64_of_the_alias_key_is_not_on_disk_in_clear(tmp_path: Path) -> None:
    """What lies in state and configuration after a run holds no secret key packet in clear."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            send(site, plain_report())
            copies(sink.inbox, len(PEOPLE))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert b"PRIVATE KEY BLOCK" not in raw
            assert base64.b64encode(b"PRIVATE KEY") not in raw
