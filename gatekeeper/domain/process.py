"""The process of an issue: its states, its tracks, and what each step needs (one table)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.errors import Refusal


class IssueState(StrEnum):
    """Where an issue stands (design 01, glossary)."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    PREPARED = "prepared"
    PREDISCLOSED = "pre-disclosed"
    DISCLOSED = "disclosed"
    REJECTED = "rejected"
    HANDED_OVER = "handed over"

    @property
    def is_open(self) -> bool:
        """Say whether there still is something to write to the people of the issue."""
        return self in OPEN


class Track(StrEnum):
    """How an issue is handled; chosen when it is accepted, changed with a reason (R-12)."""

    PREDISCLOSE = "predisclose"
    EMBARGO_ONLY = "embargo-only"
    LOW = "low"
    PUBLIC = "public"

    @property
    def embargoed(self) -> bool:
        """Say whether the issue waits for a disclosure date: `low` waits for its fix."""
        return self in {Track.PREDISCLOSE, Track.EMBARGO_ONLY}


class Severity(StrEnum):
    """How bad the vulnerability is, in the team's judgement."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"


class Fact(StrEnum):
    """What is known of an issue, each with its instant (T-3): facts are not states."""

    TRIAGED = "triaged"
    SEVERITY = "severity"
    TOOLS = "tools"
    FIX_READY = "fix-ready"
    ADVISORY_READY = "advisory-ready"
    PERMISSION_MATRIX = "permission-matrix"
    AGREED_DATE = "agreed-date"
    DATE_REACHED = "date-reached"
    REPORTER_CONSENTS = "reporter-consents"
    RECEIVER_ACKNOWLEDGED = "receiver-acknowledged"
    DISTROS_POSTED = "distros-posted"
    CERT_CONTACTED = "cert-contacted"
    FIXED = "fixed"
    EXPLOITED = "exploited"
    PUBLIC_ALREADY = "public-already"
    PREDISCLOSED = "pre-disclosed"
    PUBLIC = "public"


class Step(StrEnum):
    """What the team does with an issue as a whole."""

    ACCEPT = "accept"
    PREPARE = "prepare"
    PREDISCLOSE = "predisclose"
    DISCLOSE = "disclose"
    REJECT = "reject"
    HAND_OVER = "hand-over"
    REOPEN = "reopen"


_S = IssueState
_T = Track
_F = Fact

OPEN: Final = frozenset({_S.REPORTED, _S.ACCEPTED, _S.PREPARED, _S.PREDISCLOSED})
"""States in which there still is something to write to the people of an issue."""

BY_HAND: Final = frozenset(Fact) - {
    _F.SEVERITY,
    _F.TOOLS,
    _F.AGREED_DATE,
    _F.DATE_REACHED,
    _F.PREDISCLOSED,
    _F.PUBLIC,
}
"""Facts that people state; the others follow from verbs of their own, from dates and from steps."""

_ANY: Final = frozenset(Track)
_EMBARGOED: Final = frozenset(track for track in Track if track.embargoed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: from which states `step` leads to which, on which tracks, with which facts.

    A rule with `before_track` is for an issue whose track is not chosen yet, too.
    """

    step: Step
    sources: tuple[IssueState, ...]
    target: IssueState
    tracks: frozenset[Track] = _ANY
    needs: tuple[Fact, ...] = ()
    before_track: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that leads nowhere."""
        if not self.sources or self.target in self.sources or not self.tracks:
            message = "a step leads from some state to another, on some track"
            raise ValueError(message)

    def is_for(self, track: Track | None) -> bool:
        """Say whether the row holds on `track`; None while it is not chosen."""
        return self.before_track if track is None else track in self.tracks


RULES: Final = (
    Rule(
        step=Step.ACCEPT,
        sources=(_S.REPORTED,),
        target=_S.ACCEPTED,
        tracks=_ANY - {_T.PUBLIC},
    ),
    Rule(
        step=Step.ACCEPT,
        sources=(_S.REPORTED,),
        target=_S.ACCEPTED,
        tracks=frozenset({_T.PUBLIC}),
        needs=(_F.PUBLIC_ALREADY,),
    ),
    Rule(
        step=Step.PREPARE,
        sources=(_S.ACCEPTED,),
        target=_S.PREPARED,
        needs=(_F.SEVERITY, _F.ADVISORY_READY),
    ),
    Rule(
        step=Step.PREDISCLOSE,
        sources=(_S.PREPARED,),
        target=_S.PREDISCLOSED,
        tracks=frozenset({_T.PREDISCLOSE}),
        needs=(_F.SEVERITY, _F.ADVISORY_READY, _F.PERMISSION_MATRIX, _F.AGREED_DATE),
    ),
    Rule(
        step=Step.DISCLOSE,
        sources=(_S.PREDISCLOSED,),
        target=_S.DISCLOSED,
        tracks=frozenset({_T.PREDISCLOSE}),
        needs=(_F.ADVISORY_READY, _F.AGREED_DATE, _F.DATE_REACHED),
    ),
    Rule(
        step=Step.DISCLOSE,
        sources=(_S.PREPARED,),
        target=_S.DISCLOSED,
        tracks=frozenset({_T.EMBARGO_ONLY}),
        needs=(_F.ADVISORY_READY, _F.AGREED_DATE, _F.DATE_REACHED),
    ),
    Rule(
        step=Step.DISCLOSE,
        sources=(_S.PREPARED,),
        target=_S.DISCLOSED,
        tracks=frozenset({_T.LOW}),
        needs=(_F.ADVISORY_READY, _F.FIXED),
    ),
    Rule(
        step=Step.DISCLOSE,
        sources=(_S.ACCEPTED, _S.PREPARED, _S.PREDISCLOSED),
        target=_S.DISCLOSED,
        tracks=frozenset({_T.PUBLIC}),
        needs=(_F.ADVISORY_READY, _F.PUBLIC_ALREADY),
    ),
    Rule(
        step=Step.DISCLOSE,
        sources=(_S.HANDED_OVER,),
        target=_S.DISCLOSED,
        needs=(_F.PUBLIC_ALREADY,),
        before_track=True,
    ),
    Rule(
        step=Step.REJECT,
        sources=(_S.REPORTED, _S.ACCEPTED, _S.PREPARED),
        target=_S.REJECTED,
        before_track=True,
    ),
    Rule(
        step=Step.HAND_OVER,
        sources=(_S.REPORTED, _S.ACCEPTED, _S.PREPARED),
        target=_S.HANDED_OVER,
        needs=(_F.REPORTER_CONSENTS, _F.RECEIVER_ACKNOWLEDGED),
        before_track=True,
    ),
    Rule(
        step=Step.REOPEN,
        sources=(_S.REJECTED, _S.HANDED_OVER),
        target=_S.REPORTED,
        before_track=True,
    ),
)
"""Every step that there is. A date that is not reached keeps an embargoed issue from being
disclosed (P-3); R-4's early lift puts it on the track `public` first, which is a date move.
R-3: what has no fix yet may be pre-disclosed all the same, so `fix-ready` is asked for nowhere.
"""

_LACKING: Final[Mapping[Fact, str]] = MappingProxyType(
    {
        _F.SEVERITY: "no severity",
        _F.ADVISORY_READY: "no advisory that is ready",
        _F.PERMISSION_MATRIX: "no permission matrix",
        _F.AGREED_DATE: "no agreed date",
        _F.DATE_REACHED: "the agreed date is not reached",
        _F.REPORTER_CONSENTS: "no consent of the reporter",
        _F.RECEIVER_ACKNOWLEDGED: "no acknowledgement by the receiver",
        _F.FIXED: "no fix that is out",
        _F.PUBLIC_ALREADY: "nothing says that it is public already",
    }
)

_DOING: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.ACCEPT: "accept",
        Step.PREPARE: "prepare",
        Step.PREDISCLOSE: "pre-disclose",
        Step.DISCLOSE: "disclose",
        Step.REJECT: "reject",
        Step.HAND_OVER: "hand over",
        Step.REOPEN: "reopen",
    }
)


def missing(
    step: Step, state: IssueState, track: Track | None, facts: Set[Fact]
) -> tuple[str, ...]:
    """Return in words all that keeps an issue from taking `step`; nothing when it may.

    `track` is the one it is on, or for `accept` the one it shall be on. Where its state is not
    one from which the step is taken, the facts that would be missing are named all the same.

    >>> missing(Step.PREDISCLOSE, IssueState.PREPARED, Track.PREDISCLOSE, {Fact.SEVERITY})
    ('no advisory that is ready', 'no permission matrix', 'no agreed date')
    """
    rules = [rule for rule in RULES if rule.step is step and rule.is_for(track)]
    if not rules:
        return (_off_track(step, track),)
    for rule in rules:
        if state in rule.sources:
            return _lacking(rule, facts)
    return (f"it is {state}, not {_either(rules[0].sources)}", *_lacking(rules[0], facts))


def moved(step: Step, state: IssueState, track: Track | None, facts: Set[Fact]) -> IssueState:
    """Return the state after `step`; Refusal with everything that is missing."""
    if lacking := missing(step, state, track, facts):
        raise Refusal(f"cannot {_DOING[step]}: {', '.join(lacking)}")
    return next(
        rule.target
        for rule in RULES
        if rule.step is step and rule.is_for(track) and state in rule.sources
    )


def _lacking(rule: Rule, facts: Set[Fact]) -> tuple[str, ...]:
    wanted = [fact for fact in rule.needs if fact not in facts]
    if Fact.AGREED_DATE in wanted and Fact.DATE_REACHED in wanted:
        wanted.remove(Fact.DATE_REACHED)
    return tuple(_LACKING[fact] for fact in wanted)


def _off_track(step: Step, track: Track | None) -> str:
    tracks = {each for rule in RULES if rule.step is step for each in rule.tracks}
    if track is None:
        return "no track is chosen"
    return f"its track is {track}, not {_either(sorted(tracks))}"


def _either(names: Sequence[str]) -> str:
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A step that may be taken from where an issue stands, and what is missing for it yet."""

    step: Step
    missing: tuple[str, ...]


def steps(state: IssueState, track: Track | None, facts: Set[Fact]) -> tuple[Next, ...]:
    """Return what may come next, in the order of the process; what only its facts hold back, too.

    For an issue without a track `accept` is among them: it chooses one.
    """
    found: list[Next] = []
    for rule in RULES:
        fits = rule.is_for(track) or (track is None and rule.step is Step.ACCEPT)
        if fits and state in rule.sources and all(each.step is not rule.step for each in found):
            found.append(Next(step=rule.step, missing=_lacking(rule, facts)))
    return tuple(found)


_ONWARD: Final = (Step.ACCEPT, Step.PREPARE, Step.PREDISCLOSE, Step.DISCLOSE)


def onward(state: IssueState, track: Track | None, facts: Set[Fact]) -> str:
    """Return in words what brings an issue nearer to its end, "" when nothing does.

    >>> onward(IssueState.PREPARED, Track.PREDISCLOSE, {Fact.SEVERITY, Fact.ADVISORY_READY})
    'to pre-disclose: no permission matrix, no agreed date'
    """
    if state is IssueState.REPORTED:
        return "accept, reject or hand over"
    if state is IssueState.REJECTED:
        return ""
    for each in steps(state, track, facts):
        if each.step in _ONWARD:
            lacking = f": {', '.join(each.missing)}" if each.missing else ""
            return f"to {_DOING[each.step]}{lacking}"
    return ""


TRACK_CHANGES: Final[Mapping[IssueState, Mapping[Track, frozenset[Track]]]] = MappingProxyType(
    {
        _S.ACCEPTED: MappingProxyType({track: _ANY - {track} for track in Track}),
        _S.PREPARED: MappingProxyType({track: _ANY - {track} for track in Track}),
        _S.PREDISCLOSED: MappingProxyType({_T.PREDISCLOSE: frozenset({_T.PUBLIC})}),
    }
)
"""State -> track -> the tracks it may be changed to; a member's embargo ends only by publicity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracked:
    """A change of track that is allowed; `moves_date` says that it needs a date move's approvals.

    Leaving an embargo makes public what was promised silence, and an embargo over a date that was
    agreed otherwise changes that date (R-4, "already public").
    """

    track: Track
    moves_date: bool


def retracked(state: IssueState, track: Track, to: Track, facts: Set[Fact]) -> Retracked:
    """Return the change of an issue in `state` from `track` to `to`; Refusal, all reasons."""
    reasons: list[str] = []
    allowed = TRACK_CHANGES.get(state, {}).get(track, frozenset())
    if to is track:
        reasons.append(f"its track is {track} already")
    elif to not in allowed:
        reasons.append(f"while it is {state} its track does not change from {track} to {to}")
    if to is Track.PUBLIC and Fact.PUBLIC_ALREADY not in facts:
        reasons.append(_LACKING[Fact.PUBLIC_ALREADY])
    if reasons:
        raise Refusal(f"cannot change the track: {', '.join(reasons)}")
    leaves = track.embargoed and not to.embargoed
    enters = to.embargoed and not track.embargoed and Fact.AGREED_DATE in facts
    return Retracked(track=to, moves_date=leaves or enters)


def edges() -> tuple[tuple[str, str, str], ...]:
    """Return every move (state, step, state) once, in the order of the table."""
    return tuple(
        dict.fromkeys(
            (str(source), str(rule.step), str(rule.target))
            for rule in RULES
            for source in rule.sources
        )
    )
