"""Tell the team, and those we write to in open issues, that the alias has another key."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.forms import KeyChanged
from gatekeeper.domain.instants import HOUR, Instant, later
from gatekeeper.domain.protection import Form
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Posting, Words, to_correspondent, to_team
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.store import audit, correspondents, deliveries, meta
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.tx import Tx
from gatekeeper.texts.forms import subject_of

_LOG: Final = logging.getLogger("gatekeeper.issues")

KIND: Final = "key-changed"
"""The kind of letter that tells of a new key."""


@dataclass(slots=True, kw_only=True)
class _Outside:
    """Whom to tell outside: one letter for each address and key, and for each address in clear."""

    sealed: dict[tuple[str, str], Correspondent]
    clear: dict[str, Correspondent]
    untold: int = 0


def announce(tx: Tx, desk: Desk, *, held: Sequence[CertInfo], now: Instant) -> bool:
    """Write to everybody concerned if the alias's key is not the one that they know; say if so.

    `held` are the certificates in our home, and what each is good for now. All of it is one
    transaction with the note of what was told, so that whoever starts next, or at the same time,
    tells nothing. The first key that is ever seen is noted in silence. One that was replaced
    before is not told of again: it stands in the settings of a machine that was forgotten, or that
    was set back.
    """
    known = meta.alias_keys(tx, lock=True)
    new = desk.fingerprint
    if not known or known[0] == new:
        if not known:
            meta.note_alias_keys(tx, (new,))
        return False
    if new in known:
        _LOG.error(
            "the alias key in the settings was replaced before, by %s, and nobody is told of it"
            " again: take over the settings of the rotation on this machine, or run `gatekeeper"
            " key rotate` for a new key",
            known[0],
        )
        return False
    old = known[0]
    kept = next((cert for cert in held if cert.fingerprint == old), None)
    form = KeyChanged(
        old=old,
        new=new,
        signed_by=old if kept is not None and kept.signs else new,
        readable=kept is not None and kept.secret,
    )
    outside = _outside(tx, desk)
    to_all = replace(form, team=True, untold=outside.untold)
    to_team(tx, desk, _words(desk, to_all), issue=None, now=now)
    for whom in outside.sealed.values():
        posting = Posting(correspondent=whom, to=whom.address, form=Form.SEALED, unasked=True)
        to_correspondent(tx, desk, _words(desk, form), posting, now=now)
    for number, whom in enumerate(outside.clear.values()):
        # No more of them leave within an hour than there may be automatic answers.
        due_at = later(now, number // desk.policy.answers.per_hour * HOUR)
        posting = Posting(
            correspondent=whom, to=whom.address, form=Form.CLEAR_FORM, unasked=True, due_at=due_at
        )
        words = _words(desk, replace(form, signed_by=""))
        to_correspondent(tx, desk, words, posting, now=now)
    meta.note_alias_keys(tx, (new, *known))
    payload = {
        "old": old,
        "new": new,
        "signed_by": form.signed_by,
        "encrypted": len(outside.sealed),
        "in_clear": len(outside.clear),
        "not_told": outside.untold,
    }
    audit.append(tx, kind="alias.key_changed", actor="gatekeeper", now=now, payload=payload)
    return True


def _words(desk: Desk, form: KeyChanged) -> Words:
    by_former = form.signed_by == form.old
    return Words(
        kind=KIND,
        subject=subject_of(form, project=desk.name),
        form=form,
        signed_by=form.old if by_former else "",
    )


def _outside(tx: Tx, desk: Desk) -> _Outside:
    """Return whom to tell: whoever has a key is told encrypted to it, and never in clear.

    In clear only those are told who wrote in clear, and whom a mail of ours has reached before.
    """
    found = _Outside(sealed={}, clear={})
    without: list[Correspondent] = []
    for row in correspondents.in_open_issues(tx):
        whom = correspondents.by_row(tx, row)
        if _is_inside(desk, whom):
            continue
        if whom.fingerprint is not None:
            found.sealed.setdefault((whom.address.key, whom.fingerprint), whom)
        else:
            without.append(whom)
    with_key = {address for address, _ in found.sealed}
    for whom in without:
        if whom.address.key in with_key or whom.address.key in found.clear:
            continue
        if whom.wrote_in_clear and _was_reached(tx, whom):
            found.clear[whom.address.key] = whom
        else:
            found.untold += 1
    return found


def _is_inside(desk: Desk, whom: Correspondent) -> bool:
    return (
        desk.team.by_address(whom.address) is not None or desk.own.route(whom.address) is not None
    )


def _was_reached(tx: Tx, whom: Correspondent) -> bool:
    return any(
        row.state is DeliveryState.DELIVERED and row.recipient.key == whom.address.key
        for row in deliveries.list_all(tx, issue=whom.issue)
    )
