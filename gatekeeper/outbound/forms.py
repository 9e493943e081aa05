"""Make the two kinds of mail that leave in clear: enumerated forms, and confirmed replies.

Nothing else makes them (tests/architecture). A form is filled anew from its typed slots, so that
whatever else a letter's row may say, no other word can be in it.
"""

from dataclasses import replace
from typing import Final, TypeAlias

from gatekeeper.domain.address import Address
from gatekeeper.domain.date_forms import DateLetter
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.forms import Acknowledgement, AnyForm, KeyChanged, ManyReports, Unreadable
from gatekeeper.domain.outcomes import Outcome
from gatekeeper.domain.protection import (
    CLEAR_FORM_MINT,
    CLEAR_REPLY_MINT,
    ClearForm,
    ClearReply,
    Form,
)
from gatekeeper.issues.letterhead import Desk, Draft
from gatekeeper.mail import personal
from gatekeeper.pgp import armor
from gatekeeper.texts import forms
from gatekeeper.texts.forms import Filled

Clear: TypeAlias = ClearForm | ClearReply

_REMEDY: Final = "nothing was sent; report it as a fault of gatekeeper"


def filled(desk: Desk, draft: Draft) -> Filled:
    """Return what a letter that is a form says; ValueError when it is none."""
    if draft.form is None:
        message = "a letter that is to be a form has none"
        raise ValueError(message)
    return forms.fill(
        desk.texts,
        draft.form,
        project=desk.name,
        address=desk.own.security,
        key=armor.armor(armor.Kind.PUBLIC_KEY, desk.certificate, newline=b"\r\n"),
        now=draft.head.date,
    )


def present(desk: Desk, form: AnyForm) -> AnyForm:
    """Return a form as it is true now: one that waited may name a key that was replaced since.

    ValueError when there is nothing left to tell: the key that was said to be old is the present.
    """
    match form:
        case Acknowledgement() | DateLetter() | Outcome() | Unreadable():
            return replace(form, fingerprint=desk.fingerprint)
        case KeyChanged():
            # What the new key signs is signed by whichever is the present one.
            by_new = form.signed_by == form.new
            signed_by = desk.fingerprint if by_new else form.signed_by
            return replace(form, new=desk.fingerprint, signed_by=signed_by)
        case ManyReports():
            return form


def composed(desk: Desk, draft: Draft, form: Form) -> Clear:
    """Return a letter as the mail that leaves in clear (stage 7).

    ValueError when the letter is not what `form` allows: a form has its own subject and nobody's
    name in its head; a reply is text without files. TypeError for a form that is sealed.
    """
    match form:
        case Form.CLEAR_FORM:
            said = filled(desk, draft)
            if draft.head.subject != said.subject:
                message = "the subject of a form is its own"
                raise ValueError(message)
            Address.parse(draft.head.to)  # a name beside it would be somebody's words
            content = personal.clear_message(head=draft.head, text=said.body, files=said.files)
            return ClearForm(content, mint=CLEAR_FORM_MINT)
        case Form.CLEAR_REPLY:
            if draft.form is not None or draft.files or not draft.personal:
                message = "a reply in clear is a personal letter of text alone"
                raise ValueError(message)
            content = personal.clear_message(head=draft.head, text=draft.block)
            return ClearReply(content, mint=CLEAR_REPLY_MINT)
        case Form.SEALED:
            message = "a letter that is to be sealed never leaves in clear"
            raise TypeError(message)


def restored(form: Form, content: bytes) -> Clear:
    """Return the mail that stage 7 composed and the store kept, byte for byte (stage 8).

    OurFault when the letter is one that is to be sealed.
    """
    match form:
        case Form.CLEAR_FORM:
            return ClearForm(content, mint=CLEAR_FORM_MINT)
        case Form.CLEAR_REPLY:
            return ClearReply(content, mint=CLEAR_REPLY_MINT)
        case Form.SEALED:
            raise OurFault("a letter that is to be sealed has no clear form", remedy=_REMEDY)
