"""6. Decide what a message means, and write all that follows from it in one commit."""

from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.report import Classified, Envelope, Kind
from gatekeeper.domain.team import Team
from gatekeeper.domain.verdict import Verdict, verdict
from gatekeeper.issues import thread
from gatekeeper.issues.block import BlockFacts, block_text, shown_subject, summary
from gatekeeper.issues.letterhead import OUTER_SUBJECT, Desk, Draft, dump, team_letterhead
from gatekeeper.issues.reading import OUTSIDE_ONLY, UNREAD, stays_whole
from gatekeeper.mail.compose import outer
from gatekeeper.mail.reading import Reading
from gatekeeper.store import audit, deliveries, issues, letters, messages
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.letters import NewLetter

_TAG_BYTES: Final = 5
_ACTOR: Final = "gatekeeper"
_PASSED_ON: Final = frozenset({Kind.REPORT, Kind.REPLY, Kind.POSTMASTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it reaches stage 6: claimed, read and classified."""

    id: RowId
    lease: bytes
    envelope: Envelope
    received_at: Instant
    reading: Reading
    classified: Classified


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a message ends up."""

    kind: Kind
    issue: IssueRow | None
    opened: bool = False
    claimed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One message in the transaction that handles it."""

    tx: Tx
    desk: Desk
    arrival: Arrival
    sender: Address | None
    verdict: Verdict
    now: Instant


def handle(tx: Tx, desk: Desk, arrival: Arrival, now: Instant) -> Kind:
    """Write everything that follows from a message, and return what it was.

    Message to handled, thread link, issue, letter, deliveries and audit entries stand or fall
    together in the transaction `tx`. A lease that is no longer ours raises StaleLease, an issue
    that changed meanwhile Conflict; then nothing is written and the message is claimed again.
    """
    sender = sender_of(arrival.reading)
    found = _verdict(arrival.reading, sender, desk.team)
    case = _Case(tx=tx, desk=desk, arrival=arrival, sender=sender, verdict=found, now=now)
    place = _place(case)
    facts = _facts(case, place)
    messages.finish(
        tx,
        message=arrival.id,
        token=arrival.lease,
        kind=place.kind,
        issue=place.issue.id if place.issue else None,
        summary=summary(facts),
        message_id=arrival.reading.mail.message_id,
        now=now,
    )
    head = _record(case, place)
    if place.kind in _PASSED_ON:
        _write_letter(case, place.issue, facts, head)
    return place.kind


def _verdict(reading: Reading, sender: Address | None, team: Team) -> Verdict:
    """Return what was verified; of a mail that stayed closed nothing may be said."""
    if UNREAD in reading.problems:
        return Verdict(encryption="not known", signature="not known")
    if OUTSIDE_ONLY in reading.problems:
        return Verdict(encryption="not looked at", signature="not looked at")
    found = verdict(reading.protection, sender, team)
    if reading.protection.unreadable is not None:
        return replace(found, signature="not known")
    return found


def sender_of(reading: Reading) -> Address | None:
    """Return the one address in From, or None; it is what the message says, not a proof."""
    if len(reading.mail.from_) != 1:
        return None
    return reading.mail.from_[0].address


def _facts(case: _Case, place: _Place) -> BlockFacts:
    return BlockFacts(
        kind=place.kind,
        issue=str(place.issue.issue_id) if place.issue else "",
        opened=place.opened,
        claimed=place.claimed,
        automatic=case.arrival.classified.automatic,
        alias=str(case.desk.own.security),
        received_at=case.arrival.received_at,
        envelope=case.arrival.envelope,
        reading=case.arrival.reading,
        verdict=case.verdict,
    )


def _place(case: _Case) -> _Place:
    classified = case.arrival.classified
    if classified.kind is Kind.BOUNCE:
        return _Place(kind=Kind.BOUNCE, issue=_issue_of_delivery(case.tx, classified.delivery))
    if classified.kind is Kind.LOOP:
        return _Place(kind=Kind.LOOP, issue=_issue_of_message(case.tx, classified.carried))
    if classified.kind is Kind.POSTMASTER:
        return _Place(kind=Kind.POSTMASTER, issue=None)
    found = thread.find(
        case.tx,
        references=case.arrival.reading.references,
        subject=case.arrival.reading.subject,
        sender=case.sender,
        team=case.desk.team,
        prefix=case.desk.prefix,
    )
    if found.issue is None:
        return _open(case, found.claimed)
    issues.touch(case.tx, issue=found.issue.id, version=found.issue.version, now=case.now)
    # A tracker calls all its mail automatic; only what answers a letter of ours is an auto-reply.
    is_automatic_answer = classified.automatic and found.answers
    return _Place(kind=Kind.AUTO_REPLY if is_automatic_answer else Kind.REPLY, issue=found.issue)


def _open(case: _Case, claimed: str) -> _Place:
    reporter = case.sender or case.arrival.envelope.sender
    issue = issues.open_issue(
        case.tx,
        product=case.desk.product,
        prefix=case.desk.prefix,
        tag=short_tag(case.desk.chance(_TAG_BYTES)),
        subject=shown_subject(case.arrival.reading),
        reporter=str(reporter) if reporter else "",
        now=case.now,
    )
    return _Place(kind=Kind.REPORT, issue=issue, opened=True, claimed=claimed)


def _issue_of_delivery(tx: Tx, delivery: RowId | None) -> IssueRow | None:
    row = deliveries.get(tx, delivery) if delivery else None
    return issues.by_row(tx, row.issue) if row and row.issue else None


def _issue_of_message(tx: Tx, message: RowId | None) -> IssueRow | None:
    if message is None:
        return None
    try:
        row = messages.head(tx, message)
    except Conflict:
        # The letter is older than the backup this database was restored from.
        return None
    return issues.by_row(tx, row.issue) if row.issue else None


def _record(case: _Case, place: _Place) -> audit.Head:
    if place.opened and place.issue is not None:
        audit.append(
            case.tx,
            kind="issue.opened",
            actor=_ACTOR,
            now=case.now,
            payload={"issue": str(place.issue.issue_id)},
            issue=place.issue.id,
            message=case.arrival.id,
        )
    return audit.append(
        case.tx,
        kind="message.handled",
        actor=_ACTOR,
        now=case.now,
        payload={
            "kind": place.kind,
            "encryption": case.verdict.encryption,
            "signature": case.verdict.signature,
        },
        issue=place.issue.id if place.issue else None,
        message=case.arrival.id,
        delivery=case.arrival.classified.delivery,
    )


def _write_letter(case: _Case, issue: IssueRow | None, facts: BlockFacts, head: audit.Head) -> None:
    """Write the letter that carries the message to the whole team, and a delivery for each."""
    desk, tx = case.desk, case.tx
    subject = f"[{issue.issue_id}] {facts.subject}" if issue else f"[{facts.kind}] {facts.subject}"
    earlier = letters.first_message_id(tx, issue.id) if issue else None
    letterhead = team_letterhead(
        desk,
        carried=case.arrival.id,
        subject=subject,
        references=(earlier,) if earlier else (),
        loop_tokens=facts.reading.loop_tokens,
        now=case.now,
    )
    outer_subject = f"[{issue.tag}] {OUTER_SUBJECT}" if issue else OUTER_SUBJECT
    frame = outer(head=letterhead, outer_subject=outer_subject)
    draft = Draft(
        head=letterhead,
        outer_subject=outer_subject,
        block=block_text(desk.texts, facts, log_head=f"entry {head.seq}, {head.digest.hex()[:16]}"),
        whole=stays_whole(facts.reading),
        pieces=sum(piece.data is not None for piece in facts.reading.pieces),
    )
    letter = letters.add(
        tx,
        NewLetter(
            issue=issue.id if issue else None,
            message=case.arrival.id,
            kind="team-copy",
            message_id=letterhead.message_id,
            plaintext=dump(draft),
            frame_head=frame.head,
            frame_tail=frame.tail,
            summary={"subject": subject},
        ),
        now=case.now,
    )
    for person in desk.team.people:
        deliveries.add(
            tx,
            letter=letter,
            issue=issue.id if issue else None,
            recipient=person.address,
            name=person.name,
            due_at=case.now,
            now=case.now,
        )
