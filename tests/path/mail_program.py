"""The mail programs of people in a play: they sign, encrypt and open with the real gpg, now."""

import email
import email.policy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, formatdate, make_msgid
from pathlib import Path

from gatekeeper.domain.instants import Instant, to_datetime
from tests.keys import Key, gpg, short_home


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What is attached to a mail."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody writes: `answers` is the mail answered, None for a first one."""

    to: str
    subject: str
    text: str
    files: tuple[File, ...] = ()
    answers: "Opened | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A mail as its recipient's program shows it.

    `outer` is the header that everybody on the way could read · `header` the real one ·
    `sealed` says that it was encrypted, and that the signature inside is good and the alias's.
    """

    outer: EmailMessage
    header: EmailMessage
    plaintext: bytes = field(repr=False)
    texts: tuple[str, ...]
    files: tuple[File, ...]
    sealed: bool

    @property
    def text(self) -> str:
        """All that is shown to read."""
        return "\n\n".join(self.texts)

    def file(self, name: str) -> bytes:
        """Return the one attached file of that name."""
        (found,) = [each.data for each in self.files if each.name == name]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MailProgram:
    """One person's program: `home` holds their own key, if they have one, and the keys they got.

    `clock` says what time it is for them, where that is not the real time.
    """

    name: str
    address: str
    key: Key | None
    home: Path
    clock: Callable[[], Instant] | None = None

    @property
    def mailbox(self) -> str:
        """What stands in From."""
        return f"{self.name} <{self.address}>"

    def take_key(self, block: bytes) -> str:
        """Keep somebody's public key and return its fingerprint."""
        gpg(self.home, "--import", given=block)
        listed = gpg(self.home, "--show-keys", "--with-colons", given=block).decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def key_file(self) -> File:
        """Return the own public key as it is attached."""
        assert self.key is not None
        block = gpg(self.home, "--armor", "--export", self.key.fingerprint)
        name = f"{self.address.partition('@')[0]}.asc"
        return File(name=name, content_type="application/pgp-keys", data=block)

    def clear(self, words: Words, *extra: tuple[str, str]) -> bytes:
        """Return a mail that everybody on its way may read."""
        mail = _content(words)
        for name, value in (*self._fields(words, words.subject, self._date()), *extra):
            mail[name] = value
        return mail.as_bytes(policy=email.policy.SMTP)

    def sealed(self, words: Words, *, to: str, sign: bool = True) -> bytes:
        """Return a mail encrypted to the key `to`, signed, its subject hidden (RFC 3156, 9788)."""
        content = _content(words)
        content.set_param("protected-headers", "v1")
        # Taken once: gpg may take a second, and inside must stand what stands outside.
        date = self._date()
        for name, value in self._fields(words, words.subject, date):
            content[name] = value
        options = ["--armor", "--recipient", to]
        if self.clock is not None:
            moment = to_datetime(self.clock()).strftime("%Y%m%dT%H%M%S!")
            options += ["--faked-system-time", moment]
        if sign:
            assert self.key is not None
            options += ["--local-user", self.key.fingerprint, "--sign"]
        plaintext = content.as_bytes(policy=email.policy.SMTP)
        armor = gpg(self.home, *options, "--encrypt", given=plaintext)
        fields = "".join(f"{name}: {value}\r\n" for name, value in self._fields(words, "...", date))
        return fields.encode() + _FRAME % armor.replace(b"\n", b"\r\n")

    def opened(self, raw: bytes) -> Opened:
        """Return a mail opened with the own key."""
        outer = _parsed(raw)
        if outer.get_content_type() != "multipart/encrypted":
            return _opened(outer, outer, raw, sealed=False)
        armor = outer.get_payload(1)
        assert isinstance(armor, EmailMessage)
        ciphertext = armor.get_payload(decode=True)
        assert isinstance(ciphertext, bytes)
        source, status = self.home / "message", self.home / "status"
        source.write_bytes(ciphertext)
        plaintext = gpg(self.home, "--status-file", str(status), "--decrypt", str(source))
        assert b"[GNUPG:] GOODMDC" in status.read_bytes()
        assert b"[GNUPG:] GOODSIG " in status.read_bytes()
        return _opened(outer, _parsed(plaintext), plaintext, sealed=True)

    def _date(self) -> str:
        return formatdate() if self.clock is None else format_datetime(to_datetime(self.clock()))

    def _fields(self, words: Words, subject: str, date: str) -> Iterator[tuple[str, str]]:
        yield "From", self.mailbox
        yield "To", words.to
        yield "Subject", subject
        yield "Date", date
        yield "Message-ID", make_msgid(domain=self.address.partition("@")[2])
        if words.answers is not None:
            answered = str(words.answers.outer["Message-ID"])
            yield "In-Reply-To", answered
            yield "References", answered


_FRAME = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="=-f"\r\n'
    b"\r\n--=-f\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    b"\r\n--=-f\r\nContent-Type: application/octet-stream\r\n\r\n%b\r\n--=-f--\r\n"
)


def _content(words: Words) -> EmailMessage:
    mail = EmailMessage()
    mail.set_content(words.text + "\n")
    for file in words.files:
        main, _, sub = file.content_type.partition("/")
        mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return mail


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _opened(outer: EmailMessage, header: EmailMessage, plaintext: bytes, *, sealed: bool) -> Opened:
    texts: list[str] = []
    files: list[File] = []
    for part in header.walk():
        assert isinstance(part, EmailMessage)
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        kind = part.get_content_type()
        if kind == "text/plain" and not part.is_attachment():
            texts.append(data.decode().replace("\r\n", "\n").strip("\n"))
        else:
            files.append(File(name=part.get_filename(""), content_type=kind, data=data))
    return Opened(
        outer=outer,
        header=header,
        plaintext=plaintext,
        texts=tuple(texts),
        files=tuple(files),
        sealed=sealed,
    )


@contextmanager
def mail_programs(
    people: Sequence[tuple[str, str, Key | None]], clock: Callable[[], Instant] | None = None
) -> Iterator[list[MailProgram]]:
    """Lend a mail program to each of these: name, address, and key if they have one."""
    with ExitStack() as stack:
        programs = []
        for name, address, key in people:
            home = stack.enter_context(short_home())
            if key is not None:
                gpg(home, "--import", given=key.secret)
            programs.append(
                MailProgram(name=name, address=address, key=key, home=home, clock=clock)
            )
        yield programs
