"""The corpus of hostile mail through SMTP: taken, handled, told truly, and told to nobody else."""

import base64
import email
import email.policy
import re
import smtplib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest

from gatekeeper.mail.charset import printable_line
from tests.canaries import leaks
from tests.corpus import people, wording
from tests.corpus.classes import Class
from tests.corpus.expecting import CANARIES
from tests.corpus.site import corpus_site
from tests.corpus.test_corpus import ENTRIES, HERE, MAILS
from tests.house import ALIAS, PEOPLE, Copy, Inspector
from tests.keys import gpg, short_home
from tests.path.arrivals import TEAM, to_each, wait_for, wait_until_delivered
from tests.running import Site, serving
from tests.sampling import DIALECTS, SOAK
from tests.sinks import Inbox, Received, running_sink

DATABASES: Final = DIALECTS if SOAK else DIALECTS[:1]
READERS: Final = tuple(names[0] for names in people.TEAM)
OUTSIDE: Final = "outside.example"
COLUMN: Final = 13
"""Where values begin in a block; what follows in other columns is not ours."""

_FIELD: Final = re.compile(r"([A-Z][A-Za-z ]{1,11}):\s+(\S.*)")
_TRACE: Final = re.compile(rb"^Received: from corpus by mx\.example; (\S+)\r?$", re.MULTILINE)
_PAGES: Final = {Class.HTML.name, Class.EFAIL.name}
_WINDOW: Final = 1024 * 1024


def sender(path: str) -> str:
    """Return a mail's envelope sender, each in a domain of its own, so that all are answered."""
    name = path.rpartition("/")[2].partition(".")[0]
    return f"{name}@x{MAILS.index(path)}.{OUTSIDE}"


def send(site: Site, path: str) -> None:
    """Send a mail as the last hop before us does, which adds its line; it must be taken."""
    traced = f"Received: from corpus by mx.example; {path}\r\n".encode()
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.ehlo()
        client.mail(sender(path))
        client.rcpt(str(ALIAS))
        assert 250 == client.data(traced + (HERE / path).read_bytes())[0], path


@contextmanager
def readers() -> Iterator[Mapping[str, Inspector]]:
    """Lend each person's home, by address."""
    with short_home() as first, short_home() as second, short_home() as third:
        homes = (first, second, third)
        for home, name in zip(homes, READERS, strict=True):
            gpg(home, "--import", given=people.key(name).secret)
            gpg(home, "--import", given=people.certificate("alias"))
        addresses = (address for _, address in PEOPLE)
        yield {
            address: Inspector(home=home) for address, home in zip(addresses, homes, strict=True)
        }


def fields(block: str) -> dict[str, list[str]]:
    """Return the values in a block of ours by their name, each in one line."""
    found: dict[str, list[str]] = {}
    last: list[str] = []
    for line in block.partition("\n\nThe lines above are gatekeeper's.")[0].splitlines():
        matched = _FIELD.fullmatch(line)
        if matched and matched.start(2) == COLUMN:
            last = found.setdefault(matched[1], [])
            last.append(matched[2])
        elif line.startswith(" " * COLUMN) and last:
            last[-1] += " " + line.strip()
    return found


def assert_told_truly(path: str, copy: Copy) -> None:
    """See that a copy says what the corpus says of the mail, and says it once."""
    verdict = ENTRIES[path]["verdict"]
    said = fields(copy.block)
    once = [len(said.get(name, [])) for name in ("Subject", "From", "Encryption", "Signature")]
    assert [1, 1, 1, 1] == once, path
    assert said["Encryption"][0].startswith(wording.encryption(verdict)), path
    assert said["Signature"][0].startswith(wording.signature(verdict)), path
    subject = printable_line(verdict["subject"]) or "(no subject)"
    assert said["Subject"][0].startswith(subject), path
    lines = [line for values in said.values() for line in values]
    assert wording.on_parts(verdict) == sum(line.count(wording.OF_A_PART) for line in lines), path
    opened, stayed = verdict["pieces"]
    pieces = said.get("Piece", [])
    assert opened + stayed == len(pieces), path
    assert opened == sum(wording.OPENED in line for line in pieces), path
    if not verdict["unreadable"]:
        for problem in verdict["problems"]:
            assert any(problem in line for line in said.get("Note", [])), (path, problem)


def assert_no_page_is_shown(path: str, copy: Copy) -> None:
    """See that no HTML stands in a copy but as a file, which nobody's program shows by itself."""
    if not _PAGES & set(ENTRIES[path]["classes"]):
        return
    for part in email.message_from_bytes(copy.plaintext).walk():
        if part.get_content_type() == "text/html":
            assert "attachment" == part.get_content_disposition(), path


def path_of(copy: Copy) -> str:
    """Return which mail a copy is of, by the line of the last hop; "" for a letter of ours."""
    found = {name for part in copy.parts for name in _TRACE.findall(_decoded(part))}
    assert len(found) <= 1
    return str(found.pop(), "ascii") if found else ""


def _decoded(part: bytes) -> bytes:
    """Return a part's body; a header with octets beyond ASCII is attached in base64."""
    head, _, body = part.partition(b"\r\n\r\n")
    if b"Content-Transfer-Encoding: base64" in head and b"text/rfc822-headers" in head:
        return base64.decodebytes(body)
    return body


def assert_copies(inbox: Inbox, mails: Sequence[str]) -> None:
    """See that everybody has a copy of each mail, and that the copies open and say the truth.

    Everybody has the same number of letters: the copies, and what is told of keys that have ended.
    An ordinary run opens one copy of each mail, the persons' in turns; a soak opens all.
    """
    seen: list[tuple[str, str]] = []
    sent = {address: to_each(inbox.received, {address}) for _, address in PEOPLE}
    assert 1 == len({len(each) for each in sent.values()})
    tags = set[str].intersection(*({*map(subject_of, each)} for each in sent.values()))
    own = {tag: place % len(PEOPLE) for place, tag in enumerate(sorted(tags))}
    with readers() as homes:
        for number, (_, address) in enumerate(PEOPLE):
            for each in sent[address]:
                if not SOAK and own.get(subject_of(each)) != number:
                    continue
                copy = homes[address].open(each.raw)
                assert b"[GNUPG:] GOODSIG " in copy.status
                if path := path_of(copy):
                    seen.append((path, address))
                    assert_told_truly(path, copy)
                    assert_no_page_is_shown(path, copy)
    readings = len(PEOPLE) if SOAK else 1
    assert Counter(dict.fromkeys(mails, readings)) == Counter(path for path, _ in seen)


def mail_of(received: Received) -> EmailMessage:
    """Return a mail that left, parsed."""
    found = email.message_from_bytes(received.raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def subject_of(received: Received) -> str:
    """Return the subject outside, which has a tag of the issue's own, alike in all its copies."""
    return str(mail_of(received)["Subject"])


def text_of(received: Received) -> str:
    """Return the text of an answer without what differs in every one: the issue's number."""
    body = mail_of(received).get_body(("plain",))
    assert body is not None
    return re.sub(r"SEC-\d{4}-\d+", "ISSUE", str(body.get_content()))


def assert_answers(inbox: Inbox, mails: Sequence[str]) -> None:
    """See that only those who sent were answered, once, by what quotes nothing.

    Nobody who is only named in a mail is told anything. Whoever writes in a colleague's name gets
    no answer; all that could not be opened is answered alike.
    """
    answers = [each for each in inbox.received if str(each.envelope.recipients[0]) not in TEAM]
    to = {str(each.envelope.recipients[0]): each for each in answers}
    assert len(to) == len(answers), "somebody was answered twice"
    assert set(to) <= {sender(path) for path in mails}
    assert all(each.envelope.sender is None for each in answers)
    unanswered = [path for path in mails if sender(path) not in to]
    assert [] == [path for path in unanswered if not _names_a_colleague(path)]
    answered = [path for path in mails if sender(path) in to]
    kinds = {path: text_of(to[sender(path)]) for path in answered}
    failed = {text for path, text in kinds.items() if _failed(path)}
    others = {text for path, text in kinds.items() if not _failed(path)}
    assert 1 == len(failed), "what failed can be told from the answer"
    assert not failed & others


def _failed(path: str) -> bool:
    """Say whether a mail could not be opened; of pieces in a mail in clear no sender is told."""
    return bool(ENTRIES[path]["verdict"]["unreadable"])


def _names_a_colleague(path: str) -> bool:
    header = (HERE / path).read_bytes().partition(b"\r\n\r\n")[0]
    named = b"|".join(re.escape(address.encode()) for address in TEAM)
    return re.search(rb"(?im)^From:.*(?:" + named + rb")", header) is not None or (
        ENTRIES[path]["verdict"]["signer"] != ""
    )


def assert_no_leak(inbox: Inbox, folders: Sequence[Path]) -> None:
    """See that no canary left or lies anywhere, in clear or in disguise."""
    left = b"".join(each.raw + str(each.envelope.sender).encode() for each in inbox.received)
    assert [] == leaks_in(left)
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                assert [] == leaks_in(file.read_bytes()), file
                assert [] == leaks(bytes(file), CANARIES), file


def leaks_in(haystack: bytes) -> list[str]:
    """Return the leaks in many bytes, looked at in windows so that it takes no time squared."""
    found: list[str] = []
    for at in range(0, len(haystack), _WINDOW):
        found += leaks(haystack[max(0, at - 4096) : at + _WINDOW], CANARIES)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("dialect", DATABASES)
def test_the_whole_corpus(
    dialect: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every mail is taken and becomes an issue, is told truly to the team and to nobody else."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with running_sink() as sink:
        site = corpus_site(tmp_path / "site", relay=sink.port, database=database_url)
        with serving(site):
            for path in MAILS:
                send(site, path)
            wait_for(sink.inbox, TEAM, len(MAILS) * len(PEOPLE))
            wait_until_delivered(site)
            issues: list[dict[str, Any]] = site.json("issue", "list")
            quarantined = site.json("mail", "quarantine", "list")
        inbox = sink.inbox
    assert len(MAILS) == len(issues)
    assert [] == quarantined
    assert {("reported", None)} == {(each["state"], each["owner"]) for each in issues}
    assert_copies(inbox, MAILS)
    assert_answers(inbox, MAILS)
    assert_no_leak(inbox, [tmp_path])
    assert [] == list(temporary.iterdir())
    log = (tmp_path / "site" / "serve.log").read_text()
    assert "unexpected" not in log
    assert OUTSIDE not in log
