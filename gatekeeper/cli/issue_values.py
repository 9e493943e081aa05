"""An issue as JSON values with stable keys: the issue itself, whom we write to, its history."""

from gatekeeper.cli.turns import Thread
from gatekeeper.domain.identity import short_tag
from gatekeeper.domain.instants import rfc3339
from gatekeeper.domain.timeline import Timeline
from gatekeeper.issues.asking import ONCE
from gatekeeper.issues.pending import Pending
from gatekeeper.store.audit import EventRow
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.issues import IssueRow


def issue_value(row: IssueRow) -> dict[str, object]:
    """Return what the issue's own row says."""
    return {
        "issue": str(row.issue_id),
        "state": row.state,
        "legal_hold": row.legal_hold,
        "subject": row.subject,
        "reporter": row.reporter,
        "owner": row.owner or None,
        "tag": row.tag,
        "opened_at": rfc3339(row.opened_at),
        "updated_at": rfc3339(row.updated_at),
        "messages": row.message_count,
    }


def correspondent_value(one: Correspondent) -> dict[str, object]:
    """Return whom we write to and how; neither route nor code, which open the way to us."""
    return {
        "name": one.name,
        "address": str(one.address),
        "fingerprint": one.fingerprint,
        "wrote_in_clear": one.wrote_in_clear,
        "since": rfc3339(one.created_at),
        "role": str(one.role),
        "credit": one.credit.line if one.credit is not None else None,
        "consented_at": rfc3339(one.consented_at) if one.consented_at is not None else None,
        "removed_at": rfc3339(one.removed_at) if one.removed_at is not None else None,
    }


def timeline_value(timeline: Timeline) -> dict[str, object]:
    """Return the two instants that are proposed."""
    return {
        "predisclosure": rfc3339(timeline.predisclosure),
        "public": rfc3339(timeline.public),
    }


def request_value(one: Pending) -> dict[str, object]:
    """Return what waits for approval, by its full hash, with all that it would do."""
    request = one.request
    return {
        "issue": str(one.issue.issue_id) if one.issue is not None else None,
        "effect": request.effect.hex(),
        "kind": request.kind,
        "text": one.text,
        "changed": one.changed,
        "asked": {name: said for name, said in request.payload.items() if name != ONCE},
        "state": request.state,
        "created_by": request.created_by,
        "created_at": rfc3339(request.created_at),
        "expires_at": rfc3339(request.expires_at) if request.expires_at is not None else None,
        "needed": request.needed,
        "approved_by": list(request.approved_by),
        "missing": one.missing,
    }


def event_value(entry: EventRow) -> dict[str, object]:
    """Return one entry of the event log."""
    return {
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "payload": entry.payload,
        "damaged": entry.damage or None,
    }


def trouble_values(thread: Thread) -> list[dict[str, object]]:
    """Return the deliveries that did not get through."""
    return [
        {
            "delivery": short_tag(row.id),
            "recipient": str(row.recipient),
            "state": str(row.state),
            "reason": row.reason or row.reply,
        }
        for row in thread.trouble
    ]
