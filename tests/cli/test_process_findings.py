"""`gatekeeper doctor` on the processes of one database: who runs, and whether they are alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from gatekeeper.cli import process_findings
from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings, load
from gatekeeper.config.keyhome import codec_of
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import MINUTE, SECOND, Instant, later
from gatekeeper.domain.roles import ALL, Role
from gatekeeper.lead import CLOCK
from gatekeeper.store import duties, processes, running, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.processes import GONE_AFTER, Name
from tests.house import START
from tests.running import make_site
from tests.store import samples

NOW = START
ONE = Name(host="one.example", pid=7, version="1.0", alias=samples.FINGERPRINT)
TWO = replace(ONE, host="two.example", pid=8)
THREE = replace(ONE, host="three.example", pid=9)
ON_POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
SINCE = "since Thu 2026-09-03 12:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """An installation and its database, in which processes are written down."""

    settings: Settings
    store: Store

    def start(self, name: Name, *roles: Role, now: Instant = NOW) -> RowId:
        """Write a process down."""
        return self.store.write(
            lambda tx: processes.register(tx, name=name, roles=roles or ALL, now=now)
        )

    def found(self, now: Instant = NOW) -> list[Finding]:
        """Return what doctor says of them."""
        return list(process_findings.running(self.settings, now))

    def wrong(self, now: Instant = NOW) -> list[Finding]:
        """Return what it says is not as it should be."""
        return [finding for finding in self.found(now) if finding.state is not State.OK]


@pytest.fixture
def hosts(database_url: str, tmp_path: Path) -> Iterator[Hosts]:
    """Lend an installation on which nobody runs yet."""
    site = make_site(tmp_path, relay=1, database=database_url)
    settings = load(site.config)
    url = settings.database.connection_url()
    schema.upgrade(url, codec_of(settings))
    store = Store.open(url, codec_of(settings))
    try:
        yield Hosts(settings=settings, store=store)
    finally:
        store.close()


@ON_SQLITE
def test_on_sqlite_there_is_the_one_or_none(hosts: Hosts) -> None:
    """None is no fault: the command line works without a service."""
    (none,) = hosts.found()
    assert (State.OK, "no service runs on this database now") == (none.state, none.text)
    hosts.start(ONE)
    (one,) = hosts.found()
    assert (State.OK, f"one.example (pid 7): all of the work, {SINCE}") == (one.state, one.text)


@ON_POSTGRESQL
def test_each_host_is_named_with_its_work_and_who_does_the_clocks(hosts: Hosts) -> None:
    hosts.start(ONE, Role.INBOUND)
    hosts.start(TWO, Role.OUTBOUND, Role.CLOCK)
    leader = hosts.start(THREE, Role.CLOCK)
    hosts.store.write(
        lambda tx: duties.take(tx, name=CLOCK, holder=leader, now=NOW, lease=30 * SECOND)
    )
    assert [
        f"one.example (pid 7): inbound, {SINCE}",
        f"three.example (pid 9): clock, {SINCE}; it does the clock's work now",
        f"two.example (pid 8): clock, outbound, {SINCE}",
    ] == sorted(finding.text for finding in hosts.found())
    assert [] == hosts.wrong()


@ON_POSTGRESQL
def test_who_is_silent_is_told_of_and_what_nobody_does_any_more(hosts: Hosts) -> None:
    """One beat before it is taken for dead all is well; then its work is missing too."""
    hosts.start(ONE, Role.INBOUND, Role.CLOCK)
    silent = later(NOW, -GONE_AFTER)
    hosts.start(TWO, Role.OUTBOUND, now=silent)
    assert [] == hosts.wrong(later(NOW, -1))
    missing, gone = hosts.wrong()
    assert (State.WARN, "no process runs for: outbound") == (missing.state, missing.text)
    assert "start one: gatekeeper serve --only outbound" == missing.remedy
    said = "two.example (pid 8) was last seen Thu 2026-09-03 11:59:00Z, and did not say that it"
    assert (State.WARN, f"{said} ends") == (gone.state, gone.text)
    assert gone.remedy


@ON_POSTGRESQL
def test_without_any_all_the_work_is_missing(hosts: Hosts) -> None:
    (found,) = hosts.found()
    assert "no process runs for: clock, inbound, outbound" == found.text
    assert "gatekeeper serve --only clock,inbound,outbound" in found.remedy


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(TWO, version="0.9"), "versions (one.example (pid 7): 1.0; two.example (pid 8): 0"),
        (replace(TWO, alias="B" * 40), f"alias keys (one.example (pid 7): {ONE.alias}; two."),
    ],
    ids=["another version", "another alias key"],
)
def test_who_is_unlike_the_others_is_told_of(hosts: Hosts, other: Name, what: str) -> None:
    """While both live: a process that is gone is no longer compared."""
    hosts.start(ONE)
    hosts.start(other, now=later(NOW, 1))
    (found,) = hosts.wrong(later(NOW, 1))
    assert State.WARN is found.state
    assert found.text.startswith(f"processes have different {what}")
    assert "everywhere" in found.remedy
    (gone,) = hosts.wrong(later(NOW, GONE_AFTER))
    assert "was last seen" in gone.text


@ON_POSTGRESQL
def test_a_master_key_that_one_host_lacks_is_told(hosts: Hosts) -> None:
    """As in the middle of a change of the key, where one host was forgotten."""
    hosts.start(ONE)
    row = hosts.start(TWO)
    table = running.processes
    old = update(table).where(table.c.id == row).values(key_ids="0" * 16)
    hosts.store.write(lambda tx: tx.connection.execute(old).rowcount)
    (found,) = hosts.wrong()
    assert State.WARN is found.state
    assert found.text.startswith("processes have different master keys (")
    assert "restart those" in found.remedy


def beating(hosts: Hosts, row: RowId, ahead: int) -> list[Finding]:
    """Return what is wrong once a process said how far its clock is ahead."""
    hosts.store.write(lambda tx: processes.beat(tx, process=row, name=ONE, ahead=ahead, now=NOW))
    return hosts.wrong()


@ON_POSTGRESQL
@pytest.mark.parametrize("way", [1, -1], ids=["ahead of", "behind"])
def test_a_clock_that_is_far_off_fails(hosts: Hosts, way: int) -> None:
    """It claims nothing meanwhile, so its part of the work stands still."""
    row = hosts.start(ONE)
    tolerated = hosts.settings.policy.outbox.lease // 4
    assert 0 == len(beating(hosts, row, way * tolerated))
    (found,) = beating(hosts, row, way * MINUTE)
    where = "ahead of" if way > 0 else "behind"
    expected = f"the clock of one.example (pid 7) is 60 seconds {where} the database's"
    assert (State.FAIL, expected) == (found.state, found.text)


@ON_SQLITE
def test_a_database_that_cannot_be_asked_is_another_findings(hosts: Hosts) -> None:
    (hosts.settings.state_folder / "gatekeeper.sqlite").unlink()
    assert [] == hosts.found()
