"""The start: check and open everything, in order, before anything is changed or listened to."""

import logging
import os
import resource
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatekeeper import __version__, clock
from gatekeeper.config import governed, witness
from gatekeeper.config.keyhome import ADDRESS_TOKENS, OpenKeys, codec_of, open_keys
from gatekeeper.config.settings import Listener as Place
from gatekeeper.config.settings import Settings
from gatekeeper.config.witness import WitnessWatch
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.failing import unusable
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.domain.team import Team
from gatekeeper.inbound.places import require_free
from gatekeeper.issues import rotation, running
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.running import Force
from gatekeeper.pgp import health
from gatekeeper.pgp.keys import single
from gatekeeper.store import deliveries, letters, messages, products, schema
from gatekeeper.store.connect import sqlite_path
from gatekeeper.store.engine import Store, hold_service_lock
from gatekeeper.store.processes import Name
from gatekeeper.store.products import ListRow, ProductRow
from gatekeeper.store.schema import SchemaState
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from gatekeeper.texts.templates import Texts

_LOG: Final = logging.getLogger("gatekeeper.service")

OWN_FILES: Final = 256
"""What is open beside connections from clients and to the relay: the database's, gpg's, listeners.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything that the service stands on, open and checked.

    `settings` are those by which to work, with what is in force in place of what `files` say ·
    `mark` what of it is in force, see `issues.running` · `keys` are the public ones alone where no
    role needs more; `forget` removes all from memory before the time.
    """

    settings: Settings
    files: Settings
    mark: bytes
    roles: frozenset[Role]
    store: Store
    keys: OpenKeys
    desk: Desk
    forget: Callable[[], None]


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """Open the database, which must be at this program's version; Misconfigured if it is not.

    OurFault when it is missing, though this host has seen one.
    """
    url, codec = settings.database.connection_url(), codec_of(settings)
    try:
        schema.require_current(url, codec)
    except Misconfigured:
        # whoever makes a new one then does not notice that the one with everything in it is gone
        witness.require_there(settings)
        raise
    store = Store.open(url, codec)
    try:
        yield store
    finally:
        store.close()


def in_force(files: Settings, force: Force) -> Settings:
    """Return the settings by which to work: what is in force, and the people whose word counts.

    A team that is small because somebody was suspended lately works neither with fewer approvals
    nor with fewer employers: else one stolen key could suspend all others and decide alone (promise
    P-8). OurFault when everybody is suspended, BadConfiguration when this version cannot use what
    is in force.
    """
    used = governed.in_force(files, force.held)
    people = force.active(used.team.people)
    if not people:
        raise OurFault(
            "everybody of the team is suspended",
            remedy="restore the database from before that, with `gatekeeper backup restore`",
        )
    if not force.fresh:
        return replace(used, team=Team(people=people))
    team = Team(people=people, roster_employers=len(used.team.employers))
    approvals = replace(used.policy.approvals, alone_allowed=False)
    return replace(used, team=team, policy=replace(used.policy, approvals=approvals))


def settings_in(tx: Tx, files: Settings) -> Settings:
    """Return the settings by which a command works, which has the files' before it."""
    return in_force(files, running.of(tx, now=clock.now()))


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
        forwarders=settings.forwarders,
    )


def name_of(settings: Settings) -> Name:
    """Return which process this is, as others are told."""
    return Name(
        host=os.uname().nodename,
        pid=os.getpid(),
        version=__version__,
        alias=settings.alias.fingerprint,
    )


def make_room(settings: Settings) -> None:
    """Have as many files open at once as the policy allows connections, or as many as we may.

    The soft limit of RLIMIT_NOFILE is raised, never lowered; the hard one is the administrator's.
    """
    policy = settings.policy
    needed = policy.intake.connections + policy.outbox.connections + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    allowed = min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        _LOG.warning(
            "only %d files may be open at once, and %d are needed: with many connections some wait;"
            " raise the limit (LimitNOFILE= of the unit) or lower intake.connections",
            allowed,
            needed,
        )


def prepare(settings: Settings, stack: ExitStack, *, roles: frozenset[Role] = ALL) -> Opened:
    """Check and open everything; what was opened is closed with `stack`.

    What is wrong with the settings is Misconfigured, what cannot be reached OurFault.
    """
    make_room(settings)
    if not settings.team.people:
        remedy = "add the people of the team to team.yaml, and their keys to keys/"
        raise Misconfigured("the response team is empty", remedy=remedy)
    # Whatever is wrong with a text is found before anything is opened.
    Texts(settings.templates)
    codec = codec_of(settings)
    url = settings.database.connection_url()
    path = sqlite_path(url)
    _require_shareable(path, roles)
    files, force = settings, running.NOTHING
    empty = schema.status(url).state is SchemaState.EMPTY
    if not empty:
        schema.require_current(url, codec)
        force = _force(url, codec)
        settings = in_force(files, force)
    secrets_open = any(role.opens_secrets for role in roles)
    opening = stack.enter_context(ExitStack())
    keys = opening.enter_context(open_keys(settings, codec, secrets=secrets_open))
    if secrets_open:
        _require_alias(settings, keys)
    if empty and Role.INBOUND in roles:
        _require_places(settings.listeners)
    if path is not None:
        _make_state(path.parent)
        stack.enter_context(hold_service_lock(path))
    if empty:
        schema.upgrade(url, codec)
    store = stack.enter_context(open_store(settings))
    # before anything is claimed or written: a database that was set back is frozen first
    WitnessWatch(settings=settings, store=store, now=clock.now).tick()
    product = store.write(lambda tx: product_of(tx, settings))
    if path is not None:
        # The lock above says that whoever held these leases is gone.
        store.write(_end_leases)
    mark = _adopt(store, files, force)
    desk = desk_of(settings, product=product)
    if secrets_open:
        # gpg is asked before the transaction; what a key is good for does not change meanwhile.
        now = clock.now()
        held = keys.keyring.list(now)
        store.write(lambda tx: rotation.announce(tx, desk, held=held, now=now))
    return Opened(
        settings=settings,
        files=files,
        mark=mark,
        roles=roles,
        store=store,
        keys=keys,
        desk=desk,
        forget=opening.close,
    )


def _force(url: str, codec: Codec) -> Force:
    """Read what is in force, before anything is opened by it."""
    store = Store.open(url, codec)
    try:
        return store.read(lambda tx: running.of(tx, now=clock.now()))
    finally:
        store.close()


def _adopt(store: Store, files: Settings, force: Force) -> bytes:
    """Put the files into force where nothing is yet, and return the mark of what is in force then.

    OurFault when it is not what was opened, because somebody put another into force meanwhile.
    """
    now = clock.now()
    new = store.write(lambda tx: running.adopt(tx, files.governed, now=now))
    for kind in new:
        _LOG.info("%s: in force as it is from now on", kind.where)
    for kind in governed.drifted(files, force.held):
        _LOG.warning(
            "%s: says something else than what is in force, and is not used: gatekeeper %s plan",
            kind.where,
            kind.noun,
        )
    expected = replace(force, held={**files.governed, **force.held}).mark
    mark = store.read(lambda tx: running.mark_of(tx, now=now))
    if mark != expected:
        raise OurFault(
            "something else was put into force while the service started", remedy="start it again"
        )
    return mark


def _require_shareable(path: Path | None, roles: frozenset[Role]) -> None:
    if path is not None and roles != ALL:
        raise Misconfigured(
            "--only needs PostgreSQL: on SQLite one process does all the work",
            remedy="leave --only out, or name a PostgreSQL database in gatekeeper.yaml",
        )


def _require_alias(settings: Settings, keys: OpenKeys) -> None:
    problems = health.check(keys.keyring, settings.alias.fingerprint, now=clock.now())
    if problems:
        public = f"the alias's key cannot be used: {problems[0]}"
        raise Misconfigured(public, remedy="`gatekeeper key list` shows all keys and their expiry")


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
        raise unusable(public, error, remedy=remedy) from None


def product_of(tx: Tx, settings: Settings) -> RowId:
    """Return the row of the one product, made with its list when it is not there yet."""
    row = ProductRow(key="default", issue_prefix=settings.issue_prefix)
    product = products.ensure(tx, row, now=clock.now())
    products.ensure_list(tx, ListRow(key="pre-disclosure"), product=product, now=clock.now())
    return product


def _end_leases(tx: Tx) -> int:
    ended = (part.release_leases(tx) for part in (messages, letters, deliveries))
    return sum(ended)
