"""Whom we write to in an issue: the address as stored, the key as pinned, the code as mailed.

The address is that of the first mail. A key that comes with the first mail is pinned; later only
the pinned key's signature, the code that we mailed to the address, or two people of the team bring
in another one (design: mail, "Who a reporter is").
"""

from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.forms import ConfirmKey, holds_code
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import Coverage
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import authority
from gatekeeper.issues.case import Case, Place
from gatekeeper.issues.key_offers import KeyOffer
from gatekeeper.issues.letterhead import command, load
from gatekeeper.issues.reading import UNREAD
from gatekeeper.issues.reply_text import own_words
from gatekeeper.pgp import guests
from gatekeeper.pgp.guests import Guest
from gatekeeper.store import audit, correspondents, letters, seen
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow

REPORTER: Final = "reporter"
"""The name of the correspondent who opened the issue."""

CONFIRM: Final = "confirm-key"
"""The kind of letter that asks the reporter whether a key is theirs."""

_ACTOR: Final = "gatekeeper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What is known of the reporter once a message was looked at.

    `remarks` for the team · `confirm` the fingerprint of a key about which the reporter has to be
    asked, "" if none.
    """

    reporter: Correspondent | None
    remarks: tuple[str, ...] = ()
    confirm: str = ""


def reporter_of(tx: Tx, issue: IssueRow, *, now: Instant) -> Correspondent | None:
    """Return the reporter of an issue; None when there was no address to write to.

    Issues that are older than this part of the program get their row now, as one who wrote
    encrypted: nothing leaves in clear for want of knowing.
    """
    known = next((c for c in correspondents.of_issue(tx, issue.id) if c.name == REPORTER), None)
    if known is not None or not issue.reporter:
        return known
    try:
        address = Address.parse(issue.reporter)
    except ValueError:
        return None
    return correspondents.add(
        tx, issue=issue.id, name=REPORTER, address=address, wrote_in_clear=False, now=now
    )


def meet(case: Case, place: Place, *, replayed: bool) -> Meeting:
    """Take up what a message tells of its issue's reporter: a new one, a key, a code.

    With a first mail whose ciphertext is another sender's, no key is taken: whoever sent it on need
    not be who wrote it.
    """
    issue = place.issue
    if issue is None:
        return Meeting(reporter=None)
    if place.opened:
        return _first(case, issue, replayed=replayed)
    reporter = reporter_of(case.tx, issue, now=case.now)
    if reporter is None or case.colleague is not None:
        return Meeting(reporter=reporter)
    return _again(case, issue, reporter)


def _first(case: Case, issue: IssueRow, *, replayed: bool) -> Meeting:
    try:
        address = Address.parse(issue.reporter)
    except ValueError:
        return Meeting(reporter=None)
    protection = case.reading.protection
    reporter = correspondents.add(
        case.tx,
        issue=issue.id,
        name=REPORTER,
        address=address,
        # Of what this program failed to read it is not known; nothing then leaves in clear.
        wrote_in_clear=protection.encrypted is Coverage.NONE
        and UNREAD not in case.reading.problems,
        now=case.now,
    )
    offered = _usable(case.arrival.offers)
    remarks = _unusable(case.arrival.offers)
    if not offered or case.colleague is not None:
        return Meeting(reporter=reporter, remarks=remarks)
    if replayed:
        said = f"the key that came with it is not used: {_named(offered[0])}"
        return Meeting(reporter=reporter, remarks=(*remarks, said))
    pinned = _pin(case, reporter, offered[0], "it came with the first mail")
    said = f"answers are encrypted to the key that came with it: {_named(offered[0])}"
    return Meeting(reporter=pinned, remarks=(*remarks, said))


def _again(case: Case, issue: IssueRow, reporter: Correspondent) -> Meeting:
    by_key = any(signer.id == reporter.id for signer in case.signers)
    by_code = bool(reporter.nonce) and holds_code(case.reading.text, reporter.nonce or "")
    remarks = [*_unusable(case.arrival.offers)]
    stranger = case.sender is None or case.sender.key != reporter.address.key
    if stranger and not by_key:
        remarks.append(
            f"its sender is not {reporter.address}, the address of the first mail; answers go"
            " to that one only"
        )
    if by_code:
        correspondents.drop_nonce(case.tx, correspondent=reporter.id, now=case.now)
        _record(case, "reporter.code_used", issue, {})
        remarks.append(
            f"it holds the code that we mailed to {reporter.address}: whoever wrote it reads that"
            " mailbox; the code is used up"
        )
    change = _Change(case=case, issue=issue, reporter=reporter, by_key=by_key, by_code=by_code)
    met = change.take_up()
    return replace(met, remarks=(*remarks, *met.remarks))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A later message, and what it may do about the reporter's key."""

    case: Case
    issue: IssueRow
    reporter: Correspondent
    by_key: bool
    by_code: bool

    def take_up(self) -> Meeting:
        offered = _usable(self.case.arrival.offers)
        if self.reporter.fingerprint is not None:
            return self._other(offered)
        if self.by_code:
            return self._confirmed(offered)
        if not offered:
            return Meeting(reporter=self.reporter)
        return self._asked(offered[0])

    def _other(self, offered: tuple[Guest, ...]) -> Meeting:
        """A key is pinned: only its own signature over the new one changes it."""
        pinned = self.reporter.fingerprint or ""
        wanted = self._signed_for(pinned)
        if wanted is not None and self._is_fresh():
            changed = _pin(self.case, self.reporter, wanted, "signed by the key before it")
            said = f"the reporter's key is {_named(wanted)} from now on, signed by the one before"
            if wanted.info.fingerprint == pinned:
                said = "the reporter's key was renewed, signed by itself"
            return Meeting(reporter=changed, remarks=(said,))
        others = [guest for guest in offered if guest.info.fingerprint != pinned]
        if not others:
            return Meeting(reporter=self.reporter)
        self._keep(others[0])
        changing = self._command(others[0].info.fingerprint)
        said = (
            f"another key came with it, {_named(others[0])}; the pinned one stays,"
            f" {spaced(pinned)}. Two of the team may change it: {changing}"
        )
        return Meeting(reporter=self.reporter, remarks=(said,))

    def _signed_for(self, pinned: str) -> Guest | None:
        """Return the key that the pinned one signed for, None if that changes nothing.

        With the pinned key among several, the others are somebody else's that came with it.
        """
        covered = _usable(tuple(offer for offer in self.case.arrival.offers if offer.covered))
        if not self.by_key or not covered:
            return None
        same = next((guest for guest in covered if guest.info.fingerprint == pinned), None)
        if same is None:
            return covered[0]
        return same if same.certificate != self.reporter.certificate else None

    def _confirmed(self, offered: tuple[Guest, ...]) -> Meeting:
        """The code came back: the key with it counts, or else the one that it was asked about."""
        if offered:
            changed = _pin(self.case, self.reporter, offered[0], "it came with the code")
            said = f"answers are encrypted from now on, to {_named(offered[0])}"
            return Meeting(reporter=changed, remarks=(said,))
        key = self._asked_about()
        if not key:
            return Meeting(reporter=self.reporter)
        if not holds_code(own_words(self.case.reading.text), self.reporter.nonce or ""):
            # Mail programs quote all of a mail, also below a "no".
            said = (
                f"the code about the key {spaced(key)} stands only in what it quotes, which is no"
                f" yes; the key is not used. Two of the team may take it: {self._command(key)}"
            )
            return Meeting(reporter=self.reporter, remarks=(said,))
        try:
            changed = accept(self.case.tx, self.reporter, key, now=self.case.now)
        except KeyError:
            said = f"the key {spaced(key)} is not kept any more; it has to be sent again"
            return Meeting(reporter=self.reporter, remarks=(said,))
        _record(self.case, "reporter.key_pinned", self.issue, {"fingerprint": key})
        said = f"answers are encrypted from now on, to {spaced(key)}"
        return Meeting(reporter=changed, remarks=(said,))

    def _asked_about(self) -> str:
        """Return the fingerprint of the key that the code was mailed about, "" if of none."""
        for head in reversed(letters.of_issue(self.case.tx, self.issue.id)):
            if head.kind == CONFIRM:
                form = load(letters.load(self.case.tx, head.id).plaintext).form
                if isinstance(form, ConfirmKey) and form.code == self.reporter.nonce:
                    return form.fingerprint
        return ""

    def _asked(self, guest: Guest) -> Meeting:
        self._keep(guest)
        said = (
            f"a key came with it, {_named(guest)}, that nothing proves to be the reporter's; it is"
            f" not used. The reporter is asked by mail, and two of the team may take it:"
            f" {self._command(guest.info.fingerprint)}"
        )
        return Meeting(reporter=self.reporter, remarks=(said,), confirm=guest.info.fingerprint)

    def _keep(self, guest: Guest) -> None:
        correspondents.offer(
            self.case.tx,
            correspondent=self.reporter.id,
            certificate=guest.certificate,
            fingerprint=guest.info.fingerprint,
            now=self.case.now,
        )

    def _command(self, fingerprint: str) -> str:
        return command(self.case.desk, self.issue.issue_id, f"key {fingerprint}")

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
