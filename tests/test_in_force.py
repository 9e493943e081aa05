"""What a process works by: who is suspended is not of the team, and a change ends its work."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.instants import DAY, Instant
from gatekeeper.issues import running
from gatekeeper.issues.running import NOTHING, SETTLED_AFTER
from gatekeeper.presence import InForce
from gatekeeper.start import in_force
from gatekeeper.store import attendance
from gatekeeper.store.engine import Store
from tests.config.installation import installation
from tests.house import PEOPLE, START

WEI = Address.parse(PEOPLE[1][1])
FILES = {kind: Content(kind=kind, tree={"a": "b"}) for kind in Kind}


def test_who_is_suspended_is_not_of_the_team(tmp_path: Path) -> None:
    """And a team that is small because of it needs as many approvals as before, for a week."""
    with installation(tmp_path) as site:
        files = site.load()
        names = [person.name for person in files.team.people]
        assert names == [person.name for person in in_force(files, NOTHING).team.people]
        wei = replace(NOTHING, suspended=frozenset({PEOPLE[1][1]}), fresh=True)
        used = in_force(files, wei)
        assert [names[0], names[2]] == [person.name for person in used.team.people]
        assert files.policy.approvals.alone_allowed
        assert (False, 1) == (used.policy.approvals.alone_allowed, used.team.roster_employers)
        assert in_force(files, replace(wei, fresh=False)).policy == files.policy
        everybody = frozenset(address for _, address in PEOPLE)
        with pytest.raises(OurFault, match="everybody of the team is suspended"):
            in_force(files, replace(NOTHING, suspended=everybody))


def test_a_process_learns_that_something_else_is_in_force(store: Store) -> None:
    """Once; from then on it claims nothing, and a message is not handled by what is gone."""
    store.write(lambda tx: running.adopt(tx, FILES, now=START))
    mark = store.read(lambda tx: running.mark_of(tx, now=START))
    calls: list[str] = []
    watch = InForce(store=store, mark=mark, now=lambda: START)
    watch.on_change = lambda: calls.append("changed")
    assert watch.holds()
    store.read(lambda tx: running.require(tx, mark, now=START))
    store.write(lambda tx: attendance.suspend(tx, person=WEI, now=START))
    for _ in range(2):
        watch.tick()
    assert not watch.holds()
    assert (["changed"], True) == (calls, watch.changed)
    with pytest.raises(OurFault, match="what is in force has changed"):
        store.read(lambda tx: running.require(tx, mark, now=START))


def test_a_week_after_a_suspension_a_process_begins_anew(store: Store) -> None:
    """For then a small team may work with less, if policy says so."""
    store.write(lambda tx: running.adopt(tx, FILES, now=START))
    store.write(lambda tx: attendance.suspend(tx, person=WEI, now=START))

    def mark(now: int) -> bytes:
        return store.read(lambda tx: running.mark_of(tx, now=Instant(now)))

    assert mark(START) == mark(START + SETTLED_AFTER - DAY)
    assert mark(START) != mark(START + SETTLED_AFTER)
