"""Answer a reporter without a human: that the mail arrived, or that it could not be read.

The rules are those of the design (mail engine, "Bounces, loops"): only to the envelope's sender,
or to the author of what a configured forwarder passed on; from `<>`, with nothing of the mail in
it, and not to what itself is automatic.
"""

from dataclasses import replace
from typing import Final

from gatekeeper.domain import automatic
from gatekeeper.domain.address import Address
from gatekeeper.domain.automatic import Signs
from gatekeeper.domain.codes import new_code
from gatekeeper.domain.forms import (
    Acknowledgement,
    AnyForm,
    ManyReports,
    Unreadable,
)
from gatekeeper.domain.instants import HOUR, Instant, later
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind
from gatekeeper.domain.timeline import proposed
from gatekeeper.issues import embargo_dates
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.correspondence import ACKNOWLEDGEMENT, UNREADABLE, Meeting
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.issues.reading import UNREAD
from gatekeeper.store import answered, attendance, audit, correspondents, letters
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.texts.forms import subject_of

MANY: Final = "many-reports"

_SAID: Final = {
    ACKNOWLEDGEMENT: "acknowledged to {to}",
    UNREADABLE: "{to} was told that it could not be read",
    MANY: "{to} was told that what follows is not acknowledged one by one",
}


def answer(case: Case, place: Place, met: Meeting, *, replayed: bool) -> tuple[str, ...]:
    """Write the automatic answers that a message gets; return what was done, or why nothing.

    Empty when the message is of a kind that is never answered so.
    """
    reporter = met.reporter
    if reporter is None or place.kind not in {Kind.REPORT, Kind.REPLY}:
        return ()
    if case.colleague is not None:
        return ()
    if not (place.opened or met.first or _is_unreadable(case)):
        return ()
    return (_answer(case, place, met, reporter, replayed=replayed),)


def _answer(
    case: Case, place: Place, met: Meeting, reporter: Correspondent, *, replayed: bool
) -> str:
    signs = _signs(case)
    to = signs.sender
    objection = _objection(case, reporter, met, signs)
    if replayed:
        objection = "its ciphertext is another sender's"
    if objection or to is None:
        return f"no automatic answer was sent: {objection}"
    many = letters.automatic_to(case.tx, recipient=to, since=_an_hour_before(case.now))
    per_sender = case.desk.policy.answers.per_sender
    if many > per_sender:
        return f"no automatic answer was sent: {to} has had {many} within the hour"
    form: AnyForm
    if many == per_sender:
        kind, form = MANY, ManyReports()
    elif _is_unreadable(case):
        kind, form = UNREADABLE, Unreadable(fingerprint=case.desk.fingerprint)
    else:
        kind, form = ACKNOWLEDGEMENT, _acknowledgement(case, place, reporter, to)
    return _write(case, reporter, to, kind, form)


def silent_because(case: Case) -> str:
    """Return why a message gets no automatic answer of any kind, "" when it may."""
    return automatic.silence(_signs(case))


def _signs(case: Case) -> Signs:
    """Return what the message shows of who sent it, its forwarder left out of account."""
    mail = case.reading.mail
    shown = Signs(
        sender=case.arrival.envelope.sender,
        auto_submitted=mail.auto_submitted,
        listed=mail.listed,
        precedence=mail.precedence,
        suppressed=mail.suppressed,
        report=mail.report,
        # What carries a loop token of ours is of another kind, and never comes here.
        looped=case.arrival.classified.carried is not None,
    )
    signs = automatic.as_forwarded(shown, case.sender, case.desk.forwarders)
    sender = signs.sender
    return replace(signs, own=sender is not None and case.desk.own.route(sender) is not None)


def _objection(case: Case, reporter: Correspondent, met: Meeting, signs: Signs) -> str:
    """Return why this message gets no automatic answer, "" when it may."""
    sender = signs.sender
    silence = automatic.silence(signs)
    if silence or sender is None:
        return silence
    if case.desk.team.by_address(sender) is not None:
        return "its envelope sender is one of the team"
    if attendance.get(case.tx, sender).suspended_at is not None:
        return "its envelope sender is suspended from the team"
    if not met.first and letters.answered(case.tx, issue=reporter.issue, recipient=sender):
        return f"{sender} was answered in this issue before"
    return _too_many(case, sender)


def _too_many(case: Case, sender: Address) -> str:
    """Return why no further answer goes to this sender's domain, or to anybody, "" when one may.

    A domain has a share, so that mail forged in its name does not use up everybody's.
    """
    hour = _an_hour_before(case.now)
    policy = case.desk.policy.answers
    written = letters.automatic_since(case.tx, hour)
    if written >= policy.per_hour:
        return "too many were sent within the hour"
    if written >= policy.per_domain:
        # The answers of an hour are few enough to look at each one's domain, which is sealed.
        domain = sender.key.rpartition("@")[2]
        same = sum(
            each.key.rpartition("@")[2] == domain
            for each in answered.recipients_since(case.tx, hour)
        )
        if same >= policy.per_domain:
            return "too many were sent to its sender's domain within the hour"
    return ""


def _acknowledgement(
    case: Case, place: Place, reporter: Correspondent, to: Address
) -> Acknowledgement:
    """Return the slots; the code goes to the stored address only."""
    if place.issue is None:
        message = "an acknowledgement is about an issue"
        raise ValueError(message)
    received_at = case.arrival.received_at
    timeline = proposed(received_at, case.desk.policy.embargo)
    embargo_dates.begin(case.tx, place.issue, reported_at=received_at, line=timeline)
    return Acknowledgement(
        issue=place.issue.issue_id,
        timeline=timeline,
        fingerprint=case.desk.fingerprint,
        code=_new_code(case, reporter) if to.key == reporter.address.key else "",
    )


def _write(case: Case, reporter: Correspondent, to: Address, kind: str, form: AnyForm) -> str:
    """Write one answer: sealed when it goes to a reporter whose key is pinned, else in clear."""
    sealed = reporter.fingerprint is not None and to.key == reporter.address.key
    message_id = case.reading.mail.message_id
    to_correspondent(
        case.tx,
        case.desk,
        Words(
            kind=kind,
            subject=subject_of(form, project=case.desk.name),
            form=form,
            about=case.arrival.id,
        ),
        Posting(
            correspondent=reporter,
            to=to,
            form=Form.SEALED if sealed else Form.CLEAR_FORM,
            automatic=True,
            answers=(message_id,) if message_id else (),
        ),
        now=case.now,
    )
    audit.append(
        case.tx,
        kind="reporter.answered",
        actor="gatekeeper",
        now=case.now,
        payload={"letter": kind, "to": str(to), "encrypted": sealed},
        issue=reporter.issue,
        message=case.arrival.id,
    )
    how = "encrypted" if sealed else "in clear, without a word of the report"
    return f"{_SAID[kind].format(to=to)}, {how}"


def _is_unreadable(case: Case) -> bool:
    reading = case.reading
    return reading.protection.unreadable is not None or UNREAD in reading.problems


def _new_code(case: Case, reporter: Correspondent) -> str:
    code = new_code(case.desk.chance)
    correspondents.give_nonce(case.tx, correspondent=reporter.id, nonce=code, now=case.now)
    return code


def _an_hour_before(now: Instant) -> Instant:
    return later(now, -HOUR)
