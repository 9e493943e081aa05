"""The texts that tell people outside of a date: their names, values and samples."""

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.date_forms import (
    FAULTS,
    LIMITS,
    DateLetter,
    DateTelling,
    Fault,
)
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.instants import Instant, spoken, to_datetime
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.verdict import spaced

HOW: Final = "date-how.txt"
"""How to answer safely; a part of the texts that ask for an answer."""

_ENTRY: Final = 70
"""Columns of an entry of a list, whose mark is put before it."""

_T: Final = DateTelling
_ASKING: Final = frozenset({_T.PROPOSED, _T.OFFERED, _T.REFUSED, _T.READ, _T.NOT_DONE, _T.REMINDED})

_STATES: Final[Mapping[IssueState, str]] = MappingProxyType(
    {
        IssueState.REPORTED: "we have your report, and nobody has judged it yet",
        IssueState.ACCEPTED: "it is accepted: we are working on it",
        IssueState.PREPARED: "its advisory is written and waits for the date",
        IssueState.PREDISCLOSED: "our pre-disclosure list has been told",
        IssueState.DISCLOSED: "it is public",
        IssueState.REJECTED: "it is closed",
        IssueState.HANDED_OVER: "another project looks after it",
    }
)
_DATES: Final[Mapping[DateState, str]] = MappingProxyType(
    {
        DateState.PROPOSED: "proposed, not agreed yet",
        DateState.AGREED: "agreed",
        DateState.ENDED: "not waited for any more",
    }
)


def template_of(telling: DateTelling) -> str:
    """Return the file of config/templates that says it."""
    return f"date-{telling}.txt"


def about(telling: DateTelling) -> str:
    """Return what the subject calls it."""
    match telling:
        case DateTelling.NOT_DONE:
            return "Your mail was not understood"
        case DateTelling.STATUS:
            return "How your report stands"
        case DateTelling.CREDITED | DateTelling.UNCREDITED:
            return "How you are credited"
        case _:
            return "The disclosure date"


def operand(instant: Instant | None) -> str:
    """Return an instant as it is written in a command; "" for none."""
    return "" if instant is None else to_datetime(instant).strftime("%Y-%m-%dT%H:%MZ")


def values(form: DateLetter) -> Mapping[str, object]:
    """Return what its template is filled with, beside the project."""
    every = {
        "issue": str(form.issue),
        "fingerprint": spaced(form.fingerprint),
        "code": form.code,
        "instant": _said(form.instant),
        "operand": operand(form.instant),
        "before": _said(form.before),
        "predisclosure": _said(form.predisclosure),
        "others": tuple(spoken(each) for each in form.others),
        "operands": tuple(operand(each) for each in form.others),
        "limits": tuple(_entry(LIMITS[each]) for each in form.limits),
        "faults": tuple(_entry(_fault(each)) for each in form.faults),
        "state": "" if form.state is None else _STATES[form.state],
        "date_state": "" if form.date_state is None else _DATES[form.date_state],
        "until": _said(form.until),
    }
    return {name: every[name] for name in _used(form.telling)}


def _entry(text: str) -> str:
    """Return an entry of a list, which the template puts behind a dash."""
    return textwrap.fill(text, _ENTRY, subsequent_indent="    ", break_long_words=False)


def _said(instant: Instant | None) -> str:
    return "" if instant is None else spoken(instant)


def _fault(fault: Fault) -> str:
    place = f"Line {fault.line}: " if fault.line else ""
    may = " or ".join(operand(each) for each in fault.may)
    ends = "?" if fault.may else "."
    return f"{place}{FAULTS[fault.fault]}{f' {may}' if may else ''}{ends}"


_SAMPLE: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "project": "Example",
        "issue": "SEC-2026-0001",
        "fingerprint": "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567",
        "code": "K7QM-2XNB-V4TJ-6HRC-5DWS",
        "instant": "Thu 2026-09-24 12:00:00Z",
        "operand": "2026-09-24T12:00Z",
        "before": "Thu 2026-10-01 12:00:00Z",
        "predisclosure": "Thu 2026-09-10 12:00:00Z",
        "others": ("Wed 2026-09-23 12:00:00Z", "Fri 2026-09-25 12:00:00Z"),
        "operands": ("2026-09-23T12:00Z", "2026-09-25T12:00Z"),
        "until": "Sun 2026-09-13 12:00:00Z",
        "limits": ("It is in the past.",),
        "faults": ("Line 1: There is no such command.",),
        "state": "it is accepted: we are working on it",
        "date_state": "agreed",
    }
)

_SAID: Final[Mapping[DateTelling, frozenset[str]]] = MappingProxyType(
    {
        _T.PROPOSED: frozenset({"instant", "operand", "predisclosure"}),
        _T.OFFERED: frozenset({"instant", "operand", "before"}),
        _T.AGREED: frozenset({"instant", "predisclosure"}),
        _T.MOVED: frozenset({"instant", "before", "predisclosure"}),
        _T.BOUND: frozenset({"instant"}),
        _T.RECORDED: frozenset({"instant"}),
        _T.EARLIER: frozenset({"instant", "before"}),
        _T.LATER: frozenset({"instant", "before"}),
        _T.REFUSED: frozenset({"instant", "limits", "others"}),
        _T.READ: frozenset({"others", "operands"}),
        _T.STATUS: frozenset({"state", "instant", "date_state"}),
        _T.NOT_DONE: frozenset({"faults"}),
        _T.CREDITED: frozenset(),
        _T.UNCREDITED: frozenset(),
        _T.OTHERS: frozenset({"instant", "before"}),
        _T.REMINDED: frozenset({"instant", "operand", "until"}),
    }
)
"""What each of them says beside the issue's id."""

_ALSO: Final[Mapping[DateTelling, frozenset[str]]] = MappingProxyType(
    {_T.REFUSED: frozenset({"operands"})}
)


def _used(telling: DateTelling) -> frozenset[str]:
    """Return the names of the values that the text of `telling` is given, beside the project."""
    proof = {"code", "fingerprint"} if telling in _ASKING else set()
    return frozenset({"issue", *proof, *_SAID[telling], *_ALSO.get(telling, ())})


SAMPLES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = MappingProxyType(
    {
        HOW: MappingProxyType({name: _SAMPLE[name] for name in ("code", "fingerprint")}),
        **{
            template_of(telling): MappingProxyType(
                {name: _SAMPLE[name] for name in sorted({"project", *_used(telling)})}
            )
            for telling in DateTelling
        },
    }
)
"""Every value that each text is given."""

NEVER_LEFT_OUT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        HOW: frozenset({"code", "fingerprint"}),
        **{template_of(telling): _used(telling) for telling in DateTelling},
    }
)
"""What each has to say however it is written."""
