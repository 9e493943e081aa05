"""Kill -9 at every commit of a conversation: each command is done once and whole, or not at all."""

import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import MessageState
from gatekeeper.store import audit, deliveries, issues, letters, messages, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tx import Tx
from tests.house import PEOPLE, open_house, person_key, uid
from tests.issues.reports import key_part, multipart, robin_key
from tests.issues.talk import HERE, Talk, a_talk
from tests.path.lives import REPORTER, Lives, assert_at_most_the_window, in_turns, living
from tests.sampling import DIALECTS
from tests.sinks import Inbox, running_sink

OPEN, SEALED = (IssueId(prefix="SEC", year=2026, number=number) for number in (1, 2))
STARTS = 6
"""The first writes of a life that come before any work; the kills begin at the last of them."""

KILLS = 44
"""More than the commits of one whole life, whose number depends on how the work falls together."""

SURE = 24
"""A life always makes at least so many."""

SENT = Counter({REPORTER: 2, **dict.fromkeys((address for _, address in PEOPLE), 2)})
"""How many mails everybody gets: two answers for the reporter, a copy of two commands for each."""


def prepare(store: Store) -> None:
    """Talk until an answer in clear waits for approval; then let the two mails in that matter.

    One approves it; the other takes charge of the second issue and answers its reporter.
    """
    with open_house(store) as house, a_talk(house) as talk:
        talk.receive(talk.text("In clear."), sender=REPORTER)
        talk.command(f"!{OPEN}@{HERE} reply clear\nPlease send us your key.")
        words = b"Content-Type: text/plain\r\n\r\nWith a key.\r\n"
        content = multipart("mixed", words, key_part(robin_key(), talk.pen))
        talk.receive(talk.sealed("", by=robin_key(), content=content), sender=REPORTER)
        (waiting,) = store.read(requests.waiting)
        leave(talk, f"!{OPEN}@{HERE} approve {waiting.effect.hex()}", person=1)
        leave(talk, f"!{SEALED}@{HERE} own\n!{SEALED}@{HERE} reply\nThank you.", person=0)


def leave(talk: Talk, words: str, *, person: int) -> None:
    """Let a signed mail in that nobody has looked at."""
    raw = talk.sealed(words, by=person_key(person), sender=uid(*PEOPLE[person]))
    talk.house.receive(raw, sender=PEOPLE[person][1])


@pytest.fixture(scope="session")
def prepared_file(
    sqlite_template: Path, codec: Codec, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A SQLite file with the conversation, from which others are copied."""
    path = tmp_path_factory.mktemp("told") / "told.sqlite3"
    shutil.copy(sqlite_template, path)
    store = Store.open(f"sqlite:///{path}", codec)
    prepare(store)
    store.close()
    assert [path] == list(path.parent.iterdir()), "all of it is in the one file"
    return path


@pytest.fixture(scope="session")
def prepared_name(postgres_url: str, postgres_template: str, codec: Codec) -> Iterator[str]:
    """The name of a PostgreSQL database with the conversation, from which others are copied."""
    name = f"gatekeeper_told_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}".encode())
        store = Store.open(named(postgres_url, name), codec)
        prepare(store)
        store.close()
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def named(server: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


@pytest.fixture
def lives(
    dialect: str, request: pytest.FixtureRequest, nursery: ForkServerContext, tmp_path: Path
) -> Iterator[Lives]:
    """An installation in the middle of the conversation, with two mails that wait."""
    if dialect == "sqlite":
        path = tmp_path / "gatekeeper.sqlite3"
        shutil.copy(request.getfixturevalue("prepared_file"), path)
        with living(nursery, f"sqlite:///{path}", accepted=True) as lent:
            yield lent
        return
    server, template = (request.getfixturevalue(n) for n in ("postgres_url", "prepared_name"))
    name = f"gatekeeper_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        with living(nursery, named(server, name), accepted=True) as lent:
            yield lent
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def assert_none_is_half_done(url: str, codec: Codec) -> None:
    """See that what a mail commands is written together with the mail's being handled."""
    store = Store.open(url, codec)
    try:
        open_, sealed = store.read(issues.list_all)
        assert [OPEN, SEALED] == [open_.issue_id, sealed.issue_id]
        replies = [letter.kind for letter in store.read(lambda tx: letters.of_issue(tx, sealed.id))]
        handled = len(store.read(lambda tx: messages.of_issue(tx, sealed.id))) - 1
        assert handled == replies.count("reply") == (sealed.owner == PEOPLE[0][0])
        forms = [letter.form for letter in store.read(lambda tx: letters.of_issue(tx, open_.id))]
        waits = len(store.read(requests.waiting))
        handled = len(store.read(lambda tx: messages.of_issue(tx, open_.id))) - 2
        assert handled == forms.count(Form.CLEAR_REPLY) == 1 - waits
    finally:
        store.close()


def done(tx: Tx) -> Counter[str]:
    """Return how often each kind of event stands in the logs of all issues."""
    rows = issues.list_all(tx)
    return Counter(event.kind for row in rows for event in audit.of_issue(tx, row.id))


def assert_whole(url: str, codec: Codec, inbox: Inbox) -> None:
    """See that both mails were obeyed once, that all was sent, and that the log is sound."""
    assert_none_is_half_done(url, codec)
    store = Store.open(url, codec)
    try:
        counts = store.read(messages.counts)
        assert {MessageState.HANDLED: 5} == {state: n for state, n in counts.items() if n}
        rows = store.read(deliveries.list_all)
        assert {DeliveryState.DELIVERED} == {row.state for row in rows}
        assert () == store.read(requests.waiting)
        assert () == store.read(audit.verify)
        events = store.read(done)
        once = ("issue.owned", "request.made", "request.approved")
        assert [1, 1, 1, 2] == [events[kind] for kind in (*once, "issue.replied")]
        assert 2 * 2 == [row.name for row in rows].count("reporter"), "two for each issue"
    finally:
        store.close()
    assert_at_most_the_window(inbox, SENT)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_whole_life(lives: Lives, codec: Codec) -> None:
    """Without a kill everything is whole, and every commit is among the kills below."""
    with running_sink() as sink:
        lives.relay = sink.port
        writes = lives.live()
        assert writes is not None
        assert SURE <= writes <= KILLS
        assert_whole(lives.url, codec, sink.inbox)


@pytest.mark.parametrize(
    ("dialect", "kill_at", "kill_before"),
    [
        pytest.param(*case, id=f"{case[0]}-{case[1]}-{'before' if case[2] else 'after'}")
        for case in in_turns(range(STARTS, KILLS + 1))
    ],
)
def test_killed_at_a_commit(lives: Lives, codec: Codec, kill_at: int, *, kill_before: bool) -> None:
    """Die at one commit, find no command half done, live again, and find everything whole."""
    with running_sink() as sink:
        lives.relay = sink.port
        lived = lives.live(kill_at=kill_at, kill_before=kill_before)
        if lived is None:
            assert_none_is_half_done(lives.url, codec)
            assert lives.live() is not None
        else:
            assert SURE < kill_at
            assert lived < kill_at
        assert_whole(lives.url, codec, sink.inbox)
