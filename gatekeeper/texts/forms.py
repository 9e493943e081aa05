"""Fill the forms that may go out in clear, and the frames around what the team answers."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.date_forms import ANNOUNCING, DateLetter, DateTelling
from gatekeeper.domain.forms import (
    Acknowledgement,
    AnyForm,
    KeyChanged,
    ManyReports,
    Unreadable,
)
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.outcomes import Outcome
from gatekeeper.domain.verdict import spaced
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.icalendar import MEDIA_TYPE, Event, calendar, uid
from gatekeeper.mail.personal import File
from gatekeeper.texts import date_letters, outcomes, templates
from gatekeeper.texts.templates import Texts

WIDTH: Final = 76
"""Columns of a text of ours, so that it can be quoted once and still fit."""


BY_OLD_KEY: Final = (
    "This mail is signed by the old key. Where that signature is good, whoever holds the old key"
    " vouches for the new one."
)
BY_NEW_KEY: Final = (
    "The old key cannot sign any more, so this mail is signed by the new one, which proves nothing"
    " by itself."
)
NOT_SIGNED: Final = "This mail is not signed, so it proves nothing by itself."
READABLE: Final = "What is encrypted to the old key can still be read by us."
NOT_READABLE: Final = (
    "What is encrypted to the old key cannot be read by us any more: what was sent of late and got"
    " no answer has to be sent again."
)
OTHERS_TOLD: Final = "Those we write to in open issues are told of the new key as well."
OTHERS_NOT_TOLD: Final = (
    "Those we write to in open issues are told of the new key as well, but {few} not: no key of"
    " theirs is known, and they wrote encrypted, or no mail of ours has reached them yet. Tell them"
    " in a reply; `gatekeeper issue show` says of each issue whether a key is known."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as a person gets it."""

    subject: str
    body: str
    files: tuple[File, ...] = ()


def subject_of(form: AnyForm, *, project: str) -> str:
    """Return the subject, which holds nothing of the mail that the form answers."""
    team = f"the {printable_line(project)} security team"
    match form:
        case Acknowledgement():
            return f"[{form.issue}] Your report to {team}"
        case DateLetter():
            return f"[{form.issue}] {date_letters.about(form.telling)}"
        case KeyChanged():
            return f"The key of {team} has changed"
        case ManyReports():
            return f"Your mails to {team}"
        case Outcome():
            return f"[{form.issue}] {outcomes.about(form)} {team}"
        case Unreadable():
            return f"Your mail to {team}"


def fill(
    texts: Texts, form: AnyForm, *, project: str, address: Address, key: bytes, now: Instant
) -> Filled:
    """Return the form as text.

    `project` is whose security team writes, `address` its alias, `key` the alias's certificate in
    armor; an acknowledgement brings a calendar of its two instants, stamped `now`.
    """
    name, values = _values(form, address)
    body = texts.fill(name, {"project": printable_line(project), **values})
    return Filled(
        subject=subject_of(form, project=project),
        body=wrapped(body),
        files=_files(form, project=project, address=address, key=key, now=now),
    )


def reply_text(
    texts: Texts, *, text: str, project: str, issue: IssueId, fingerprint: str, clear: bool
) -> str:
    """Return what a reporter reads of an answer of the team: `text` as it is, and our frame."""
    values = {
        "text": text.strip("\n"),
        "project": printable_line(project),
        "issue": str(issue),
        "fingerprint": spaced(fingerprint),
    }
    return texts.fill(templates.CLEAR_REPLY if clear else templates.REPLY, values)


def wrapped(text: str) -> str:
    """Return `text` with each paragraph filled anew that a long value has made too wide.

    A paragraph whose lines begin in different columns is a list or a table, and left as it is.
    """
    return "\n\n".join(_paragraph(each) for each in text.split("\n\n"))


def _paragraph(text: str) -> str:
    lines = text.strip("\n").split("\n")
    indents = {line[: len(line) - len(line.lstrip(" "))] for line in lines}
    if len(indents) != 1 or max(map(len, lines)) <= WIDTH:
        return text
    (indent,) = indents
    head = text[: len(text) - len(text.lstrip("\n"))]
    tail = text[len(text.rstrip("\n")) :]
    filled = textwrap.fill(
        " ".join(line.strip() for line in lines),
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return head + filled + tail


def _values(form: AnyForm, address: Address) -> tuple[str, Mapping[str, object]]:
    match form:
        case Acknowledgement():
            return templates.ACKNOWLEDGEMENT, {
                "issue": str(form.issue),
                "predisclosure": spoken(form.timeline.predisclosure),
                "public": spoken(form.timeline.public),
                "operand": date_letters.operand(form.timeline.public),
                "fingerprint": spaced(form.fingerprint),
                "code": form.code,
            }
        case DateLetter():
            return date_letters.template_of(form.telling), dict(date_letters.values(form))
        case KeyChanged():
            values: dict[str, object] = {
                "address": str(address),
                "old": spaced(form.old),
                "new": spaced(form.new),
                "signature": _signature(form),
                "old_mail": READABLE if form.readable else NOT_READABLE,
            }
            if form.team:
                return templates.KEY_CHANGED_TEAM, values | {"outside": _outside(form.untold)}
            return templates.KEY_CHANGED, values
        case ManyReports():
            return templates.MANY_REPORTS, {}
        case Outcome():
            return outcomes.template_of(form.telling, form.reason), outcomes.values(form)
        case Unreadable():
            return templates.UNREADABLE, {"fingerprint": spaced(form.fingerprint)}


def _outside(untold: int) -> str:
    """Return who else is told, in lines of a letter."""
    if not untold:
        return OTHERS_TOLD
    few = "1 of them is" if untold == 1 else f"{untold} of them are"
    return OTHERS_NOT_TOLD.format(few=few)


def _signature(form: KeyChanged) -> str:
    if not form.signed_by:
        return NOT_SIGNED
    return BY_OLD_KEY if form.signed_by == form.old else BY_NEW_KEY


def _files(
    form: AnyForm, *, project: str, address: Address, key: bytes, now: Instant
) -> tuple[File, ...]:
    our_key = File(name="security-key.asc", content_type="application/pgp-keys", data=key)
    match form:
        case Acknowledgement():
            return (_timeline(form, project=project, address=address, now=now), our_key)
        case DateLetter():
            if form.telling not in ANNOUNCING:
                return ()
            return (_date(form, project=project, address=address, now=now),)
        case KeyChanged():
            return (replace(our_key, name="security.asc"),)
        case Unreadable():
            return (our_key,)
        case ManyReports() | Outcome():
            return ()


def _timeline(form: Acknowledgement, *, project: str, address: Address, now: Instant) -> File:
    issue, domain = form.issue, address.domain
    about = f"Proposed by the {printable_line(project)} security team; it may still change."
    events = (
        Event(
            uid=uid(issue, "predisclosure", domain),
            starts_at=form.timeline.predisclosure,
            summary=f"{issue}: pre-disclosure (proposed)",
            description=about,
        ),
        Event(
            uid=uid(issue, "public", domain),
            starts_at=form.timeline.public,
            summary=f"{issue}: public disclosure (proposed)",
            description=about,
        ),
    )
    data = calendar(events, stamped_at=now, organizer=address)
    return File(name="timeline.ics", content_type=MEDIA_TYPE, data=data)


def _date(form: DateLetter, *, project: str, address: Address, now: Instant) -> File:
    """Return the calendar of an announcing letter: the same events as the acknowledgement's."""
    issue, domain, team = form.issue, address.domain, f"the {printable_line(project)} security team"
    state, about = "", f"Set by {team} and those who reported it."
    if form.telling is DateTelling.PROPOSED:
        state, about = " (proposed)", f"Proposed by {team}; it may still change."
    events = [
        Event(
            uid=f"{issue}-{name}@{domain}",
            starts_at=instant,
            summary=f"{issue}: {what}{state}",
            description=about,
        )
        for name, what, instant in (
            ("predisclosure", "pre-disclosure", form.predisclosure),
            ("public", "public disclosure", form.instant),
        )
        if instant is not None
    ]
    data = calendar(events, stamped_at=now, organizer=address)
    return File(name="date.ics", content_type=MEDIA_TYPE, data=data)
