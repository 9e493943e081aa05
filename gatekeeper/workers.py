"""The workers of each role, made of what was opened; `service` gives them their threads."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper import clock
from gatekeeper.config import Settings, governed, loading
from gatekeeper.config.witness import WitnessWatch
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, MINUTE, SECOND
from gatekeeper.inbound.worker import InboundWorker
from gatekeeper.issues import notices, running
from gatekeeper.issues.approving import expire
from gatekeeper.issues.drifting import Drift
from gatekeeper.issues.head_log import HeadLog
from gatekeeper.issues.key_watch import KeyWatch
from gatekeeper.issues.reading import Reader
from gatekeeper.issues.reminding import Reminding
from gatekeeper.issues.retention import Retention
from gatekeeper.metrics import Metrics
from gatekeeper.outbound.job import Job, Room
from gatekeeper.outbound.outbox import Outbox
from gatekeeper.outbound.overdue import Overdue
from gatekeeper.outbound.pump import Pump
from gatekeeper.outbound.relay import Relay
from gatekeeper.outbound.seal import Press
from gatekeeper.outbound.telling import Tell, of_colleague
from gatekeeper.start import Opened
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx

NOT_SENT: Final = "A mail to somebody outside was not delivered"
TRY_AGAIN: Final = (
    "`gatekeeper delivery list` shows it, `gatekeeper delivery retry` sends it again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Work to do again and again: `every` so many microseconds, what `make` makes over a store."""

    name: str
    every: int
    make: Callable[[Store], Callable[[], int]]


def handling(opened: Opened) -> InboundWorker:
    """Return what does stages 3 to 6."""
    return InboundWorker(
        store=opened.store,
        desk=opened.desk,
        reader=_reader(opened),
        lease=opened.settings.policy.outbox.lease,
        now=clock.now,
        guard=lambda tx: running.require(tx, opened.mark, now=clock.now()),
    )


def sealing(opened: Opened) -> Press:
    """Return what does stage 7."""
    return Press(
        store=opened.store,
        reader=_reader(opened),
        engine=opened.keys.engine,
        keyring=opened.keys.keyring,
        desk=opened.desk,
        lease=opened.settings.policy.outbox.lease,
        tell=_tell(opened),
        now=clock.now,
    )


def pump(opened: Opened, may: Callable[[], bool]) -> Pump:
    """Return what does stages 8 and 9, on the event loop; nothing is claimed unless one `may`."""
    settings, desk, policy = opened.settings, opened.desk, opened.settings.policy.outbox
    outbox = Outbox(
        store=opened.store,
        policy=policy,
        own=settings.own,
        token_key=desk.token_key,
        objection=settings.team.objection,
        clear_replies=desk.clear_replies,
        tell=_tell(opened),
        tell_others=lambda tx, row, what: of_colleague(tx, desk, row, what, now=clock.now()),
        now=clock.now,
    )
    relay = Relay(
        host=settings.relay.host,
        port=settings.relay.port,
        wait=policy.relay_wait,
        connections=policy.connections,
        name=settings.domain,
        clear_port=settings.relay.clear_port,
        trust=settings.relay.trust(),
    )
    return Pump(outbox=Gated(outbox, may), relay=relay, policy=policy, now=clock.now)


class Gated:
    """An outbox from which nothing is claimed while one may not."""

    def __init__(self, outbox: Outbox, may: Callable[[], bool]) -> None:
        """Take the outbox, and what says whether one may."""
        self._outbox = outbox
        self._may = may
        self.record_all = outbox.record_all
        self.settle = outbox.settle
        self.release = outbox.release

    def claim(self, room: Room) -> Sequence[Job]:
        """Claim what there is room for, if one may."""
        return self._outbox.claim(room) if self._may() else ()


def chores(opened: Opened) -> tuple[Chore, ...]:
    """Return the clock's work, of which each is done by one process at a time.

    It writes through the store that it is made over, and through no other: that one writes
    nothing once another process has taken over.
    """
    settings = opened.settings
    advisory = settings.advisory.certificate if settings.advisory else None

    def keys(store: Store) -> Callable[[], int]:
        watch = KeyWatch(
            store=store,
            desk=opened.desk,
            engine=opened.keys.engine,
            advisory=advisory,
            now=clock.now,
        )
        return watch.tick

    def letters(store: Store) -> Callable[[], int]:
        return Overdue(store=store, now=clock.now).tick

    def erasing(store: Store) -> Callable[[], int]:
        return Retention(store=store, policy=settings.policy, now=clock.now).tick

    def reminders(store: Store) -> Callable[[], int]:
        return Reminding(store=store, desk=opened.desk, now=clock.now).tick

    def requests(store: Store) -> Callable[[], int]:
        return lambda: store.write(lambda tx: expire(tx, opened.desk, now=clock.now()))

    def head(store: Store) -> Callable[[], int]:
        return HeadLog(store=store, now=clock.now).tick

    return (
        Chore(name="logging the head", every=HOUR, make=head),
        Chore(name="watching keys", every=HOUR, make=keys),
        Chore(name="reminding people", every=5 * MINUTE, make=reminders),
        Chore(name="ending requests", every=5 * MINUTE, make=requests),
        Chore(name="watching letters", every=MINUTE, make=letters),
        Chore(name="erasing", every=HOUR, make=erasing),
    )


def _drifted(files: Settings, held: Mapping[Kind, Content]) -> Mapping[Kind, Content]:
    """Return what the files of now say differently; nothing while they cannot be read."""
    now, _ = loading.examine(files.folder)
    if now is None:
        return {}
    return {kind: now.governed[kind] for kind in governed.drifted(now, held)}


def own_chores(opened: Opened) -> tuple[Chore, ...]:
    """Return what each process does for its own host; once before it is ready."""
    settings = opened.settings
    file = settings.metrics_file

    def watch(store: Store) -> Callable[[], int]:
        return WitnessWatch(settings=settings, store=store, now=clock.now).tick

    def drift(store: Store) -> Callable[[], int]:
        return Drift(
            store=store,
            desk=opened.desk,
            look=lambda held: _drifted(opened.files, held),
            host=os.uname().nodename,
            now=clock.now,
        ).tick

    witness = Chore(name="witness", every=5 * SECOND, make=watch)
    files = Chore(name="watching files", every=5 * MINUTE, make=drift)
    if file is None:
        return (witness, files)

    def metrics(store: Store) -> Callable[[], int]:
        folder = settings.state_folder
        return Metrics(store=store, file=file, state_folder=folder, now=clock.now).tick

    return (witness, files, Chore(name="metrics", every=15 * SECOND, make=metrics))


def _reader(opened: Opened) -> Reader:
    return Reader(engine=opened.keys.engine, limits=opened.settings.policy.reading)


def _tell(opened: Opened) -> Tell:
    """Return what tells the team that a mail to somebody outside did not get there."""

    def tell(tx: Tx, issue: RowId, line: str) -> None:
        notices.tell(
            tx,
            opened.desk,
            issue=issue,
            headline=NOT_SENT,
            lines=(line,),
            next_step=TRY_AGAIN,
            now=clock.now(),
        )

    return tell
