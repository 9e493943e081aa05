"""SMTP and LMTP sessions of right and wrong words, cut anywhere, against the real listener.

Behind it is the real intake on a real database. Whatever comes: every answer is an answer, what is
acknowledged is stored byte for byte, what is refused is not, and nothing of ours is to blame.
"""

import itertools
import logging
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.instants import DAY, Instant
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope, MessageState
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Clients
from gatekeeper.inbound.dialogue import Protocol
from gatekeeper.inbound.intake import STORED, Intake
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.session import Listener
from gatekeeper.store import messages, products
from gatekeeper.store.engine import Store
from gatekeeper.store.products import ProductRow
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import messages as rows
from gatekeeper.store.tx import Tx
from tests.inbound.talking import any_certificate
from tests.sampling import tries
from tests.sinks import WAIT, LoopThread
from tests.worlds import make_certificate

SECURITY = Address(local="security", domain="example.org")
RECIPIENTS = Recipients(own=OwnAddresses(security=SECURITY), token_key=b"k" * 32)
LIMITS = IntakeLimits(
    message_bytes=3000, line_bytes=1500, header_bytes=1000, received_headers=5, errors=30
)
END = b"\r\n.\r\nQUIT\r\nQUIT\r\n"
_LINE = re.compile(rb"[2345][0-9]{2}[ -][ -~]{1,506}\r\n")
_START = 1_800_000_000_000_000


@dataclass(slots=True, kw_only=True)
class Handed:
    """What the listener gave to the intake, and what the intake answered, in one session."""

    raw: list[bytes] = field(default_factory=list)
    replies: list["Future[Reply]"] = field(default_factory=list)


class Recording:
    """The intake, with a note of all that it was given; with `broken` it fails as code may fail."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.handed = Handed()
        self.broken = False

    def knows(self, recipient: Address) -> bool:
        """Ask the intake."""
        if self.broken and recipient.local == "abuse":
            raise LookupError
        return self._intake.knows(recipient)

    def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
        """Note the message and hand it on."""
        if self.broken:
            raise OSError(28, "no space left")
        reply = self._intake.accept(raw, envelope)
        self.handed.raw.append(raw)
        self.handed.replies.append(reply)
        return reply


@dataclass(slots=True, kw_only=True)
class Place:
    """Two listeners on one intake; each session is days after the one before."""

    ports: dict[str, int]
    store: Store
    receiver: Recording
    now: Instant

    def stored(self) -> list[bytes]:
        """Return the bytes of the messages of this session."""

        def read(tx: Tx) -> list[bytes]:
            query = select(rows.c.id).where(rows.c.received_at == self.now)
            found = [messages.load(tx, id_).raw for id_ in tx.connection.scalars(query)]
            return [raw for raw in found if raw is not None]

        return self.store.read(read)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "chain.pem", "mx.example.org")


@contextmanager
def listening(url: str, codec: Codec, pem: Path) -> Iterator[Place]:
    """Run SMTP and LMTP listeners as `serve` has them, with small limits."""
    store = Store.open(url, codec)
    row = ProductRow(key="default", issue_prefix="SEC")
    product = store.write(lambda tx: products.ensure(tx, row, now=Instant(_START)))
    intake = Intake(
        store=store,
        product=product,
        recipients=RECIPIENTS,
        now=lambda: place.now,
        on_stored=lambda: None,
    )
    thread = LoopThread()
    place = Place(ports={}, store=store, receiver=Recording(intake), now=Instant(_START))
    clients = Clients(limits=LIMITS)
    listeners = []
    protocols: tuple[Protocol, ...] = ("smtp", "lmtp")
    for protocol in protocols:
        listener = Listener(
            receiver=place.receiver,
            limits=LIMITS,
            hostname="mx.example.org",
            protocol=protocol,
            postmaster=Address(local="postmaster", domain="example.org"),
            clients=clients,
            recipients=RECIPIENTS,
            certificate=Certificate(certificate=pem, key=pem) if protocol == "smtp" else None,
        )
        place.ports[protocol] = thread.run(listener.start(host="127.0.0.1"))[1]
        listeners.append(listener)
    try:
        yield place
    finally:
        for listener in listeners:
            thread.run(listener.stop())
        thread.close()
        intake.close()
        store.close()
        assert 0 == clients.open
        assert LIMITS.bytes_in_flight == clients.budget.free(favoured=True)


def store_counts(place: Place) -> Mapping[MessageState, int]:
    """Return how many messages there are: sessions that store nothing would show nothing."""
    return place.store.read(messages.counts)


ADDRESSES = st.sampled_from(
    [
        *(b"<security@example.org>", b"<SECURITY@example.ORG>", b"<postmaster>", b"<>"),
        *(b"<abuse@example.org>", b"<nobody@example.org>", b"<a@x.example>", b"<@a:b@c>"),
        *(b'<"a b"@example.org>', b"<a@[127.0.0.1]>", b"<j\xc3\xb6@x.example>", b"a@x.example"),
        *(b"<=?utf-8?q?security=40example=2Eorg?=>", b"<security@example.org\r>", b"<\0@x>"),
    ]
)
PARAMETERS = st.sampled_from(
    [b"", b"", b"", b" SIZE=10", b" SIZE=99999", b" SMTPUTF8", b" BODY=8BITMIME", b" X=", b" SIZE"]
)
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"\0\r\n", b""])


def line(*parts: "st.SearchStrategy[bytes]") -> "st.SearchStrategy[bytes]":
    """Return a command line of these parts, with a line end that is right most of the time."""
    return st.tuples(*parts, ENDS).map(b"".join)


COMMANDS = st.one_of(
    line(st.sampled_from([b"EHLO x", b"LHLO x", b"HELO x", b"ehlo", b"EHLO \xff"])),
    line(st.just(b"MAIL FROM:"), ADDRESSES, PARAMETERS),
    line(st.just(b"RCPT TO:"), ADDRESSES, PARAMETERS),
    line(st.sampled_from([b"DATA", b"data ", b"RSET", b"NOOP", b"QUIT x", b"VRFY x", b"HELP"])),
    line(st.sampled_from([b"BDAT 5 LAST", b"AUTH PLAIN AAAA", b"GET / HTTP/1.1", b"STARTTLS x"])),
    line(st.binary(max_size=60)),
    st.sampled_from([b"STARTTLS\r\n", b"QUIT\r\n", b"x" * 3000, b"\x16\x03\x01\x02\x00"]),
)
TEXT = st.one_of(
    st.sampled_from([b"text\r\n", b"..\r\n", b"\xff\0\r\n", b".text\r\n", b"\r\n\r\n"]),
    st.binary(max_size=80),
    st.sampled_from(
        [
            *(b"\r\n", b"\r\n", b"\r\n.", b"..", b".\r\n", b"\n.\n", b"\r\n.\n", b"\r.\r", b"\0"),
            *(b"Subject: x\r\n", b"Received: y\r\n" * 6, b"\r\nMAIL FROM:<>\r\n", b"x" * 1400),
            *(b"\r\nDATA\r\n", b"\r\nRCPT TO:<security@example.org>\r\n", b"\xff\xfe", b"z" * 2000),
        ]
    ),
)


@st.composite
def sent_messages(draw: st.DrawFn, hello: bytes) -> bytes:
    """Draw a transaction as a client sends it that stuffs its dots (most do)."""
    body = b"".join(draw(st.lists(TEXT, max_size=6)))
    if draw(st.integers(0, 9)):
        body = stuffed(body)
    recipients = draw(st.integers(1, 3)) * b"RCPT TO:<security@example.org>\r\n"
    start = hello if draw(st.booleans()) else b""
    return start + b"MAIL FROM:<a@x.example>\r\n" + recipients + b"DATA\r\n" + body + b"\r\n.\r\n"


def stuffed(text: bytes) -> bytes:
    """Return what is sent for a text (RFC 5321 §4.5.2)."""
    return re.sub(rb"(\A|\r\n)\.", rb"\1..", text)


@st.composite
def sessions(draw: st.DrawFn, protocol: str) -> list[bytes]:
    """Draw all that a client says, and cut it anywhere."""
    hello = b"LHLO x\r\n" if protocol == "lmtp" else b"EHLO x\r\n"
    pieces = draw(st.lists(st.one_of(COMMANDS, sent_messages(hello)), max_size=12))
    stream = hello + b"".join(pieces) + END
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    return [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]


def talk(place: Place, protocol: str, chunks: Sequence[bytes], *, tls: bool) -> tuple[bytes, bool]:
    """Hold a session; return what was answered, and whether the client read all of it.

    A server that ends a session while the client still talks may cut off its last words (TCP).
    """
    answers = b""
    client = socket.create_connection(("127.0.0.1", place.ports[protocol]), timeout=WAIT)
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            with client.makefile("rb", buffering=0) as stream:
                client.sendall(b"STARTTLS\r\n")
                assert [b"220", b"220"] == [stream.readline()[:3] for _ in range(2)]
            client = any_certificate().wrap_socket(client)
        with client:
            try:
                for chunk in chunks:
                    client.sendall(chunk)
                while chunk := client.recv(65536):
                    answers += chunk
            except OSError:
                return answers, False
    return answers, True


def judge(
    place: Place, protocol: str, chunks: Sequence[bytes], answers: bytes, whole: bool
) -> None:
    """Hold what was answered against what was handed over and what is stored."""
    stream = b"".join(chunks)
    *lines, rest = re.split(rb"(?<=\r\n)", answers)
    assert b"" == rest or not whole
    for each in lines:
        assert _LINE.fullmatch(each), each
    assert len(answers) <= 512 * (stream.count(b"\n") + 3) + 200
    handed = place.receiver.handed
    replies = [reply.result(WAIT) for reply in handed.replies]
    assert {STORED} >= set(replies)
    stored = place.stored()
    assert set(handed.raw) == set(stored)
    for raw in stored:
        assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
        # A dot that begins a line is taken off, whether or not the client put it there.
        text = b"".join(rb"\.?" + re.escape(each) for each in re.split(rb"(?<=\r\n)", raw) if each)
        assert re.search(rb"(?i)DATA *\r\n" + text + rb"\.\r\n", stream), raw
    acknowledged = answers.count(STORED.line().encode())
    if protocol == "smtp" and whole:
        assert len(replies) == acknowledged
    else:
        assert acknowledged == 0 or replies


@pytest.mark.timeout(240)
@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_any_session_in_any_pieces(
    protocol: str,
    sqlite_template: Path,
    codec: Codec,
    pem: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "fuzz.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())

    @given(chunks=sessions(protocol), tls=st.booleans())
    @tries(300)
    def check(chunks: list[bytes], tls: bool) -> None:
        place.now = Instant(place.now + 8 * DAY)
        place.receiver.handed = Handed()
        answers, whole = talk(place, protocol, chunks, tls=tls and protocol == "smtp")
        judge(place, protocol, chunks, answers, whole)

    with caplog.at_level(logging.INFO), listening(f"sqlite:///{path}", codec, pem) as place:
        check()
        assert 20 < sum(store_counts(place).values())
    blamed = [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert [] == blamed
    assert not any(entry.exc_info for entry in caplog.records)


@pytest.mark.timeout(240)
def test_what_fails_within_us_is_never_their_fault(
    sqlite_template: Path, codec: Codec, pem: Path, tmp_path: Path
) -> None:
    """Sound sessions while everything behind the dialogue raises: 451 and not one 5xx."""
    path = tmp_path / "fuzz.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    bodies = st.lists(st.sampled_from([b"text\r\n", b"\r\n", b"..\r\n", b"\xff\0\r\n"]), max_size=5)

    @given(bodies=st.lists(bodies.map(b"".join), max_size=4), cut=st.integers(0, 200))
    @tries(60)
    def check(bodies: list[bytes], cut: int) -> None:
        head = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<abuse@example.org>\r\n"
        head += b"RCPT TO:<security@example.org>\r\nDATA\r\n"
        stream = b"EHLO x\r\n" + b"".join(head + body + b".\r\n" for body in bodies) + b"QUIT\r\n"
        answers, whole = talk(place, "smtp", [stream[:cut], stream[cut:]], tls=False)
        codes = re.findall(rb"(?m)^([0-9]{3}) ", answers)
        assert whole
        assert 2 * len(bodies) == codes.count(b"451")
        assert [] == [code for code in codes if code >= b"500"]

    with listening(f"sqlite:///{path}", codec, pem) as place:
        place.receiver.broken = True
        check()
        assert [] == place.receiver.handed.raw
