"""What `doctor` says of the services on this database: who runs, and whether they are alike."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings
from gatekeeper.config.databases import sqlite_path
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, Instant, spoken
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.lead import CLOCK
from gatekeeper.presence import SHARE
from gatekeeper.start import open_store
from gatekeeper.store import duties, processes
from gatekeeper.store.processes import ProcessRow

_NAME: Final = "processes"
_NEEDED: Final = frozenset({Role.INBOUND, Role.OUTBOUND, Role.CLOCK})
"""Roles without which something of the present work is not done."""


def running(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield a finding for each service that runs, and for what is wrong with them together.

    A database that cannot be asked is another finding's.
    """
    try:
        known, leader = _asked(settings)
    except GatekeeperError:
        return
    living = [row for row in known if row.lives(now)]
    for row in living:
        yield _found(State.OK, _line(row, leads=row.id == leader))
    if sqlite_path(settings.database.url) is not None:
        if not living:
            yield _found(State.OK, "no service runs on this database now")
        return
    yield from _missing(living)
    for row in known:
        if row not in living:
            text = f"{row.name} was last seen {spoken(row.seen_at)}, and did not say that it ends"
            yield _found(State.WARN, text, "start it again, or read its host's log")
    yield from _unlike(living)
    yield from _off(living, settings.policy.outbox.lease // SHARE)


def _asked(settings: Settings) -> tuple[tuple[ProcessRow, ...], RowId | None]:
    with open_store(settings) as store:
        return store.read(lambda tx: (processes.known(tx), duties.holder(tx, CLOCK)))


def _line(row: ProcessRow, *, leads: bool) -> str:
    roles = "all of the work" if row.roles == ALL else ", ".join(sorted(row.roles))
    clock = "; it does the clock's work now" if leads and row.roles != ALL else ""
    return f"{row.name}: {roles}, since {spoken(row.started_at)}{clock}"


def _missing(living: Sequence[ProcessRow]) -> Iterator[Finding]:
    done = frozenset().union(*(row.roles for row in living))
    missing = sorted(_NEEDED - done)
    if missing:
        names = ", ".join(missing)
        remedy = f"start one: gatekeeper serve --only {','.join(missing)}"
        yield _found(State.WARN, f"no process runs for: {names}", remedy)


def _unlike(living: Sequence[ProcessRow]) -> Iterator[Finding]:
    """Yield what differs between processes that have to be alike."""
    differences: tuple[tuple[str, Callable[[ProcessRow], object], str], ...] = (
        ("versions", lambda row: row.name.version, "install one version everywhere"),
        ("alias keys", lambda row: row.name.alias, "use one configuration everywhere"),
        (
            "master keys",
            lambda row: row.key_ids[0],
            "give all the same master key file, and restart those that have another",
        ),
    )
    for what, of, remedy in differences:
        if len({of(row) for row in living}) > 1:
            said = "; ".join(f"{row.name}: {of(row)}" for row in living)
            yield _found(State.WARN, f"processes have different {what} ({said})", remedy)


def _off(living: Sequence[ProcessRow], tolerated: int) -> Iterator[Finding]:
    for row in living:
        if abs(row.ahead) > tolerated:
            way = "ahead of" if row.ahead > 0 else "behind"
            seconds = abs(row.ahead) // SECOND
            text = f"the clock of {row.name} is {seconds} seconds {way} the database's"
            remedy = "have both follow one time source; it claims nothing meanwhile"
            yield _found(State.FAIL, text, remedy)


def _found(state: State, text: str, remedy: str = "") -> Finding:
    return Finding(name=_NAME, state=state, text=text, remedy=remedy)
