"""An installation for tests, put together like the service but driven step by step.

Time is a value that a test moves; the keys are real, the relay is a sink of the test's.
"""

import asyncio
import base64
import email
import functools
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.policy import OutboxPolicy, Policy, ReadingLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.domain.team import Person, Team
from gatekeeper.inbound.worker import InboundWorker
from gatekeeper.issues import notices
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reading import Reader
from gatekeeper.outbound.job import Job
from gatekeeper.outbound.outbox import Outbox
from gatekeeper.outbound.relay import Relay
from gatekeeper.outbound.seal import Press
from gatekeeper.outbound.telling import of_colleague
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.store import products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.tx import Tx
from gatekeeper.texts.templates import Texts
from gatekeeper.workers import NOT_SENT
from tests import arriving
from tests.keys import Key, gpg, key_of, short_home
from tests.pumping import pump_dry

ALIAS = Address.parse("security@example.org")
START = Instant(1_788_436_800_000_000)  # Thu 2026-09-03T12:00:00Z
TEMPLATES = Path(__file__).parent.parent / "config" / "templates"

PEOPLE = (
    ("Andrea Example", "andrea@team.example"),
    ("Wei Example", "wei@team.example"),
    ("Sam Example", "sam@vendor.example"),
)


def uid(name: str, address: str) -> str:
    """Return a user ID."""
    return f"{name} <{address}>"


def alias_key() -> Key:
    """Return the alias's key, the same for all tests of a process."""
    return key_of(uid("Example security", str(ALIAS)))


def person_key(index: int) -> Key:
    """Return the key of one of PEOPLE."""
    return key_of(uid(*PEOPLE[index]))


def example_team() -> Team:
    """Return the response team of PEOPLE, each with one key."""
    return Team(
        people=tuple(
            Person(
                name=name,
                address=Address.parse(address),
                employer="Example",
                keys=(person_key(index).fingerprint,),
            )
            for index, (name, address) in enumerate(PEOPLE)
        )
    )


@functools.cache
def texts() -> Texts:
    """Return the shipped templates."""
    return Texts({path.name: path.read_text() for path in TEMPLATES.iterdir()})


@dataclass(slots=True, kw_only=True)
class House:
    """The stages over one store; `now` is moved by the test."""

    store: Store
    desk: Desk
    engine: Engine
    keyring: Keyring
    reader: Reader
    policy: OutboxPolicy
    now: Instant = START

    def clock(self) -> Instant:
        """Return the instant the test is at."""
        return self.now

    def pass_time(self, microseconds: int) -> None:
        """Let time pass."""
        self.now = later(self.now, microseconds)

    @property
    def inbound(self) -> InboundWorker:
        """Stages 3 to 6."""
        return InboundWorker(
            store=self.store,
            desk=self.desk,
            reader=self.reader,
            lease=self.policy.lease,
            now=self.clock,
        )

    @property
    def press(self) -> Press:
        """Stage 7."""
        return Press(
            store=self.store,
            reader=self.reader,
            engine=self.engine,
            keyring=self.keyring,
            desk=self.desk,
            lease=self.policy.lease,
            tell=self.tell,
            now=self.clock,
        )

    @property
    def outbox(self) -> Outbox:
        """Stage 8."""
        return Outbox(
            store=self.store,
            policy=self.policy,
            own=self.desk.own,
            token_key=self.desk.token_key,
            objection=self.desk.team.objection,
            clear_replies=self.desk.clear_replies,
            tell=self.tell,
            tell_others=lambda tx, row, what: of_colleague(tx, self.desk, row, what, now=self.now),
            now=self.clock,
        )

    def tell(self, tx: Tx, issue: RowId, line: str) -> None:
        """Tell the team what the service tells it of a mail that did not get there."""
        notices.tell(tx, self.desk, issue=issue, headline=NOT_SENT, lines=(line,), now=self.now)

    def receive(
        self, raw: bytes, *, sender: str = "robin@research.example", to: str = str(ALIAS)
    ) -> RowId:
        """Store a message as stage 2 does and return its row; `to` may name several, by blanks."""
        envelope = Envelope(
            sender=Address.parse(sender) if sender else None,
            recipients=tuple(Address.parse(each) for each in to.split()),
            peer="192.0.2.7",
            protocol="ESMTP",
        )
        return self.store.write(
            lambda tx: arriving.add(
                tx, product=self.desk.product, raw=raw, envelope=envelope, now=self.now
            )
        ).id

    def receive_quietly(self, raw: bytes) -> RowId:
        """Store a message that nobody is answered: its envelope names no sender."""
        return self.receive(raw, sender="")

    def settle(self) -> None:
        """Handle and seal until nothing waits."""
        while self.inbound.tick() or self.press.tick():
            pass

    def collect(self) -> list[Job]:
        """Take every mail that is due, as a relay does that accepts all, and return them."""
        outbox = self.outbox
        taken: list[Job] = []
        while jobs := outbox.claim():
            for job in jobs:
                outbox.record(job, Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 taken"))
            taken += jobs
        return taken

    def send(self, host: str, port: int, *, clear_port: int | None = None) -> int:
        """Send what is due to a relay and return how many deliveries were attempted."""
        return asyncio.run(self._send(host, port, clear_port))

    async def _send(self, host: str, port: int, clear_port: int | None) -> int:
        relay = Relay(
            host=host,
            port=port,
            wait=self.policy.relay_wait,
            connections=self.policy.connections,
            name=ALIAS.domain,
            clear_port=clear_port,
        )
        return await pump_dry(self.outbox, relay, self.policy, self.clock)


@contextmanager
def open_house(
    store: Store,
    *,
    team: Team | None = None,
    certificates: tuple[bytes, ...] = (),
    reading: ReadingLimits | None = None,
    gpg_binary: Path | None = None,
) -> Iterator[House]:
    """Put an installation together over `store`; `certificates` come beside the team's."""
    limits = reading or ReadingLimits()
    with short_home() as home:
        engine = Engine(
            binary=gpg_binary or Path(shutil.which("gpg") or "gpg"),
            home=home,
            wait=60_000_000,
            output_limit=limits.plaintext_bytes,
        )
        keyring = Keyring(engine)
        keyring.load_secret(alias_key().secret)
        keyring.load([person_key(index).public for index in range(len(PEOPLE))])
        keyring.load(certificates)
        product = store.write(
            lambda tx: products.ensure(tx, ProductRow(key="default", issue_prefix="SEC"), now=START)
        )
        store.write(
            lambda tx: products.ensure_list(
                tx, ListRow(key="pre-disclosure"), product=product, now=START
            )
        )
        desk = Desk(
            product=product,
            name="Example",
            prefix="SEC",
            own=OwnAddresses(security=ALIAS),
            team=team or example_team(),
            texts=texts(),
            token_key=b"k" * 32,
            chance=secrets.token_bytes,
            fingerprint=alias_key().fingerprint,
            certificate=alias_key().public,
            policy=Policy(),
            clear_replies=True,
        )
        yield House(
            store=store,
            desk=desk,
            engine=engine,
            keyring=keyring,
            reader=Reader(engine=engine, limits=limits),
            policy=OutboxPolicy(),
        )


def decrypt(key: Key, raw: bytes) -> tuple[bytes, bytes]:
    """Open a mail of the house with a person's own key; see `decrypt_with`."""
    return decrypt_with(key, raw, alias_key().public)


def decrypt_with(key: Key, raw: bytes, alias: bytes) -> tuple[bytes, bytes]:
    """Open a mail with a person's own key by gpg; return its plaintext and gpg's status."""
    mail = email.message_from_bytes(raw)
    ciphertext = ciphertext_of(mail)
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        gpg(home, "--import", given=alias)
        source = home / "message"
        source.write_bytes(ciphertext)
        status = home / "status"
        plaintext = gpg(home, "--status-file", str(status), "--decrypt", str(source))
        return plaintext, status.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One opened copy: its own header, and its parts as they lie between the boundaries."""

    plaintext: bytes
    status: bytes
    header: Message
    parts: tuple[bytes, ...]

    @property
    def subject(self) -> str:
        """The protected subject."""
        return str(make_header(decode_header(self.header["Subject"])))

    @property
    def block(self) -> str:
        """The text of ours, in LF lines."""
        text = email.message_from_bytes(self.parts[0]).get_payload(decode=True)
        assert isinstance(text, bytes)
        return text.decode().replace("\r\n", "\n")

    def attached(self, name: str) -> bytes:
        """Return the one attachment whose file name begins with `name`, decoded."""
        mark = f'filename="{name}'.encode()
        split = [part.partition(b"\r\n\r\n") for part in self.parts[1:]]
        ((head, _, body),) = [each for each in split if mark in each[0]]
        return (
            base64.decodebytes(body) if b"\r\nContent-Transfer-Encoding: base64" in head else body
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """A home of somebody who reads copies; opening many costs one import."""

    home: Path

    def open(self, raw: bytes) -> Copy:
        """Open one mail of the house."""
        begin, end = b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----\r\n"
        (self.home / "message").write_bytes(raw[raw.index(begin) : raw.index(end) + len(end)])
        status = self.home / "status"
        words = ("--status-file", str(status), "--decrypt", str(self.home / "message"))
        plaintext = gpg(self.home, *words)
        head = BytesHeaderParser().parsebytes(plaintext.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        boundary = head.get_param("boundary")
        assert isinstance(boundary, str)
        begun = plaintext.split(f"\r\n--{boundary}".encode())
        assert b"--\r\n" == begun[-1]
        return Copy(
            plaintext=plaintext,
            status=status.read_bytes(),
            header=head,
            parts=tuple(part.removeprefix(b"\r\n") for part in begun[1:-1]),
        )


@contextmanager
def reading_as(key: Key) -> Iterator[Inspector]:
    """Lend a home with a person's own secret key and the alias's certificate."""
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        gpg(home, "--import", given=alias_key().public)
        yield Inspector(home=home)


def ciphertext_of(mail: Message) -> bytes:
    """Return the ciphertext of an RFC 3156 mail."""
    parts = mail.get_payload()
    assert isinstance(parts, list)
    second = parts[1]
    assert isinstance(second, Message)
    payload = second.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload
