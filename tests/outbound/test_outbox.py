"""Claims and records on both databases; the packets are real in form, sealed to nobody."""

import asyncio
from base64 import b64decode
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.domain.policy import MIB, OutboxPolicy
from gatekeeper.outbound.job import Job, octets
from gatekeeper.outbound.outbox import NOT_ASSEMBLED, Outbox
from gatekeeper.outbound.relay import Relay
from gatekeeper.store import audit, copies, deliveries, issues, letters, products
from gatekeeper.store.copies import Copy
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.products import ProductRow
from gatekeeper.store.tx import Tx
from tests.pumping import pump_dry
from tests.sinks import running_sink

START = Instant(1_800_000_000_000_000)
KEY = b"k" * 32
OWN = OwnAddresses(security=Address(local="security", domain="example.org"))
HEAD = b"Subject: letter\r\nMIME-Version: 1.0\r\n\r\n--b\r\n\r\n"
TAIL = b"--b--\r\n"
DELIVERED = Attempt(outcome=Outcome.DELIVERED, reply="250 2.0.0 queued as 4F1C")
LATER = Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 later")
REFUSED = Attempt(outcome=Outcome.REFUSED, reply="550 5.1.1 who")
DOUBT = Attempt(outcome=Outcome.IN_DOUBT, reply="no answer in time")


def data_packet(content: bytes) -> bytes:
    """Return an encrypted data packet (RFC 4880 §5.13) in form."""
    body = b"\x01" + content
    return b"\xd2\xff" + len(body).to_bytes(4) + body


def key_packet(number: int, octets: int = 40) -> bytes:
    """Return a session key packet (RFC 4880 §5.1) in form."""
    body = b"\x03" + number.to_bytes(8) + b"\x12" + bytes(range(octets))
    return b"\xc1" + bytes([len(body)]) + body


@dataclass
class World:
    """A store, an outbox on it and a clock that stands still until it is set."""

    store: Store
    policy: OutboxPolicy
    now: Instant = START

    def __post_init__(self) -> None:
        self.outbox = self.another()

    def another(self) -> Outbox:
        """Return another process's outbox on the same database."""
        return Outbox(
            store=self.store,
            policy=self.policy,
            own=OWN,
            token_key=KEY,
            objection=lambda _address, _keys: "",
            clear_replies=False,
            tell=lambda _tx, _issue, _line: None,
            tell_others=lambda _tx, _row, _what: None,
            now=lambda: self.now,
        )

    def letter(
        self,
        number: int,
        *,
        shared: bytes | None,
        recipients: int,
        longer: Collection[int] = (),
        own: bytes | None = None,
    ) -> list[RowId]:
        """Write a sealed letter to that many recipients; return its deliveries.

        Some of them have longer keys; `own` is a data packet that each of them has instead.
        """
        packets = [key_packet(index, 40 + (index in longer)) for index in range(recipients)]
        return self.store.write(lambda tx: _letter(tx, number, shared, packets, own))

    def row(self, delivery: RowId) -> DeliveryRow:
        """Return a delivery as it is now."""
        found = self.store.read(lambda tx: deliveries.get(tx, delivery))
        assert found is not None
        return found


def _letter(
    tx: Tx, number: int, shared: bytes | None, packets: Sequence[bytes], own: bytes | None
) -> list[RowId]:
    row = ProductRow(key="default", issue_prefix="SEC")
    product = products.ensure(tx, row, now=START)
    issue = issues.open_issue(
        tx,
        product=product,
        prefix="SEC",
        tag=f"tag{number}",
        subject="s",
        reporter="r",
        now=START,
    )
    new = NewLetter(
        issue=issue.id,
        message=None,
        kind="report",
        message_id=f"<{number}@example.org>",
        plaintext=b"plain",
        frame_head=HEAD,
        frame_tail=TAIL,
        summary={},
    )
    letter = letters.add(tx, new, now=START)
    made = [
        deliveries.add(
            tx,
            letter=letter,
            issue=issue.id,
            recipient=Address(local=f"r{number}-{index}", domain="member.example"),
            name="N",
            due_at=START,
            now=START,
        )
        for index in range(len(packets))
    ]
    lease = b"s" * 16
    letters.claim_unsealed(tx, now=START, lease=SECOND, token=lease, limit=9)
    kept = [
        Copy(delivery=delivery, key_packets=packet, fingerprints=("A" * 40,), own_packet=own)
        for delivery, packet in zip(made, packets, strict=True)
    ]
    copies.seal_all(tx, kept, now=START)
    if shared is not None:
        letters.sealed(tx, letter=letter, token=lease, shared=shared, now=START)
    return made


@pytest.fixture
def world(store: Store) -> World:
    return World(store=store, policy=OutboxPolicy(lease=60 * SECOND, connections=2, batch=5))


def packets_of(job: Job) -> bytes:
    """Return the binary message inside the armor."""
    text = job.what.content.removeprefix(HEAD).removesuffix(TAIL).decode()
    armor, _, checksum = text.partition("\r\n\r\n")[2].partition("\r\n=")
    assert "-----END PGP MESSAGE-----" in checksum
    return b64decode(armor)


def test_a_claim_gives_ready_messages_with_a_bounce_address_each(world: World) -> None:
    shared = data_packet(b"x" * 500)
    made = world.letter(1, shared=shared, recipients=3)
    jobs = world.outbox.claim()
    assert set(made) == {job.id for job in jobs}
    for job in jobs:
        index = made.index(job.id)
        assert key_packet(index) + shared == packets_of(job)
        assert f"r1-{index}@member.example" == str(job.recipient)
        assert job.sender is not None
        local, _, minted = job.sender.local.partition("+")
        assert ("bounces", "example.org") == (local, job.sender.domain)
        assert job.id == token.check(KEY, "bounce", minted)
        assert DeliveryState.CLAIMED is world.row(job.id).state


def test_what_is_claimed_is_not_claimed_again_until_its_lease_ends(world: World) -> None:
    """Then the same bytes go out once more, and the first holder's word counts no longer."""
    (delivery,) = world.letter(1, shared=data_packet(b"x"), recipients=1)
    (first,) = world.outbox.claim()
    other = world.another()
    assert () == other.claim()
    world.now = later(START, 60 * SECOND)
    (second,) = other.claim()
    assert first.what.content == second.what.content
    assert first.sender == second.sender
    world.outbox.record(first, REFUSED)
    assert DeliveryState.CLAIMED is world.row(delivery).state
    assert () == world.store.read(events)
    other.record(second, DELIVERED)
    assert DeliveryState.DELIVERED is world.row(delivery).state


def test_a_batch_is_bounded_in_number(world: World) -> None:
    made = world.letter(1, shared=data_packet(b"x"), recipients=12)
    sizes = [len(world.outbox.claim()) for _ in range(4)]
    assert [5, 5, 2, 0] == sizes
    assert [1] * 12 == [world.row(delivery).attempts for delivery in made]


def test_a_batch_is_bounded_in_bytes(store: Store) -> None:
    """Of a large letter those are claimed together that share nearly all of it."""
    world = World(store=store, policy=OutboxPolicy(connections=2, batch=50))
    made = world.letter(1, shared=data_packet(b"x" * (9 * MIB)), recipients=8, longer={2, 5})
    claims = [world.outbox.claim() for _ in range(3)]
    assert [0, 2, 6] == sorted(len(jobs) for jobs in claims)
    for jobs in claims:
        assert octets(jobs) < 14 * MIB
    assert set(made) == {job.id for jobs in claims for job in jobs}


def test_packets_of_their_own_are_claimed_as_many_as_fit(store: Store) -> None:
    """They share nothing, so that their bytes are the sum of all."""
    world = World(store=store, policy=OutboxPolicy(connections=2, batch=50))
    packet = data_packet(b"x" * (9 * MIB))
    made = world.letter(1, shared=packet, recipients=8, own=packet)
    sizes = [len(world.outbox.claim()) for _ in range(6)]
    assert len(made) == sum(sizes)
    assert max(sizes) <= 3


def test_letters_do_not_mix(world: World) -> None:
    """Jobs of two letters, interleaved by due time, each carry their own letter's packet."""
    first = world.letter(1, shared=data_packet(b"first"), recipients=2)
    world.letter(2, shared=data_packet(b"second"), recipients=2)
    for job in world.outbox.claim():
        expected = b"first" if job.id in first else b"second"
        assert packets_of(job).endswith(data_packet(expected))


def test_a_delivery_unblocked_later_has_its_own_packet(world: World) -> None:
    shared, own = data_packet(b"shared"), data_packet(b"own")

    def unblocked(tx: Tx) -> RowId:
        letter = letters.known_message_id(tx, "<1@example.org>")
        assert letter is not None
        recipient = Address(local="late", domain="member.example")
        made = deliveries.add(
            tx,
            letter=letter,
            issue=None,
            recipient=recipient,
            name="N",
            due_at=START,
            now=START,
        )
        copies.seal_all(
            tx,
            [
                Copy(
                    delivery=made,
                    key_packets=key_packet(9),
                    fingerprints=("A" * 40,),
                    own_packet=own,
                )
            ],
            now=START,
        )
        return made

    world.letter(1, shared=shared, recipients=1)
    late = world.store.write(unblocked)
    sent = {job.id: packets_of(job) for job in world.outbox.claim()}
    assert key_packet(9) + own == sent.pop(late)
    assert [key_packet(0) + shared] == list(sent.values())


def events(tx: Tx) -> tuple[tuple[str, object], ...]:
    """Return kind and reply of all events of the first issue."""
    found = issues.list_all(tx)
    rows = audit.of_issue(tx, found[0].id)
    return tuple((row.kind, (row.payload or {}).get("reply")) for row in rows)


@pytest.mark.parametrize(
    ("attempt", "state", "wait", "kind"),
    [
        (DELIVERED, DeliveryState.DELIVERED, 0, "delivery.delivered"),
        (LATER, DeliveryState.DEFERRED, MINUTE, "delivery.deferred"),
        (REFUSED, DeliveryState.FAILED, 0, "delivery.failed"),
        (DOUBT, DeliveryState.IN_DOUBT, 0, "delivery.in_doubt"),
    ],
)
def test_an_outcome_and_its_event_are_recorded_together(
    world: World, attempt: Attempt, state: DeliveryState, wait: int, kind: str
) -> None:
    (delivery,) = world.letter(1, shared=data_packet(b"x"), recipients=1)
    (job,) = world.outbox.claim()
    world.outbox.record(job, attempt)
    row = world.row(delivery)
    assert (state, attempt.reply, later(START, wait)) == (row.state, row.reply, row.due_at)
    assert ((kind, attempt.reply),) == world.store.read(events)
    assert () == world.store.read(audit.verify)


def test_an_event_without_its_outcome_cannot_be(world: World) -> None:
    """When the event cannot be written, the outcome is not either, and the error is told."""
    (delivery,) = world.letter(1, shared=data_packet(b"x"), recipients=1)
    (job,) = world.outbox.claim()
    rename(world.store, "events", "elsewhere")
    with pytest.raises(OurFault):
        world.outbox.record(job, DELIVERED)
    rename(world.store, "elsewhere", "events")
    assert DeliveryState.CLAIMED is world.row(delivery).state
    world.outbox.record(job, DELIVERED)
    assert (("delivery.delivered", DELIVERED.reply),) == world.store.read(events)


def rename(store: Store, table: str, name: str) -> None:
    store.write(lambda tx: tx.connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}"))


def test_in_doubt_goes_once_more_at_once_with_the_same_bytes(world: World) -> None:
    world.letter(1, shared=data_packet(b"x"), recipients=1)
    (first,) = world.outbox.claim()
    world.outbox.record(first, DOUBT)
    (second,) = world.outbox.claim()
    assert (first.what.content, first.sender) == (second.what.content, second.sender)
    world.outbox.record(second, DOUBT)
    assert () == world.outbox.claim()
    world.now = later(START, 5 * MINUTE)
    assert 1 == len(world.outbox.claim())


@pytest.mark.parametrize("shared", [None, b"", b"no packet", data_packet(b"a") * 2])
def test_packets_that_make_no_message_are_put_off_and_seen(
    world: World, shared: bytes | None
) -> None:
    """Nothing of them leaves, and no other delivery is held up."""
    (broken,) = world.letter(1, shared=shared, recipients=1)
    (sound,) = world.letter(2, shared=data_packet(b"x"), recipients=1)
    jobs = (*world.outbox.claim(), *world.outbox.claim())
    assert [sound] == [job.id for job in jobs]
    row = world.row(broken)
    assert (DeliveryState.DEFERRED, NOT_ASSEMBLED.reply) == (row.state, row.reply)
    assert (("delivery.deferred", NOT_ASSEMBLED.reply),) == world.store.read(events)


def test_from_the_claim_to_the_mark_over_a_real_relay(world: World) -> None:
    """Stages 8 and 9 together: each recipient gets one message, each delivery its mark."""
    made = world.letter(1, shared=data_packet(b"x" * 5000), recipients=12)

    async def run(port: int) -> None:
        relay = Relay(
            host="127.0.0.1", port=port, wait=20 * SECOND, connections=2, name="example.org"
        )
        await pump_dry(world.outbox, relay, world.policy, lambda: world.now)

    with running_sink() as sink:
        asyncio.run(run(sink.port))
        received = [str(mail.envelope.recipients[0]) for mail in sink.inbox.received]
    assert {DeliveryState.DELIVERED} == {world.row(delivery).state for delivery in made}
    assert sorted(f"r1-{index}@member.example" for index in range(12)) == sorted(received)
    assert [("delivery.delivered", "250 2.0.0 Taken")] * 12 == list(world.store.read(events))
