"""The composition root: open everything in order, run the stages, close in reverse."""

import asyncio
import logging
import os
import resource
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from gatekeeper import clock, memory
from gatekeeper.config.keyhome import ADDRESS_TOKENS, OpenKeys, codec_of, open_keys
from gatekeeper.config.settings import Listener as Place
from gatekeeper.config.settings import Settings
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import GatekeeperError, Misconfigured
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, MINUTE, SECOND
from gatekeeper.inbound.intake import Intake
from gatekeeper.inbound.session import Listener, require_free
from gatekeeper.inbound.worker import InboundWorker
from gatekeeper.issues import notices, rotation
from gatekeeper.issues.key_watch import KeyWatch
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.reading import Reader
from gatekeeper.outbound.outbox import Outbox
from gatekeeper.outbound.overdue import Overdue
from gatekeeper.outbound.relay import Relay
from gatekeeper.outbound.seal import Press
from gatekeeper.pgp import health
from gatekeeper.pgp.keys import single
from gatekeeper.store import deliveries, letters, messages, products, schema
from gatekeeper.store.connect import sqlite_path
from gatekeeper.store.engine import Store, hold_service_lock
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.tx import Tx
from gatekeeper.texts.templates import Texts

_LOG: Final = logging.getLogger("gatekeeper.service")

POLL: Final = 5 * SECOND
"""How often a worker looks for work that nobody woke it for (design: mail engine, "Out")."""

NOT_SENT: Final = "A mail to somebody outside was not delivered"
TRY_AGAIN: Final = (
    "`gatekeeper delivery list` shows it, `gatekeeper delivery retry` sends it again."
)


class _Loop(threading.Thread):
    """A thread that does one stage's work whenever it is woken, until there is none left."""

    def __init__(self, name: str, tick: Callable[[], int], then: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._tick = tick
        self._then = then
        self._wake = threading.Event()
        self._over = False

    def wake(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def finish(self) -> None:
        """Finish the work in hand and end."""
        self._over = True
        self._wake.set()
        self.join()

    def run(self) -> None:
        """Work until told to finish."""
        worked = False
        while not self._over:
            self._wake.clear()
            done = self._one_round()
            worked = worked or bool(done)
            if not done and not self._over:
                if worked:
                    memory.give_back()
                worked = False
                self._wake.wait()

    def _one_round(self) -> int:
        try:
            done = self._tick()
        except GatekeeperError as error:
            _LOG.error("%s: %s", self.name, error.diagnostics())
            return 0
        except Exception as error:  # noqa: BLE001 - a worker must outlive what it does not know
            _LOG.error("%s: unexpected %s", self.name, type(error).__name__)
            return 0
        if done:
            self._then()
        return done


class Service:
    """Everything that runs in one process, from the listeners to the relay."""

    def __init__(self, settings: Settings, store: Store, keys: OpenKeys, desk: Desk) -> None:
        reader = Reader(engine=keys.engine, limits=settings.policy.reading)
        policy = settings.policy.outbox
        self._settings = settings
        self._store = store
        self._desk = desk
        self._alarm = clock.AlarmClock()
        self._relay_wake = asyncio.Event()
        self._inbound = InboundWorker(
            store=store, desk=desk, reader=reader, lease=policy.lease, now=clock.now
        )
        self._press = Press(
            store=store,
            reader=reader,
            engine=keys.engine,
            keyring=keys.keyring,
            desk=desk,
            lease=policy.lease,
            tell=self._tell,
            now=clock.now,
        )
        self._key_watch = KeyWatch(
            store=store,
            desk=desk,
            engine=keys.engine,
            advisory=settings.advisory.certificate if settings.advisory else None,
            now=clock.now,
        )
        self._overdue = Overdue(store=store, now=clock.now)
        self._outbox = Outbox(
            store=store,
            policy=policy,
            own=settings.own,
            token_key=desk.token_key,
            objection=settings.team.objection,
            clear_replies=desk.clear_replies,
            tell=self._tell,
            now=clock.now,
        )
        self._relay = Relay(
            host=settings.relay.host,
            port=settings.relay.port,
            wait=policy.relay_wait,
            connections=policy.connections,
            name=settings.domain,
            clear_port=settings.relay.clear_port,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Listen and work until `stop` is set, then drain and close."""
        loop = asyncio.get_running_loop()

        def wake_relay() -> None:
            loop.call_soon_threadsafe(self._relay_wake.set)

        sealing = _Loop("sealing", self._press.tick, wake_relay)
        handling = _Loop("handling", self._inbound.tick, sealing.wake)
        keys = _Loop("watching keys", self._key_watch.tick, sealing.wake)
        letters = _Loop("watching letters", self._overdue.tick, sealing.wake)
        intake = Intake(
            store=self._store,
            product=self._desk.product,
            own=self._settings.own,
            token_key=self._desk.token_key,
            now=clock.now,
            on_stored=handling.wake,
        )
        listeners = await self._listen(intake)
        relaying = asyncio.create_task(self._relaying())
        try:
            for thread in (sealing, handling, keys, letters):
                thread.start()
            for wake in (handling.wake, sealing.wake, self._relay_wake.set):
                self._alarm.every(POLL, wake)
            self._alarm.every(HOUR, keys.wake)
            self._alarm.every(MINUTE, letters.wake)
            self._alarm.start()
            _LOG.info("ready")
            await stop.wait()
        finally:
            _LOG.info("draining")
            self._alarm.stop()
            for listener in listeners:
                await listener.stop()
            await asyncio.to_thread(intake.close)
            for thread in (letters, keys, handling, sealing):
                await asyncio.to_thread(thread.finish)
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
            await self._relay.close()
            await asyncio.to_thread(self._settle)
            _LOG.info("stopped")

    def _tell(self, tx: Tx, issue: RowId, line: str) -> None:
        """Tell the team that a mail to somebody outside did not get there."""
        notices.tell(
            tx,
            self._desk,
            issue=issue,
            headline=NOT_SENT,
            lines=(line,),
            next_step=TRY_AGAIN,
            now=clock.now(),
        )

    def _settle(self) -> None:
        try:
            self._outbox.settle()
        except GatekeeperError as error:
            _LOG.error(
                "an outcome was not recorded, its copy goes out again: %s", error.diagnostics()
            )

    async def _listen(self, intake: Intake) -> list[Listener]:
        """Open all listeners, or none: a place that is taken raises OurFault."""
        started: list[Listener] = []
        try:
            for place in self._settings.listeners:
                listener = Listener(
                    receiver=intake,
                    limits=self._settings.policy.intake,
                    hostname=self._settings.domain,
                    protocol=place.protocol.value,
                    postmaster=Address(local="postmaster", domain=self._settings.domain),
                )
                await listener.start(host=place.host, port=place.port, socket=place.socket)
                started.append(listener)
                _LOG.info("listening for %s on %s", place.protocol.value, _where(place))
        except BaseException:
            for listener in started:
                await listener.stop()
            raise
        return started

    async def _relaying(self) -> None:
        while True:
            self._relay_wake.clear()
            try:
                jobs = await asyncio.to_thread(self._outbox.claim)
                await self._relay.deliver_all(jobs, self._outbox.record)
            except GatekeeperError as error:
                _LOG.error("relaying: %s", error.diagnostics())
                jobs = ()
            except Exception as error:  # noqa: BLE001 - sending must outlive what it does not know
                _LOG.error("relaying: unexpected %s", type(error).__name__)
                jobs = ()
            if not jobs:
                await self._relay_wake.wait()


def _where(place: Place) -> str:
    return str(place.socket) if place.socket is not None else f"{place.host}:{place.port}"


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """Open the database, which must be at this program's version; Misconfigured if it is not."""
    url, codec = settings.database.connection_url(), codec_of(settings)
    schema.require_current(url, codec)
    store = Store.open(url, codec)
    try:
        yield store
    finally:
        store.close()


def desk_of(settings: Settings, *, product: RowId) -> Desk:
    """Return what handling needs to know of this installation; no key is opened for it."""
    return Desk(
        product=product,
        name=settings.product_name,
        prefix=settings.issue_prefix,
        own=settings.own,
        team=settings.team,
        texts=Texts(settings.templates),
        token_key=codec_of(settings).key(ADDRESS_TOKENS),
        chance=secrets.token_bytes,
        fingerprint=settings.alias.fingerprint,
        certificate=single(settings.alias.certificate),
        policy=settings.policy,
        clear_replies=settings.relay.clear_port is not None,
    )


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or SIGINT and return the exit status.

    Everything that may be wrong is found before the first listener opens: then nothing was
    changed, and the error says what to do.
    """
    # Nothing that is opened here may reach a disk through a core dump or a careless mode.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    memory.keep_little()
    with ExitStack() as stack:
        make = _prepare(settings, stack)
        asyncio.run(_until_signalled(make))
    return 0


async def _until_signalled(make: Callable[[], Service]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Its default would end the process in the middle of its work.
    loop.add_signal_handler(signal.SIGHUP, _LOG.warning, "SIGHUP: settings need a restart")
    await make().run(stop)


def _prepare(settings: Settings, stack: ExitStack) -> Callable[[], Service]:
    """Check and open everything; the service itself is made on the event loop."""
    if not settings.team.people:
        remedy = "add the people of the team to team.yaml, and their keys to keys/"
        raise Misconfigured("the response team is empty", remedy=remedy)
    # Whatever is wrong with a text is found before anything is opened.
    Texts(settings.templates)
    codec = codec_of(settings)
    url = settings.database.connection_url()
    keys = stack.enter_context(open_keys(settings, codec))
    problems = health.check(keys.keyring, settings.alias.fingerprint, now=clock.now())
    if problems:
        public = f"the alias's key cannot be used: {problems[0]}"
        raise Misconfigured(public, remedy="`gatekeeper key list` shows all keys and their expiry")
    empty = schema.status(url).state is SchemaState.EMPTY
    if empty:
        _require_places(settings.listeners)
    else:
        schema.require_current(url, codec)
    path = sqlite_path(url)
    if path is not None:
        _make_state(path.parent)
        stack.enter_context(hold_service_lock(path))
    if empty:
        schema.upgrade(url, codec)
    store = stack.enter_context(open_store(settings))
    product = store.write(lambda tx: _first_rows(tx, settings))
    if path is not None:
        # The lock above says that whoever held these leases is gone.
        store.write(_end_leases)
    desk = desk_of(settings, product=product)
    # gpg is asked before the transaction; what a key is good for does not change meanwhile.
    now = clock.now()
    held = keys.keyring.list(now)
    store.write(lambda tx: rotation.announce(tx, desk, held=held, now=now))
    return lambda: Service(settings, store, keys, desk)


def _require_places(places: Sequence[Place]) -> None:
    """Find out that a port is taken before a first start makes anything."""
    for place in places:
        if place.socket is None:
            require_free(place.host, place.port)


def _make_state(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        public = f"the state folder {folder} cannot be made"
        remedy = "make it, owned by the user that runs gatekeeper, mode 0700"
        raise Misconfigured(public, reason=error.strerror or "", remedy=remedy) from None


def _first_rows(tx: Tx, settings: Settings) -> RowId:
    row = ProductRow(key="default", issue_prefix=settings.issue_prefix)
    product = products.ensure(tx, row, now=clock.now())
    products.ensure_list(tx, ListRow(key="pre-disclosure"), product=product, now=clock.now())
    return product


def _end_leases(tx: Tx) -> int:
    ended = (part.release_leases(tx) for part in (messages, letters, deliveries))
    return sum(ended)
