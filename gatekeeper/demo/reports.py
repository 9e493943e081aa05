"""The mails of the demonstration, as a mail program would write them: reports, and an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final

from gatekeeper.demo.people import Someone

_CONTROL: Final = "application/pgp-encrypted"
_BOUNDARY: Final = "=-=-=report=-=-="
PROOF: Final = b"\x89PoC\x00\x01\x02 eight bits: \xfe\xff, a NUL: \x00, and no final line end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: what kind of mail it is, its bytes, and whether the reporter's key is in it."""

    kind: str
    raw: bytes
    with_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A mail of the team's: what its author wrote, and its bytes."""

    text: str
    raw: bytes


def three(sender: Someone, alias: str) -> Iterator[Report]:
    """Yield a plain report, a PGP/MIME one, signed and with a key, and an inline armoured one.

    Each is written when it is asked for; `sender` must know the alias's key already.
    """
    yield _plain(sender, alias)
    yield _pgp_mime(sender, alias)
    yield _inline(sender, alias)


def _head(sender: Someone, alias: str, subject: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{sender.name} <{sender.address}>"
    mail["To"] = alias
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=sender.address.partition("@")[2])
    return mail


def answer(person: Someone, alias: str, issue: str, quoted: str) -> Answer:
    """Return how one of the team answers the reporter: the command, and text below it.

    Their mail program quotes what was answered, and adds their signature.
    """
    text = (
        f"!{issue} reply\n"
        "Hello Robin,\n\nwe see the same here, and your 14 days suit us.\n"
        "Under which name may we thank you?\n\n"
        f"On {datetime.now(UTC):%a, %d %b %Y at %H:%M}, Robin Finder wrote:\n> {quoted}\n\n"
        f"-- \n{person.name}, extension 12\n"
    )
    inner = _head(person, alias, f"Re: [{issue}]")
    inner.set_content(text)
    return Answer(text=text, raw=_sealed(person, alias, inner))


def _plain(sender: Someone, alias: str) -> Report:
    mail = _head(sender, alias, "Crash in the frame parser")
    mail.set_content(
        "Hello,\n\na frame with length 0 makes the parser read one byte too far.\n"
        "The attached file shows it. Am I writing to the right place?\n\nRobin\n"
    )
    mail.add_attachment(
        PROOF, maintype="application", subtype="octet-stream", filename="frame-0.bin"
    )
    return Report(kind="plain mail", raw=mail.as_bytes())


def _pgp_mime(sender: Someone, alias: str) -> Report:
    inner = _head(sender, alias, "Key confusion in session resumption")
    inner.set_content(
        "Hello,\n\na resumed session keeps the keys of the one before it. Anyone who holds an\n"
        "old ticket can read the new session. I would like 14 days before it is public.\n\nRobin\n"
    )
    inner.add_attachment(
        b"ticket = steal()\nresume(ticket)\n",
        maintype="text",
        subtype="x-python",
        filename="resume.py",
    )
    inner.add_attachment(
        sender.certificate(), maintype="application", subtype="pgp-keys", filename="robin.asc"
    )
    kind = "PGP/MIME, signed and encrypted, with the reporter's key"
    return Report(kind=kind, raw=_sealed(sender, alias, inner), with_key=True)


def _sealed(sender: Someone, alias: str, inner: EmailMessage) -> bytes:
    """Return `inner` signed and encrypted (RFC 3156 §6.2), with its header inside."""
    inner.replace_header("Content-Type", f'{inner["Content-Type"]}; protected-headers="v1"')
    armor = sender.gpg(
        "--armor",
        "--trust-model",
        "always",
        "--sign",
        "--encrypt",
        "--recipient",
        alias,
        given=inner.as_bytes(),
    )
    outside = _head(sender, alias, "...")
    # A second may have passed, and another date outside than inside would be remarked upon.
    outside.replace_header("Date", str(inner["Date"]))
    head = "".join(f"{name}: {value}\r\n" for name, value in outside.items())
    lines = (
        "MIME-Version: 1.0",
        f'Content-Type: multipart/encrypted; protocol="{_CONTROL}"; boundary="{_BOUNDARY}"',
        "",
        f"--{_BOUNDARY}",
        f"Content-Type: {_CONTROL}",
        "",
        "Version: 1",
        "",
        f"--{_BOUNDARY}",
        'Content-Type: application/octet-stream; name="encrypted.asc"',
        "",
        *armor.decode("ascii").splitlines(),
        f"--{_BOUNDARY}--",
        "",
    )
    return head.encode("ascii") + "\r\n".join(lines).encode("ascii")


def _inline(sender: Someone, alias: str) -> Report:
    armor = sender.gpg(
        "--armor",
        "--trust-model",
        "always",
        "--encrypt",
        "--recipient",
        alias,
        given="The updater follows redirects to http. Fünf Zeilen genügen.\n".encode(),
    )
    mail = _head(sender, alias, "question about the updater")
    mail.set_content(armor.decode())
    return Report(kind="inline armour", raw=mail.as_bytes())
