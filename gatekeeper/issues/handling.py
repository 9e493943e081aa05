"""6. Decide what a message means, and write all that follows from it in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import SignatureState
from gatekeeper.domain.report import Kind
from gatekeeper.domain.team import Team
from gatekeeper.domain.verdict import Known, Verdict, spaced, verdict
from gatekeeper.issues import (
    answers,
    coming_back,
    correspondence,
    date_mentions,
    held_back,
    orders,
    replay,
    reporter_acts,
    returned,
    suggesting,
    thread,
)
from gatekeeper.issues.block import BlockFacts, block_text, shown_subject, summary
from gatekeeper.issues.case import Arrival, Case, Place
from gatekeeper.issues.commands import Parsed
from gatekeeper.issues.letterhead import (
    OUTER_SUBJECT,
    Desk,
    Draft,
    command,
    dump,
    team_letterhead,
)
from gatekeeper.issues.post import TEAM_COPY_KIND
from gatekeeper.issues.reading import OUTSIDE_ONLY, UNREAD, stays_whole
from gatekeeper.issues.reply_text import own_words
from gatekeeper.issues.thread import Clues
from gatekeeper.mail.compose import outer
from gatekeeper.mail.reading import Reading
from gatekeeper.store import (
    audit,
    correspondents,
    deliveries,
    heads,
    issues,
    keys,
    letters,
    messages,
)
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.tx import lock

_TAG_BYTES: Final = 5
_ACTOR: Final = "gatekeeper"
_PASSED_ON: Final = frozenset({Kind.REPORT, Kind.REPLY, Kind.POSTMASTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found out and done besides: lines for the team's copy, and the facts behind."""

    remarks: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    silent: bool = False


def handle(tx: Tx, desk: Desk, arrival: Arrival, now: Instant) -> Kind:
    """Write everything that follows from a message, and return what it was.

    Message to handled, thread link, issue, letters, deliveries and audit entries stand or fall
    together in the transaction `tx`. A lease that is no longer ours raises StaleLease, an issue
    that changed meanwhile Conflict; then nothing is written and the message is claimed again.
    """
    case = _case(tx, desk, arrival, now)
    parsed = orders.read(case)
    place = held_back.unless_crowded(case, _place(case, parsed))
    case = _read_there(case, place)
    found = _follow(case, place, parsed)
    facts = _facts(case, place, found)
    messages.finish(
        tx,
        message=arrival.id,
        token=arrival.lease,
        kind=place.kind,
        issue=place.issue.id if place.issue else None,
        summary=summary(facts),
        message_id=arrival.reading.mail.message_id,
        sender=case.sender,
        thread=thread.root_of(arrival.reading),
        ciphertexts=arrival.reading.ciphertexts,
        now=now,
    )
    head = _record(case, place)
    if place.kind in _PASSED_ON and not found.silent:
        _write_letter(case, place.issue, facts, head)
    return place.kind


def _case(tx: Tx, desk: Desk, arrival: Arrival, now: Instant) -> Case:
    sender = arrival.reading.outer_from
    signers = _signers(tx, arrival.reading)
    known = _known(tx, signers, sender)
    found = _verdict(arrival.reading, sender, desk.team, known)
    alone = arrival.alone
    return Case(
        tx=tx,
        desk=desk,
        arrival=arrival,
        sender=sender,
        signers=signers,
        verdict=found,
        ordered_by=_verdict(alone, sender, desk.team, known) if alone else found,
        now=now,
    )


def _signers(tx: Tx, reading: Reading) -> tuple[Correspondent, ...]:
    """Return the correspondents whose pinned key made the one good signature over the whole."""
    signatures = reading.protection.signatures
    if len(signatures) != 1 or signatures[0].state is not SignatureState.GOOD:
        return ()
    key = signatures[0].fingerprint
    if key is None:
        return ()
    holders = correspondents.by_key_ids(tx, [key[-16:]])
    return tuple(holder for holder in holders if holder.fingerprint == key)


def _read_there(case: Case, place: Place) -> Case:
    """Say once more whose signature it is, now that the issue is known in which it is read.

    One key may be that of several reporters: anybody can send it as the own.
    """
    if len(case.signers) < 2 or place.issue is None:
        return case
    here = place.issue.id
    signers = sorted(case.signers, key=lambda each: each.issue == here)
    known = _known(case.tx, signers, case.sender)
    team = case.desk.team
    return replace(case, verdict=_verdict(case.reading, case.sender, team, known))


def _known(tx: Tx, signers: Sequence[Correspondent], sender: Address | None) -> dict[str, Known]:
    """Return in words whose keys those are: of several, whose address is in From, or the last."""
    known: dict[str, Known] = {}
    by_address = sender.key if sender is not None else ""
    for each in sorted(signers, key=lambda each: each.address.key == by_address):
        if each.fingerprint is not None:
            issue = issues.by_row(tx, each.issue).issue_id
            known[each.fingerprint] = Known(
                label=f"the {each.name} of {issue}", address=each.address
            )
    return known


def _verdict(
    reading: Reading, sender: Address | None, team: Team, known: dict[str, Known]
) -> Verdict:
    """Return what was verified; of a mail that stayed closed nothing may be said."""
    if UNREAD in reading.problems:
        return Verdict(encryption="not known", signature="not known")
    if OUTSIDE_ONLY in reading.problems:
        return Verdict(encryption="not looked at", signature="not looked at")
    inside = reading.protected_from
    found = verdict(reading.protection, sender, team, known, inside=inside)
    if reading.protection.unreadable is not None:
        return replace(found, signature="not known")
    return found


def _place(case: Case, parsed: Parsed) -> Place:
    classified = case.arrival.classified
    if classified.kind is Kind.BOUNCE:
        return returned.place_of(case)
    if classified.kind is Kind.LOOP:
        return Place(kind=Kind.LOOP, issue=held_back.issue_of_row(case.tx, classified.carried))
    named = orders.named_issue(case, parsed)
    if named is not None:
        return _joined(case, Place(kind=Kind.REPLY, issue=named))
    if orders.is_about_no_issue(case, parsed):
        return Place(kind=Kind.REPLY, issue=None)
    answers_none = case.colleague is not None and thread.answers_no_issue(case.tx, case.reading)
    if classified.kind is Kind.POSTMASTER or answers_none:
        return Place(kind=Kind.POSTMASTER, issue=None)
    return _threaded(case)


def _threaded(case: Case) -> Place:
    if case.sender is not None:
        # Of two first mails of one thread, handled at once, the second has to see the first.
        lock(case.tx, "thread", keys.of_address(case.tx, case.sender))
    clues = Clues(
        sender=case.sender,
        reading=case.reading,
        route=case.arrival.classified.route,
        signers=case.signers,
        keys=_keys_shown(case),
    )
    found = thread.find(case.tx, clues, team=case.desk.team, prefix=case.desk.prefix)
    if found.issue is None:
        return _open(case, found.claimed, void=found.void)
    issue = coming_back.where_it_goes_on(case, found.issue)
    # A tracker calls all its mail automatic; only what answers a letter of ours is an auto-reply.
    # What somebody signed with a key that is known here is theirs, whatever a header says of it.
    signed = case.verdict.signer is not None or bool(case.signers)
    is_automatic_answer = case.arrival.classified.automatic and found.answers and not signed
    kind = Kind.AUTO_REPLY if is_automatic_answer else Kind.REPLY
    return _joined(case, Place(kind=kind, issue=issue, void=found.void))


def _keys_shown(case: Case) -> frozenset[str]:
    brought = {each.guest.info.fingerprint for each in case.arrival.offers if each.guest}
    return frozenset(brought | ({case.verdict.key} if case.verdict.key else set()))


def _joined(case: Case, place: Place) -> Place:
    if place.issue is not None:
        version = place.issue.version
        issues.touch(case.tx, issue=place.issue.id, version=version, now=case.now)
    return place


def _open(case: Case, claimed: str, *, void: bool) -> Place:
    issue = issues.open_issue(
        case.tx,
        product=case.desk.product,
        prefix=case.desk.prefix,
        tag=short_tag(case.desk.chance(_TAG_BYTES)),
        subject=shown_subject(case.reading),
        reporter=_reporter(case),
        now=case.now,
    )
    audit.append(
        case.tx,
        kind="issue.opened",
        actor=_ACTOR,
        now=case.now,
        payload={"issue": str(issue.issue_id)},
        issue=issue.id,
        message=case.arrival.id,
    )
    return Place(kind=Kind.REPORT, issue=issue, opened=True, claimed=claimed, void=void)


def _reporter(case: Case) -> str:
    """Return the address that answers will go to; one of ours would answer to ourselves."""
    address = case.sender or case.arrival.envelope.sender
    if address is None or case.desk.own.route(address) is not None:
        return ""
    return str(address)


def _follow(case: Case, place: Place, parsed: Parsed) -> _Found:
    """Do what a message gives cause for, and return what the team's copy says of it."""
    if place.kind is Kind.BOUNCE:
        returned.take_up(case, place)
        return _Found()
    if place.crowded or place.kind not in _PASSED_ON:
        return _Found(remarks=held_back.tell(case, place), silent=True)
    if place.kind is Kind.POSTMASTER:
        followed = orders.carry_out(case, parsed)
        orders.reply_to_author(case, followed, None, ())
        return _Found(remarks=followed.remarks, done=followed.done)
    remarks = [*_doubts(case, place)]
    echo = replay.listen(case)
    heard = reporter_acts.listen(case, place, replayed=echo.replayed)
    met = correspondence.meet(case, place, replayed=echo.replayed)
    returned_to = coming_back.listen(case, place, replayed=echo.replayed)
    followed = orders.carry_out(case, parsed)
    outside = orders.outsiders(case)
    orders.reply_to_author(case, followed, place.issue, outside)
    remarks += [*echo.remarks, *met.remarks, *returned_to, *followed.remarks, *_outside(outside)]
    remarks += suggesting.suggest(case, place)
    answered = answers.answer(case, place, met, replayed=echo.replayed)
    remarks += reporter_acts.carry_out(case, place, heard)
    remarks += date_mentions.ask_back(case, place, met, heard, replayed=echo.replayed)
    return _Found(
        remarks=tuple(remarks),
        done=(*followed.done, *answered),
        waiting=followed.waiting,
        # What stands below the command is discussion, and reaches the team like any other.
        silent=followed.only_asks and not own_words(parsed.rest).strip(),
    )


def _doubts(case: Case, place: Place) -> list[str]:
    """Say what looks like us or like an address of ours, and is not."""
    lines = []
    if case.sender is not None and case.desk.own.route(case.sender) is not None:
        lines.append("its From is an address of ours; nobody is answered, and it proves nothing")
    if place.void:
        lines.append(
            "it came to a reply address that was revoked, or that this database never gave"
        )
    return lines


def _outside(outside: Sequence[str]) -> list[str]:
    if not outside:
        return []
    return [f"ALARM: this team mail also went outside, to {', '.join(outside[:10])}"]


def _facts(case: Case, place: Place, found: _Found) -> BlockFacts:
    return BlockFacts(
        kind=place.kind,
        issue=str(place.issue.issue_id) if place.issue else "",
        opened=place.opened,
        claimed=place.claimed,
        automatic=case.arrival.classified.automatic,
        alias=str(case.desk.own.security),
        received_at=case.arrival.received_at,
        envelope=case.arrival.envelope,
        reading=case.reading,
        verdict=case.verdict,
        command=command(case.desk, place.issue.issue_id) if place.issue else "",
        remarks=found.remarks,
        done=found.done,
        waiting=found.waiting,
    )


def _record(case: Case, place: Place) -> audit.Head:
    return audit.append(
        case.tx,
        kind="message.handled",
        actor=_ACTOR,
        now=case.now,
        payload={
            "kind": place.kind,
            "encryption": case.verdict.encryption,
            "signature": case.verdict.signature,
            "key": spaced(case.verdict.key) if case.verdict.key else None,
        },
        issue=place.issue.id if place.issue else None,
        message=case.arrival.id,
        delivery=case.arrival.classified.delivery,
    )


def _write_letter(case: Case, issue: IssueRow | None, facts: BlockFacts, head: audit.Head) -> None:
    """Write the letter that carries the message to the whole team, and a delivery for each."""
    desk, tx = case.desk, case.tx
    subject = _subject(str(issue.issue_id) if issue else str(facts.kind), facts.subject)
    earlier = letters.first_message_id(tx, issue.id, kind=TEAM_COPY_KIND) if issue else None
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
        block=block_text(desk.texts, facts, log_head=f"entry {heads.quoted(tx.codec, head)}"),
        whole=stays_whole(facts.reading),
        pieces=sum(piece.data is not None for piece in facts.reading.pieces),
    )
    letter = letters.add(
        tx,
        NewLetter(
            issue=issue.id if issue else None,
            message=case.arrival.id,
            kind=TEAM_COPY_KIND,
            message_id=letterhead.message_id,
            plaintext=dump(draft),
            frame_head=frame.head,
            frame_tail=frame.tail,
            summary={"subject": subject},
        ),
        now=case.now,
    )
    deliveries.add_all(
        tx,
        letter=letter,
        issue=issue.id if issue else None,
        to=[(person.address, person.name) for person in desk.team.people],
        due_at=case.now,
        now=case.now,
    )


def _subject(mark: str, subject: str) -> str:
    """Return a subject that holds the mark once, however often it was answered."""
    return subject if f"[{mark}]" in subject else f"[{mark}] {subject}"
