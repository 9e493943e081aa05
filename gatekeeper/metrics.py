"""Metrics for Prometheus, as a text file that a node exporter collects; counts, and no content.

The format is Prometheus's text exposition format 0.0.4.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.store import figures
from gatekeeper.store.engine import Store
from gatekeeper.store.figures import Figures

_LOG: Final = logging.getLogger("gatekeeper.service")
_MODE: Final = 0o644
"""Others may read it: it holds no more than how much there is."""


def text(found: Figures, *, now: Instant, free: Mapping[str, int]) -> str:
    """Return the figures as Prometheus reads them; arguments as for `values`."""
    return "".join(f"{line}\n" for line in _lines(values(found, now=now, free=free)))


def values(
    found: Figures, *, now: Instant, free: Mapping[str, int]
) -> Mapping[str, int | Mapping[str, int]]:
    """Return each figure by its name: a number, or one for each value of its label.

    `free` maps the name of a volume (`state`) to its free bytes. Ages are whole seconds, 0 where
    nothing waits.
    """
    waits = {
        "handled": found.unhandled,
        "sealed": found.unsealed,
        "sent": found.unsent,
        "answered": found.unanswered,
        "approved": found.unapproved,
    }
    return {
        "messages": {str(state): number for state, number in found.messages.items()},
        "deliveries": {str(state): number for state, number in found.deliveries.items()},
        "issues": dict(found.issues),
        "oldest_waiting_seconds": {name: _age(since, now) for name, since in waits.items()},
        "events": found.events,
        "frozen": int(found.frozen),
        "free_bytes": dict(free),
        "written_at_seconds": now // SECOND,
    }


_MEANING: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "messages": ("state", "Accepted mail."),
        "deliveries": ("state", "Letters, each to one recipient."),
        "issues": ("state", "Issues."),
        "oldest_waiting_seconds": (
            "for",
            "How long the oldest mail, report or request waits: for a stage, for a person.",
        ),
        "events": ("", "Number of the newest entry of the event log."),
        "frozen": ("", "1 when nothing is sent until people have reaffirmed the database."),
        "free_bytes": ("volume", "Space left where the service writes."),
        "written_at_seconds": ("", "When these figures were taken."),
    }
)
"""Each figure's label and its help."""


def _lines(figures_of: Mapping[str, int | Mapping[str, int]]) -> Iterator[str]:
    for name, value in figures_of.items():
        label, what = _MEANING[name]
        full = f"gatekeeper_{name}"
        yield f"# HELP {full} {what}"
        yield f"# TYPE {full} gauge"
        if isinstance(value, int):
            yield f"{full} {value}"
            continue
        for key, number in value.items():
            yield f'{full}{{{label}="{key}"}} {number}'


def _age(since: Instant | None, now: Instant) -> int:
    return max(0, now - since) // SECOND if since is not None else 0


class Metrics:
    """Writes the file again and again; a reader never sees half of one."""

    def __init__(
        self, *, store: Store, file: Path, state_folder: Path, now: Callable[[], Instant]
    ) -> None:
        """Take where to write, and the folder whose volume's free space is told."""
        self._store = store
        self._file = file
        self._state_folder = state_folder
        self._now = now
        self._failed = False

    def tick(self) -> int:
        """Write the file; return 0, for that is no work. Says once in the log if it cannot."""
        now = self._now()
        try:
            found = self._store.read(figures.take)
            _replace(self._file, text(found, now=now, free={"state": free(self._state_folder)}))
        except OSError as error:
            if not self._failed:
                _LOG.error("metrics not written to %s: %s", self._file, error.strerror)
            self._failed = True
        else:
            self._failed = False
        return 0


def free(folder: Path) -> int:
    """Return the bytes that this user may still write where `folder` lies."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _replace(file: Path, content: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as draft:
            os.fchmod(draft.fileno(), _MODE)
            draft.write(content)
        Path(name).replace(file)
    except BaseException:
        # Whatever ended it: the draft must not stay among the files that are collected.
        with suppress(OSError):
            Path(name).unlink()
        raise
