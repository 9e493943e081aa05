"""Files that are not what is in force are told of once, and not while they are being approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.instants import DAY, MINUTE
from gatekeeper.issues.drifting import DRIFTED, PATIENCE, Drift
from gatekeeper.store import audit
from tests.house import House
from tests.issues.governed import adopted, approved, asked, told

POLICY = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "8"}})
OTHER = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "9"}})


@dataclass(slots=True)
class Files:
    """The files of a host, which somebody may change."""

    now: dict[Kind, Content] = field(default_factory=dict)

    def differing(self, held: Mapping[Kind, Content]) -> Mapping[Kind, Content]:
        """Return what they say differently."""
        return {k: c for k, c in self.now.items() if c.digest != held[k].digest}


def watching(house: House, files: Files, host: str = "one.example") -> Drift:
    """Return what watches those files."""
    return Drift(
        store=house.store, desk=house.desk, look=files.differing, host=host, now=house.clock
    )


def test_a_file_that_stays_different_is_told_of_once(house: House) -> None:
    files = Files(adopted(house))
    watch = watching(house, files)
    assert 0 == watch.tick()
    files.now[Kind.POLICY] = POLICY
    assert 0 == watch.tick()
    house.pass_time(PATIENCE)
    assert 1 == watch.tick()
    (said,) = told(house, "Wei Example")
    assert "On one.example, policy.yaml says something else than what is in force" in said
    assert "  outbox.batch: 64 → 8\n" in said
    assert "gatekeeper policy plan" in said
    for _ in range(3):
        house.pass_time(DAY)
        assert 0 == watch.tick()
    again = watching(house, files)
    again.tick()
    house.pass_time(PATIENCE)
    assert 0 == again.tick()
    assert 1 == len(house.store.read(lambda tx: audit.listed(tx, kind=DRIFTED)))


def test_another_change_and_another_host_are_told_of(house: House) -> None:
    files = Files({**adopted(house), Kind.POLICY: POLICY})
    one, two = watching(house, files), watching(house, files, "two.example")
    one.tick()
    two.tick()
    house.pass_time(PATIENCE)
    assert (1, 1) == (one.tick(), two.tick())
    files.now[Kind.POLICY] = OTHER
    one.tick()
    house.pass_time(PATIENCE)
    assert 1 == one.tick()


def test_what_was_put_back_in_time_is_told_to_nobody(house: House) -> None:
    kept = adopted(house)
    files = Files({**kept, Kind.POLICY: POLICY})
    watch = watching(house, files)
    watch.tick()
    house.pass_time(PATIENCE - MINUTE)
    files.now = dict(kept)
    assert 0 == watch.tick()
    house.pass_time(DAY)
    files.now[Kind.POLICY] = POLICY
    assert 0 == watch.tick()
    assert [] == told(house, "Wei Example")


def test_what_waits_for_approval_was_told_with_the_request(house: House) -> None:
    files = Files({**adopted(house), Kind.POLICY: POLICY})
    watch = watching(house, files)
    watch.tick()
    done = asked(house, POLICY)
    house.pass_time(PATIENCE)
    assert 0 == watch.tick()
    approved(house, done.waiting, 0)
    approved(house, done.waiting, 1)
    assert 0 == watch.tick()
    assert [] == [text for text in told(house, "Wei Example") if "On one.example" in text]


def test_a_long_change_is_cut_in_the_notice(house: House) -> None:
    many = {f"s{number:03}": "x" for number in range(100)}
    files = Files({**adopted(house), Kind.POLICY: Content(kind=Kind.POLICY, tree=dict(many))})
    watch = watching(house, files)
    watch.tick()
    house.pass_time(PATIENCE)
    watch.tick()
    (said,) = told(house, "Wei Example")
    assert "… and 61 lines more" in said
