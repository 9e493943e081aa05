"""Recipients a second with a durable mark for each, against the same client without marks."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.policy import OutboxPolicy
from gatekeeper.outbound.job import Job, Room
from gatekeeper.outbound.outbox import Outbox
from gatekeeper.outbound.relay import Relay
from gatekeeper.store import copies, deliveries, letters
from gatekeeper.store.engine import Store
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.tx import Tx
from tests.bench import meters, traffic
from tests.bench.fanout import FRAME_HEAD, FRAME_TAIL, membership, text
from tests.bench.figures import Figure, Scale, median, milliseconds, turns
from tests.bench.ground import NAMES, Ground
from tests.house import ALIAS, START
from tests.pumping import pump_dry

POLICY = OutboxPolicy()
LEASE = b"a lease for all.."[:16]
MARKS_BAR = ">= 0.6"
CPU_BAR = "<= 1.2 ms"
SENDER_BAR = ">= 0.3 (0.5 x 0.6)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a letter's copies are made of."""

    shared: bytes
    key_packets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An outbox that is filled again for each round; `port` is the relay's."""

    store: Store
    port: int
    copy: Copy
    count: int
    bare: list[float] = field(default_factory=list)
    marked: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def round(self) -> None:
        """Send one letter to all without marks, then again as the service does."""
        self.store.write(self._fill)
        jobs = self._claimed()
        self.bare.append(self.count / meters.seconds(lambda: asyncio.run(self._bare(jobs))))
        self.store.write(deliveries.release_leases)
        before = meters.own_cpu()
        self.marked.append(self.count / meters.seconds(lambda: asyncio.run(self._marked())))
        self.cpu.append((meters.own_cpu() - before) / self.count)

    def _fill(self, tx: Tx) -> None:
        letter = letters.add(tx, _letter(), now=START)
        added = [
            deliveries.add(
                tx,
                letter=letter,
                issue=None,
                recipient=Address.parse(f"security@m{number}.example"),
                name="Member",
                due_at=START,
                now=START,
            )
            for number in range(self.count)
        ]
        (claimed,) = letters.claim_unsealed(tx, now=START, lease=1, token=LEASE, limit=1)
        assert letter == claimed
        letters.sealed(tx, letter=letter, token=LEASE, shared=self.copy.shared, now=START)
        for delivery in added:
            copy = copies.Copy(
                delivery=delivery, key_packets=self.copy.key_packets, fingerprints=["A" * 40]
            )
            copies.seal_all(tx, [copy], now=START)

    def _outbox(self, now: Instant) -> Outbox:
        own = OwnAddresses(security=ALIAS)
        key = b"k" * 32
        return Outbox(
            store=self.store,
            policy=POLICY,
            own=own,
            token_key=key,
            objection=lambda _address, _keys: "",
            clear_replies=False,
            tell=lambda _tx, _issue, _line: None,
            tell_others=lambda _tx, _row, _what: None,
            now=lambda: now,
        )

    def _claimed(self) -> list[Job]:
        outbox = self._outbox(START)
        jobs: list[Job] = []
        while taken := outbox.claim():
            jobs += taken
        assert self.count == len(jobs)
        return jobs

    def _relay(self) -> Relay:
        wait, connections = POLICY.relay_wait, POLICY.connections
        return Relay(
            host="127.0.0.1", port=self.port, wait=wait, connections=connections, name="example.org"
        )

    async def _bare(self, jobs: Sequence[Job]) -> None:
        await pump_dry(_Unmarked(list(jobs)), self._relay(), POLICY, lambda: START)

    async def _marked(self) -> None:
        """Claim, assemble, send and record, as `service` does."""
        now = later(START, 1)
        sent = await pump_dry(self._outbox(now), self._relay(), POLICY, lambda: now)
        assert self.count == sent


def run(ground: Ground) -> Iterator[Figure]:
    """Compare with and without marks into a sink, then with Postfix's sender into Postfix."""
    count = ground.scale.choose(50, 200, 1000)
    rounds = ground.scale.choose(1, 3, 3)
    with traffic.sink(ground.place()) as port, _posts(ground, port, 6_000, count) as posts:
        _rounds(posts, rounds)
        yield from (_marks(post, dialect) for dialect, post in posts.items())
    if ground.scale is not Scale.QUICK:
        yield from _beside_their_sender(ground, count, 3)


def _beside_their_sender(ground: Ground, count: int, rounds: int) -> Iterator[Figure]:
    with (
        traffic.holding_postfix() as postfix,
        _posts(ground, postfix.port, 20_000 * 3 // 4, count) as posts,
    ):
        theirs = []
        for _ in turns(rounds):
            sessions = POLICY.connections
            rate = traffic.flood(postfix.port, sessions=sessions, messages=count, size=20_000)
            theirs.append(rate)
            _rounds(posts, 1)
    for dialect, post in posts.items():
        yield Figure(
            what=f"20 KB to a local Postfix, {POLICY.connections} connections, {NAMES[dialect]}",
            ours=f"with marks {median(post.marked):.0f}/s",
            theirs=f"smtp-source -d {median(theirs):.0f}/s",
            ratios=tuple(our / their for our, their in zip(post.marked, theirs, strict=True)),
            bar=SENDER_BAR,
        )


@contextmanager
def _posts(ground: Ground, port: int, size: int, count: int) -> Iterator[dict[str, Post]]:
    with membership(1) as lent:
        made = lent.at_once(text(size))
    copy = Copy(shared=made.shared, key_packets=made.key_packets[lent.members[0]])
    with ExitStack() as stack:
        stores = {each: stack.enter_context(ground.store(each)) for each in ground.dialects}
        yield {
            dialect: Post(store=store, port=port, copy=copy, count=count)
            for dialect, store in stores.items()
        }


def _rounds(posts: dict[str, Post], rounds: int) -> None:
    for _ in turns(rounds):
        for post in posts.values():
            post.round()
    for post in posts.values():
        counts = post.store.read(deliveries.counts)
        assert counts[DeliveryState.DELIVERED] == sum(counts.values()) > 0


def _marks(post: Post, dialect: str) -> Figure:
    cpu = milliseconds(median(post.cpu))
    ours = f"with marks {median(post.marked):.0f}/s with {cpu} of CPU each (bar {CPU_BAR})"
    return Figure(
        what=f"6 KB to {post.count}, {POLICY.connections} connections, {NAMES[dialect]}",
        ours=ours,
        theirs=f"without {median(post.bare):.0f}/s",
        ratios=tuple(one / bare for one, bare in zip(post.marked, post.bare, strict=True)),
        bar=MARKS_BAR,
    )


def _letter() -> NewLetter:
    return NewLetter(
        issue=None,
        message=None,
        kind="copy",
        message_id=f"<{time.time_ns()}@example.org>",
        plaintext=b"",
        frame_head=FRAME_HEAD,
        frame_tail=FRAME_TAIL,
        summary={},
    )


class _Unmarked:
    """Jobs that are only sent: what came of them is looked at and forgotten."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs

    def claim(self, room: Room) -> Sequence[Job]:
        taken, self._jobs = self._jobs[: room.jobs], self._jobs[room.jobs :]
        return taken

    def record_all(self, sent: Sequence[tuple[Job, Attempt]]) -> None:
        for _, attempt in sent:
            assert Outcome.DELIVERED is attempt.outcome, attempt.reply

    def settle(self) -> None:
        """Nothing was kept."""

    def release(self, jobs: Sequence[Job], *, wait: int = 0) -> None:
        raise AssertionError(jobs, wait)
