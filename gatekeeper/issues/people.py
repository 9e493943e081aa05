"""Who takes part in one issue: invite and remove, each by approval, always with a key.

Who is invited is told of this issue alone, at one address, encrypted to one key; who is removed is
told nothing more, not even that. Nobody outside is ever shown the address of anybody else.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from itertools import count
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant, spoken
from gatekeeper.domain.participants import INVITABLE, Part
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.acting import CONFIDENTIAL, Actor, Done, addressee, record
from gatekeeper.issues.asking import Effect, Granted, Payload, ask, of
from gatekeeper.issues.column import one_line
from gatekeeper.issues.key_offers import belonging
from gatekeeper.issues.letterhead import Desk, command
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.personal import File
from gatekeeper.pgp import armor, guests
from gatekeeper.pgp.guests import Guest
from gatekeeper.store import correspondents, dates, withheld
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tables import OPEN_STATES
from gatekeeper.texts.people import INVITATION

INVITATION_LETTER: Final = "invitation"
KEY_FILE: Final = "security-key.asc"
_USER_IDS_MAX: Final = 3
_USER_ID_MAX: Final = 100


def invite(
    tx: Tx,
    desk: Desk,
    *,
    issue: IssueRow,
    actor: Actor,
    address: Address,
    role: Part,
    keys: Sequence[Guest],
    now: Instant,
) -> Done:
    """Ask that somebody take part in the issue; others of the team approve.

    `keys` came with what asks for it, or were given with it: one of them has to be theirs.
    Refusal with all that is wrong.
    """
    reasons = _objections(tx, desk, issue, address, role)
    key = _theirs(desk, address, keys)
    if key is None:
        reasons.append(_no_key(desk, address, keys))
    else:
        reasons += _taken(tx, issue, key)
    if reasons or key is None:
        raise Refusal(f"{address} cannot be invited: {'; '.join(reasons)}")
    users = [one_line(user, _USER_ID_MAX) for user in key.info.user_ids]
    payload: dict[str, object] = {
        "address": str(address),
        "role": str(role),
        "name": _free_name(tx, issue, role),
        "fingerprint": key.info.fingerprint,
        "users": users[:_USER_IDS_MAX],
        "certificate": b64encode(key.certificate).decode("ascii"),
    }
    return ask(tx, desk, INVITE_EFFECT, issue=issue, actor=actor, payload=payload, now=now)


def _objections(tx: Tx, desk: Desk, issue: IssueRow, address: Address, role: Part) -> list[str]:
    reasons: list[str] = []
    if issue.state not in OPEN_STATES:
        reasons.append(f"{issue.issue_id} is {issue.state}")
    if role not in INVITABLE:
        reasons.append(f"nobody is invited as {role}; write one of: {', '.join(INVITABLE)}")
    if desk.own.route(address) is not None:
        reasons.append("it is an address of this installation")
    if desk.team.by_address(address) is not None:
        reasons.append("it is one of the team, who know all issues")
    reasons += [
        f"it is the {each.name}'s, who takes part already"
        for each in correspondents.taking_part(tx, issue.id)
        if each.address.key == address.key
    ]
    return reasons


def _theirs(desk: Desk, address: Address, keys: Sequence[Guest]) -> Guest | None:
    """Return which of the keys is the guest's: one of the team's comes with their own mail."""
    ours = {key for person in desk.team.people for key in person.keys}
    others = [key for key in keys if key.info.fingerprint not in ours]
    return belonging(others, address=address, signed_by=None)


def _no_key(desk: Desk, address: Address, keys: Sequence[Guest]) -> str:
    ours = {key for person in desk.team.people for key in person.keys}
    others = [spaced(key.info.fingerprint) for key in keys if key.info.fingerprint not in ours]
    if not others:
        return "no key of theirs came with it that can be used; attach their public key"
    return (
        f"several keys came with it, and none of them alone names {address}: {', '.join(others)};"
        " attach theirs alone"
    )


def _taken(tx: Tx, issue: IssueRow, key: Guest) -> list[str]:
    """Say who has that key already: mail signed with it could not be told apart."""
    return [
        f"its key is the {each.name}'s"
        for each in correspondents.taking_part(tx, issue.id)
        if each.fingerprint == key.info.fingerprint
    ]


def _free_name(tx: Tx, issue: IssueRow, role: Part) -> str:
    taken = {each.name for each in correspondents.of_issue(tx, issue.id)}
    names = (str(role) if number == 1 else f"{role}-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _invite_text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del tx, desk, issue
    users = payload["users"]
    lines = [
        "What:         somebody outside takes part in this issue; they are told what the team",
        "              writes to them, and may write in it",
        f"Who:          {payload['address']}",
        f"As:           {payload['name']}, {Part(str(payload['role'])).meaning}",
        f"Key:          {spaced(str(payload['fingerprint']))}",
    ]
    if isinstance(users, list):
        lines += [f"Key names:    {user}" for user in users]
    return "\n".join(
        [*lines, "At first:     an invitation that says nothing of the issue's content"]
    )


def _perform_invite(
    tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    row, payload = of(issue), granted.payload
    address, role = Address.parse(str(payload["address"])), Part(str(payload["role"]))
    if reasons := _objections(tx, desk, row, address, role):
        raise Refusal(f"{address} cannot be invited any more: {'; '.join(reasons)}")
    certificate = b64decode(str(payload["certificate"]), validate=True)
    invited = correspondents.add(
        tx,
        issue=row.id,
        name=str(payload["name"]),
        address=address,
        wrote_in_clear=False,
        role=role,
        now=now,
    )
    correspondents.pin(
        tx,
        correspondent=invited.id,
        certificate=certificate,
        fingerprint=str(payload["fingerprint"]),
        key_ids=guests.key_ids(certificate),
        now=now,
    )
    _write_invitation(tx, desk, row, correspondents.by_row(tx, invited.id), granted, now=now)
    said = {
        "name": invited.name,
        "role": str(role),
        "address": str(address),
        "fingerprint": str(payload["fingerprint"]),
        "people": list(granted.people),
    }
    record(tx, "person.invited", row, granted.actor, said, now=now)
    key = spaced(str(payload["fingerprint"]))
    writing = command(desk, row.issue_id, f"reply to={invited.name}")
    return Done(
        lines=(
            f"invite: {address} takes part as the {invited.name} now",
            f"invite: they are told so, encrypted to {key}",
            f"invite: of the issue itself they know nothing yet; write to them: {writing}",
        )
    )


def _write_invitation(
    tx: Tx, desk: Desk, issue: IssueRow, invited: Correspondent, granted: Granted, *, now: Instant
) -> None:
    date = dates.standing(tx, issue.id)
    agreed = spoken(date.instant) if date is not None and date.state == dates.AGREED else ""
    values = {
        "project": printable_line(desk.name),
        "issue": str(issue.issue_id),
        "part": invited.role.meaning,
        "theirs": spaced(invited.fingerprint or ""),
        "public": agreed,
        "fingerprint": spaced(desk.fingerprint),
    }
    key = armor.armor(armor.Kind.PUBLIC_KEY, desk.certificate, newline=b"\r\n")
    words = Words(
        kind=INVITATION_LETTER,
        subject=f"{CONFIDENTIAL} ({issue.issue_id})",
        text=desk.texts.fill(INVITATION, values),
        by=granted.request.created_by,
        files=(File(name=KEY_FILE, content_type="application/pgp-keys", data=key),),
        about=granted.actor.about,
    )
    posting = Posting(correspondent=invited, to=invited.address, form=Form.SEALED, unasked=True)
    to_correspondent(tx, desk, words, posting, now=now)


def remove(tx: Tx, desk: Desk, *, issue: IssueRow, actor: Actor, name: str, now: Instant) -> Done:
    """Ask that somebody invited be told nothing more; others of the team approve."""
    whom = addressee(tx, issue, name, now=now)
    _require_removable(whom)
    payload: dict[str, object] = {"name": whom.name, "address": str(whom.address)}
    return ask(tx, desk, REMOVE_EFFECT, issue=issue, actor=actor, payload=payload, now=now)


def _require_removable(whom: Correspondent) -> None:
    if whom.role.is_finder:
        raise Refusal(
            f"the {whom.name} found it: who reported a vulnerability is told what becomes of it",
            remedy="their address for answers can be made void with `revoke`",
        )


def _remove_text(tx: Tx, desk: Desk, issue: IssueRow | None, payload: Payload) -> str:
    del tx, desk, issue
    lines = (
        "What:         somebody invited takes part in this issue no more: they are told nothing,",
        "              not even this, and mail to them that did not leave yet does not leave",
        f"Who:          the {payload['name']}, {payload['address']}",
    )
    return "\n".join(lines)


def _perform_remove(
    tx: Tx, desk: Desk, issue: IssueRow | None, granted: Granted, now: Instant
) -> Done:
    del desk
    row = of(issue)
    whom = addressee(tx, row, str(granted.payload["name"]), now=now)
    _require_removable(whom)
    correspondents.remove(tx, correspondent=whom.id, now=now)
    held = withheld.withhold_to(tx, whom.id, now=now)
    said = {"name": whom.name, "withheld": held, "people": list(granted.people)}
    record(tx, "person.removed", row, granted.actor, said, now=now)
    mails = "1 mail" if held == 1 else f"{held} mails"
    left = f"; {mails} to them that had not left will not leave" if held else ""
    return Done(lines=(f"remove: the {whom.name}, {whom.address}, is told nothing more{left}",))


INVITE_EFFECT: Final = Effect(
    kind=RequestKind.INVITE,
    title="somebody's part in the issue",
    render=_invite_text,
    perform=_perform_invite,
)
REMOVE_EFFECT: Final = Effect(
    kind=RequestKind.REMOVE,
    title="the end of somebody's part in the issue",
    render=_remove_text,
    perform=_perform_remove,
)
