"""A letter becomes one packet for all and keys for each; who cannot be written to is blocked."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.team import NOT_IN_TEAM, Team
from gatekeeper.issues.reading import Reader
from gatekeeper.mail.reading import Reading
from gatekeeper.outbound.seal import GPG_RUNS, RETRY_AFTER
from gatekeeper.pgp.engine import Engine
from gatekeeper.store import audit, deliveries, fields, issues, letters
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import letter_chunks
from tests.house import PEOPLE, Copy, House, example_team, open_house, person_key, reading_as
from tests.issues.reports import TEXT, Pen, a_pen, head, multipart, pgp_mime, plain
from tests.keys import Key, gpg, key_of, read_key, short_home

T = TypeVar("T")


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as opened:
        yield opened


def team_with(index: int, *, keys: tuple[str, ...]) -> Team:
    """Return the example team with other keys for one person."""
    people = list(example_team().people)
    people[index] = replace(people[index], keys=keys)
    return Team(people=tuple(people))


def rows(house: House) -> dict[str, DeliveryRow]:
    """Return the deliveries by who they are for."""
    return {row.name: row for row in house.store.read(deliveries.list_all)}


def entries(house: House) -> list[str]:
    """Return what the event log says of the first issue."""
    issue = house.store.read(issues.list_all)[0].id
    return [each.kind for each in house.store.read(lambda tx: audit.of_issue(tx, issue))]


def opened(house: House, index: int) -> Copy:
    """Take what is due and return what that person reads."""
    address = PEOPLE[index][1]
    (mine,) = [job.what.content for job in house.collect() if str(job.recipient) == address]
    with reading_as(person_key(index)) as reader:
        return reader.open(mine)


SEALED, BLOCKED = DeliveryState.SEALED, DeliveryState.BLOCKED


def states(house: House) -> list[DeliveryState]:
    """Return the states in the order of PEOPLE."""
    found = rows(house)
    return [found[name].state for name, _ in PEOPLE]


def test_everyone_reads_a_copy_signed_by_the_alias(house: House) -> None:
    house.receive_quietly(plain())
    house.settle()
    jobs = house.collect()
    for index, (_, address) in enumerate(PEOPLE):
        (mine,) = [job.what.content for job in jobs if str(job.recipient) == address]
        with reading_as(person_key(index)) as reader:
            copy = reader.open(mine)
        assert b"[GNUPG:] GOODSIG" in copy.status
        assert TEXT.partition(b"\r\n\r\n")[2] in copy.plaintext
        others = {person_key(n).fingerprint for n in range(len(PEOPLE)) if n != index}
        assert 1 == copy.status.count(b"[GNUPG:] ENC_TO ")
        assert not any(key.encode() in copy.status for key in others)


def test_the_keys_each_copy_was_sealed_to_are_on_record(house: House) -> None:
    house.receive_quietly(plain())
    house.settle()
    for index, (name, _) in enumerate(PEOPLE):
        assert (person_key(index).fingerprint,) == rows(house)[name].fingerprints


def test_who_has_no_key_here_is_blocked_with_the_reason_and_the_others_are_not(
    house: House,
) -> None:
    missing = "A" * 40
    house.desk = replace(house.desk, team=team_with(1, keys=(missing,)))
    house.receive_quietly(plain())
    house.settle()
    assert [SEALED, BLOCKED, SEALED] == states(house)
    reason = rows(house)["Wei Example"].reason
    assert f"{missing}: no certificate for it is loaded" == reason
    assert "delivery.blocked" in entries(house)
    assert 2 == len(house.collect())


def test_who_left_the_team_before_sealing_gets_nothing(house: House) -> None:
    house.receive_quietly(plain())
    assert 1 == house.inbound.tick()
    house.desk = replace(house.desk, team=Team(people=example_team().people[:2]))
    house.settle()
    assert [SEALED, SEALED, BLOCKED] == states(house)
    assert NOT_IN_TEAM == rows(house)["Sam Example"].reason


def test_a_team_of_others_blocks_everyone_and_gpg_is_not_asked(house: House) -> None:
    house.receive_quietly(plain())
    assert 1 == house.inbound.tick()
    other = Address.parse("new@team.example")
    house.desk = replace(
        house.desk, team=Team(people=(replace(example_team().people[0], address=other),))
    )
    house.settle()
    assert [BLOCKED] * 3 == states(house)
    assert [] == house.collect()


def expiring() -> Key:
    """Return a key that ends on 2026-09-05."""
    with short_home() as home:
        secret = key_of("Ex Pired <ex@team.example>").secret
        gpg(home, "--import", given=secret)
        fingerprint = key_of("Ex Pired <ex@team.example>").fingerprint
        gpg(home, "--quick-set-expire", fingerprint, "20260905T000000")
        gpg(home, "--quick-set-expire", fingerprint, "20260905T000000", "*")
        return read_key(home, fingerprint)


def test_a_key_is_used_until_it_expires_and_blocked_after(house: House) -> None:
    key = expiring()
    house.keyring.load([key.public])
    house.desk = replace(house.desk, team=team_with(2, keys=(key.fingerprint,)))
    house.receive_quietly(plain())
    house.settle()
    assert [SEALED] * 3 == states(house)
    house.pass_time(3 * DAY)
    house.receive_quietly(plain(subject="later"))
    house.settle()
    (late,) = [row for row in house.store.read(deliveries.list_all) if row.state is BLOCKED]
    assert ("Sam Example", f"{key.fingerprint}: the key has expired") == (late.name, late.reason)


def test_one_of_two_keys_is_enough_and_what_was_left_out_is_on_record(house: House) -> None:
    keys = (person_key(0).fingerprint, "B" * 40)
    house.desk = replace(house.desk, team=team_with(0, keys=keys))
    house.receive_quietly(plain())
    house.settle()
    assert [SEALED] * 3 == states(house)
    assert keys[:1] == rows(house)["Andrea Example"].fingerprints
    assert 1 == entries(house).count("delivery.key_left_out")
    assert b"GOODSIG" in opened(house, 0).status


def test_when_the_key_is_there_again_the_copy_is_made_with_a_packet_of_its_own(
    house: House,
) -> None:
    """The others' copies were made of the first packet, which stays as it is for ever."""
    late = key_of("Late Key <late@team.example>")
    house.desk = replace(house.desk, team=team_with(1, keys=(late.fingerprint,)))
    house.receive_quietly(plain())
    house.settle()
    assert [SEALED, BLOCKED, SEALED] == states(house)
    letter = rows(house)["Wei Example"].letter
    first = house.store.read(lambda tx: letters.load(tx, letter)).shared
    early = {str(job.recipient): job.what.content for job in house.collect()}
    house.keyring.load([late.public])
    wei = rows(house)["Wei Example"].id
    house.store.write(lambda tx: deliveries.retry(tx, delivery=wei, now=house.now))
    house.settle()
    (job,) = house.collect()
    with reading_as(late) as reader:
        copy = reader.open(job.what.content)
    with reading_as(person_key(0)) as reader:
        assert reader.open(early["andrea@team.example"]).plaintext == copy.plaintext
    assert b"GOODSIG" in copy.status
    assert first == house.store.read(lambda tx: letters.load(tx, letter)).shared
    assert early["andrea@team.example"][:300] == job.what.content[:300], "the same Message-ID"
    assert () == house.store.read(audit.verify)


def test_when_all_were_blocked_the_first_to_be_unblocked_seals_the_letter(house: House) -> None:
    late = key_of("Late Key <late@team.example>")
    person = replace(example_team().people[0], keys=(late.fingerprint,))
    house.desk = replace(house.desk, team=Team(people=(person,)))
    house.receive_quietly(plain())
    house.settle()
    (row,) = house.store.read(deliveries.list_all)
    assert BLOCKED is row.state
    house.keyring.load([late.public])
    house.store.write(lambda tx: deliveries.retry(tx, delivery=row.id, now=house.now))
    house.settle()
    (job,) = house.collect()
    with reading_as(late) as reader:
        assert b"GOODSIG" in reader.open(job.what.content).status


class Died(BaseException):
    """The end of the process, between claim and commit."""


class DyingStore(Store):
    """A store whose second write never happens."""

    _writes = 0

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Write once."""
        self._writes += 1
        if self._writes == 2:
            raise Died
        return super().write(fn)


def test_a_letter_whose_sealing_died_before_its_commit_is_sealed_again(
    house: House, migrated_url: str, codec: Codec
) -> None:
    house.receive_quietly(plain())
    assert 1 == house.inbound.tick()
    dying = DyingStore.open(migrated_url, codec)
    with pytest.raises(Died):
        replace(house, store=dying).press.tick()
    dying.close()
    assert [DeliveryState.PENDING] * 3 == states(house)
    assert 0 == house.press.tick(), "its lease lasts"
    house.pass_time(GPG_RUNS * house.reader.limits.gpg_wait)
    assert 1 == house.press.tick()
    assert [SEALED] * 3 == states(house)
    assert b"GOODSIG" in opened(house, 2).status


def test_who_lost_the_lease_seals_nothing(house: House) -> None:
    """Another process takes the letter over while this one is at work on it."""
    house.receive_quietly(plain())
    assert 1 == house.inbound.tick()
    taken: list[int] = []

    class Overtaken(Reader):
        """Reads after somebody else claimed the letter."""

        def read(self, raw: bytes, guests: Sequence[bytes] = ()) -> Reading:
            """Claim, then read."""
            far = later(house.now, DAY)
            found = house.store.write(
                lambda tx: letters.claim_unsealed(tx, now=far, lease=1, token=b"o" * 16, limit=1)
            )
            taken.append(len(found))
            return Reader.read(self, raw, guests)

    slow = Overtaken(engine=house.engine, limits=house.reader.limits)
    assert 1 == replace(house, reader=slow).press.tick()
    assert [1] == taken
    assert [DeliveryState.PENDING] * 3 == states(house)
    house.pass_time(2 * DAY)
    house.settle()
    assert [SEALED] * 3 == states(house)


def test_a_letter_that_cannot_be_composed_is_blocked_and_holds_nothing_up(house: House) -> None:
    """Every tick once began with it and ended there."""
    for number in range(3):
        house.receive_quietly(plain(subject=f"Report {number}"))
        house.pass_time(1)
        assert 1 == house.inbound.tick()
    first = house.store.read(deliveries.list_all)[0].letter
    house.store.write(lambda tx: _spoil(tx, first))
    house.settle()
    found = house.store.read(deliveries.list_all)
    broken = [row for row in found if row.letter == first]
    assert [BLOCKED] * 3 == [row.state for row in broken]
    assert {"it could not be composed (unexpected KeyError)"} == {row.reason for row in broken}
    assert 6 == len(house.collect())
    assert () == house.store.read(audit.verify)


def _spoil(tx: Tx, letter: RowId) -> None:
    """Replace what a letter says by something that is none."""
    row = letter + b"plaintext"
    ((_, data),) = fields.seal_chunks(tx, letter_chunks.c.data, row, b"{}")
    change = letter_chunks.update().where(letter_chunks.c.letter == letter)
    tx.connection.execute(change.values(data=data))


def test_what_was_opened_for_the_block_is_not_sent_closed_afterwards(
    house: House, pen: Pen
) -> None:
    """A reading that fails at sealing alone waits: nobody could open the alias's ciphertext."""
    house.receive_quietly(head() + pgp_mime(pen.encrypt(TEXT)))
    assert 1 == house.inbound.tick()
    assert_waits_with(house, output_limit=10)


def test_a_piece_that_was_opened_for_the_block_is_not_left_out_afterwards(
    house: House, pen: Pen
) -> None:
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n" + pen.encrypt(TEXT)
    house.receive_quietly(head() + multipart("mixed", text))
    assert 1 == house.inbound.tick()
    assert_waits_with(house, output_limit=10)


def assert_waits_with(house: House, *, output_limit: int) -> None:
    """Show that a letter waits while gpg opens less than before, and is sealed after that."""
    old = house.engine
    poor = Engine(binary=old.binary, home=old.home, wait=old.wait, output_limit=output_limit)
    reader = Reader(engine=poor, limits=house.reader.limits)
    for _ in range(3):
        assert 1 == replace(house, reader=reader).press.tick()
        assert [DeliveryState.PENDING] * 3 == states(house)
        assert 0 == house.press.tick()
        house.pass_time(RETRY_AFTER)
    assert 1 == house.press.tick()
    assert [SEALED] * 3 == states(house)


def test_while_gpg_is_away_letters_wait_and_nothing_leaves(store: Store, tmp_path: Path) -> None:
    wrapper = tmp_path / "gpg"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("gpg")} "$@"\n')
    wrapper.chmod(0o700)
    with open_house(store, gpg_binary=wrapper) as house:
        house.receive_quietly(plain())
        assert 1 == house.inbound.tick()
        away = wrapper.rename(tmp_path / "away")
        for _ in range(3):
            assert 1 == house.press.tick()
            house.pass_time(RETRY_AFTER)
        assert [DeliveryState.PENDING] * 3 == states(house)
        away.rename(wrapper)
        house.settle()
        assert [SEALED] * 3 == states(house)
