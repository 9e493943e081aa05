"""A whole conversation full of secrets: what leaves in clear holds none of them (promise P-1)."""

import email
import email.policy
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.canaries import leaks, leaks_in_files
from tests.house import ALIAS, PEOPLE, decrypt_with, person_key, uid
from tests.issues.reports import Pen, a_pen, head, key_part, multipart, pgp_mime
from tests.keys import Key, gpg, key_of
from tests.path.arrivals import TEAM, to_each, wait_for
from tests.path.test_canaries import rows_of
from tests.running import Site, make_site, serving
from tests.sinks import Received, Sink, running_sink

SUBJECT = "canary-subject-heliotrope"
WORDS = "canary-words-marzipan-quince"
OWNER = "Canary Nightjar"
SEALED_REPORTER = "canary-wren@canary-research.example"
OPEN_SUBJECT = "canary-open-subject-verbena"
OPEN_WORDS = "canary-open-words-persimmon"
OPEN_NAME = "Canary Dunnock"
OPEN_REPORTER = "canary-finch@canary-clear.example"
OPEN_OWNER = "Canary Yellowhammer"
CLOSED_REPORTER = "canary-lark@canary-closed.example"
DISCUSSION = "canary-discussion-gooseberry"
NOTE = "canary-note-damson-medlar"
REPLY = "canary-reply-sorrel-lovage"
CONFIRMED = "Would you send us your public key, please?"

INSIDE = (DISCUSSION, NOTE, *(part for person in PEOPLE for part in person))
"""What stays among the team, even where a mail to the reporter is encrypted."""

CONTENT = (SUBJECT, WORDS, OWNER, OPEN_SUBJECT, OPEN_WORDS, OPEN_NAME, OPEN_OWNER, REPLY)
REPORTERS = (SEALED_REPORTER, OPEN_REPORTER, CLOSED_REPORTER)
SECRETS = (*CONTENT, *INSIDE, *REPORTERS)

FIELDS_IN_CLEAR = {
    *("from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references"),
    *("x-gatekeeper-loop", "autocrypt", "mime-version", "content-type"),
    "content-transfer-encoding",
}
"""Every field that a reply in clear may have; what each holds is searched as all else is."""


def owner_key() -> Key:
    """Return the key of the reporter who writes encrypted."""
    return key_of(f"{OWNER} <{SEALED_REPORTER}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A running service and those who write to it; `clear` is where free text in clear goes."""

    site: Site
    sink: Sink
    clear: Sink
    pen: Pen
    alias: Key

    def send(self, raw: bytes, sender: str, *, to: str = str(ALIAS)) -> None:
        """Send a mail as its author's program does."""
        with smtplib.SMTP("127.0.0.1", self.site.port) as client:
            client.sendmail(sender, [to], raw)

    def report_sealed(self) -> None:
        """Have one reporter write encrypted, with a key whose owner is named in it."""
        text = f"Content-Type: text/plain\r\n\r\n{WORDS}\r\n".encode()
        parts = multipart("mixed", text, key_part(owner_key(), self.pen))
        inside = f"Subject: {SUBJECT}\r\n".encode() + parts.replace(
            b'boundary="=-mark"', b'boundary="=-mark"; protected-headers="v1"', 1
        )
        armor = self.pen.encrypt(inside, by=owner_key(), to=self.alias)
        sender = uid(OWNER, SEALED_REPORTER)
        fields = head(sender=sender, subject="...", message_id="<sealed@canary.example>")
        self.send(fields + pgp_mime(armor), SEALED_REPORTER)

    def report_openly(self) -> None:
        """Have another reporter write everything in clear."""
        sender = uid(OPEN_NAME, OPEN_REPORTER)
        fields = head(sender=sender, subject=OPEN_SUBJECT, message_id="<open@canary.example>")
        body = f"Content-Type: text/plain\r\n\r\n{OPEN_WORDS}\r\n"
        self.send(fields + body.encode(), OPEN_REPORTER)

    def offer_key(self, to: str) -> None:
        """Have the second one answer with a key that nothing proves to be theirs."""
        sender = uid(OPEN_NAME, OPEN_REPORTER)
        fields = head(sender=sender, subject=OPEN_SUBJECT, message_id="<key@canary.example>")
        text = f"Content-Type: text/plain\r\n\r\n{OPEN_WORDS}\r\n".encode()
        key = key_of(f"{OPEN_OWNER} <{OPEN_REPORTER}>")
        gpg(self.pen.home, "--import", given=key.public)
        self.send(fields + multipart("mixed", text, key_part(key, self.pen)), OPEN_REPORTER, to=to)

    def report_to_another_key(self) -> None:
        """Have somebody write encrypted to a key that the alias does not have."""
        armor = self.pen.encrypt(WORDS.encode(), to=person_key(0))
        fields = head(
            sender=CLOSED_REPORTER, subject=OPEN_SUBJECT, message_id="<closed@canary.example>"
        )
        self.send(fields + pgp_mime(armor), CLOSED_REPORTER)

    def team_writes(self, words: str, *, subject: str = "...", person: int = 0) -> None:
        """Have one of the team write; their program quotes what came last and adds a name."""
        name, address = PEOPLE[person]
        last = to_each(self.sink.inbox.received, {address})[-1]
        lines = [*text_of(self.opened(person_key(person), last.raw)).splitlines(), DISCUSSION]
        quoted = "\n".join(f"> {line}" for line in lines)
        body = f"{words}\n\n{name} wrote:\n{quoted}\n\n-- \n{name}\n"
        entity = f"To: {ALIAS}\r\nContent-Type: text/plain; charset=utf-8; protected-headers=v1"
        inside = f"{entity}\r\n\r\n".encode() + body.replace("\n", "\r\n").encode()
        armor = self.pen.encrypt(inside, by=person_key(person), to=self.alias)
        fields = head(sender=uid(name, address), subject=subject, message_id="")
        self.send(fields.replace(b"Message-ID: \r\n", b"") + pgp_mime(armor), address)

    def opened(self, key: Key, raw: bytes) -> EmailMessage:
        """Return what a recipient reads, signed by the alias."""
        plaintext, status = decrypt_with(key, raw, self.site.alias_certificate)
        assert b"[GNUPG:] GOODSIG " in status
        return email.message_from_bytes(plaintext, policy=email.policy.default)


@contextmanager
def playing(folder: Path, database: str) -> Iterator[Play]:
    """Run a service whose relay has a place that enforces TLS."""
    with running_sink() as sink, running_sink() as clear, a_pen() as pen:
        site = make_site(folder, relay=sink.port, database=database)
        site.change("gatekeeper.yaml", "clear_port:", f"clear_port: {clear.port}")
        gpg(pen.home, "--import", given=site.alias_certificate)
        gpg(pen.home, "--import", given=owner_key().secret)
        named = (site.config / "gatekeeper.yaml").read_text().partition("fingerprint: ")[2]
        alias = Key(
            fingerprint=named.split()[0].strip("'\""), public=site.alias_certificate, secret=b""
        )
        with serving(site):
            yield Play(site=site, sink=sink, clear=clear, pen=pen, alias=alias)


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail in LF lines."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def proposed(play: Play) -> tuple[str, str]:
    """Return the text that waits for confirmation, as Wei is shown it, and the command for it."""
    for each in reversed(to_each(play.sink.inbox.received, {PEOPLE[1][1]})):
        lines = text_of(play.opened(person_key(1), each.raw)).split("\n")
        shown = [line[3:].removeprefix(" ") for line in lines if line.startswith("  |")]
        if shown:
            (command,) = [
                line.strip() for line in lines if line.startswith("  !") and "appro" in line
            ]
            return "\n".join(shown).partition("\n\n")[2], command
    pytest.fail("nothing was proposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said: the issue of each reporter, and what left for them because of people."""

    sealed: str
    open: str
    reply: Received
    clear: Received
    confirmed: str


def talk(play: Play) -> Said:
    """Play the conversation to its end."""
    inbox = play.sink.inbox
    play.report_sealed()
    wait_for(inbox, {SEALED_REPORTER}, 1)
    wait_for(inbox, TEAM, 3)
    play.report_openly()
    (answer,) = wait_for(inbox, {OPEN_REPORTER}, 1)
    wait_for(inbox, TEAM, 6)
    one, two = sorted(issue["issue"] for issue in play.site.json("issue", "list"))
    play.team_writes(DISCUSSION, subject=f"Re: [{one}]")
    wait_for(inbox, TEAM, 9)
    play.team_writes(f"!{one} note\n{NOTE}")
    wait_for(inbox, TEAM, 12)
    play.team_writes(f"!{one} reply\n{REPLY}")
    wait_for(inbox, TEAM, 15)
    play.offer_key(str(email.message_from_bytes(answer.raw)["Reply-To"]))
    wait_for(inbox, TEAM, 18)
    play.report_to_another_key()
    wait_for(inbox, {CLOSED_REPORTER}, 1)
    wait_for(inbox, TEAM, 21)
    play.team_writes(f"!{two} reply clear\n{CONFIRMED}")
    wait_for(inbox, TEAM, 27)
    assert [] == play.clear.inbox.received
    confirmed, command = proposed(play)
    play.team_writes(command, person=1)
    (clear,) = play.clear.inbox.wait(1)
    wait_for(inbox, TEAM, 30)
    _, reply = wait_for(inbox, {SEALED_REPORTER}, 2)
    return Said(sealed=one, open=two, reply=reply, clear=clear, confirmed=confirmed)


def test_a_conversation_leaks_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports, discussion, note, reply, and a reply in clear: each is only where it belongs."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with playing(tmp_path, database_url) as play:
        said = talk(play)
        assert [] == on_disk(play.site, temporary), "while it runs"
        assert_only_theirs(play, said)
        assert_only_what_was_confirmed(said)
        assert_nothing_in_clear(play, said)
    assert [] == on_disk(play.site, temporary), "after it has stopped"
    if urlsplit(database_url).scheme == "postgresql":
        assert [] == leaks(rows_of(database_url), SECRETS)


def assert_only_theirs(play: Play, said: Said) -> None:
    """See that what the reporter opens holds the team's words for them, and no others."""
    for letter in wait_for(play.sink.inbox, {SEALED_REPORTER}, 2):
        plaintext, _ = decrypt_with(owner_key(), letter.raw, play.site.alias_certificate)
        assert [] == leaks(plaintext, (*INSIDE, said.open, OPEN_WORDS, WORDS, "wrote:"))
    text = text_of(play.opened(owner_key(), said.reply.raw))
    assert text.startswith(f"{REPLY}\n\n-- \nExample security team, {said.sealed}\n")


def assert_only_what_was_confirmed(said: Said) -> None:
    """See that the reply in clear is the text that two people saw, under fields of ours."""
    mail = email.message_from_bytes(said.clear.raw, policy=email.policy.default)
    assert CONFIRMED in said.confirmed
    assert said.confirmed == text_of(mail).rstrip("\n")
    assert not mail.is_multipart()
    assert set() == {name.lower() for name in mail} - FIELDS_IN_CLEAR
    assert f"Your report ({said.open})" == mail["Subject"]


def assert_nothing_in_clear(play: Play, said: Said) -> None:
    """See that no byte that left can be read as a secret, but by those whose own it is."""
    left = (*play.sink.inbox.received, *play.clear.inbox.received)
    assert 30 + 5 == len(left)
    for recipient in (OPEN_REPORTER, CLOSED_REPORTER):
        assert all(b"BEGIN PGP MESSAGE" not in e.raw for e in to_each(left, {recipient}))
    for each in left:
        (recipient,) = map(str, each.envelope.recipients)
        known = {recipient, said.open} if recipient == OPEN_REPORTER else {recipient}
        sent = each.raw + str(each.envelope.sender).encode()
        assert [] == leaks(sent, {*SECRETS, said.sealed, said.open} - known), recipient


def on_disk(site: Site, temporary: Path) -> Sequence[str]:
    """Return what of the secrets lies in state, log or temporary files."""
    found = [*leaks_in_files(site.config / "state", SECRETS), *leaks_in_files(temporary, SECRETS)]
    log = (site.config.parent / "serve.log").read_bytes()
    return [*found, *leaks(log, SECRETS)]
