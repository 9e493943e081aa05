"""What issues began with, on both databases: the first report of each, the newest issues first."""

from functools import partial

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, later
from gatekeeper.domain.report import Kind
from gatekeeper.store import erasure, firsts, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.firsts import First
from gatekeeper.store.tx import Tx
from tests.store import samples
from tests.store.samples import LEASE, NOW, TOKEN
from tests.store.test_conformance import close


def reported(tx: Tx, issue: RowId, text: str, kind: Kind = Kind.REPORT) -> None:
    """Keep a handled message of an issue."""
    message = samples.message(tx, raw=f"{kind} {text}".encode())
    messages.claim(tx, now=NOW, lease=LEASE, token=TOKEN, limit=1)
    messages.finish(
        tx,
        message=message,
        token=TOKEN,
        kind=kind,
        issue=issue,
        summary={"subject": f"about {text}", "text": text},
        message_id=None,
        now=NOW,
    )


def test_the_newest_issues_each_by_its_first_report(store: Store) -> None:
    issues = [store.write(samples.issue) for _ in range(4)]
    for number, issue in enumerate(issues):
        store.write(partial(reported, issue=issue.id, text=f"fault {number}"))
        store.write(partial(reported, issue=issue.id, text=f"more {number}", kind=Kind.REPLY))
    *_, second, third, new = issues
    ask = partial(firsts.newest, prefix="SEC", but=new.id)
    expected = First(
        issue=third.id,
        issue_id=third.issue_id,
        state="reported",
        subject="about fault 2",
        text="fault 2",
    )
    assert (expected,) == store.read(partial(ask, limit=1))
    found = store.read(partial(ask, limit=2))
    assert [third.id, second.id] == [each.issue for each in found]
    assert 3 == len(store.read(partial(ask, limit=200)))
    assert () == store.read(partial(firsts.newest, prefix="OLD", but=new.id, limit=200))


def test_what_was_erased_is_like_nothing(store: Store) -> None:
    old, new = store.write(samples.issue), store.write(samples.issue)
    store.write(partial(reported, issue=old.id, text="fault"))
    store.write(partial(close, issue=old.id))
    ask = partial(firsts.newest, prefix="SEC", but=new.id, limit=9)
    assert 1 == len(store.read(ask))
    store.write(partial(erasure.mail_of, issue=old.id, now=later(NOW, MINUTE)))
    assert () == store.read(ask)
