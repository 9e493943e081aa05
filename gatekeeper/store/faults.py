"""What goes wrong in the database, told by kind and remedy, never with a statement's values."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gatekeeper.domain.errors import OurFault


class StaleLease(OurFault):
    """The work was claimed again meanwhile: what this holder did is not recorded."""


class Conflict(OurFault):
    """Someone else changed the row meanwhile, or it is not in the state that was expected."""


def stale_lease(what: str) -> StaleLease:
    """Return the error for a holder of `what` whose lease is no longer the row's."""
    return StaleLease(f"this {what} is no longer held by who claimed it", remedy="nothing to do")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    public: str
    remedy: str


_FULL: Final = _Kind(
    public="the database's disk is full",
    remedy="free space on its volume and run the command again; a service goes on by itself",
)
_DISK: Final = _Kind(
    public="the database's disk cannot be read or written; it is full, or it fails",
    remedy="free space on its volume, or look at the disk; nothing that was accepted is lost",
)
_MEMORY: Final = _Kind(
    public="the database has no memory left",
    remedy="give this machine or its database more memory; nothing that was accepted is lost",
)
_LOCKED: Final = _Kind(
    public="the database is locked by another process",
    remedy="find what keeps it locked; the work is tried again",
)
_UNREACHABLE: Final = _Kind(
    public="the database cannot be reached",
    remedy="check that it runs, and that the URL's path or host, name, user and password are right",
)
_READ_ONLY: Final = _Kind(
    public="the database is read-only",
    remedy="make its file and folder writable for this user, or connect to the primary server",
)
_DAMAGED: Final = _Kind(
    public="the database is damaged",
    remedy="stop the service, keep a copy, and restore from a backup",
)
_BUSY: Final = _Kind(
    public="the database accepts no more connections",
    remedy="raise its connection limit or run fewer processes on it",
)
_EMPTY: Final = _Kind(
    public="the database lacks our tables",
    remedy="run `gatekeeper db upgrade`",
)
_STOOD_STILL: Final = _Kind(
    public="the database ended a transaction in which this process stood still",
    remedy="nothing to do: the work is tried again; see what keeps this machine from running",
)
_REFUSED: Final = _Kind(
    public="the database refused a statement",
    remedy="run `gatekeeper doctor`; this is an error of the program if the database is sound",
)

_SQLITE: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "SQLITE_FULL": _FULL,
        "SQLITE_BUSY": _LOCKED,
        "SQLITE_LOCKED": _LOCKED,
        "SQLITE_CANTOPEN": _UNREACHABLE,
        "SQLITE_PERM": _READ_ONLY,
        "SQLITE_READONLY": _READ_ONLY,
        # A file shorter than it says, and blocks that are not what was written, are damage.
        "SQLITE_IOERR_CORRUPTFS": _DAMAGED,
        "SQLITE_IOERR_DATA": _DAMAGED,
        "SQLITE_IOERR_SHORT_READ": _DAMAGED,
        "SQLITE_IOERR_NOMEM": _MEMORY,
        "SQLITE_IOERR": _DISK,
        "SQLITE_CORRUPT": _DAMAGED,
        "SQLITE_NOTADB": _DAMAGED,
    }
)
"""SQLite's result codes; extended ones start with the words of their primary one, which is last."""

_SQLSTATE: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "53100": _FULL,
        "53200": _MEMORY,
        "53300": _BUSY,
        "55P03": _LOCKED,
        "40001": _LOCKED,
        "40P01": _LOCKED,
        "25006": _READ_ONLY,
        "25P03": _STOOD_STILL,
        "42P01": _EMPTY,
        "08": _UNREACHABLE,
        "28": _UNREACHABLE,
        "3D": _UNREACHABLE,
        "57P": _UNREACHABLE,
        "58030": _DISK,
        "XX001": _DAMAGED,
        "XX002": _DAMAGED,
    }
)
"""PostgreSQL's SQLSTATE codes or classes (its manual, appendix A)."""

_AGAIN: Final = frozenset({"40001", "40P01"})


def translate(error: SQLAlchemyError) -> OurFault:
    """Return `error` as OurFault; statement, parameters and the driver's words stay behind."""
    if isinstance(error, PoolTimeout):
        return _fault(_BUSY, type(error).__name__)
    if not isinstance(error, DBAPIError) or error.orig is None:
        return _fault(_REFUSED, type(error).__name__)
    name = getattr(error.orig, "sqlite_errorname", None)
    if isinstance(name, str):
        # SQLite has no code of its own for this; the rest of its words is not passed on
        empty = str(error.orig).startswith("no such table")
        return _fault(_EMPTY if empty else _of_prefix(_SQLITE, name), name)
    state = sqlstate(error)
    if state is None:
        gone = error.connection_invalidated or type(error.orig).__name__ == "OperationalError"
        return _fault(_UNREACHABLE if gone else _REFUSED, type(error.orig).__name__)
    return _fault(_of_prefix(_SQLSTATE, state), f"SQLSTATE {state}")


def sqlstate(error: SQLAlchemyError) -> str | None:
    """Return PostgreSQL's five-letter code of `error`, or None when there is none."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state if isinstance(state, str) else None


def worth_repeating(error: SQLAlchemyError) -> bool:
    """Say whether the whole transaction may be run again: serialization failure or deadlock."""
    return sqlstate(error) in _AGAIN


def _of_prefix(kinds: Mapping[str, _Kind], code: str) -> _Kind:
    return next((kind for start, kind in kinds.items() if code.startswith(start)), _REFUSED)


def _fault(kind: _Kind, reason: str) -> OurFault:
    return OurFault(kind.public, reason=reason, remedy=kind.remedy)
