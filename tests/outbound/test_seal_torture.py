"""Every odd mail comes out of sealing whole: one issue, three copies, each byte where it was."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.policy import MIB, ReadingLimits
from gatekeeper.domain.report import Kind, MessageState
from gatekeeper.mail.structure import scan
from gatekeeper.store import issues, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.seal import Codec
from tests.house import PEOPLE, Copy, House, open_house, person_key, reading_as
from tests.sampling import shared_out
from tests.torture import small_torture, torture


def assert_is_all_there(raw: bytes, copy: Copy) -> None:
    """Assert that a copy holds every byte of a mail: its header attached, its body as it was.

    Of one that is taken apart, because a program would show more than its text, each part's body.
    """
    names = b"".join(part.partition(b"\r\n\r\n")[0] for part in copy.parts[1:])
    if b"original.eml" in names:
        assert raw == copy.attached("original.eml")
        return
    header = copy.attached("header.txt") if b"header.txt" in names else b""
    assert raw.startswith(header)
    if copy.parts[1].endswith(b"\r\n" + raw[len(header) :]):
        return
    content = scan(raw, ReadingLimits()).root
    leaves = [part for part in content.walk() if not part.children]
    assert all(part.body in copy.plaintext for part in leaves)


def assert_each_arrives(house: House, mails: Mapping[str, bytes]) -> None:
    """Send mails one after the other: each is one issue with three copies, and whole in them."""
    with reading_as(person_key(0)) as reader:
        for number, (name, raw) in enumerate(mails.items(), 1):
            message = house.receive_quietly(raw)
            house.settle()
            row = stored(house, message)
            assert (MessageState.HANDLED, Kind.REPORT) == (row.state, row.kind), name
            assert number == len(house.store.read(issues.list_all)), name
            copies = {str(job.recipient): job.what.content for job in house.collect()}
            assert [address for _, address in PEOPLE] == sorted(copies, key=_place), name
            assert_is_all_there(raw, reader.open(copies[PEOPLE[0][1]]))


def stored(house: House, message: RowId) -> StoredMessage:
    return house.store.read(lambda tx: messages.head(tx, message))


def _place(address: str) -> int:
    return [each for _, each in PEOPLE].index(address)


def test_every_small_odd_mail_is_one_issue_with_three_whole_copies(
    house: House, dialect: str
) -> None:
    assert_each_arrives(house, shared_out(small_torture(200_000), dialect))


@pytest.fixture
def sqlite_house(sqlite_template: Path, tmp_path: Path, codec: Codec) -> Iterator[House]:
    path = tmp_path / "large.sqlite3"
    shutil.copy(sqlite_template, path)
    opened = Store.open(f"sqlite:///{path}", codec)
    with open_house(opened) as house:
        yield house
    opened.close()


LARGEST = "attachment-25-mb"


def test_every_large_odd_mail_is_one_issue_with_three_whole_copies(sqlite_house: House) -> None:
    small = small_torture(200_000)
    large = {name: raw for name, raw in torture().items() if name not in {*small, LARGEST}}
    assert_each_arrives(sqlite_house, large)


@pytest.mark.timeout(60)  # it takes a few seconds; what takes a minute hangs
def test_an_attachment_of_25_mb_arrives_in_bounded_memory(sqlite_house: House) -> None:
    raw = torture()[LARGEST]
    assert len(raw) > 25 * MIB
    before = peak_memory()
    assert_each_arrives(sqlite_house, {LARGEST: raw})
    assert peak_memory() - before < 8 * len(raw)


def peak_memory() -> int:
    """Return the most bytes this process had in memory since the last call, and count anew."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak
