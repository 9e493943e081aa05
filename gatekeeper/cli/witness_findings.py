"""What `doctor` says of a database that was set back, of this host's witness, and of backups."""

from collections.abc import Iterator
from typing import Final

from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings, backup, witness
from gatekeeper.config.databases import sqlite_path
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.start import open_store
from gatekeeper.store import frozen

_SEE: Final = "see what is in it, and what thaws it: gatekeeper audit frozen"
_COMPARE: Final = (
    "if nobody did that knowingly, compare the log with a head from the team's mail: "
    "gatekeeper audit verify --head SEQ:DIGEST:MAC"
)
_TOLD_FOR: Final = 30 * DAY


def looked(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield whether the database is frozen, and how this host's witness stands to it.

    A database that cannot be asked is another finding's.
    """
    try:
        with open_store(settings) as store:
            freeze = store.read(frozen.of)
            found = witness.look(settings, store)
    except OurFault:
        return
    except Misconfigured:
        # a new one has no tables yet, and no witness
        yield from _placed(settings)
        return
    if freeze is not None:
        text = f"nothing is sent since {spoken(freeze.since)}: {freeze.reason}"
        yield Finding(name="frozen", state=State.FAIL, text=text, remedy=_SEE)
    if found.removed:
        remedy = "a running service freezes it anew; find out who removed it"
        yield Finding(name="frozen", state=State.FAIL, text=found.removed, remedy=remedy)
    if found.behind and freeze is None:
        text = f"the database is behind what this host has seen of it: {found.behind}"
        remedy = "a running service freezes it; put the right database back before you start one"
        yield Finding(name="witness", state=State.FAIL, text=text, remedy=remedy)
    elif found.gone:
        text = f"{settings.witness_file} is gone or was changed; this host had one"
        yield Finding(name="witness", state=State.FAIL, text=text, remedy=_COMPARE)
    elif found.anew is not None and found.anew > later(now, -_TOLD_FOR):
        text = f"{settings.witness_file} was missing, and made anew {spoken(found.anew)}"
        yield Finding(name="witness", state=State.WARN, text=text, remedy=_COMPARE)
    else:
        yield from _placed(settings)


def _placed(settings: Settings) -> Iterator[Finding]:
    """Yield whether what sets the database's file back would set its witness back, too."""
    file, database = settings.witness_file, sqlite_path(settings.database.url)
    folder = next((each for each in file.parents if each.is_dir()), file.parent)
    if database is None or folder.stat().st_dev != database.parent.stat().st_dev:
        text = f"{file} is apart from the database"
        yield Finding(name="witness", state=State.OK, text=text)
        return
    text = f"{file} lies on the database's volume: a snapshot that is put back takes both back"
    remedy = "name a file on another volume in witness.file"
    yield Finding(name="witness", state=State.WARN, text=text, remedy=remedy)


def recoverable(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield whom backups can be encrypted to."""
    if not settings.recovery:
        text, remedy = "no recovery key is named: no backup can be made", "see backup.recipients"
        yield Finding(name="backup", state=State.WARN, text=text, remedy=remedy)
        return
    found = backup.judged(settings, now=now)
    for one in found.unusable:
        state = State.WARN if found.usable else State.FAIL
        text = f"nothing can be encrypted to the recovery key {one.fingerprint}: {one.reason}"
        remedy = "put a newer certificate of it into recovery/, or name another key"
        yield Finding(name="backup", state=state, text=text, remedy=remedy)
    if found.usable:
        text = f"encrypted to {', '.join(found.usable)}"
        yield Finding(name="backup", state=State.OK, text=text)
