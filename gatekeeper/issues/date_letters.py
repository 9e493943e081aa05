"""Tell people outside of a date: sealed to who has a key, else to a finder as a form in clear."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.codes import new_code
from gatekeeper.domain.date_forms import DateLetter, DateTelling
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import HOUR, Instant, later
from gatekeeper.domain.protection import Form
from gatekeeper.domain.wishes import Held
from gatekeeper.issues.acting import last_from
from gatekeeper.issues.correspondence import REPORTER, reporter_of
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.store import correspondents, letters
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.texts.forms import subject_of

DATE: Final = "date"
"""The kind of letter that tells of a date."""

_NO_STAMP: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where and because of what letters about one issue's date are written.

    `by` who caused it, `about` the message that did, None for a command · `automatic` that a
    program answers a mail by it, which it does a few times an hour only.
    """

    tx: Tx
    desk: Desk
    issue: IssueRow
    now: Instant
    by: str = "gatekeeper"
    about: RowId | None = None
    automatic: bool = False

    def form(self, telling: DateTelling, instant: Instant | None = None) -> DateLetter:
        """Return what is said to all alike, to be completed."""
        return DateLetter(
            issue=self.issue.issue_id,
            telling=telling,
            fingerprint=self.desk.fingerprint,
            instant=instant,
        )

    def code_for(self, to: Correspondent) -> str:
        """Return the code by which `to` answers, "" when they have a key and sign.

        One that was sent and not used yet holds; a letter that brought another would void it.
        """
        if to.fingerprint is not None:
            return ""
        known = correspondents.by_row(self.tx, to.id).nonce
        if known is not None:
            return known
        code = new_code(self.desk.chance)
        correspondents.give_nonce(self.tx, correspondent=to.id, nonce=code, now=self.now)
        return code

    @property
    def reporter(self) -> Correspondent | None:
        """Whoever reported it, if there is an address to write to, and they take part still."""
        found = reporter_of(self.tx, self.issue, now=self.now)
        return found if found is not None and found.removed_at is None else None

    def to_reporter(
        self, form: DateLetter, *, kind: str = DATE, stamp: Mapping[str, str] = _NO_STAMP
    ) -> str:
        """Write to the reporter alone, and return in a line how it goes to them."""
        reporter = self.reporter
        if reporter is None:
            return "told: nobody who reported it, for there is no address to write to"
        return self.write(reporter, form, kind=kind, stamp=stamp)

    def to_all(self, telling: DateTelling, held: Held, *, before: Instant | None) -> list[str]:
        """Tell all who take part of the date that stands; `before` what it was, if it moved."""
        return [self._of_date(each, telling, held, before) for each in self._people()]

    def to_others(self, but: Correspondent, held: Held, *, before: Instant) -> list[str]:
        """Tell all who take part but one that the date moved from `before`."""
        return [
            self._of_date(each, DateTelling.MOVED, held, before)
            for each in self._people()
            if each.id != but.id
        ]

    def _people(self) -> list[Correspondent]:
        reporter_of(self.tx, self.issue, now=self.now)
        known = correspondents.of_issue(self.tx, self.issue.id)
        return [each for each in known if each.removed_at is None]

    def _of_date(
        self, to: Correspondent, telling: DateTelling, held: Held, before: Instant | None
    ) -> str:
        date = held.date
        form = replace(
            self.form(telling if to.name == REPORTER else DateTelling.OTHERS, date.instant),
            predisclosure=date.predisclosure,
            before=before if before != date.instant else None,
        )
        return self.write(to, form)

    def write(
        self,
        to: Correspondent,
        form: DateLetter,
        *,
        kind: str = DATE,
        stamp: Mapping[str, str] = _NO_STAMP,
    ) -> str:
        """Write to one correspondent, and return in a line how it goes to them."""
        sealed = to.fingerprint is not None
        if not sealed and not to.role.is_finder:
            return f"told: not the {to.name}, {to.address}, for no key of theirs is known"
        if self.automatic and self._had_enough(to):
            return f"told: not the {to.name}, {to.address}, who was answered often of late"
        words = Words(
            kind=kind,
            subject=subject_of(form, project=self.desk.name),
            form=form,
            by=self.by,
            about=self.about,
            stamp=stamp,
        )
        posting = Posting(
            correspondent=to,
            to=to.address,
            form=Form.SEALED if sealed else Form.CLEAR_FORM,
            answers=last_from(self.tx, self.issue, to),
            automatic=self.automatic,
            unasked=not self.automatic,
        )
        to_correspondent(self.tx, self.desk, words, posting, now=self.now)
        how = "encrypted" if sealed else "in clear, without a word of the report"
        return f"told: the {to.name}, {to.address}, {how}"

    def _had_enough(self, to: Correspondent) -> bool:
        """Say whether this hour has no automatic answer left, to them or to anybody."""
        hour, policy = later(self.now, -HOUR), self.desk.policy.answers
        if letters.automatic_since(self.tx, hour) >= policy.per_hour:
            return True
        many = letters.automatic_to(self.tx, recipient=to.address, since=hour)
        return many >= policy.per_sender
