"""Whom we write to in an issue: the address as stored, the key as pinned, the code as mailed.

The address is that of the first mail. A key that comes with the first mail is pinned, unless
whoever carried that mail may have added it to what was encrypted or signed; later only
the pinned key's signature, the code that we mailed to the address, or two people of the team bring
in another one (design: mail, "Who a reporter is").
"""

from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.codes import begins_with_code
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Coverage
from gatekeeper.domain.verdict import IN_CLEAR, spaced
from gatekeeper.issues import authority, participants
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.key_offers import KeyOffer, Weighed, belonging, weighed
from gatekeeper.issues.letterhead import command
from gatekeeper.issues.reading import UNREAD
from gatekeeper.issues.written import written
from gatekeeper.pgp import guests
from gatekeeper.pgp.guests import Guest
from gatekeeper.store import audit, correspondents, letters, messages, seen
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

REPORTER: Final = "reporter"
"""The name of the correspondent who opened the issue."""

ACKNOWLEDGEMENT: Final = "acknowledgement"
UNREADABLE: Final = "unreadable"
"""Kinds of letters: what a reporter is answered at first, or when a mail could not be read."""

_ACTOR: Final = "gatekeeper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What is known of who outside wrote a message, once it was looked at.

    `reporter` is who wrote it, as far as it shows: the reporter, or somebody else who takes part ·
    `remarks` for the team · `first` that it is the first of the reporter's mails that could be
    read, for which the acknowledgement is still due.
    """

    reporter: Correspondent | None
    remarks: tuple[str, ...] = ()
    first: bool = False


def reporter_of(tx: Tx, issue: IssueRow, *, now: Instant) -> Correspondent | None:
    """Return the reporter of an issue; None when there was no address to write to.

    Issues that are older than this part of the program get their row now, with what is kept of
    their first mail: if it is not known to have been in clear, nothing leaves in clear.
    """
    known = next((c for c in correspondents.of_issue(tx, issue.id) if c.name == REPORTER), None)
    if known is not None or not issue.reporter:
        return known
    try:
        address = Address.parse(issue.reporter)
    except ValueError:
        return None
    first = next(iter(messages.of_issue(tx, issue.id)), None)
    said = (first.summary or {}).get("encryption") if first is not None else None
    return correspondents.add(
        tx, issue=issue.id, name=REPORTER, address=address, wrote_in_clear=said == IN_CLEAR, now=now
    )


def meet(case: Case, place: Place, *, replayed: bool) -> Meeting:
    """Take up what a message tells of who wrote it: a new reporter, a key, a code.

    With a mail whose ciphertext is another sender's, no key is taken: whoever sent it on need not
    be who wrote it.
    """
    issue = place.issue
    if issue is None:
        return Meeting(reporter=None)
    if place.opened:
        return _opening(case, issue, replayed=replayed)
    reporter = reporter_of(case.tx, issue, now=case.now)
    if case.colleague is not None:
        return Meeting(reporter=reporter)
    author = participants.author_of(case, issue) or reporter
    if author is None:
        return Meeting(reporter=None)
    if author.removed_at is not None:
        return Meeting(reporter=None, remarks=participants.remarks(case, author))
    if replayed:
        return Meeting(reporter=author, remarks=_left_alone(case))
    if author == reporter and _is_first_readable(case, author):
        return replace(_first_key(case, issue, author), first=True)
    met = _again(case, issue, author)
    return replace(met, remarks=(*participants.remarks(case, author), *met.remarks))


def _opening(case: Case, issue: IssueRow, *, replayed: bool) -> Meeting:
    try:
        address = Address.parse(issue.reporter)
    except ValueError:
        return Meeting(reporter=None)
    reporter = correspondents.add(
        case.tx,
        issue=issue.id,
        name=REPORTER,
        address=address,
        wrote_in_clear=_is_in_clear(case),
        now=case.now,
    )
    if case.colleague is not None:
        return Meeting(reporter=reporter)
    if replayed:
        return Meeting(reporter=reporter, remarks=_left_alone(case))
    return _first_key(case, issue, reporter)


def _is_in_clear(case: Case) -> bool:
    """Say whether a mail was readable on its way; of what we failed to read it is not known."""
    in_clear = case.reading.protection.encrypted is Coverage.NONE
    return in_clear and UNREAD not in case.reading.problems


def _left_alone(case: Case) -> tuple[str, ...]:
    offered = _usable(case.arrival.offers)
    return tuple(f"the key that came with it is not used: {_named(guest)}" for guest in offered)


def _is_first_readable(case: Case, reporter: Correspondent) -> bool:
    """Say whether this is the mail we asked for when the first one could not be read.

    It comes to the reply address, which was mailed to nobody else.
    """
    reading = case.reading
    readable = reading.protection.unreadable is None and UNREAD not in reading.problems
    asked = letters.has_kind(case.tx, issue=reporter.issue, kind=UNREADABLE)
    told = letters.has_kind(case.tx, issue=reporter.issue, kind=ACKNOWLEDGEMENT)
    return readable and asked and not told and _came_back(case, reporter)


def _came_back(case: Case, reporter: Correspondent) -> bool:
    """Say whether a mail came from the stored address, to the reply address that we gave it."""
    by_address = case.sender is not None and case.sender.key == reporter.address.key
    return by_address and case.arrival.classified.route == reporter.route


def _first_key(case: Case, issue: IssueRow, reporter: Correspondent) -> Meeting:
    """Pin the key that came with the first mail, if it is clear which one is its sender's."""
    reporter = _agreed_to_clear(case, reporter)
    found = weighed(case.arrival.offers, case.reading.protection)
    offered = found.eligible
    own = belonging(offered, address=reporter.address, signed_by=case.verdict.key)
    said = _unclear(offered)
    if own is not None:
        reporter = _pin(case, reporter, own, "it came with the first mail")
        said = (f"answers are encrypted to the key that came with it: {_named(own)}",)
    aside = _kept_aside(case, issue, reporter, found)
    remarks = (*_unusable(case.arrival.offers), *aside, *said)
    return Meeting(reporter=reporter, remarks=remarks)


def _kept_aside(
    case: Case, issue: IssueRow, reporter: Correspondent, found: Weighed
) -> tuple[str, ...]:
    """Keep the key that came outside for two of the team, after any pinning, which forgets it."""
    if found.aside is None:
        return ()
    _keep(case, reporter, found.aside)
    said = (
        f"a key came outside of what was encrypted or signed, {_named(found.aside)}; it is not"
        f" used, for {found.reason}, and whoever carried the mail can have added it. Two of the"
        f" team may take it: {_command(case, issue, found.aside)}"
    )
    return (said,)


def _agreed_to_clear(case: Case, reporter: Correspondent) -> Correspondent:
    """Note that a reporter without a key, who is known to be meant, writes in clear by now."""
    if reporter.wrote_in_clear or reporter.fingerprint is not None:
        return reporter
    if not (_is_in_clear(case) and _came_back(case, reporter)):
        return reporter
    correspondents.allow_clear(case.tx, correspondent=reporter.id, now=case.now)
    return correspondents.by_row(case.tx, reporter.id)


def _again(case: Case, issue: IssueRow, reporter: Correspondent) -> Meeting:
    reporter = _agreed_to_clear(case, reporter)
    by_key = any(signer.id == reporter.id for signer in case.signers)
    by_code = _quotes_code(case, reporter)
    remarks = [*_unusable(case.arrival.offers)]
    stranger = case.sender is None or case.sender.key != reporter.address.key
    if stranger and not by_key and reporter.name == REPORTER:
        remarks.append(
            f"its sender is not {reporter.address}, the address of the first mail; answers go"
            " to that one only"
        )
    if by_code:
        correspondents.drop_nonce(case.tx, correspondent=reporter.id, now=case.now)
        _record(case, "reporter.code_used", issue, {})
        remarks.append(
            f"it begins with the code that we mailed to {reporter.address}: whoever wrote it reads"
            " that mailbox; the code is used up"
        )
    change = _Change(case=case, issue=issue, reporter=reporter, by_key=by_key, by_code=by_code)
    met = change.take_up()
    return replace(met, remarks=(*remarks, *met.remarks))


def _quotes_code(case: Case, reporter: Correspondent) -> bool:
    """Say whether somebody wrote the code on purpose: alone on the first line, as plain text.

    Anywhere else it may be a quote of our mail, which programs make by themselves.
    """
    if reporter.nonce is None:
        return False
    said = written(case.reading)
    return not said.html_only and begins_with_code(said.text, reporter.nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A later message, and what it may do about the reporter's key."""

    case: Case
    issue: IssueRow
    reporter: Correspondent
    by_key: bool
    by_code: bool

    def take_up(self) -> Meeting:
        if self.reporter.fingerprint is not None:
            return self._other(_usable(self.case.arrival.offers))
        found = weighed(self.case.arrival.offers, self.case.reading.protection)
        met = self._first(found.eligible)
        aside = _kept_aside(self.case, self.issue, self.reporter, found)
        return replace(met, remarks=(*aside, *met.remarks))

    def _first(self, offered: tuple[Guest, ...]) -> Meeting:
        """No key is pinned yet: the code brings one in."""
        if not offered:
            return Meeting(reporter=self.reporter)
        address, signed_by = self.reporter.address, self.case.verdict.key
        own = belonging(offered, address=address, signed_by=signed_by)
        if own is None:
            return Meeting(reporter=self.reporter, remarks=_unclear(offered))
        if not self.by_code:
            return self._kept(own)
        changed = _pin(self.case, self.reporter, own, "it came with the code")
        said = f"answers are encrypted from now on, to {_named(own)}"
        return Meeting(reporter=changed, remarks=(said,))

    def _other(self, offered: tuple[Guest, ...]) -> Meeting:
        """A key is pinned: only its own signature over the new one changes it."""
        pinned = self.reporter.fingerprint or ""
        wanted = self._signed_for(pinned)
        if wanted is not None and self._is_fresh():
            changed = _pin(self.case, self.reporter, wanted, "signed by the key before it")
            whose = f"the {self.reporter.name}'s key"
            said = f"{whose} is {_named(wanted)} from now on, signed by the one before"
            if wanted.info.fingerprint == pinned:
                said = f"{whose} was renewed, signed by itself"
            return Meeting(reporter=changed, remarks=(said,))
        others = [guest for guest in offered if guest.info.fingerprint != pinned]
        if not others:
            return Meeting(reporter=self.reporter)
        _keep(self.case, self.reporter, others[0])
        changing = _command(self.case, self.issue, others[0])
        said = (
            f"another key came with it, {_named(others[0])}; the pinned one stays,"
            f" {spaced(pinned)}. Two of the team may change it: {changing}"
        )
        return Meeting(reporter=self.reporter, remarks=(said,))

    def _signed_for(self, pinned: str) -> Guest | None:
        """Return the key that the pinned one signed for, None if that changes nothing.

        A new one has to come alone and to name the stored address: what is passed on, or shown, is
        signed as well.
        """
        covered = _usable(tuple(offer for offer in self.case.arrival.offers if offer.covered))
        if not self.by_key or not covered:
            return None
        same = next((guest for guest in covered if guest.info.fingerprint == pinned), None)
        if same is not None:
            return same if same.certificate != self.reporter.certificate else None
        alone = len(covered) == 1
        return covered[0] if alone and covered[0].names(self.reporter.address) else None

    def _kept(self, guest: Guest) -> Meeting:
        _keep(self.case, self.reporter, guest)
        name = self.reporter.name
        said = (
            f"a key came with it, {_named(guest)}, that nothing proves to be the {name}'s; it is"
            f" not used. The {name} can send it again below the code of our acknowledgement, or"
            f" two of the team take it: {_command(self.case, self.issue, guest)}"
        )
        return Meeting(reporter=self.reporter, remarks=(said,))

    def _is_fresh(self) -> bool:
        """Say whether this signature is new here, so that an old mail brings no old key back."""
        digest = authority.signed_digest(self.case.reading)
        made_at = self.case.verdict.made_at
        if digest is None or made_at is None:
            return False
        if not authority.is_fresh(made_at, self.case.arrival.received_at):
            return False
        return seen.first_time(
            self.case.tx, digest=digest, message=self.case.arrival.id, now=self.case.now
        )


def _keep(case: Case, reporter: Correspondent, guest: Guest) -> None:
    correspondents.offer(
        case.tx,
        correspondent=reporter.id,
        certificate=guest.certificate,
        fingerprint=guest.info.fingerprint,
        now=case.now,
    )


def _command(case: Case, issue: IssueRow, guest: Guest) -> str:
    return command(case.desk, issue.issue_id, f"key {guest.info.fingerprint}")


def _unclear(offered: tuple[Guest, ...]) -> tuple[str, ...]:
    if not offered:
        return ()
    keys = ", ".join(map(_named, offered))
    return (f"several keys came with it, and none is used, for it is not clear whose: {keys}",)


def accept(tx: Tx, reporter: Correspondent, fingerprint: str, *, now: Instant) -> Correspondent:
    """Pin a key that was offered before; KeyError when there is none of that fingerprint."""
    kept = correspondents.offered(tx, correspondent=reporter.id, fingerprint=fingerprint)
    if kept is None:
        raise KeyError(fingerprint)
    correspondents.pin(
        tx,
        correspondent=reporter.id,
        certificate=kept,
        fingerprint=fingerprint,
        key_ids=guests.key_ids(kept),
        now=now,
    )
    return correspondents.by_row(tx, reporter.id)


def _pin(case: Case, reporter: Correspondent, guest: Guest, why: str) -> Correspondent:
    fingerprint = guest.info.fingerprint
    correspondents.pin(
        case.tx,
        correspondent=reporter.id,
        certificate=guest.certificate,
        fingerprint=fingerprint,
        key_ids=guests.key_ids(guest.certificate),
        now=case.now,
    )
    audit.append(
        case.tx,
        kind="reporter.key_pinned",
        actor=_ACTOR,
        now=case.now,
        payload={"fingerprint": fingerprint, "why": why},
        issue=reporter.issue,
        message=case.arrival.id,
    )
    return correspondents.by_row(case.tx, reporter.id)


def _record(case: Case, kind: str, issue: IssueRow, payload: dict[str, object]) -> None:
    audit.append(
        case.tx,
        kind=kind,
        actor=_ACTOR,
        now=case.now,
        payload=payload,
        issue=issue.id,
        message=case.arrival.id,
    )


def _usable(offers: tuple[KeyOffer, ...]) -> tuple[Guest, ...]:
    return tuple(offer.guest for offer in offers if offer.guest is not None)


def _unusable(offers: tuple[KeyOffer, ...]) -> tuple[str, ...]:
    return tuple(
        f"a key that came with it cannot be used: {offer.problem}"
        for offer in offers
        if offer.guest is None
    )


def _named(guest: Guest) -> str:
    return spaced(guest.info.fingerprint)
