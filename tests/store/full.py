"""A database with a secret in every field that takes one, written by every function that writes."""

from dataclasses import replace

from gatekeeper.domain.address import Address
from gatekeeper.domain.bounces import Score
from gatekeeper.domain.delivery import Attempt, Outcome
from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.participants import Credit
from gatekeeper.domain.process import Fact, Severity, Track
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Envelope, Kind
from gatekeeper.domain.roles import Role
from gatekeeper.store import (
    applied,
    attendance,
    audit,
    ceilings,
    clocks,
    copies,
    correspondents,
    dates,
    deciding,
    deliveries,
    duties,
    frozen,
    issue_facts,
    issues,
    key_warnings,
    letters,
    messages,
    paper_codes,
    processes,
    products,
    reaffirmations,
    reminded,
    requests,
    scores,
    seen,
)
from gatekeeper.store.applied import Applied
from gatekeeper.store.copies import Copy
from gatekeeper.store.dates import DateRow
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.letters import NewLetter
from gatekeeper.store.products import ListRow
from gatekeeper.store.tx import Tx
from tests import arriving
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN

CANARY = "Canary7f3aQuetzal"
PEER = "198.51.100.77"
FINGERPRINT = "C0FFEE" * 6 + "BEEF"
ADDRESS = Address.parse(f"{CANARY}@{CANARY}.example")
DIGEST_TEXT = "Digest of what was signed 91f4.."
DIGEST = DIGEST_TEXT.encode()
SECRETS = (CANARY, PEER, FINGERPRINT, FINGERPRINT[-16:], DIGEST_TEXT)


def fill(tx: Tx) -> None:
    """Put a secret into every field that takes one, through every function that writes."""
    product = samples.product(tx)
    products.ensure_list(tx, ListRow(key="pre-disclosure"), product=product, now=NOW)
    message = handled(tx)
    quarantined(tx)
    issue = issues.open_issue(
        tx, product=product, prefix="SEC", tag="t", subject=CANARY, reporter=CANARY, now=NOW
    ).id
    letter = letters.add(
        tx,
        NewLetter(
            issue=issue,
            message=message,
            kind="copy",
            message_id=f"<{CANARY}@{CANARY}.example>",
            plaintext=CANARY.encode() * 1000,
            frame_head=CANARY.encode(),
            frame_tail=CANARY.encode(),
            summary={CANARY: CANARY},
        ),
        now=NOW,
    )
    deliver(tx, letter)
    converse(tx, issue=issue, message=message)
    decide(tx, issue)
    run_long(tx)
    audit.append(tx, kind="x", actor=CANARY, now=NOW, payload={CANARY: CANARY}, issue=issue)


def handled(tx: Tx) -> RowId:
    """Store and handle a message."""
    envelope = Envelope(sender=ADDRESS, recipients=(ADDRESS,), peer=PEER, protocol="ESMTP")
    raw = f"From: {CANARY}\r\n\r\n{CANARY}\r\n".encode() * 50_000
    message = arriving.add(tx, product=samples.product(tx), raw=raw, envelope=envelope, now=NOW).id
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=message,
        token=TOKEN,
        kind=Kind.REPORT,
        issue=None,
        summary={"subject": CANARY},
        message_id=f"<{CANARY}@example.org>",
        now=NOW,
        sender=ADDRESS,
        thread=f"<{CANARY}@example.org>",
        ciphertexts=[DIGEST],
    )
    return message


def quarantined(tx: Tx) -> None:
    """Store a message that cannot be handled."""
    samples.message(tx, raw=CANARY.encode())
    (held,) = messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.fail(tx, message=held.id, token=TOKEN, problem=CANARY, quarantine=True, now=NOW)


def deliver(tx: Tx, letter: RowId) -> None:
    """Seal and deliver to one recipient, block another."""
    first, second = (
        deliveries.add(
            tx,
            letter=letter,
            issue=None,
            recipient=recipient,
            name=CANARY,
            due_at=NOW,
            now=NOW,
        )
        for recipient in (ADDRESS, replace(ADDRESS, local="other"))
    )
    letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    copies.seal_all(
        tx,
        [
            Copy(
                delivery=first,
                key_packets=CANARY.encode(),
                fingerprints=[FINGERPRINT],
                own_packet=CANARY.encode(),
            )
        ],
        now=NOW,
    )
    deliveries.blocked(tx, delivery=second, reason=CANARY, now=NOW)
    letters.sealed(tx, letter=letter, token=TOKEN, shared=CANARY.encode(), now=NOW)
    deliveries.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    attempt = Attempt(outcome=Outcome.NOT_NOW, reply=CANARY)
    samples.record(tx, delivery=first, token=TOKEN, attempt=attempt, now=NOW)
    deliveries.returned(tx, delivery=first, report={CANARY: CANARY}, permanent=False, now=NOW)


def converse(tx: Tx, *, issue: RowId, message: RowId) -> None:
    """Write to someone outside, keep their keys, and ask a second person."""
    issues.set_owner(tx, issue=issue, owner=CANARY, now=NOW)
    whom = correspondents.add(
        tx, issue=issue, name="reporter", address=ADDRESS, wrote_in_clear=True, now=NOW
    ).id
    correspondents.pin(
        tx,
        correspondent=whom,
        certificate=CANARY.encode(),
        fingerprint=FINGERPRINT,
        key_ids=[FINGERPRINT[-16:]],
        now=NOW,
    )
    correspondents.offer(
        tx,
        correspondent=whom,
        certificate=CANARY.encode(),
        fingerprint=FINGERPRINT,
        now=NOW,
    )
    credit = Credit(line=CANARY)
    correspondents.set_credit(tx, correspondent=whom, credit=credit, now=NOW)
    correspondents.give_nonce(tx, correspondent=whom, nonce=CANARY, now=NOW)
    request = requests.add(
        tx,
        issue=issue,
        kind="reply",
        effect=DIGEST,
        payload={CANARY: CANARY},
        needed=2,
        created_by=CANARY,
        now=NOW,
    )
    requests.approve(tx, request=request, person=FINGERPRINT, name=CANARY, now=NOW)
    requests.close(tx, request=request, state=requests.REFUSED, by=CANARY, why=CANARY, now=NOW)
    seen.first_time(tx, digest=DIGEST, message=message, now=NOW)
    key_warnings.note(tx, fingerprint=FINGERPRINT, ends_at=NOW, stage=Stage.ENDED, now=NOW)
    keep_in_clear(tx, issue)


def decide(tx: Tx, issue: RowId) -> None:
    """Decide what there is to decide of an issue, and agree on its date."""
    decided = replace(
        deciding.get(tx, issue), track=Track.LOW, severity=Severity.LOW, reason=CANARY
    )
    deciding.save(tx, decided, now=NOW)
    known = Known(issue=issue, fact=Fact.TRIAGED, at=NOW, by=CANARY, value=CANARY)
    issue_facts.put(tx, known)
    date = DateRow(
        issue=issue,
        number=1,
        instant=NOW,
        state=dates.AGREED,
        by=CANARY,
        via=CANARY,
        reason=CANARY,
        at=NOW,
    )
    dates.add(tx, date)
    ceilings.put(
        tx, issue=issue, holder=CANARY, kind=CANARY, instant=NOW, by=CANARY, via=CANARY, now=NOW
    )
    clocks.start(tx, issue=issue, rule=CANARY, at=NOW)
    reminded.first_time(tx, key=CANARY, issue=issue, now=NOW)


def keep_in_clear(tx: Tx, issue: RowId) -> None:
    """Keep a letter that goes out in clear: on the disk it is as secret as any."""
    new = replace(samples.new_letter(issue), form=Form.CLEAR_REPLY, plaintext=CANARY.encode())
    letter = letters.add(tx, new, now=NOW)
    deliveries.add(
        tx, letter=letter, issue=issue, recipient=ADDRESS, name=CANARY, due_at=NOW, now=NOW
    )
    letters.claim_unsealed(tx, now=NOW, lease=LEASE, token=TOKEN, limit=9)
    letters.keep(tx, letter=letter, token=TOKEN, content=CANARY.encode(), now=NOW)


def run_long(tx: Tx) -> None:
    """Let a service say who it is, mail come back, and people say that the database is right."""
    name = processes.Name(host=CANARY, pid=1, version="1.0", alias=FINGERPRINT)
    process = processes.register(tx, name=name, roles=Role, now=NOW)
    duties.take(tx, name="clock", holder=process, now=NOW, lease=LEASE)
    frozen.freeze(tx, reason=CANARY, now=NOW)
    attendance.away(tx, person=ADDRESS, until=NOW, now=NOW)
    paper_codes.add_all(tx, person=ADDRESS, codes=[CANARY], now=NOW)
    in_force = Applied(kind="team", digest=DIGEST, content=CANARY.encode(), at=NOW)
    applied.adopt(tx, in_force)
    score = Score(points=1, counted_at=NOW, suspended_at=None)
    scores.put(tx, recipient=ADDRESS, score=score, now=NOW)
    reaffirmations.add(tx, shown=DIGEST, person=ADDRESS, name=CANARY, now=NOW)
