"""`gatekeeper audit`: what is on record, whether the record is whole, a copy that others check."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from gatekeeper.config.witness import WitnessWatch
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, later, rfc3339
from gatekeeper.start import open_store
from gatekeeper.store import audit, frozen, heads, setback
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import events
from gatekeeper.store.tx import Tx
from tests.cli.conftest import REPORT, Shell
from tests.house import START, open_house
from tests.store.tampering import unguarded
from tests.store.test_heads import append, put_back, snapshot


def fill(store: Store) -> None:
    """Let a report leave its entries."""
    with open_house(store) as house:
        house.receive(REPORT)
        house.settle()


def quoted(store: Store) -> str:
    """Return the head of the log as mail to the team quotes it."""
    return store.read(lambda tx: heads.quoted(tx.codec, audit.head(tx)))


def test_a_whole_log_is_said_to_be_whole(shell: Shell, store: Store) -> None:
    """The head is the one that the newest mail to the team quotes, or follows it."""
    fill(store)
    head = store.read(audit.head)
    said = shell("audit", "verify")
    assert (0, f"the log is whole: entry {quoted(store)}\n") == (said.status, said.out)
    found = shell("audit", "verify", "--json").json
    assert {
        "sound": True,
        "head": head.digest.hex(),
        "quoted": quoted(store),
        "erased": 0,
        "problems": [],
    } == found


def test_a_changed_log_is_found(shell: Shell, store: Store) -> None:
    """One entry is changed behind the program's back: exit 1, and which one."""
    fill(store)

    def change(tx: Tx) -> None:
        unguarded(tx)
        tx.connection.execute(text("UPDATE events SET at = at + 1 WHERE seq = 2"))

    store.write(change)
    said = shell("audit", "verify")
    assert 1 == said.status
    assert "entry 2" in said.out
    assert not shell("audit", "verify", "--json").json["sound"]


def test_erased_content_is_counted_and_the_log_is_whole(shell: Shell, store: Store) -> None:
    """When the log says that the issue was erased; else what is gone is missed."""
    issue = RowId(b"i" * 16)

    def fill_more(tx: Tx) -> None:
        for kind in ("issue.noted", "issue.erased"):
            audit.append(tx, kind=kind, actor="a", now=START, payload={}, issue=issue)

    fill(store)
    store.write(fill_more)
    seqs = [row.seq for row in store.read(lambda tx: audit.of_issue(tx, issue))]

    def erase(seq: int) -> None:
        statement = update(events).where(events.c.seq == seq).values(salt=None, payload=None)

        def work(tx: Tx) -> None:
            tx.connection.execute(statement)

        store.write(work)

    erase(seqs[0])
    said = shell("audit", "verify")
    assert (0, True) == (said.status, "the content of 1 was erased" in said.out)
    (one,) = [row for row in shell("audit", "show", "--json").json if row["seq"] == seqs[0]]
    assert (True, None, None) == (one["erased"], one["actor"], one["payload"])
    assert "(erased)" in shell("audit", "show").out
    erase(2)
    said = shell("audit", "verify")
    assert (1, True) == (said.status, "entry 2: its content was removed" in said.out)


def test_a_log_set_back_is_found_by_a_head_from_a_mail_and_by_the_witness(
    shell: Shell, store: Store
) -> None:
    """It is sound in itself, its old head put back with its old entries."""
    kept = store.read(snapshot)
    fill(store)
    head = quoted(store)
    settings = shell.site.load()
    store.write(lambda tx: put_back(tx, kept))
    assert 0 == shell("audit", "verify").status
    said = shell("audit", "verify", "--head", head)
    assert (1, True) == (said.status, "cut off or set back" in said.out)
    # A process that saw more of it would stop it before.
    with open_store(settings) as other:
        other.write(append)
        WitnessWatch(settings=settings, store=other, now=lambda: START).tick()
    store.write(lambda tx: put_back(tx, kept))
    said = shell("audit", "verify")
    assert (1, True) == (said.status, "behind what this host has seen" in said.out)
    with open_store(settings) as other:
        WitnessWatch(settings=settings, store=other, now=lambda: START).tick()
    said = shell("audit", "verify")
    assert (1, True) == (said.status, "which was seen, is not in it" in said.out), "while frozen"
    store.write(frozen.thaw)
    assert 0 == shell("audit", "verify").status


def test_heads_of_the_log_as_they_stand_in_mail_are_believed(shell: Shell, store: Store) -> None:
    fill(store)
    short = quoted(store).rpartition(":")[0]
    said = shell("audit", "verify", "--head", quoted(store), "--head", f"entry {short}")
    assert 0 == said.status
    forged = f"{short}:{'0' * 16}"
    said = shell("audit", "verify", "--head", forged)
    assert (1, True) == (said.status, "MAC" in said.out)
    assert 2 == shell("audit", "verify", "--head", "12").status


def test_entries_are_shown_by_issue_kind_moment_and_number(shell: Shell, store: Store) -> None:
    fill(store)
    every = shell("audit", "show", "--json").json
    kinds = ["issue.opened", "reporter.answered", "message.handled"]
    assert {*kinds, "letter.sealed", "letter.composed"} == {row["kind"] for row in every}
    assert kinds == [row["kind"] for row in every[:3]]
    assert {"SEC-2026-0001"} == {row["issue"] for row in every}
    assert {"issue": "SEC-2026-0001"} == every[0]["payload"]
    about = shell("audit", "show", "--issue", "sec-2026-0001", "--kind", "letter.", "--json").json
    assert {"letter.sealed", "letter.composed"} == {row["kind"] for row in about}
    (one,) = shell("audit", "show", "--kind", "issue.opened", "--last", "1", "--json").json
    assert 1 == one["seq"]
    shown = shell("audit", "show", "--kind", "audit.shown", "--json").json
    assert [5, 2, 1] == [row["payload"]["entries"] for row in shown], "each look is on record"
    day = rfc3339(later(START, DAY))[:10]
    assert not [
        row
        for row in shell("audit", "show", "--since", day, "--json").json
        if row["kind"] != "audit.shown"
    ]
    assert "message.handled" in shell("audit", "show").out
    assert 4 == shell("audit", "show", "--issue", "SEC-2026-0099").status
    for wrong in (("--issue", "7"), ("--since", "yesterday")):
        assert 2 == shell("audit", "show", *wrong).status


def test_an_export_is_checked_without_database_and_key(
    shell: Shell, store: Store, tmp_path: Path
) -> None:
    fill(store)
    file = tmp_path / "events.jsonl"
    said = shell("audit", "export", str(file), "--json")
    assert {"file": str(file), "entries": 6, "damaged": []} == said.json
    assert 0o600 == file.stat().st_mode & 0o777
    last = json.loads(file.read_bytes().splitlines()[5])
    assert "audit.exported" == last["kind"], "the export itself is on record, and in it"
    assert 0 == shell.bare("audit", "verify", "--file", str(file)).status
    assert 0 == shell.bare("audit", "verify", "--file", str(file), "--head", quoted(store)).status
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b"issue.opened", b"issue.closed"))
    said = shell.bare("audit", "verify", "--file", str(file))
    assert (1, True) == (said.status, "entry 1 does not follow" in said.out)
    assert 2 == shell("audit", "export", str(file)).status, "nothing is written over"
    assert 2 == shell.bare("audit", "verify", "--file", str(tmp_path / "none")).status


def test_a_damaged_entry_hides_no_other(shell: Shell, store: Store, tmp_path: Path) -> None:
    """It is marked, and the status says so, wherever the log is shown, exported or checked."""
    fill(store)

    def damage(tx: Tx) -> None:
        unguarded(tx)
        third = select(events.c.payload).where(events.c.seq == 3).scalar_subquery()
        tx.connection.execute(update(events).where(events.c.seq == 2).values(payload=third))

    store.write(damage)
    says = "has other content than was sealed: it was changed or moved"
    said = shell("audit", "show")
    assert 1 == said.status
    lines = said.out.splitlines()
    assert ["1", "2", "3", "4", "5"] == [line.split("\t")[0] for line in lines[1:]]
    assert ["(damaged)", f"it {says}"] == lines[2].split("\t")[4:]
    assert '{"issue": "SEC-2026-0001"}' == lines[1].split("\t")[5]
    said = shell("audit", "show", "--json")
    assert (1, says) == (said.status, said.json[1]["damaged"])
    assert (None, False, None) == (
        said.json[1]["payload"],
        said.json[1]["erased"],
        said.json[2]["damaged"],
    )
    assert 0 == shell("audit", "show", "--last", "1").status
    file = tmp_path / "events.jsonl"
    said = shell("audit", "export", str(file))
    assert (1, True) == (said.status, "entry 2 is damaged" in said.out)
    said = shell("audit", "verify", "--file", str(file))
    assert (1, "entry 2 was damaged when it was exported\n") == (said.status, said.out)
    assert [2] == shell("audit", "export", str(tmp_path / "more"), "--json").json["damaged"]
    assert (1, f"entry 2 {says}\n") == (
        shell("audit", "verify").status,
        shell("audit", "verify").out,
    )
    assert "(damaged)" in shell("issue", "show", "SEC-2026-0001").out


@pytest.mark.parametrize("after", [(), ("--after", "sec-2026-0077")])
def test_a_frozen_database_is_shown_with_the_command_that_thaws_it(
    after: tuple[str, ...], shell: Shell, store: Store
) -> None:
    assert "is not frozen" in shell("audit", "frozen").out
    assert {"frozen": False} == shell("audit", "frozen", "--json").json
    fill(store)
    store.write(lambda tx: setback.stop(tx, reason="it was set back.", now=START))
    said = shell("audit", "frozen", *after)
    found = shell("audit", "frozen", *after, "--json").json
    assert (0, True) == (said.status, "it was set back." in said.out)
    assert found["command"] in said.out
    assert found["command"].startswith(f"!reaffirm {found['hash']}")
    assert bool(after) == found["command"].endswith(" after=SEC-2026-0077")
    assert "So far: nobody" in said.out
    assert "4 deliveries that may have been sent" in found["statement"]


@pytest.mark.parametrize(("after", "status"), [("7", 2), ("OTHER-2026-0001", 1)])
def test_a_number_of_elsewhere_is_refused(
    after: str, status: int, shell: Shell, store: Store
) -> None:
    store.write(lambda tx: setback.stop(tx, reason="it was set back.", now=START))
    assert status == shell("audit", "frozen", "--after", after).status


def test_doctor_and_health_fail_with_a_frozen_database(shell: Shell, store: Store) -> None:
    store.write(lambda tx: setback.stop(tx, reason="it was set back.", now=START))
    found = {one["name"]: one for one in shell("doctor", "--json").json["findings"]}
    assert ("fail", True) == (
        found["frozen"]["state"],
        "it was set back." in found["frozen"]["text"],
    )


def test_doctor_tells_of_the_witness_and_of_backups(shell: Shell, store: Store) -> None:
    """On one volume with the database; then gone; then behind."""
    settings = shell.site.load()
    watch = WitnessWatch(settings=settings, store=store, now=lambda: START)

    def finding(name: str) -> tuple[str, str]:
        rows = shell("doctor", "--json").json["findings"]
        (one,) = [row for row in rows if row["name"] == name]
        return one["state"], one["text"]

    watch.tick()
    assert ("warn", True) == (finding("witness")[0], "volume" in finding("witness")[1])
    assert ("warn", True) == (finding("backup")[0], "no recovery key" in finding("backup")[1])
    settings.witness_file.unlink()
    assert ("fail", True) == (finding("witness")[0], "is gone" in finding("witness")[1])
    kept = store.read(snapshot)
    store.write(append)
    WitnessWatch(settings=settings, store=store, now=lambda: START).tick()
    store.write(lambda tx: put_back(tx, kept))
    assert ("fail", True) == (finding("witness")[0], "is behind" in finding("witness")[1])
