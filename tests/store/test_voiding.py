"""Approvals of one person are taken back where something waits, and nowhere else."""

from gatekeeper.domain.instants import Instant
from gatekeeper.store import approvers, requests, voiding
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx

NOW = Instant(1_788_436_800_000_000)
ANDREA, WEI = "andrea@team.example", "wei@team.example"


def _made(tx: Tx, number: int) -> requests.Request:
    requests.add(
        tx,
        issue=None,
        kind="policy",
        effect=bytes([number]) * 32,
        payload={},
        needed=2,
        created_by="shell:root",
        now=NOW,
    )
    found = requests.by_effect(tx, bytes([number]) * 32)
    assert found is not None
    for person in (ANDREA, WEI):
        requests.approve(tx, request=found.id, person=person, name=person, now=NOW)
    return found


def test_what_waits_alone_is_voided(store: Store) -> None:
    def write(tx: Tx) -> tuple[int, list[tuple[str, ...]]]:
        open_, done = _made(tx, 1), _made(tx, 2)
        requests.close(tx, request=done.id, state=requests.DONE, now=NOW)
        count = voiding.approvals_of(tx, ANDREA)
        people = [ANDREA, WEI]
        return count, [
            approvers.among(tx, request=each.id, people=people) for each in (open_, done)
        ]

    assert (1, [(WEI,), (ANDREA, WEI)]) == store.write(write)
    assert 0 == store.write(lambda tx: voiding.approvals_of(tx, "nobody@team.example"))
