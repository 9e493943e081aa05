"""Tell the team once that files of a host say something else than what is in force (05)."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from gatekeeper.domain.changes import differences
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.issues import governing, notices, running
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.notices import Notice
from gatekeeper.store import audit, reminded
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx

_LOG: Final = logging.getLogger("gatekeeper.issues")

DRIFTED: Final = "governed.drifted"
PATIENCE: Final = 15 * MINUTE
"""So long files may differ before the team is told: whoever edits them asks for approval first."""

_SHOWN: Final = 40

Look = Callable[[Mapping[Kind, Content]], Mapping[Kind, Content]]
"""Given what is in force, returns what the files of this host say differently, by kind."""


@dataclass(slots=True, kw_only=True)
class Drift:
    """Looks at the files of one host again and again; `host` is its name for people."""

    store: Store
    desk: Desk
    look: Look
    host: str
    now: Callable[[], Instant]
    _since: dict[tuple[Kind, bytes], Instant] = field(default_factory=dict, init=False)

    def tick(self) -> int:
        """Tell of what has differed for long enough and was not told of; return how much."""
        now = self.now()
        held = self.store.read(lambda tx: running.of(tx, now=now)).held
        found = self.look(held)
        marks = {(kind, content.digest): content for kind, content in found.items()}
        for mark in set(self._since) - set(marks):
            del self._since[mark]
        told = 0
        for mark, content in marks.items():
            since = self._since.setdefault(mark, now)
            if since <= later(now, -PATIENCE):
                told += self.store.write(partial(self._tell, held=held, content=content, now=now))
        return told

    def _tell(self, tx: Tx, *, held: Mapping[Kind, Content], content: Content, now: Instant) -> int:
        """Tell of one part, unless it was told of, or waits for approval as it is."""
        if governing.waiting(tx, content) is not None:
            return 0
        key = f"drift {self.host} {content.kind} {content.digest.hex()}"
        if not reminded.first_time(tx, key=key, now=now):
            return 0
        where = content.kind.where
        said = differences(held[content.kind], content)
        more = (f"… and {len(said) - _SHOWN} lines more",) if len(said) > _SHOWN else ()
        noun = content.kind.noun
        notice = Notice(
            kind=notices.GOVERNED,
            headline=f"On {self.host}, {where} says something else than what is in force",
            lines=("It is not used. What would be different:", "", *said[:_SHOWN], *more),
            next_step=(
                f"To have it used: gatekeeper {noun} plan, then gatekeeper {noun} apply, and two of"
                " you\napprove it. If nobody of you changed it, find out who did."
            ),
            about=None,
        )
        notices.tell_people(tx, self.desk, self.desk.team.people, notice, now=now)
        payload = {"kind": str(content.kind), "host": self.host, "digest": content.digest.hex()}
        audit.append(tx, kind=DRIFTED, actor="gatekeeper", now=now, payload=payload)
        _LOG.warning("%s says something else than what is in force, and is not used", where)
        return 1
