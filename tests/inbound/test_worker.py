"""What fails on our side waits, what a mail provokes is told, and nothing is lost or done twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import TypeVar, cast

import pytest

from gatekeeper.domain.instants import later
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.inbound.worker import GPG_RUNS, RETRY_AFTER
from gatekeeper.issues.reading import UNREAD, Reader
from gatekeeper.mail.reading import Reading
from gatekeeper.store import audit, deliveries, issues, letters, messages
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.faults import Conflict
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.seal import Codec
from gatekeeper.texts.templates import NEVER_LEFT_OUT, TEAM_COPY, Texts
from tests.house import ALIAS, TEMPLATES, House, open_house, person_key, reading_as
from tests.issues.reports import ANDREA, TEXT, Pen, a_pen, head, multipart, pgp_mime, plain

T = TypeVar("T")


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    with open_house(store) as opened:
        yield opened


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as opened:
        yield opened


def row_of(house: House, number: int = 0) -> StoredMessage:
    """Return the message received n-th that is not yet handled, or in quarantine."""
    return house.store.read(messages.quarantined)[number]


def states(house: House) -> dict[MessageState, int]:
    return {state: n for state, n in house.store.read(messages.counts).items() if n}


@pytest.fixture
def fragile(store: Store, tmp_path: Path) -> Iterator[tuple[House, Path]]:
    """A house whose gpg is a file that a test can take away or break."""
    wrapper = tmp_path / "gpg"
    mend(wrapper)
    with open_house(store, gpg_binary=wrapper) as opened:
        yield opened, wrapper


def mend(wrapper: Path) -> None:
    wrapper.write_text(f'#!/bin/sh\nexec {which("gpg")} "$@"\n')
    wrapper.chmod(0o700)


BREAKAGES: dict[str, Callable[[Path], object]] = {
    "is gone": Path.unlink,
    "may not be run": lambda path: path.chmod(0o600),
    "is killed": lambda path: path.write_text("#!/bin/sh\nkill -9 $$\n"),
    "lacks a library": lambda path: path.write_text("#!/bin/sh\nexit 127\n"),
    "says nothing and fails": lambda path: path.write_text("#!/bin/sh\nexit 2\n"),
    "is no program": lambda path: path.write_bytes(b"\x7fELF nothing"),
}


@pytest.mark.parametrize("how", BREAKAGES)
def test_while_gpg_cannot_work_a_message_waits_longer_each_time_and_is_never_given_up(
    fragile: tuple[House, Path], pen: Pen, how: str
) -> None:
    house, wrapper = fragile
    message = house.receive(head() + pgp_mime(pen.encrypt(TEXT)))
    BREAKAGES[how](wrapper)
    for attempt in range(1, 8):
        assert 1 == house.inbound.tick()
        assert {MessageState.STORED: 1} == states(house)
        stored = house.store.read(lambda tx: messages.head(tx, message))
        assert stored.problem.endswith(f"(attempt {attempt})")
        rest = RETRY_AFTER[min(attempt, len(RETRY_AFTER)) - 1]
        house.pass_time(rest - 1)
        assert 0 == house.inbound.tick()
        house.pass_time(1)
    mend(wrapper)
    house.settle()
    assert {MessageState.HANDLED: 1} == states(house)
    handled = house.store.read(lambda tx: messages.head(tx, message))
    assert handled.summary is not None
    assert "all of it, to our key" in str(handled.summary["encryption"])


def test_the_rests_grow() -> None:
    assert sorted(RETRY_AFTER) == list(RETRY_AFTER)
    assert len(set(RETRY_AFTER)) == len(RETRY_AFTER)


def test_mail_in_clear_needs_no_gpg_to_be_handled(fragile: tuple[House, Path]) -> None:
    house, wrapper = fragile
    house.receive(plain())
    wrapper.unlink()
    assert 1 == house.inbound.tick()
    assert {MessageState.HANDLED: 1} == states(house)


def faulty(house: House) -> House:
    """Return the house with a reader that breaks on every multipart, as an error of ours would."""
    broken = replace(ReadingLimits(), depth=cast("int", None))
    return replace(house, reader=Reader(engine=house.engine, limits=broken))


def test_a_mail_that_breaks_the_reader_arrives_as_it_came(house: House) -> None:
    """Nothing is said of it but what is known: not that it travelled in clear."""
    raw = plain(text=multipart("mixed", TEXT, TEXT))
    message = house.receive_quietly(raw)
    broken = faulty(house)
    broken.settle()
    row = house.store.read(lambda tx: messages.head(tx, message))
    assert (MessageState.HANDLED, Kind.REPORT) == (row.state, row.kind)
    (mine, *others) = house.collect()
    assert 2 == len(others)
    index = [str(person.address) for person in house.desk.team.people].index(str(mine.recipient))
    with reading_as(person_key(index)) as reader:
        copy = reader.open(mine.what.content)
    assert raw == copy.attached("original.eml")
    assert "Encryption:  not known\nSignature:   not known\n" in copy.block
    assert UNREAD in " ".join(copy.block.split())
    assert "The mail could not be read; it is attached as it came" in copy.block


def test_a_mail_that_breaks_the_reader_half_way_still_finds_its_thread(
    house: House, pen: Pen
) -> None:
    """Its outside can be read, and is enough for that."""
    house.receive_quietly(plain())
    house.settle()
    issue = house.store.read(issues.list_all)[0]
    letter = house.store.read(lambda tx: letters.of_issue(tx, issue.id))[0]
    limits = replace(ReadingLimits(), pieces=cast("int", None))
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n" + pen.encrypt(TEXT)
    house.pass_time(1)
    house.receive(plain(f"In-Reply-To: {letter.message_id}", sender=ANDREA, text=text))
    broken = replace(house, reader=Reader(engine=house.engine, limits=limits))
    broken.settle()
    assert [2] == [row.message_count for row in house.store.read(issues.list_all)]
    last = house.store.read(lambda tx: messages.of_issue(tx, issue.id))[-1]
    assert last.summary is not None
    assert UNREAD in str(last.summary["problems"])


def test_a_mail_during_which_the_program_dies_is_quarantined_and_counts_alone(
    house: House,
) -> None:
    """Nothing was recorded of three attempts: the fourth does not try again.

    The messages behind it are not held to have failed with it.
    """
    first = house.receive(plain(subject="kills"))
    house.pass_time(1)
    others = [house.receive(plain(subject=f"waits {n}")) for n in range(9)]
    for _ in range(3):
        (claimed,) = house.store.write(
            lambda tx: messages.claim(tx, now=house.now, lease=1, token=b"d" * 16, limit=1)
        )
        assert first == claimed.id
        house.store.write(messages.release_leases)
    house.settle()
    assert {MessageState.QUARANTINED: 1, MessageState.HANDLED: len(others)} == states(house)
    row = row_of(house)
    assert (first, "the program stopped each time it was handled (attempt 4)") == (
        row.id,
        row.problem,
    )
    assert 1 == quarantines(house)


def quarantines(house: House) -> int:
    """Return how many entries of the event log tell of a quarantine."""
    assert () == house.store.read(audit.verify)
    return sum(each == "message.quarantined" for each in house.store.read(kinds))


def kinds(tx: Tx) -> list[str]:
    rows = tx.connection.exec_driver_sql("SELECT kind FROM events ORDER BY seq")
    return [str(row[0]) for row in rows]


def test_a_mail_that_kills_the_program_after_a_failure_of_ours_is_quarantined_too(
    fragile: tuple[House, Path], pen: Pen
) -> None:
    """What was recorded of an earlier attempt does not hide that the later ones just ended."""
    house, wrapper = fragile
    house.receive(head() + pgp_mime(pen.encrypt(TEXT)))
    wrapper.unlink()
    assert 1 == house.inbound.tick()
    house.pass_time(RETRY_AFTER[0])
    for _ in range(3):
        house.store.write(
            lambda tx: messages.claim(tx, now=house.now, lease=1, token=b"d" * 16, limit=1)
        )
        house.pass_time(1)
    assert 1 == house.inbound.tick()
    assert {MessageState.QUARANTINED: 1} == states(house)


class Broken(Exception):
    """An error nobody expects."""


class FaultyStore(Store):
    """A store whose second write, which handles, raises `error`, as often as `times` says."""

    error: Exception = Broken()
    times = 0
    _writes = 0

    def write(self, fn: Callable[[Tx], T]) -> T:
        """Write, or fail."""
        self._writes += 1
        if self._writes % 3 == 2 and self.times:
            self.times -= 1
            raise self.error
        return super().write(fn)


@pytest.fixture
def faulty_store(migrated_url: str, codec: Codec) -> Iterator[FaultyStore]:
    opened = FaultyStore.open(migrated_url, codec)
    try:
        yield opened
    finally:
        opened.close()


def fail(house: House, store: FaultyStore, error: Exception, times: int) -> None:
    """Let handling fail with `error` that often, and tick as often."""
    store.error, store.times, store._writes = error, times, 0  # noqa: SLF001 - the test's own
    for _ in range(times):
        assert 1 == replace(house, store=store).inbound.tick()
        house.pass_time(RETRY_AFTER[-1])


def test_an_issue_that_changed_meanwhile_means_once_more(
    house: House, faulty_store: FaultyStore
) -> None:
    message = house.receive(plain())
    fail(house, faulty_store, Conflict("the issue was changed meanwhile"), 5)
    row = house.store.read(lambda tx: messages.head(tx, message))
    assert (MessageState.STORED, "the issue was changed meanwhile (attempt 5)") == (
        row.state,
        row.problem,
    )
    house.settle()
    assert {MessageState.HANDLED: 1} == states(house)


def test_an_error_nobody_expects_quarantines_at_the_third_time(
    house: House, faulty_store: FaultyStore
) -> None:
    house.receive(plain())
    fail(house, faulty_store, Broken("secret words"), 2)
    assert {MessageState.STORED: 1} == states(house)
    fail(house, faulty_store, Broken("secret words"), 1)
    assert {MessageState.QUARANTINED: 1} == states(house)
    assert "unexpected Broken (attempt 3)" == row_of(house).problem
    assert 1 == quarantines(house)
    assert [] == list(house.store.read(deliveries.list_all))


def test_failures_of_ours_do_not_count_against_a_mail(
    house: House, faulty_store: FaultyStore
) -> None:
    house.receive(plain())
    fail(house, faulty_store, Conflict("ours"), 6)
    fail(house, faulty_store, Broken(), 1)
    assert {MessageState.STORED: 1} == states(house)
    fail(house, faulty_store, Broken(), 1)
    assert {MessageState.QUARANTINED: 1} == states(house)


def test_a_template_that_cannot_be_filled_makes_mail_wait(house: House) -> None:
    house.receive(plain(subject="bad"))
    said = "".join(f"{{{{ {name} }}}}" for name in NEVER_LEFT_OUT[TEAM_COPY])
    shipped = {path.name: path.read_text() for path in TEMPLATES.iterdir()}
    broken = f"{{{{ 1 // (subject != 'bad') }}}}{said}"
    texts = Texts({**shipped, TEAM_COPY: broken})
    mended = house.desk
    house.desk = replace(house.desk, texts=texts)
    for _ in range(5):
        assert 1 == house.inbound.tick()
        house.pass_time(RETRY_AFTER[-1])
    assert {MessageState.STORED: 1} == states(house)
    house.desk = mended
    house.settle()
    assert {MessageState.HANDLED: 1} == states(house)


def test_a_message_is_taken_over_only_when_its_lease_has_ended(house: House) -> None:
    house.receive(plain())
    lease = house.policy.lease
    house.store.write(
        lambda tx: messages.claim(tx, now=house.now, lease=lease, token=b"d" * 16, limit=1)
    )
    house.pass_time(lease - 1)
    assert 0 == house.inbound.tick()
    house.pass_time(1)
    assert 1 == house.inbound.tick()
    assert {MessageState.HANDLED: 1} == states(house)


def test_a_lease_outlasts_what_gpg_may_take(house: House) -> None:
    """Else a slow mail is handled by two processes in turn, and by none in the end."""
    assert house.inbound.reader.limits.gpg_wait * GPG_RUNS > house.policy.lease
    house.receive(plain())
    claimed: list[int] = []

    class Watching(Reader):
        """Looks, while a message is read, whether it could be taken over."""

        def read(self, raw: bytes, guests: Sequence[bytes] = ()) -> Reading:
            """Look, then read."""
            end = later(house.now, GPG_RUNS * house.reader.limits.gpg_wait - 1)
            found = house.store.write(
                lambda tx: messages.claim(tx, now=end, lease=1, token=b"d" * 16, limit=1)
            )
            claimed.append(len(found))
            return Reader.read(self, raw, guests)

    watching = Watching(engine=house.engine, limits=house.reader.limits)
    assert 1 == replace(house, reader=watching).inbound.tick()
    assert [0] == claimed
    assert {MessageState.HANDLED: 1} == states(house)


def test_mail_to_an_address_of_before_still_reaches_people(house: House) -> None:
    house.receive(plain(), sender="", to=str(replace(ALIAS, local="report")))
    house.settle()
    assert 3 == len(house.collect())
