"""The alias gets another key: through the real service, everybody is told, and old mail is read."""

import email
import smtplib
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path

from gatekeeper import clock
from gatekeeper.config import load
from gatekeeper.config.rotation import rotate
from gatekeeper.domain.verdict import spaced
from gatekeeper.pgp.armor import dearmor
from tests.house import ALIAS, PEOPLE, decrypt_with, person_key
from tests.keys import Key, gpg, key_of, short_home
from tests.path.arrivals import TEAM, wait_for, wait_until_delivered
from tests.running import Site, make_site, serving
from tests.sinks import Inbox, running_sink

ROBIN, KIM = "robin@research.example", "kim@hobby.example"
LEE, MAX = "lee@elsewhere.example", "max@elsewhere.example"


def robins() -> Key:
    """Return the key of a reporter."""
    return key_of(f"Robin Finder <{ROBIN}>")


def encrypted(alias: bytes, fingerprint: str, words: str, *, attached: bytes = b"") -> bytes:
    """Return a mail of Robin's that the key with that fingerprint opens, perhaps with a key."""
    inner = EmailMessage()
    inner.set_content(words + "\n")
    if attached:
        inner.add_attachment(
            attached, maintype="application", subtype="pgp-keys", filename="robin.asc"
        )
    with short_home() as home:
        gpg(home, "--import", given=alias)
        gpg(home, "--import", given=robins().secret)
        options = ("--armor", "--encrypt", "--recipient", fingerprint, "--sign")
        armor = gpg(home, *options, given=inner.as_bytes(policy=SMTP))
    return (
        f"From: Robin Finder <{ROBIN}>\r\nTo: {ALIAS}\r\nSubject: ...\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        "\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
    ).encode() + armor.replace(b"\n", b"\r\n") + b"\r\n--b--\r\n"  # fmt: skip


def in_clear(sender: str) -> bytes:
    """Return an ordinary report."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, str(ALIAS), "A crash"
    mail.set_content("It crashes.\n")
    return mail.as_bytes(policy=SMTP)


def send(site: Site, raw: bytes, sender: str) -> None:
    """Send a mail as a mail program does."""
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(sender, [str(ALIAS)], raw)


def last(inbox: Inbox, address: str, number: int) -> bytes:
    """Return the last of so many mails to somebody, as soon as they are there."""
    return wait_for(inbox, {address}, number)[-1].raw


def opened(key: Key, raw: bytes, alias: bytes, signer: str) -> Message:
    """Open a mail with somebody's key, and see which key of the alias has signed it."""
    plaintext, status = decrypt_with(key, raw, alias)
    (valid,) = [line for line in status.split(b"\n") if b"] VALIDSIG " in line]
    assert valid.endswith(signer.encode())
    return email.message_from_bytes(plaintext)


def text_of(mail: Message) -> str:
    """Return the first text of a mail, its lines joined."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return " ".join(payload.decode().split())


def attached(mail: Message) -> bytes:
    """Return the certificate that a mail brings."""
    part = next(part for part in mail.walk() if part.get_filename() == "security.asc")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return dearmor(payload)[0].data


def subkey_of(certificate: bytes) -> str:
    """Return the fingerprint of the encryption subkey."""
    with short_home() as home:
        gpg(home, "--import", given=certificate)
        listed = gpg(home, "--with-colons", "--list-keys").decode()
    return listed.split("\nsub:")[1].split("fpr:::::::::")[1][:40]


def test_a_rotation_is_announced_and_mail_to_the_old_key_is_read(tmp_path: Path) -> None:
    with running_sink() as sink:
        inbox = sink.inbox
        site = make_site(tmp_path, relay=sink.port)
        old = load(site.config).alias
        with serving(site):
            first = encrypted(old.certificate, old.fingerprint, "One.", attached=robins().public)
            send(site, first, ROBIN)
            send(site, in_clear(KIM), KIM)
            last(inbox, ROBIN, 1)
            last(inbox, KIM, 1)
            wait_until_delivered(site)
        rotate(load(site.config), now=clock.now())
        new = load(site.config).alias
        assert old.fingerprint != new.fingerprint
        both = old.certificate + new.certificate
        with serving(site):
            told = last(inbox, PEOPLE[0][1], 3)
            for key, raw in ((person_key(0), told), (robins(), last(inbox, ROBIN, 2))):
                mail = opened(key, raw, both, old.fingerprint)
                for fingerprint in (old.fingerprint, new.fingerprint):
                    assert spaced(fingerprint) in text_of(mail)
                assert dearmor(new.certificate)[0].data == attached(mail)
            clear = email.message_from_bytes(last(inbox, KIM, 2))
            assert "The key of the Example security team has changed" == clear["Subject"]
            assert spaced(new.fingerprint) in text_of(clear)
            assert "SEC-2026" not in clear.as_string()
            send(site, encrypted(old.certificate, old.fingerprint, "Two, old key."), ROBIN)
            copy = opened(person_key(0), last(inbox, PEOPLE[0][1], 4), both, new.fingerprint)
            assert f"to our key {spaced(subkey_of(old.certificate))}" in text_of(copy)
            assert "Two, old key." in copy.as_string()
            send(site, in_clear(LEE), LEE)
            answer = email.message_from_bytes(last(inbox, LEE, 1))
            assert spaced(new.fingerprint) in text_of(answer)
            assert spaced(old.fingerprint) not in text_of(answer)
            before = wait_until_delivered(site)
        with serving(site):
            send(site, in_clear(MAX), MAX)
            wait_for(inbox, TEAM, 6 * len(PEOPLE))
            assert before + len(PEOPLE) + 1 == wait_until_delivered(site), "nobody is told again"
