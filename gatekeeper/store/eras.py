"""Which freeze a host or a process has seen last, so that it knows what must be there.

Each freeze begins an era. What was seen in an era must be there as long as that lasts; of what was
seen in an earlier one, entries up to those for which the database was frozen are known to be gone.
"""

from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import Instant
from gatekeeper.store import noted
from gatekeeper.store.tx import Tx

NAME: Final = "witness era"


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """The era's number, the highest entry that is known to be gone, and the freeze that stands.

    `since` is when it was frozen, None once people thawed it: a freeze that is not there before
    was removed.
    """

    number: int = 0
    gone: int = 0
    since: Instant | None = None


def of(tx: Tx) -> Era:
    """Return the present era."""
    found = noted.get(tx, NAME)
    if found is None:
        return Era()
    since = found.get("since")
    return Era(
        number=found["era"],
        gone=found["accepted"],
        since=Instant(since) if since is not None else None,
    )


def begin(tx: Tx, *, since: Instant, gone: int = 0, after: int = 0) -> None:
    """Begin an era, later than this database's and than the era `after`.

    Entries up to `gone` that were seen in an earlier one are missed no more.
    """
    last = of(tx)
    new = Era(number=max(last.number, after) + 1, gone=max(last.gone, gone), since=since)
    _put(tx, new)


def settle(tx: Tx) -> None:
    """Write down that people thawed it; nothing happens when no era was begun."""
    last = of(tx)
    if last.since is not None:
        _put(tx, Era(number=last.number, gone=last.gone))


def _put(tx: Tx, era: Era) -> None:
    noted.put(tx, NAME, {"era": era.number, "accepted": era.gone, "since": era.since})
