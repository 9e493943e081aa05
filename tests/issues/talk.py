"""A conversation in a house: who writes what, at which moment, and what each of them gets."""

import email
import email.policy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from gatekeeper.domain import token
from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import IssueId, RowId
from gatekeeper.domain.instants import to_datetime
from gatekeeper.outbound.job import Job
from gatekeeper.store import correspondents, issues
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.seal import Codec
from tests.house import (
    ALIAS,
    PEOPLE,
    House,
    Inspector,
    open_house,
    person_key,
    reading_as,
    uid,
)
from tests.issues.found import handle_all
from tests.issues.reports import ROBIN, Pen, a_pen, head, key_part, multipart, pgp_mime, robin_key
from tests.keys import Key

HERE = ALIAS.domain
ROBINS = "robin@research.example"
WORDS = b"Content-Type: text/plain; charset=utf-8\r\n\r\nMy key.\r\n"


@dataclass(slots=True, kw_only=True)
class Talk:
    """A house, a pen, and those who read; `sent` is all that left so far."""

    house: House
    pen: Pen
    andrea: Inspector
    robin: Inspector
    sent: list[Job] = field(default_factory=list)
    count: int = 0

    def receive(self, raw: bytes, *, sender: str, to: str = str(ALIAS)) -> list[Job]:
        """Let a mail in, work until nothing waits, and return what left because of it."""
        self.house.receive(raw, sender=sender, to=to)
        return self.work()

    def work(self) -> list[Job]:
        """Work until nothing waits, and return what left."""
        self.house.settle()
        left = self.house.collect()
        self.sent += left
        return left

    def moment(self) -> str:
        """Return the moment that the house is at, for gpg's --faked-system-time."""
        return to_datetime(self.house.now).strftime("%Y%m%dT%H%M%S!")

    def message_id(self, by: str) -> str:
        """Return a Message-ID that nobody had before."""
        self.count += 1
        return f"<{self.count}@{by}>"

    def text(
        self, words: str, *extra: str, sender: str = ROBIN, subject: str = "A report"
    ) -> bytes:
        """Return an ordinary mail in clear."""
        begun = head(
            *extra, sender=sender, subject=subject, message_id=self.message_id("clear.example")
        )
        body = words.replace("\n", "\r\n")
        return begun + f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()

    def sealed(
        self,
        words: str,
        *,
        by: Key | None,
        sender: str = ROBIN,
        subject: str = "...",
        content: bytes = b"",
        extra: Sequence[str] = (),
    ) -> bytes:
        """Return a mail encrypted to the alias, signed at the moment that the house is at."""
        body = words.replace("\n", "\r\n")
        inside = content or f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
        options = f"--faked-system-time {self.moment()}"
        begun = head(
            *extra, sender=sender, subject=subject, message_id=self.message_id("sealed.example")
        )
        return begun + pgp_mime(self.pen.encrypt(inside, by=by, options=options))

    def command(self, words: str, *, person: int = 0, extra: Sequence[str] = ()) -> list[Job]:
        """Have one of the team send signed and encrypted words, and return what left."""
        name, address = PEOPLE[person]
        raw = self.sealed(words, by=person_key(person), sender=uid(name, address), extra=extra)
        return self.receive(raw, sender=address)

    def issue(self, number: int = 1) -> IssueRow:
        """Return one issue as it is now."""
        wanted = IssueId(prefix="SEC", year=2026, number=number)
        found = self.house.store.read(lambda tx: issues.get(tx, wanted))
        assert found is not None
        return found

    def handle(self, raw: bytes, *, sender: str, to: str = str(ALIAS)) -> RowId:
        """Let a mail in and have it handled, nothing sealed; return its row."""
        row = self.house.receive(raw, sender=sender, to=to)
        handle_all(self.house)
        return row

    def with_keys(self, *keys: Key) -> bytes:
        """Return content with public keys attached."""
        return multipart("mixed", WORDS, *(key_part(key, self.pen) for key in keys))

    def opened(self, *, key: Key | None = None) -> int:
        """Have Robin report, in clear, or encrypted with a key attached; return the issue."""
        raw = self.text("It overflows.")
        if key is not None:
            raw = self.sealed("", by=key, content=self.with_keys(key))
        self.handle(raw, sender=ROBINS)
        return self.issues

    def reply_address(self, number: int = 1) -> str:
        """Return the address that leads the reporter of an issue to it."""
        desk = self.house.desk
        name = token.mint_reply(desk.token_key, self.reporter(number).route)
        return str(desk.own.reply_address(name))

    @property
    def issues(self) -> int:
        """How many issues there are."""
        return len(self.house.store.read(issues.list_all))

    def reporter(self, number: int = 1) -> Correspondent:
        """Return the reporter of an issue."""
        row = self.issue(number).id
        (found,) = self.house.store.read(lambda tx: correspondents.of_issue(tx, row))
        return found

    def block(self, jobs: Sequence[Job]) -> str:
        """Return our words in the last of these mails that Andrea got."""
        return self.andrea.open(to(jobs, "andrea@team.example")[-1].what.content).block


def more(number: int) -> str:
    """Return a subject that names an issue."""
    return f"[SEC-2026-{number:04}] more"


def to(jobs: Sequence[Job], address: str) -> list[Job]:
    """Return the mails to one address."""
    wanted = Address.parse(address).key
    return [job for job in jobs if job.recipient.key == wanted]


def parsed(job: Job) -> EmailMessage:
    """Return a mail as the standard library reads it."""
    return email.message_from_bytes(job.what.content, policy=email.policy.default)


def clear_text(job: Job) -> str:
    """Return the text of a mail that left in clear."""
    body = parsed(job).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@contextmanager
def sqlite_house(template: Path, folder: Path, codec: Codec) -> Iterator[House]:
    """Lend a house on SQLite alone, for rules that no database takes part in."""
    path = folder / "gatekeeper.sqlite3"
    shutil.copy(template, path)
    store = Store.open(f"sqlite:///{path}", codec)
    with open_house(store) as house:
        yield house
    store.close()


@contextmanager
def a_talk(house: House) -> Iterator[Talk]:
    """Lend a conversation in a house."""
    with a_pen() as pen, reading_as(person_key(0)) as andrea, reading_as(robin_key()) as robin:
        yield Talk(house=house, pen=pen, andrea=andrea, robin=robin)
