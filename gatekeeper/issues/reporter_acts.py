"""Carry out what somebody outside orders: all of it, or nothing, answered at the stored address.

Whether a date may be is decided in `domain.dates`; an earlier one that is proven binds at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.date_forms import DateLetter, DateTelling, Fault, OrderFault
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.dates import Decision, Outcome, decide
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import spoken
from gatekeeper.domain.participants import NO_CREDIT, Credit
from gatekeeper.domain.process import IssueState
from gatekeeper.domain.wishes import Held, Proof, Wish, WishKind
from gatekeeper.issues import crediting
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.correspondence import reporter_of
from gatekeeper.issues.date_effects import changed
from gatekeeper.issues.date_letters import Sender
from gatekeeper.issues.dating import confirming
from gatekeeper.issues.embargo_dates import ensure_begun, keep
from gatekeeper.issues.letterhead import command
from gatekeeper.issues.participants import author_of
from gatekeeper.issues.reporter_orders import Heard, OrderVerb, ReporterOrder, hear
from gatekeeper.store import audit, correspondents, dates, issues
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import savepoint
from gatekeeper.texts.date_letters import operand


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """One mail with orders in its issue: who wrote it, and where answers go."""

    case: Case
    issue: IssueRow
    author: Correspondent
    sender: Sender

    def held(self) -> Held:
        """Return what is held of the date now."""
        return ensure_begun(self.case.tx, self.case.desk, self.issue, now=self.case.now)

    def answer(self, form: DateLetter) -> str:
        """Write to the author, and return how that goes."""
        return self.sender.write(self.author, form)

    def record(self, kind: str, payload: Mapping[str, object]) -> None:
        """Append what the author did to the event log."""
        audit.append(
            self.case.tx,
            kind=kind,
            actor=self.author.name,
            now=self.case.now,
            payload=payload,
            issue=self.issue.id,
            message=self.case.arrival.id,
        )


class _Undone(Exception):
    """One order cannot be done, so none is: what the author is told, and the team."""

    def __init__(self, form: DateLetter, remark: str) -> None:
        super().__init__(remark)
        self.form = form
        self.remark = remark


def listen(case: Case, place: Place, *, replayed: bool) -> Heard | None:
    """Return what a mail of somebody outside orders in its issue; None when there is no author.

    To be asked before the code that it may begin with is used up. A mail whose ciphertext was
    another sender's orders nothing, nor does the first mail of an issue.
    """
    if place.issue is None or place.opened or case.colleague is not None or replayed:
        return None
    author = author_of(case, place.issue) or reporter_of(case.tx, place.issue, now=case.now)
    if author is None or author.removed_at is not None:
        return None
    return hear(case, author, place.issue.issue_id)


def carry_out(case: Case, place: Place, heard: Heard | None) -> tuple[str, ...]:
    """Do what was heard, all of it or nothing; return in lines for the team what came of it."""
    if heard is None or place.issue is None or not (heard.orders or heard.faults):
        return ()
    issue = issues.by_row(case.tx, place.issue.id)
    sender = Sender(
        tx=case.tx,
        desk=case.desk,
        issue=issue,
        now=case.now,
        by=heard.author.name,
        about=case.arrival.id,
        automatic=True,
    )
    # The mail itself may have brought a key.
    author = correspondents.by_row(case.tx, heard.author.id)
    visit = _Visit(case=case, issue=issue, author=author, sender=sender)
    if heard.faults:
        return _not_done(visit, heard.faults)
    lines: list[str] = []
    with savepoint(case.tx) as undo:
        try:
            for order in heard.orders:
                lines += _ACTS[order.verb](visit, order)
        except _Undone as undone:
            undo()
            form, remark = undone.form, undone.remark
        else:
            return tuple(lines)
    # What is told of it is written once all is undone.
    return (f"NONE of its commands was done: {remark}", visit.answer(_with_code(visit, form)))


def _not_done(visit: _Visit, faults: tuple[Fault, ...]) -> tuple[str, ...]:
    form = _with_code(visit, _letter(visit, DateTelling.NOT_DONE, *faults))
    why = ", ".join(dict.fromkeys(fault.fault.replace("-", " ") for fault in faults))
    name = visit.author.name
    return (
        f"it holds commands in the name of the {name}, of which NONE was done: {why}",
        visit.answer(form),
    )


def _with_code(visit: _Visit, form: DateLetter) -> DateLetter:
    asks = form.telling in {DateTelling.REFUSED, DateTelling.NOT_DONE}
    return replace(form, code=visit.sender.code_for(visit.author)) if asks else form


def _dated(visit: _Visit, order: ReporterOrder) -> list[str]:
    """Decide about a date that the author agrees to, or asks for."""
    if order.instant is None:
        message = "an order about a date has one"
        raise ValueError(message)
    _require_open(visit, order)
    case, kind = visit.case, WishKind.AGREE if order.verb is OrderVerb.AGREE else WishKind.WISH
    wish = Wish(kind=kind, instant=order.instant, holder=visit.author.name, proof=Proof.PROVEN)
    held = visit.held()
    found = decide(wish, held, case.desk.policy.embargo, case.now)
    if found.outcome is Outcome.REFUSED:
        raise _Undone(_refused(visit, found), f"{order.verb}: {'; '.join(found.reasons)}")
    then = keep(case.tx, visit.issue, found, held, by=visit.author.name, now=case.now)
    visit.record(
        "date.wished",
        {"kind": kind, "instant": wish.instant, "outcome": found.outcome, "proven": True},
    )
    if found.is_done:
        return _done(visit, wish, held, then)
    return _waits(visit, wish, held, found)


def _require_open(visit: _Visit, order: ReporterOrder) -> None:
    if IssueState(visit.issue.state).is_open:
        return
    fault = Fault(fault=OrderFault.CLOSED, line=order.line)
    form = _letter(visit, DateTelling.NOT_DONE, fault)
    raise _Undone(form, f"{visit.issue.issue_id} is {visit.issue.state}")


def _refused(visit: _Visit, found: Decision) -> DateLetter:
    around = dict.fromkeys(each for each in found.nearest if each is not None)
    return replace(
        visit.sender.form(DateTelling.REFUSED, found.wish.instant),
        limits=found.limits,
        others=tuple(around),
    )


def _done(visit: _Visit, wish: Wish, held: Held, then: Held) -> list[str]:
    """Tell the author that it is agreed, and the others where the date moved by it."""
    date, moved = then.date, then.date.instant != held.date.instant
    form = replace(
        visit.sender.form(DateTelling.AGREED, date.instant), predisclosure=date.predisclosure
    )
    verb = "agrees to" if wish.kind is WishKind.AGREE else "asks for"
    lines = [
        f"the {visit.author.name} {verb} {spoken(wish.instant)}, which is proven to be theirs",
        changed("date", held, then),
        visit.answer(form),
    ]
    if moved:
        others = replace(visit.sender, automatic=False)
        lines += others.to_others(visit.author, then, before=held.date.instant)
    return lines


def _waits(visit: _Visit, wish: Wish, held: Held, found: Decision) -> list[str]:
    """Tell the author that the team looks at it, and the team what to sign."""
    desk, issue, name = visit.case.desk, visit.issue, visit.author.name
    earlier = wish.instant < held.date.instant
    form = replace(
        visit.sender.form(DateTelling.EARLIER if earlier else DateTelling.LATER, wish.instant),
        before=held.date.instant,
    )
    lines = [f"the {name} asks for {spoken(wish.instant)}, which is proven to be theirs"]
    if earlier and found.date is not None:
        lines.append(
            f"URGENT: {'; '.join(found.reasons)}; no date moves past it any more. One of the team"
            f" confirms it: {confirming(desk, issue, found.date.instant, f'the {name} asks')}"
        )
    else:
        line = command(
            desk, issue.issue_id, f'move {operand(wish.instant)} reason="the {name} asks"'
        )
        lines.append(f"it is later than {spoken(held.date.instant)}; with approvals: {line}")
    return [*lines, visit.answer(form)]


def _status(visit: _Visit, order: ReporterOrder) -> list[str]:
    del order
    date = dates.standing(visit.case.tx, visit.issue.id)
    form = DateLetter(
        issue=visit.issue.issue_id,
        telling=DateTelling.STATUS,
        fingerprint=visit.case.desk.fingerprint,
        state=IssueState(visit.issue.state),
        instant=date.instant if date is not None else None,
        date_state=DateState(date.state) if date is not None else None,
    )
    return ["it asks how the issue stands", visit.answer(form)]


def _credit(visit: _Visit, order: ReporterOrder) -> list[str]:
    wanted = Credit(line=order.text) if order.text else NO_CREDIT
    telling = DateTelling.CREDITED if wanted.named else DateTelling.UNCREDITED
    if visit.author.credit != wanted:
        try:
            crediting.note(
                visit.case.tx,
                issue=visit.issue,
                whom=visit.author,
                wanted=wanted,
                by=visit.author.name,
                about=visit.case.arrival.id,
                now=visit.case.now,
            )
        except Refusal as refusal:
            fault = Fault(fault=OrderFault.FROZEN, line=order.line)
            form = _letter(visit, DateTelling.NOT_DONE, fault)
            raise _Undone(form, refusal.public) from None
    said = f"the {visit.author.name} {crediting.shown(wanted)}, in their own words"
    return [said, visit.answer(_letter(visit, telling))]


def _letter(visit: _Visit, telling: DateTelling, *faults: Fault) -> DateLetter:
    return DateLetter(
        issue=visit.issue.issue_id,
        telling=telling,
        fingerprint=visit.case.desk.fingerprint,
        faults=faults,
    )


_ACTS: Final[Mapping[OrderVerb, Callable[[_Visit, ReporterOrder], list[str]]]] = MappingProxyType(
    {
        OrderVerb.STATUS: _status,
        OrderVerb.AGREE: _dated,
        OrderVerb.PROPOSE: _dated,
        OrderVerb.CREDIT: _credit,
        OrderVerb.NO_CREDIT: _credit,
    }
)
