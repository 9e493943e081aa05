"""What was decided of an issue, as `gatekeeper issue show` has it: state, track, facts, its kin."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.cli.screen import Screen
from gatekeeper.domain.instants import rfc3339, spoken
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.reasons import NoEmbargo, Rejection
from gatekeeper.issues.standing import Standing
from gatekeeper.store import deciding, issues
from gatekeeper.store.dates import DateRow
from gatekeeper.store.tx import Tx

MERGED: Final = "goes on as"
SPLIT: Final = "split from"
JOINED: Final = "joined by"
PARTED: Final = "parted into"


def kin(tx: Tx, stands: Standing) -> Mapping[str, tuple[str, ...]]:
    """Return the issues that this one was merged or split with, by how it is said."""
    decided = stands.decided
    found = {
        MERGED: () if decided.merged_into is None else (decided.merged_into,),
        SPLIT: () if decided.split_from is None else (decided.split_from,),
        JOINED: deciding.merged(tx, decided.issue),
        PARTED: deciding.split_off(tx, decided.issue),
    }
    return MappingProxyType(
        {
            how: tuple(str(issues.by_row(tx, row).issue_id) for row in rows)
            for how, rows in found.items()
            if rows
        }
    )


def write(screen: Screen, stands: Standing, others: Mapping[str, tuple[str, ...]]) -> None:
    """Write it at the head of a screen."""
    decided = stands.decided
    screen.pair("State", _state(stands))
    if decided.track is not None:
        screen.pair("Track", str(decided.track))
    if decided.severity is not None:
        screen.pair("Severity", str(decided.severity))
    screen.pair("Related", *(f"{how} {', '.join(ids)}" for how, ids in others.items()))
    screen.pair(
        "Known",
        *(
            f"{spoken(known.at)}  {known.fact}{_why(known.value)}, by {known.by}"
            for known in stands.known.values()
        ),
    )


def _state(stands: Standing) -> str:
    state, reason = stands.state, stands.decided.reason
    if state is IssueState.REJECTED and reason in set(Rejection):
        return f"{state} as {reason}: {Rejection(reason).meaning}"
    if state in {IssueState.HANDED_OVER, IssueState.DISCLOSED} and reason:
        return f"{state}, {reason} looks after it"
    return str(state)


def _why(value: str) -> str:
    return f": {NoEmbargo(value).meaning}" if value in set(NoEmbargo) else ""


def value(stands: Standing, others: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """Return it as JSON with stable keys."""
    decided = stands.decided
    return {
        "track": decided.track,
        "severity": decided.severity,
        "reason": decided.reason or None,
        "merged_into": next(iter(others.get(MERGED, ())), None),
        "split_from": next(iter(others.get(SPLIT, ())), None),
        "joined_by": list(others.get(JOINED, ())),
        "parted_into": list(others.get(PARTED, ())),
        "facts": {
            known.fact: {
                "at": rfc3339(known.at),
                "by": known.by,
                "value": known.value or None,
            }
            for known in stands.known.values()
        },
        "date": None if stands.date is None else date_value(stands.date),
    }


def date_value(date: DateRow) -> dict[str, object]:
    """Return a date as JSON."""
    told = date.predisclosure
    return {
        "public_at": rfc3339(date.instant),
        "predisclosure_at": rfc3339(told) if told is not None else None,
        "state": date.state,
        "by": date.by,
        "via": date.via or None,
        "reason": date.reason or None,
        "since": rfc3339(date.at),
    }
