"""`gatekeeper backup restore` of changed content: it is refused as damaged, and nothing is left."""

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.store.engine import Store
from tests.cli.conftest import Said, Shell
from tests.cli.keeping import RECOVERY, Keeper, keeping, made
from tests.keys import gpg, key_of

DEEP = b"[" * 100_000
Members = list[tuple[str, bytes]]
Harm = Callable[[Members], Members]


@pytest.fixture
def keeper(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    """Lend the installation, and a person with a recovery key of it."""
    with keeping(shell, tmp_path, monkeypatch) as lent:
        yield lent


def members(inner: bytes) -> Members:
    """Return what a backup holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(inner)) as tar:
        found = ((info.name, tar.extractfile(info)) for info in tar)
        return [(name, file.read()) for name, file in found if file is not None]


def packed(content: Members) -> bytes:
    """Return a backup that holds that."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in content:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def instead(name: str, change: Callable[[bytes], bytes]) -> Harm:
    """Return a change of one member's content."""

    def harm(content: Members) -> Members:
        assert name in dict(content)
        return [(each, change(data) if each == name else data) for each, data in content]

    return harm


def in_rows(table: str, change: Callable[[list[bytes]], list[bytes]]) -> Harm:
    """Return a change of the rows of a table's first block; its head stays."""

    def harm(content: Members) -> Members:
        named = f'"table":"{table}"'.encode()
        (name, *_) = [
            each for each, data in content if each.startswith("database/") and named in data
        ]
        data = dict(content)[name].splitlines()
        new = b"".join(line + b"\n" for line in [data[0], *change(data[1:])])
        return [(each, new if each == name else old) for each, old in content]

    return harm


def value(number: int, new: object) -> Callable[[list[bytes]], list[bytes]]:
    """Return a change of one value of the first row."""

    def change(rows: list[bytes]) -> list[bytes]:
        row = json.loads(rows[0])
        row[number] = new
        return [json.dumps(row).encode(), *rows[1:]]

    return change


def put(name: str, data: bytes = b"x") -> Harm:
    """Return the addition of a file behind the manifest."""
    return lambda content: [content[0], (name, data), *content[1:]]


def told(**values: object) -> Harm:
    """Return a change of what the backup says of itself."""
    return instead(
        "manifest.json", lambda data: json.dumps({**json.loads(data), **values}).encode()
    )


def at_end(text: str) -> Harm:
    """Return other counts at the end."""
    return instead("end.json", lambda _data: text.encode())


def counted(table: str, more: int, content: Members) -> Members:
    """Return content whose end counts more rows of a table."""

    def change(data: bytes) -> bytes:
        said = json.loads(data)
        said["rows"][table] += more
        return json.dumps(said).encode()

    return instead("end.json", change)(content)


def doubled(content: Members) -> Members:
    """Return the first block of rows twice."""
    (first, *_) = [each for each in content if each[0].startswith("database/")]
    at = content.index(first)
    return [*content[:at], first, *content[at:]]


HARMS: dict[str, Harm] = {
    "deep manifest": instead("manifest.json", lambda _data: DEEP),
    "a manifest of other things": told(made_at=["then"]),
    "half a character": told(revision="\ud800"),
    "deep rows": in_rows("events", lambda _rows: [DEEP]),
    "a deep head": instead("database/000001.jsonl", lambda _data: DEEP),
    "an empty block": instead("database/000001.jsonl", lambda _data: b""),
    "a table that is a list": instead(
        "database/000001.jsonl", lambda _data: b'{"table":["a"],"columns":[]}\n'
    ),
    "a doubled block": doubled,
    "a doubled row": in_rows("events", lambda rows: [*rows, rows[0]]),
    "a number too large": in_rows("events", value(0, 1 << 80)),
    "half a character in a row": in_rows("events", value(2, "\ud800")),
    "a row of nothing": in_rows("events", value(1, None)),
    "a reference to nothing": in_rows("messages", value(1, "A" * 24)),
    "a sealed value that does not open": lambda content: counted(
        "meta", 1, in_rows("meta", lambda rows: [*rows, b'["frozen","%s"]' % (b"A" * 80)])(content)
    ),
    "counts that are words": at_end('{"rows":{"events":"x"}}'),
    "counts that are lists": at_end('{"rows":{"events":[1]}}'),
    "counts that are truths": at_end('{"rows":{"events":true}}'),
    "counts that are too high": at_end('{"rows":{"events":1000}}'),
    "a deep end": at_end("[" * 100_000),
    "a long name": put(f"config/{'a' * 300}"),
    "a file below a file": put("config/gatekeeper.yaml/x"),
    "a file above a folder": put("config/keys"),
    "a path out of the folder": put("config/../../evil"),
    "a database file": put("config/state/gatekeeper.sqlite"),
    "no key": instead("config/master.key", lambda _data: b"x"),
    "settings that are no text": instead("config/gatekeeper.yaml", lambda _data: b"a: \xff"),
}


@pytest.fixture
def inner(keeper: Keeper, reported: Store, tmp_path: Path) -> bytes:
    """Return what gpg finds in a backup."""
    assert reported.dialect == "sqlite"
    return gpg(keeper.home, "--decrypt", str(made(keeper.shell, tmp_path / "b.gpg")))


def given(keeper: Keeper, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Return what is said of opened content."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return keeper.restore("-")


def test_changed_content_is_refused_as_damaged(
    keeper: Keeper, inner: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was changed, it says what to do, and leaves nothing behind."""
    said = {}
    for what, harm in HARMS.items():
        found = given(keeper, packed(harm(members(inner))), monkeypatch)
        assert [] == list(keeper.place.iterdir()), what
        said[what] = (found.status, found.err)
    wrong = {
        what: each
        for what, each in said.items()
        if each[0] != 1 or not ("damaged" in each[1] or "twice" in each[1])
    }
    assert {} == wrong
    assert all("give another copy; nothing was changed" in err for _, err in said.values())
    assert 0 == given(keeper, packed(members(inner)), monkeypatch).status


def test_so_is_a_file_of_it_whoever_signed_it(keeper: Keeper, inner: bytes, tmp_path: Path) -> None:
    forger = key_of("Forger <forger@evil.example>")
    gpg(keeper.home, "--import", given=forger.secret)
    options = ("--recipient", key_of(RECOVERY).fingerprint, "--local-user", forger.fingerprint)
    content = packed(doubled(members(inner)))
    (tmp_path / "c.gpg").write_bytes(
        gpg(keeper.home, *options, "--sign", "--encrypt", given=content)
    )
    said = keeper.restore(tmp_path / "c.gpg")
    assert (1, True) == (said.status, "the backup is damaged" in said.err)
    assert [] == list(keeper.place.iterdir())
