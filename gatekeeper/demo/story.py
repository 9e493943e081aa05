"""Tell what happened, in order and readable: what was sent, what left, what each person reads."""

import email
import sys
import textwrap
from collections.abc import Sequence
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Final

from gatekeeper.demo.people import Someone
from gatekeeper.demo.reports import Report

_INDENT: Final = "    "
_COLUMN: Final = 13
"""Where the values stand in our block of a team's copy (config/templates/team-copy.txt)."""


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def heading(text: str) -> None:
    """Print a heading."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    say(f"\n{bold}{text}{plain}")


def quoted(text: str) -> None:
    """Print lines that are shown, not said by us."""
    lines = (f"{_INDENT}| {line}".rstrip() for line in text.rstrip("\n").splitlines())
    say("\n".join(lines))


def sent(report: Report) -> None:
    """Show a report as it is sent."""
    heading(f"The reporter sends a report: {report.kind}")
    mail = email.message_from_bytes(report.raw, policy=default)
    named = [f"{name}: {mail[name]}" for name in ("From", "To", "Subject")]
    quoted("\n".join([*named, "", *_parts(mail, text_lines=7)]))


def outside(path: Path) -> None:
    """Show what anyone between the service and a recipient can read of a mail."""
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    lines = [f"{name}: {mail[name]}" for name in ("From", "To", "Subject", "Message-ID")]
    count = len(_ciphertext(mail).splitlines())
    quoted("\n".join([*lines, f"({count} lines of OpenPGP ciphertext)"]))


def opened(person: Someone, path: Path) -> bytes | None:
    """Decrypt a mail with the person's own key; say how gpg judged it, and return what it holds."""
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    done = person.try_gpg("--status-fd", "2", "--decrypt", given=_ciphertext(mail))
    if done.returncode != 0:
        say(f"{_INDENT}gpg: cannot be decrypted with this key")
        return None
    good = b"[GNUPG:] GOODSIG" in done.stderr
    say(f"{_INDENT}gpg: decrypted; signature of the alias: {'good' if good else 'NOT GOOD'}")
    return done.stdout


def inside(plaintext: bytes, *, text_lines: int = 50) -> None:
    """Show what a mail says that is not encrypted any more, or never was, and what is attached."""
    mail = email.message_from_bytes(plaintext, policy=default)
    quoted("\n".join([f"Subject: {mail['Subject']}", "", *_parts(mail, text_lines=text_lines)]))


def done(plaintext: bytes) -> None:
    """Show the lines of a team's copy that say what was done."""
    mail = email.message_from_bytes(plaintext, policy=default)
    column = " " * _COLUMN
    shown = False
    for line in _parts(mail, text_lines=50):
        shown = line.startswith("Done:") or (shown and line.startswith(column))
        if shown:
            quoted(line)


def _parts(mail: Message, *, text_lines: int) -> list[str]:
    lines: list[str] = []
    for part in mail.walk():
        payload = part.get_payload(decode=True)
        if part.is_multipart() or not isinstance(payload, bytes):
            continue
        if part.get_content_type() == "text/plain" and not part.get_filename():
            text = payload.decode("utf-8", "replace").strip().splitlines()
            lines += [*text[:text_lines], *(["…"] if len(text) > text_lines else []), ""]
        else:
            name = part.get_filename() or part.get_content_type()
            lines.append(f"[attachment: {name}, {len(payload)} bytes]")
    return lines


def table(text: str) -> None:
    """Show tab-separated lines as columns."""
    rows = [line.split("\t") for line in text.rstrip().splitlines()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(f"  {'  '.join(cells)}".rstrip())


def numbered(things: Sequence[tuple[str, str]]) -> None:
    """Print numbered things to try, each with its exact command."""
    for number, (what, command) in enumerate(things, start=1):
        say(f"  {number}. {what}")
        say(textwrap.indent(command, "       "))


def _ciphertext(mail: Message) -> bytes:
    for part in mail.walk():
        if part.get_content_type() == "application/octet-stream":
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
    return b""
