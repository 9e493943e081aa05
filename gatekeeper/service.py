"""The composition root: open everything in order, run the stages, close in reverse."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from typing import Final

from gatekeeper import clock, memory, notify, workers
from gatekeeper.config import supervisor
from gatekeeper.config.settings import Listener as Place
from gatekeeper.config.settings import Settings
from gatekeeper.config.supervisor import Supervisor
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.inbound.certificate import Certificate
from gatekeeper.inbound.clients import Clients
from gatekeeper.inbound.intake import Intake
from gatekeeper.inbound.recipients import Recipients
from gatekeeper.inbound.session import Listener
from gatekeeper.inbound.space import Space
from gatekeeper.lead import Lead, Turn
from gatekeeper.loops import Loop
from gatekeeper.presence import InForce, Presence
from gatekeeper.start import Opened, name_of, prepare
from gatekeeper.store.processes import BEAT
from gatekeeper.store.tx import POSTGRESQL, Work
from gatekeeper.store.waking import Ears

_LOG: Final = logging.getLogger("gatekeeper.service")

POLL: Final = 5 * SECOND
"""How often a worker looks for work that nobody woke it for (design: mail engine, "Out")."""

DRAIN_SECONDS: Final = 30.0
"""How long, after the first signal, the work in hand may take to be finished."""

CLOSE_SECONDS: Final = 10.0
"""How long, after that, closing everything may take; then the process ends all the same."""

_SIGNALLED: Final = 128
"""What a shell adds to a signal's number in the status of a program that it ended."""


class Service:
    """What runs in one process: all of the work, or that of its roles."""

    def __init__(self, opened: Opened, manager: notify.Manager, watchdog: int) -> None:
        self._opened = opened
        self._store = opened.store
        self._manager = manager
        self._watchdog = watchdog
        self._alarm = clock.AlarmClock()
        self._presence = Presence(
            store=opened.store,
            name=name_of(opened.settings),
            roles=opened.roles,
            lease=opened.settings.policy.outbox.lease,
            now=clock.now,
        )
        self._lead = Lead(
            store=opened.store,
            holder=lambda: self._presence.id,
            now=clock.now,
            on_taken=self._wake_chores,
        )
        self._loops: list[Loop] = []
        self._chores: list[Loop] = []
        self._relaying: Relaying | None = None
        self._watch = InForce(store=opened.store, mark=opened.mark, now=clock.now)

    @property
    def begins_anew(self) -> bool:
        """Say whether it ended because what is in force is not what it was started with."""
        return self._watch.changed

    def _fit(self) -> bool:
        """Say whether work may be claimed: by the clock of all, and by what is in force."""
        return self._presence.fit() and self._watch.holds()

    async def run(self, stop: asyncio.Event) -> None:
        """Do the work of the roles until `stop` is set, then drain and close."""
        self._watch.on_change = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        await asyncio.to_thread(self._presence.begin)
        try:
            await self._run(stop)
        finally:
            await asyncio.to_thread(_quietly, self._presence.end)

    async def _run(self, stop: asyncio.Event) -> None:
        roles = self._opened.roles
        self._loop("presence", self._presence.tick, every=BEAT)
        self._loop("what is in force", self._watch.tick, every=POLL)
        own = [
            self._loop(chore.name, chore.make(self._store), every=chore.every)
            for chore in workers.own_chores(self._opened)
        ]
        for loop in own:
            await asyncio.to_thread(loop.round)
        door = None
        if Role.INBOUND in roles:
            tick = workers.handling(self._opened).tick
            door = Door(self._opened, self._worker("handling", tick, Work.HANDLING).wake)
        if Role.OUTBOUND in roles:
            self._worker("sealing", workers.sealing(self._opened).tick, Work.SEALING)
            self._relaying = Relaying(self._opened, self._fit)
        if Role.CLOCK in roles:
            self._clock()
        ears = self._ears()
        try:
            if door is not None:
                await door.open()
            await self._work(stop)
        finally:
            _LOG.info("draining")
            self._manager.tell(notify.STOPPING, status="finishing what is in hand")
            self._alarm.stop()
            await self._drain(door)
            if ears is not None:
                await asyncio.to_thread(ears.finish)
            await asyncio.to_thread(_quietly, self._lead.give_up)
            for loop in own:
                # what was written last belongs to what this host has seen
                await asyncio.to_thread(loop.round)
            _LOG.info("stopped")

    async def _work(self, stop: asyncio.Event) -> None:
        for loop in self._loops:
            loop.start()
        if self._relaying is not None:
            self._store.bell.hear(Work.SENDING, self._relaying.wake)
            self._alarm.every(POLL, self._relaying.wake)
            self._relaying.start()
        if self._watchdog:
            self._alarm.every(self._watchdog // 2, self._pat)
        self._alarm.start()
        roles = ", ".join(sorted(self._opened.roles))
        for role in sorted(self._opened.roles):
            _LOG.info("%s: %s", role, role.does)
        self._manager.tell(notify.READY, status=f"running: {roles}")
        _LOG.info("ready")
        await stop.wait()

    def _loop(
        self,
        name: str,
        tick: Callable[[], int],
        *,
        every: int,
        may: Callable[[], bool] = lambda: True,
    ) -> Loop:
        loop = Loop(name, tick, may=may)
        self._loops.append(loop)
        self._alarm.every(every, loop.wake)
        return loop

    def _worker(self, name: str, tick: Callable[[], int], work: Work) -> Loop:
        """Have a stage's work done that is claimed, by whoever is woken for it first."""
        loop = self._loop(name, tick, every=POLL, may=self._fit)
        self._store.bell.hear(work, loop.wake)
        return loop

    def _clock(self) -> None:
        """Have the clock's work done by one process at a time."""
        self._loop("leading", self._lead.tick, every=BEAT, may=self._presence.fit)
        for chore in workers.chores(self._opened):
            turn = Turn(self._lead, chore.make)
            self._chores.append(self._loop(chore.name, turn.tick, every=chore.every))

    def _wake_chores(self) -> None:
        for loop in self._chores:
            loop.wake()

    def _ears(self) -> Ears | None:
        """Begin to listen for what other processes commit."""
        if self._store.dialect != POSTGRESQL:
            return None
        ears = Ears(self._opened.settings.database.connection_url(), self._store.bell)
        ears.start()
        return ears

    def _pat(self) -> None:
        """Tell the manager that all is alive; when it is not, it starts us anew."""
        stuck = [loop.name for loop in self._loops if not loop.alive()]
        if self._relaying is not None and not self._relaying.alive():
            stuck.append("relaying")
        if stuck:
            _LOG.error("no sign of life from: %s", ", ".join(stuck))
        else:
            self._manager.tell(notify.ALIVE)

    async def _drain(self, door: "Door | None") -> None:
        """Finish what is in hand, all at once, for as long as that may take."""
        ended: list[Awaitable[object]] = []
        if door is not None:
            await door.close()
        for loop in self._loops:
            loop.stop()
            if loop.ident is not None:
                ended.append(asyncio.to_thread(loop.join, DRAIN_SECONDS))
        if self._relaying is not None:
            ended.append(self._relaying.finish())
        await asyncio.gather(*ended)
        late = [loop.name for loop in self._loops if loop.is_alive()]
        if late:
            _LOG.warning(
                "not ended within %d seconds: %s; what it had in hand is done again later",
                DRAIN_SECONDS,
                ", ".join(late),
            )


class Door:
    """Where mail comes in: all listeners, and the intake behind them."""

    def __init__(self, opened: Opened, on_stored: Callable[[], None]) -> None:
        settings = opened.settings
        self._settings = settings
        self._recipients = Recipients(
            own=settings.own,
            token_key=opened.desk.token_key,
            team=[person.address for person in settings.team.people],
            require_tls=settings.require_tls,
        )
        self._intake = Intake(
            store=opened.store,
            product=opened.desk.product,
            recipients=self._recipients,
            now=clock.now,
            on_stored=on_stored,
        )
        self._listeners: list[Listener] = []

    async def open(self) -> None:
        """Open all listeners, or none: a place that is taken raises OurFault."""
        limits = self._settings.policy.intake
        clients = Clients(limits=limits, trusted=self._settings.trusted_relays)
        space = Space(folder=self._settings.state_folder, policy=self._settings.policy.space)
        for place in self._settings.listeners:
            listener = Listener(
                receiver=self._intake,
                limits=limits,
                hostname=self._settings.domain,
                protocol=place.protocol.value,
                postmaster=Address(local="postmaster", domain=self._settings.domain),
                clients=clients,
                recipients=self._recipients,
                space=space,
                certificate=_certificate(place),
            )
            await listener.start(host=place.host, port=place.port, socket=place.socket)
            self._listeners.append(listener)
            _LOG.info("listening for %s on %s", place.protocol.value, _where(place))

    async def close(self) -> None:
        """Take nothing more; what was taken is stored and answered."""
        for listener in self._listeners:
            await listener.stop()
        await asyncio.to_thread(self._intake.close)


class Relaying:
    """The pump, and the task in which it runs."""

    def __init__(self, opened: Opened, may: Callable[[], bool]) -> None:
        self._pump = workers.pump(opened, may)
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._pump.run(self._over))

    def wake(self) -> None:
        """Say that there may be something to send; from any thread."""
        self._pump.wake()

    def alive(self) -> bool:
        """Say whether it still runs."""
        return self._task is not None and not self._task.done()

    async def finish(self) -> None:
        """Finish what is on the wire, for so long, and let go of the rest."""
        self._over.set()
        if self._task is None:
            return
        _, late = await asyncio.wait([self._task], timeout=DRAIN_SECONDS)
        if late:
            _LOG.warning("relaying did not end within %d seconds", DRAIN_SECONDS)
        elif (error := self._task.exception()) is not None:
            _LOG.error("relaying ended with %s", type(error).__name__)


def _certificate(place: Place) -> Certificate | None:
    if place.tls is None:
        return None
    return Certificate(certificate=place.tls.certificate, key=place.tls.key)


def _where(place: Place) -> str:
    return str(place.socket) if place.socket is not None else f"{place.host}:{place.port}"


def _quietly(call: Callable[[], object]) -> None:
    """Do what is good to be done before the end, and is made up for where it cannot be."""
    try:
        call()
    except GatekeeperError as error:
        _LOG.error("while stopping: %s", error.diagnostics())


def serve(settings: Settings, *, roles: frozenset[Role] = ALL) -> int:
    """Run the service until SIGTERM or SIGINT and return the exit status.

    Everything that may be wrong is found before the first listener opens: then nothing was
    changed, and the error says what to do.
    """
    # Nothing that is made here may be opened by others through a careless mode.
    os.umask(0o077)
    memory.keep_little()
    told = supervisor.take()
    while True:
        with ExitStack() as stack:
            opened = prepare(settings, stack, roles=roles)
            if not asyncio.run(_until_ended(opened, told)):
                return 0
        _LOG.info("begins anew with what is in force now")


async def _until_ended(opened: Opened, told: Supervisor) -> bool:
    """Serve until a signal comes, or something else is in force; say whether to begin anew."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    signalled = False

    def end(number: int) -> None:
        nonlocal signalled
        if signalled:
            _LOG.warning("ended at once; what was in hand is done again later")
            _end(opened, _SIGNALLED + number)
        signalled = True
        stop.set()
        # Whatever hangs while everything is closed must not keep the process for ever.
        last = threading.Timer(DRAIN_SECONDS + CLOSE_SECONDS, _end, (opened, _SIGNALLED + number))
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    # Its default would end the process in the middle of its work.
    loop.add_signal_handler(signal.SIGHUP, _LOG.warning, "SIGHUP: settings need a restart")
    service = Service(opened, notify.Manager(told.address), told.watchdog)
    await service.run(stop)
    return service.begins_anew and not signalled


def _end(opened: Opened, status: int) -> None:
    """End without waiting for anything, but for the opened keys to be gone."""
    try:
        opened.forget()
    finally:
        os._exit(status)
