"""What commands open: configuration and database; and who looks, for the event log."""

import argparse
import os
import pwd
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from gatekeeper import clock, start
from gatekeeper.config import Settings, default_folder, load
from gatekeeper.domain.errors import NotThere, TheirFault
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.store import audit
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx

_PREFIX: Final = re.compile(r"[a-z2-7]{6,26}")


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the configuration that `--config` or the environment names."""
    return load(options.config or default_folder())


@contextmanager
def records(options: argparse.Namespace) -> Iterator[Store]:
    """Open the database of the configuration, as the service does."""
    with start.open_store(settings_of(options)) as store:
        yield store


def actor() -> str:
    """Return who runs this command, as far as the system says: a request, never an approval."""
    number = os.getuid()
    try:
        return f"shell:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"shell:{number}"


def record(
    tx: Tx,
    kind: str,
    *,
    issue: RowId | None = None,
    message: RowId | None = None,
    delivery: RowId | None = None,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Append what a person does at a shell to the event log (promise P-10)."""
    audit.append(
        tx,
        kind=kind,
        actor=actor(),
        now=clock.now(),
        payload=payload or {},
        issue=issue,
        message=message,
        delivery=delivery,
    )


def matching(text: str, rows: Iterable[RowId], *, what: str) -> RowId:
    """Return the one row whose id begins with `text`, at least six of its 26 letters."""
    wanted = text.strip().lower()
    if not _PREFIX.fullmatch(wanted):
        message = f"that is no id of a {what}"
        remedy = f"write its first 6 letters or more, as `gatekeeper {what} list` shows them"
        raise TheirFault(message, remedy=remedy)
    found = [row for row in rows if short_tag(row).startswith(wanted)]
    if not found:
        raise NotThere(f"there is no {what} {wanted}", remedy=f"see: gatekeeper {what} list")
    if len(found) > 1:
        message = f"{wanted} begins the ids of {len(found)} {what[:-1] + 'ies'}"
        raise TheirFault(message, remedy="write more of its letters")
    return found[0]


def shortened(rows: Iterable[RowId]) -> Mapping[RowId, str]:
    """Return each row's id cut to the fewest letters (8 at least) that tell all of them apart."""
    names = {row: short_tag(row) for row in rows}
    length = next(n for n in range(8, 27) if len({v[:n] for v in names.values()}) == len(names))
    return {row: name[:length] for row, name in names.items()}
