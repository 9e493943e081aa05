"""Decide about a wish for a date: one place for R-1 to R-10, T-8, T-11 and P-7.

A date never moves past a ceiling or a cap, whatever approvals say. An earlier wish of who holds a
date is a ceiling at once when it is proven; moving the date there needs one of the team where the
lead is not kept (R-2). A later date needs the approvals, and so does what the team alone wants
earlier once a date is agreed; nobody decides alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gatekeeper.domain import clock_rules
from gatekeeper.domain.ceilings import REPORTER, Ceiling, CeilingKind, with_ceiling
from gatekeeper.domain.date_limits import (
    Limit,
    Nearest,
    Objection,
    honouring,
    leaves_lead,
    nearest,
    objections,
    on_calendar,
    told_at,
)
from gatekeeper.domain.date_state import By, DateEvent, DateState, after
from gatekeeper.domain.instants import Instant, later, spoken
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.timeline import found_with_tools, proposed
from gatekeeper.domain.wishes import Authority, Held, Proof, Standing, Wish, WishKind


class Outcome(StrEnum):
    """What becomes of a wish."""

    APPLIED = "applied"
    CONFIRM = "one of the team confirms"
    APPROVE = "needs approvals"
    ASK = "the reporter is asked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a wish, and what it changes.

    `date` is what stands once it is done, None when that is what stands now · `ceiling` holds at
    once, whatever the date still waits for · `reasons` why it is refused or not done at once, all
    of them, and `limits` what bounds one that is refused · `nearest` the allowed instants around
    it.
    """

    outcome: Outcome
    wish: Wish
    date: Standing | None = None
    ceiling: Ceiling | None = None
    reasons: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    nearest: Nearest = (None, None)

    @property
    def is_done(self) -> bool:
        """Say whether nothing more is needed."""
        return self.outcome is Outcome.APPLIED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One wish with all that its decision depends on."""

    wish: Wish
    held: Held
    policy: EmbargoPolicy
    now: Instant
    authority: Authority

    @property
    def date(self) -> Standing:
        return self.held.date

    @property
    def approved(self) -> bool:
        return self.authority is Authority.APPROVED

    @property
    def confirmed(self) -> bool:
        return self.authority is not Authority.NOBODY

    def objections(self, instant: Instant) -> tuple[Objection, ...]:
        return objections(instant, self.held, self.policy, self.now, besides=self.besides)

    @property
    def besides(self) -> str:
        """Who asks for more time themselves has no ceiling against it."""
        return self.wish.holder if self.wish.proof is not Proof.NONE else ""

    def refused(self, *reasons: Objection) -> Decision:
        around = nearest(self.wish.instant, self.held, self.policy, self.now, besides=self.besides)
        return Decision(
            outcome=Outcome.REFUSED,
            wish=self.wish,
            reasons=tuple(each.words for each in reasons),
            limits=tuple(dict.fromkeys(each.limit for each in reasons)),
            nearest=around,
        )

    def no(self, words: str, limit: Limit = Limit.NOTHING) -> Decision:
        return self.refused(Objection(limit=limit, words=words))

    def decided(self, outcome: Outcome, *reasons: str, date: Standing | None = None) -> Decision:
        return Decision(outcome=outcome, wish=self.wish, date=date, reasons=reasons)

    def at(self, instant: Instant, event: DateEvent, *, seconded: bool, by: By | None) -> Standing:
        return Standing(
            instant=instant,
            predisclosure=told_at(instant, self.held, self.policy, self.now),
            state=after(self.date.state, event),
            since=self.now,
            by=by,
            seconded=seconded,
        )

    def moved(self, instant: Instant, *, seconded: bool) -> Standing:
        """Return the date at another instant, as far agreed as it was."""
        proposed_still = self.date.state is DateState.PROPOSED
        event = DateEvent.PROPOSE if proposed_still else DateEvent.MOVE
        return self.at(instant, event, seconded=seconded, by=self.date.by)


def first(reported_at: Instant, policy: EmbargoPolicy, *, tools: bool = False) -> Standing:
    """Return what policy proposes for a report (R-1, T-9); `tools` when anybody could find it.

    OverflowError beyond the year 9999.
    """
    line = (found_with_tools if tools else proposed)(reported_at, policy)
    return Standing(
        instant=line.public,
        predisclosure=line.predisclosure,
        state=DateState.PROPOSED,
        since=reported_at,
        seconded=True,
    )


def decide(
    wish: Wish,
    held: Held,
    policy: EmbargoPolicy,
    now: Instant,
    *,
    authority: Authority = Authority.NOBODY,
) -> Decision:
    """Return what becomes of `wish`; `authority` is what the team has given to it so far.

    A wish that waited is decided again, with what is held by then, before it is done.
    """
    question = _Question(wish=wish, held=held, policy=policy, now=now, authority=authority)
    if held.date.state is DateState.ENDED:
        return question.no("the embargo has ended")
    return _DECIDES[wish.kind](question)


def applied(decision: Decision, held: Held) -> Held:
    """Return what is held after a decision: its ceiling at once, its date once it is done."""
    if decision.outcome is Outcome.REFUSED:
        return held
    ceilings = held.ceilings
    if decision.ceiling is not None:
        ceilings = with_ceiling(ceilings, decision.ceiling)
    if not decision.is_done or decision.date is None:
        return replace(held, ceilings=ceilings)
    return replace(held, ceilings=ceilings, date=decision.date, mentioned=frozenset())


def _proposed(q: _Question) -> Decision:
    """The team suggests a date: a proposal changes as one says, but never later by one alone."""
    instant = on_calendar(q.wish.instant, q.policy)
    if q.date.state is not DateState.PROPOSED:
        return _offered(q, instant)
    if found := q.objections(instant):
        return q.refused(*found)
    if instant > q.date.instant and not q.approved:
        return q.decided(Outcome.APPROVE, "it is later than what is proposed")
    same = instant == q.date.instant
    seconded = q.approved or (same and q.date.seconded)
    if same and seconded == q.date.seconded:
        return q.decided(Outcome.APPLIED)
    return q.decided(Outcome.APPLIED, date=q.moved(instant, seconded=seconded))


def _offered(q: _Question, instant: Instant) -> Decision:
    """Another date than the agreed one is a question to the reporter, who may say no."""
    if instant == q.date.instant:
        return q.no("it is the agreed date already")
    others = replace(q.held, ceilings=_of_others(q.held))
    found = objections(instant, others, q.policy, q.now)
    if found:
        return q.refused(*found)
    return q.decided(Outcome.ASK, "another date is agreed")


def _of_others(held: Held) -> tuple[Ceiling, ...]:
    return tuple(each for each in held.ceilings if each.holder != REPORTER)


def _moved(q: _Question) -> Decision:
    """The team moves the date."""
    if _confirms(q):
        if not q.confirmed:
            return q.decided(Outcome.CONFIRM, "a shell is nobody of the team")
        return q.decided(Outcome.APPLIED, date=q.moved(q.wish.instant, seconded=True))
    if q.date.state is DateState.PROPOSED:
        return _proposed(q)
    instant = on_calendar(q.wish.instant, q.policy)
    if instant == q.date.instant:
        return q.no("it is the agreed date already")
    if found := q.objections(instant):
        return q.refused(*found)
    if not q.approved:
        way = "later" if instant > q.date.instant else "earlier"
        return q.decided(Outcome.APPROVE, f"it is {way} than the agreed date")
    return q.decided(Outcome.APPLIED, date=q.moved(instant, seconded=True))


def _confirms(q: _Question) -> bool:
    """Say whether a move does exactly what a waiting earlier wish or an ended clock asks for."""
    if q.wish.instant >= q.date.instant:
        return False
    wanted = [each.instant for each in q.held.ceilings]
    wanted += [cap.instant for cap in clock_rules.caps(q.held.clocks, q.policy)]
    wanted += q.held.mentioned
    return any(
        q.wish.instant == honouring(each, q.policy, q.now)
        for each in wanted
        if each < q.date.instant
    )


def _held(q: _Question) -> Decision:
    """Who holds a date wants one, or promises silence until then."""
    if q.wish.proof is Proof.RECORD:
        return _recorded(q)
    if q.wish.instant < q.date.instant:
        return _earlier(q)
    if q.wish.proof is Proof.NONE:
        return _mentioned(q)
    if q.wish.kind is WishKind.AGREE or q.wish.instant == q.date.instant:
        return _agreed(q)
    return _longer(q)


def _ceiling(q: _Question, kind: CeilingKind = CeilingKind.AGREED) -> Ceiling:
    return Ceiling(holder=q.wish.holder, instant=q.wish.instant, kind=kind)


def _earlier(q: _Question) -> Decision:
    """An earlier date is honoured: at once, or when one of the team has confirmed it (R-2)."""
    target = honouring(q.wish.instant, q.policy, q.now)
    if target is None:
        return q.no("it is in the past", Limit.PAST)
    proven = q.wish.proof is Proof.PROVEN
    reasons: list[str] = []
    if not proven:
        reasons.append(f"it is not proven to be the {q.wish.holder}'s")
    if not leaves_lead(target, q.held, q.policy, q.now):
        reasons.append("it does not leave the minimum lead for those told early")
    if proven and q.wish.is_reporters:
        date = q.at(target, DateEvent.AGREE, seconded=True, by=By.REPORTER)
    else:
        date = q.moved(target, seconded=True)
    outcome = Outcome.CONFIRM if reasons and not q.confirmed else Outcome.APPLIED
    done = outcome is Outcome.APPLIED
    kind = CeilingKind.AGREED if done and proven else CeilingKind.WISHED
    return Decision(
        outcome=outcome,
        wish=q.wish,
        date=date,
        ceiling=_ceiling(q, kind) if proven or done else None,
        reasons=tuple(reasons),
    )


def _mentioned(q: _Question) -> Decision:
    """A mail without proof names the date or a later one: it agrees to nothing."""
    if q.wish.kind is WishKind.AGREE or q.wish.instant == q.date.instant:
        return q.no(f"it is not proven to be the {q.wish.holder}'s agreement")
    return _longer(q)


def _agreed(q: _Question) -> Decision:
    """Silence is promised until the date at least; the reporter's word makes it agreed."""
    ceiling = _ceiling(q)
    if not q.wish.is_reporters:
        return Decision(outcome=Outcome.APPLIED, wish=q.wish, ceiling=ceiling)
    date = replace(
        q.at(q.date.instant, DateEvent.AGREE, seconded=True, by=By.REPORTER),
        predisclosure=q.date.predisclosure,
    )
    return Decision(outcome=Outcome.APPLIED, wish=q.wish, date=date, ceiling=ceiling)


def _longer(q: _Question) -> Decision:
    """More time than the date gives is the team's decision, up to all caps and ceilings (T-8)."""
    instant = on_calendar(q.wish.instant, q.policy)
    if found := q.objections(instant):
        return q.refused(*found)
    proven = q.wish.proof is not Proof.NONE
    if proven and q.wish.is_reporters:
        date = q.at(instant, DateEvent.AGREE, seconded=True, by=By.REPORTER)
    else:
        date = q.moved(instant, seconded=True)
    return Decision(
        outcome=Outcome.APPLIED if q.approved else Outcome.APPROVE,
        wish=q.wish,
        date=date,
        ceiling=replace(_ceiling(q), instant=instant) if proven else None,
        reasons=() if q.approved else ("it is later than the date that stands",),
    )


def _recorded(q: _Question) -> Decision:
    """Two people say what somebody told them; what the reporter and they agreed on is the date."""
    as_if = replace(q, authority=Authority.APPROVED, wish=replace(q.wish, proof=Proof.PROVEN))
    if q.wish.is_reporters and q.wish.instant > q.date.instant:
        found = _longer(as_if)
    else:
        found = _held(as_if)
    found = replace(found, wish=q.wish)
    if found.outcome is Outcome.REFUSED or q.approved:
        return found
    return replace(
        found,
        outcome=Outcome.APPROVE,
        ceiling=None,
        reasons=("only the record of two people counts",),
    )


def _silence(q: _Question) -> Decision:
    """The reporter was silent: what policy or enough people proposed binds (R-2)."""
    if q.date.state is not DateState.PROPOSED or q.wish.instant != q.date.instant:
        return q.no("no such date waits for the reporter's answer")
    binds_at = later(q.date.since, q.policy.binds_after)
    if q.now < binds_at:
        return q.no(f"the reporter has until {spoken(binds_at)} to answer")
    if any(each.instant < q.date.instant for each in q.held.ceilings):
        return q.no("somebody who holds a date asked for an earlier one", Limit.CEILING)
    date = replace(
        q.at(q.date.instant, DateEvent.BIND, seconded=True, by=By.POLICY_DEFAULT),
        predisclosure=q.date.predisclosure,
    )
    if q.date.seconded or q.confirmed:
        return q.decided(Outcome.APPLIED, date=date)
    return q.decided(Outcome.CONFIRM, "one person alone proposed it", date=date)


def _clock(q: _Question) -> Decision:
    """A clock began to run: the date is under its cap at once where that leaves the lead (R-6)."""
    if q.wish.instant >= q.date.instant:
        return q.decided(Outcome.APPLIED)
    target = honouring(q.wish.instant, q.policy, q.now)
    if target is None:
        return q.no(f"the clock {q.wish.holder} has ended already")
    date = q.moved(target, seconded=True)
    if q.confirmed or leaves_lead(target, q.held, q.policy, q.now):
        return q.decided(Outcome.APPLIED, date=date)
    return q.decided(
        Outcome.CONFIRM, "it does not leave the minimum lead for those told early", date=date
    )


_DECIDES: Final[Mapping[WishKind, Callable[[_Question], Decision]]] = MappingProxyType(
    {
        WishKind.PROPOSE: _proposed,
        WishKind.MOVE: _moved,
        WishKind.WISH: _held,
        WishKind.AGREE: _held,
        WishKind.SILENCE: _silence,
        WishKind.CLOCK: _clock,
    }
)
