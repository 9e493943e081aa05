"""Everybody's keys are watched: each stage before an end is told once, to whom it matters."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gatekeeper.domain import expiry
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.expiry import Stage
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.team import Team
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import key_watch, letterhead
from gatekeeper.issues.key_watch import KeyWatch
from gatekeeper.store import audit, deliveries, issues, letters
from gatekeeper.store.conversation import key_warnings
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import issues as issues_table
from gatekeeper.store.tables import letters as letters_table
from gatekeeper.store.tx import Tx
from tests.house import PEOPLE, House, example_team, open_house, person_key, reading_as
from tests.issues.found import log
from tests.issues.reports import ROBIN
from tests.issues.talk import ROBINS, Talk, a_talk
from tests.keys import Key, gpg, read_key, short_home
from tests.keys_ending import END, ending

T = TypeVar("T")

LATER = ("--faked-system-time", "20260103T000000!")


def sams() -> Key:
    """Return a key of one of the team that ends at END."""
    return ending("Sam Example (ends) <sam@vendor.example>", primary="20261001T000000")


def give_sam(house: House, *keys: Key) -> None:
    """Give Sam these keys instead of the one that never ends."""
    house.keyring.load([key.public for key in keys])
    *others, sam = example_team().people
    changed = replace(sam, keys=tuple(key.fingerprint for key in keys))
    house.desk = replace(house.desk, team=Team(people=(*others, changed)))


def look(house: House, *, at: Instant | None = None, advisory: bytes | None = None) -> int:
    """Look once, as a process does that has just started; return how many letters were written."""
    house.now = house.now if at is None else at
    watch = KeyWatch(
        store=house.store, desk=house.desk, engine=house.engine, advisory=advisory, now=house.clock
    )
    return watch.tick()


def told(house: House) -> list[str]:
    """Return what was written to the whole team of keys, oldest first."""

    def read(tx: Tx) -> list[str]:
        query = letters_table.select().where(letters_table.c.kind == key_watch.KIND)
        rows = tx.connection.execute(query.order_by(letters_table.c.created_at)).all()
        return [letterhead.load(letters.load(tx, row.id).plaintext).block for row in rows]

    return house.store.read(read)


def test_a_key_of_the_team_at_each_stage(house: House) -> None:
    """Nothing before, one letter a stage however often one looks, nothing after the last."""
    give_sam(house, sams())
    days = [61, 60, 59, 31, 30, 8, 7, 7, 1, 0, -1, -400]
    written = [look(house, at=later(END, -day * DAY)) for day in days]
    assert [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0] == written
    first, *_, last = told(house)
    assert first.startswith("The key of Sam Example ends in 60 days\n")
    assert spaced(sams().fingerprint) in first
    assert "  ends Thu 2026-10-01 00:00:00Z, in 60 days\n" in first
    assert "then no key of theirs is left, and mail to them is blocked" in first
    assert "`gatekeeper key import FILE`" in first
    assert "gatekeeper key extend" not in first
    assert "The key of Sam Example has ended\n" in last
    assert "no key of theirs is left: mail to them is blocked" in last
    assert 4 == log(house).count("key.ending")
    assert () == house.store.read(audit.verify)


def test_the_others_read_it_and_whose_only_key_ended_is_blocked(house: House) -> None:
    give_sam(house, sams())
    assert 1 == look(house, at=END)
    house.settle()
    rows = {row.name: row.state for row in house.store.read(deliveries.list_all)}
    sealed = DeliveryState.SEALED
    assert {PEOPLE[0][0]: sealed, PEOPLE[1][0]: sealed, PEOPLE[2][0]: DeliveryState.BLOCKED} == rows
    mine = next(job for job in house.collect() if str(job.recipient) == PEOPLE[0][1])
    with reading_as(person_key(0)) as reader:
        copy = reader.open(mine.what.content)
    assert b"[GNUPG:] GOODSIG" in copy.status
    assert "The key of Sam Example has ended" == copy.subject
    assert [copy.block] == told(house)
    assert b"Sam" not in mine.what.content


def test_a_key_beside_another_one(house: House) -> None:
    """Its subkey ends before it does: both ends are told of, and that mail goes on."""
    beside = ending(
        "Sam Example (two) <sam@vendor.example>",
        primary="20261101T000000",
        subkey="20261001T000000",
    )
    give_sam(house, beside, person_key(2))
    assert 1 == look(house, at=END)
    (text,) = told(house)
    assert text.startswith("The last encryption subkey of the key of Sam Example has ended, and 1")
    assert "  its last encryption subkey ended Thu 2026-10-01 00:00:00Z\n" in text
    assert "  ends Sun 2026-11-01 00:00:00Z, in 31 days\n" in text
    assert 2 == text.count("  another key of theirs is used\n")


def test_our_own_keys_come_first_with_what_to_do(store: Store) -> None:
    """The alias key, and the one that signs advisories, whose secret is not here."""
    alias = ending("Example security (ends) <security@example.org>", primary="20261001T000000")
    advisory = ending("Advisories <advisories@example.org>", primary="20260930T000000")
    with open_house(store) as house:
        house.keyring.load_secret(alias.secret)
        house.desk = replace(house.desk, fingerprint=alias.fingerprint, certificate=alias.public)
        give_sam(house, sams())
        assert 1 == look(house, at=later(END, -7 * DAY), advisory=advisory.public)
        (text,) = told(house)
        house.settle()
        assert 3 == len(house.collect()), "it is read by all, with the key that still signs"
    assert text.startswith("The alias key ends in 7 days, and 2 other keys\n")
    places = [text.index(each.fingerprint[:4]) for each in (alias, advisory, sams())]
    assert sorted(places) == places
    assert "`gatekeeper key extend`" in text
    assert "  ends Wed 2026-09-30 00:00:00Z, in 6 days\n" in text


def test_an_end_that_is_moved_begins_anew(house: House) -> None:
    give_sam(house, sams())
    assert 1 == look(house, at=later(END, -DAY))
    with short_home() as home:
        gpg(home, "--import", given=sams().secret)
        gpg(home, *LATER, "--quick-set-expire", sams().fingerprint, "20261115T000000")
        give_sam(house, read_key(home, sams().fingerprint))
    assert [1, 0] == [look(house), look(house)]
    assert "ends Sun 2026-11-15 00:00:00Z, in 46 days" in told(house)[-1]


def test_a_reporters_key_is_told_in_the_issue_alone(house: House) -> None:
    """In each open issue where it is pinned, once, and in none that is closed."""
    key = ending(ROBIN, primary="20261001T000000")
    with a_talk(house) as talk:
        gpg(talk.pen.home, "--import", given=key.secret)
        for _ in range(3):
            talk.opened(key=key)
        close(house, talk, 3)
        found = [look(house, at=later(END, -day * DAY)) for day in (8, 7, 7)]
        assert [2, 2, 0] == found, "30 days are told at 8, and 7 at 7"
        assert [] == told(house)
        written = {n: kinds_of(talk, n).count("team-notice") for n in (1, 2, 3)}
        assert {1: 2, 2: 2, 3: 0} == written
        text = talk.block(talk.work())
    assert text.startswith("The key of the reporter ends in 7 days\n")
    assert spaced(key.fingerprint) in text
    assert "in a mail that the present key signs" in text
    assert 0 == look(house), "what was told there is not told to the team in general"


def close(house: House, talk: Talk, number: int) -> None:
    """Close an issue."""
    row = talk.issue(number).id
    rejected = issues_table.update().where(issues_table.c.id == row).values(state="rejected")
    house.store.write(lambda tx: tx.connection.execute(rejected).close())


def kinds_of(talk: Talk, number: int) -> list[str]:
    """Return the kinds of the letters of an issue."""
    row = talk.issue(number).id
    return [each.kind for each in talk.house.store.read(lambda tx: letters.of_issue(tx, row))]


def test_a_reporter_without_a_key_and_one_who_is_gone_stop_nobody(house: House) -> None:
    with a_talk(house) as talk:
        talk.opened()
        give_sam(house, sams())
        assert 1 == look(house, at=END)
    assert ROBINS not in "".join(told(house))
    assert 1 == len(house.store.read(issues.list_all))


def test_of_two_processes_that_look_at_once_one_tells(house: House) -> None:
    give_sam(house, sams())
    house.now = END
    with ThreadPoolExecutor(max_workers=4) as pool:
        assert [0, 0, 0, 1] == sorted(pool.map(lambda _: look(house), range(4)))
    assert 1 == len(told(house))


class FailingStore(Store):
    """A store whose next write fails after all was said, as on a full disk."""

    failing = False

    def write(self, fn: Callable[[Tx], T]) -> T:
        def failing(tx: Tx) -> T:
            value = fn(tx)
            if self.failing:
                message = "disk full"
                raise OurFault(message)
            return value

        return super().write(failing)


def test_a_look_that_fails_tells_later(migrated_url: str, codec: Codec) -> None:
    """Nothing is noted without its letter."""
    store = FailingStore.open(migrated_url, codec)
    with open_house(store) as house:
        give_sam(house, sams())
        store.failing = True
        with pytest.raises(OurFault, match="disk full"):
            look(house, at=END)
        assert [] == told(house)
        store.failing = False
        assert [1, 0] == [look(house), look(house)]
    store.close()


@given(
    st.lists(
        st.integers(min_value=-5, max_value=100).map(lambda n: later(END, -n * DAY)), max_size=8
    )
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_looks(long_talk: Talk, looks: list[Instant]) -> None:
    """Each stage is told at most once, and the most urgent of those passed is never missed."""
    house = long_talk.house
    give_sam(house, sams())
    house.store.write(lambda tx: tx.connection.execute(delete(key_warnings)).close())
    before = len(told(house))
    most_urgent = 0
    for now in looks:
        reached = expiry.stage(END, now)
        place = 0 if reached is None else 1 + list(Stage).index(reached)
        assert (place > most_urgent) == (look(house, at=now) == 1)
        most_urgent = max(most_urgent, place)
    assert len(told(house)) - before <= len(Stage)
