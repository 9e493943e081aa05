"""The service's log on standard error: a line for each event, JSON when no person is watching."""

import json
import logging
import sys
from typing import Final

from gatekeeper.cli.terminal import safe
from gatekeeper.domain.instants import Instant, rfc3339

_MICROSECONDS: Final = 1_000_000


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_at(record)} {record.levelname.lower():<7} {safe(record.getMessage())}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        return json.dumps(event)


def _at(record: logging.LogRecord) -> str:
    return rfc3339(Instant(int(record.created * _MICROSECONDS)))


def start() -> None:
    """Send what our own loggers say to standard error; of others only warnings.

    Exceptions are never formatted: a traceback can hold content of mail.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain() if sys.stderr.isatty() else _Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gatekeeper").setLevel(logging.INFO)
