"""What stored messages and letters of ours say once they are opened, one at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from gatekeeper import start
from gatekeeper.config import Settings
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.domain.date_forms import DateLetter
from gatekeeper.domain.forms import Acknowledgement, AnyForm, KeyChanged, ManyReports, Unreadable
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.outcomes import Outcome
from gatekeeper.domain.protection import Form
from gatekeeper.issues import letterhead
from gatekeeper.issues.letterhead import Desk, Draft
from gatekeeper.issues.reading import Reader, stays_whole
from gatekeeper.mail import personal
from gatekeeper.mail.attachments import Attachment, attachments
from gatekeeper.mail.personal import File
from gatekeeper.mail.reading import Reading
from gatekeeper.outbound import forms
from gatekeeper.pgp.keys import single
from gatekeeper.store import letters, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.letters import LetterRow

MASK: Final = "(a code that only the recipient is told)"
"""Stands for the code in a letter: whoever could read it here could pass for the reporter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """One opened message; of one that stayed closed, or was erased, there are no attachments."""

    raw: bytes = field(repr=False)
    reading: Reading
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One letter of ours: its text and files, and the mail that they make, not encrypted."""

    text: str
    files: tuple[File, ...]
    mail: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Opens what is stored, so that one message at a time is in memory.

    `former` holds the certificates that were the alias's, by fingerprint: what was written then
    brought the key of then.
    """

    store: Store
    reader: Reader
    desk: Desk
    former: Mapping[str, bytes] = field(repr=False)

    def message(self, message: RowId) -> Inside:
        """Return what a message holds, nothing when it was erased; Conflict when it has gone."""
        raw = self.store.read(lambda tx: messages.load(tx, message)).raw
        if raw is None:
            return Inside(raw=b"", reading=self.reader.outside(b""), attachments=())
        reading = self.reader.read(raw)
        found = () if stays_whole(reading) else attachments(reading.content)
        return Inside(raw=raw, reading=reading, attachments=found)

    def letter(self, letter: RowId) -> Written:
        """Return what a letter of ours says, a code in it masked; nothing when it was erased."""
        row = self.store.read(lambda tx: letters.load(tx, letter))
        if not row.plaintext:
            return Written(text="", files=(), mail=b"")
        draft = letterhead.load(row.plaintext)
        text, files = self._said(row, draft)
        if isinstance(draft.form, Acknowledgement) and draft.form.code:
            text = text.replace(draft.form.code, MASK)
        if row.form is Form.SEALED:
            mail = personal.personal_inner(
                head=draft.head, outer_subject=draft.outer_subject, text=text, files=files
            )
        else:
            mail = personal.clear_message(head=draft.head, text=text, files=files)
        return Written(text=text, files=files, mail=mail)

    def _said(self, row: LetterRow, draft: Draft) -> tuple[str, tuple[File, ...]]:
        """Return text and files; what went out in clear as it was sent, whatever forms say now."""
        if draft.form is None:
            return draft.block, draft.files
        filled = forms.filled(self._desk_of(draft.form), draft)
        if row.shared is not None and row.form is not Form.SEALED:
            return self.reader.read(row.shared).text, filled.files
        return filled.body, filled.files

    def _desk_of(self, form: AnyForm) -> Desk:
        """Return the desk with the key that was the alias's when a form was written."""
        return replace(self.desk, certificate=self.former.get(_key(form), self.desk.certificate))


def _key(form: AnyForm) -> str:
    match form:
        case Acknowledgement() | DateLetter() | Outcome() | Unreadable():
            return form.fingerprint
        case KeyChanged():
            return form.new
        case ManyReports():
            return ""


@contextmanager
def opener(settings: Settings, store: Store, *, product: RowId) -> Iterator[Opener]:
    """Lend what opens the mail of a product, with the alias's key in memory for as long."""
    with open_keys(settings, codec_of(settings)) as keys:
        reader = Reader(engine=keys.engine, limits=settings.policy.reading)
        desk = start.desk_of(settings, product=product)
        former = {key.fingerprint: single(key.certificate) for key in settings.alias.former}
        yield Opener(store=store, reader=reader, desk=desk, former=former)
