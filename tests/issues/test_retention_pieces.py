"""What belongs to no issue is erased, too; a little at a time, and for good."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.report import Kind
from gatekeeper.domain.retention import ERASED_ADDRESS
from gatekeeper.store import (
    erasure,
    forgetting,
    frozen,
    issues,
    messages,
    scores,
    seen,
    tables,
)
from gatekeeper.store.engine import Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.seal import Codec
from tests.house import House
from tests.issues.bounced import report
from tests.issues.found import handle_all
from tests.issues.reports import plain
from tests.issues.retaining import (
    ROBIN,
    STAYS,
    YEAR,
    a_case,
    blobs,
    close,
    entries,
    erase_all,
    kept,
    retention,
    sound,
)
from tests.issues.talk import sqlite_house


def test_machines_mail_is_erased_after_three_months_but_not_in_open_issues(house: House) -> None:
    open_, done = a_case(house), a_case(house, 2)
    close(house, done.id)
    stray = house.receive(report(), sender="", to="bounces+stranger@example.org")
    handle_all(house)
    house.pass_time(90 * DAY)
    assert 0 == erase_all(house)
    house.pass_time(1)
    assert 2 == erase_all(house)
    assert ((2, 3), (1, 3)) == (kept(house, open_.id), kept(house, done.id))
    assert house.store.read(lambda tx: messages.head(tx, stray)).erased_at is not None
    assert 1 == len(entries(house, None, "mail.erased"))


def test_mail_to_postmaster_is_erased_with_its_copies(house: House) -> None:
    row = house.receive(plain(), sender=ROBIN, to="postmaster@example.org")
    house.settle()
    house.collect()
    assert Kind.POSTMASTER is house.store.read(lambda tx: messages.head(tx, row)).kind
    before = house.store.read(blobs)
    house.pass_time(YEAR + 1)
    assert 2 == erase_all(house)
    after = house.store.read(blobs)
    survived = {name for name in before if before[name] & after[name]}
    # Entries that belong to no issue are of the installation.
    assert survived <= STAYS.keys(), survived - STAYS.keys()
    found = house.store.read(lambda tx: messages.head(tx, row))
    assert (ERASED_ADDRESS,) == found.envelope.recipients
    assert {} == found.summary


def test_a_copy_to_the_team_that_waits_keeps_mail_to_postmaster(house: House) -> None:
    row = house.receive(plain(), sender=ROBIN, to="postmaster@example.org")
    handle_all(house)
    house.pass_time(2 * YEAR)
    assert 0 == erase_all(house)
    assert house.store.read(lambda tx: messages.load(tx, row)).raw is not None


def test_mail_in_quarantine_waits_for_a_person(house: House) -> None:
    row = house.receive(plain(), sender=ROBIN)
    token = b"t" * 16

    def fail(tx: Tx) -> None:
        messages.claim(tx, now=house.now, lease=DAY, token=token, limit=1)
        messages.fail(tx, message=row, token=token, problem="x", quarantine=True, now=house.now)

    house.store.write(fail)
    house.pass_time(50 * YEAR)
    assert 0 == erase_all(house)
    assert house.store.read(lambda tx: messages.load(tx, row)).raw is not None


def test_signed_commands_are_forgotten_long_after_they_are_worth_anything(house: House) -> None:
    row = house.receive(plain(), sender=ROBIN)
    digest = b"d" * 32

    def again() -> bool:
        return house.store.write(
            lambda tx: seen.first_time(tx, digest=digest, message=row, now=house.now)
        )

    assert again()
    house.pass_time(30 * DAY)
    assert (0, False) == (erase_all(house), again())
    house.pass_time(1)
    assert (1, True) == (erase_all(house), again())


def test_without_a_term_nothing_is_erased(house: House) -> None:
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(50 * YEAR)
    for_ever = {"mail": None, "issues": None, "automatic": None, "postmaster": None}
    assert 0 == erase_all(house, **for_ever, commands=None)
    assert (2, 3) == kept(house, issue.id)


def test_scores_go_when_they_are_forgotten(house: House) -> None:
    a_case(house, scored=True)
    assert 1 == len(house.store.read(scores.list_all))
    house.pass_time(house.desk.policy.bounces.forget_after + 1)
    assert 1 == retention(house).tick()
    assert () == house.store.read(scores.list_all)


def test_a_frozen_database_loses_nothing(house: House) -> None:
    """Nobody knows yet whether it is the right one."""
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(50 * YEAR)
    house.store.write(lambda tx: frozen.freeze(tx, reason="set back", now=house.now))
    assert 0 == erase_all(house)
    assert (2, 3) == kept(house, issue.id)
    house.store.write(frozen.thaw)
    assert erase_all(house)


class _Died(BaseException):
    """The end of the process before the commit."""


def test_what_is_killed_erased_nothing_and_begins_again(house: House) -> None:
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(2 * YEAR)

    def dying(tx: Tx) -> None:
        erasure.for_good(tx)
        assert erasure.mail_of(tx, issue.id, now=house.now).rows
        raise _Died

    with pytest.raises(_Died):
        house.store.write(dying)
    assert (2, 3) == kept(house, issue.id)
    assert 5 == erase_all(house, automatic=None)


def test_much_is_erased_a_piece_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece in a commit of its own, so that mail that comes in meanwhile waits for one."""
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(6 * YEAR)
    monkeypatch.setattr(erasure, "ROWS_MAX", 2)
    tick = retention(house, automatic=None).tick
    pieces = []
    while done := tick():
        pieces.append(done)
    assert [4, 1] == pieces[:2], "two messages and two letters, then the last letter"
    assert 2 == len(entries(house, issue.id, "mail.erased"))
    assert sound(house)


def test_each_piece_of_the_log_that_is_erased_is_said_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the log is whole between two pieces, too."""
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(6 * YEAR)
    monkeypatch.setattr(forgetting, "ENTRIES_MAX", 2)
    tick = retention(house, automatic=None).tick
    while tick():
        assert sound(house)
    assert len(entries(house, issue.id, "issue.erasing")) > 1
    assert 1 == len(entries(house, issue.id, "issue.erased"))


def test_a_piece_is_bounded_by_bytes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(2 * YEAR)
    monkeypatch.setattr(erasure, "BYTES_MAX", 1)
    tick = retention(house, automatic=None).tick
    assert [4, 1, 0] == [tick(), tick(), tick()], "a message at a time"


def test_on_sqlite_what_is_erased_is_nowhere_in_the_file(
    sqlite_template: Path, tmp_path: Path, codec: Codec
) -> None:
    """Sealed as it was, it is gone for whoever has the master key, too."""
    with sqlite_house(sqlite_template, tmp_path, codec) as house:
        (path,) = tmp_path.glob("*.sqlite3")
        is_gone(house, path)


def is_gone(house: House, path: Path) -> None:
    issue = a_case(house)
    close(house, issue.id)
    chunk = house.store.read(
        lambda tx: tx.connection.scalars(select(tables.message_chunks.c.data)).first()
    )
    assert chunk is not None
    needle = bytes(chunk)[40:200]
    checkpoint(path)
    assert needle in path.read_bytes()
    house.pass_time(2 * YEAR)
    erase_all(house)
    checkpoint(path)
    assert needle not in path.read_bytes()
    wal = path.with_name(f"{path.name}-wal")
    assert not wal.exists() or needle not in wal.read_bytes()


def checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def test_the_last_change_counts(house: House) -> None:
    issue = a_case(house)
    close(house, issue.id)
    house.pass_time(YEAR - DAY)

    def touch(tx: Tx) -> None:
        row = issues.by_row(tx, issue.id)
        issues.touch(tx, issue=row.id, version=row.version, now=house.now)

    house.store.write(touch)
    house.pass_time(2 * DAY)
    assert 0 == erase_all(house, automatic=None)
    before: Instant = later(house.now, -3 * DAY)
    assert not house.store.write(lambda tx: issues.locked_unchanged(tx, issue.id, before=before))


def test_a_hold_says_whether_it_changed_anything(house: House) -> None:
    issue = a_case(house)
    said = [
        house.store.write(partial(issues.hold, issue=issue.id, on=on))
        for on in (True, True, False, False)
    ]
    assert [True, False, True, False] == said
    after = house.store.read(lambda tx: issues.by_row(tx, issue.id))
    assert (issue.version, False) == (after.version, after.legal_hold)
    with pytest.raises(Conflict, match="no such issue"):
        house.store.write(lambda tx: issues.hold(tx, issue=RowId(b"?" * 16), on=True))
