"""Content of any length through gpg: what comes out is what went in, signed, or nothing counts."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from gatekeeper.domain.errors import OurFault, Refusal
from gatekeeper.domain.instants import SECOND
from gatekeeper.pgp import stream
from gatekeeper.pgp.engine import Engine
from tests.house import START
from tests.keys import gpg, key_of, short_home

GPG = Path("/usr/bin/gpg")
OURS, THEIRS = "Ours <ours@example.org>", "Theirs <theirs@example.net>"
CONTENT = bytes(range(256)) * 20_000


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Lend an engine that can sign as us and knows their certificate."""
    with short_home() as home:
        gpg(home, "--import", given=key_of(OURS).secret)
        gpg(home, "--import", given=key_of(THEIRS).public)
        yield Engine(binary=GPG, home=home, wait=60 * SECOND, output_limit=1 << 20)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lend the gpg home of somebody who can open it."""
    with short_home() as home:
        gpg(home, "--import", given=key_of(THEIRS).secret)
        monkeypatch.setenv("GNUPGHOME", str(home))
        yield home


def sealed(engine: Engine, file: Path, *, to: str = THEIRS, signer: str = OURS) -> Path:
    """Write the content, encrypted and signed, in pieces."""
    keys = [key_of(to).fingerprint]
    by = key_of(signer).fingerprint
    with (
        file.open("wb") as target,
        stream.encrypting(engine, target, to=keys, signer=by, now=START) as pipe,
    ):
        for start in range(0, len(CONTENT), 100_000):
            pipe.write(CONTENT[start : start + 100_000])
    return file


def reopened(file: Path) -> tuple[bytes, str]:
    """Return the content as the person's gpg opens it, and who signed it."""
    with file.open("rb") as source, stream.opening(GPG, source) as found:
        content = found.content.read()
        return content, found.signer()


def test_what_was_sealed_opens_and_says_who_signed(
    engine: Engine, person: Path, tmp_path: Path
) -> None:
    file = sealed(engine, tmp_path / "sealed")
    assert file.stat().st_size < len(CONTENT), "it was compressed"
    with pytest.raises(Refusal, match="not signed by a key that this gpg home knows"):
        reopened(file)
    gpg(person, "--import", given=key_of(OURS).public)
    assert (CONTENT, key_of(OURS).fingerprint) == reopened(file)


def test_the_signer_may_be_asked_before_all_was_read_and_again(
    engine: Engine, person: Path, tmp_path: Path
) -> None:
    file = sealed(engine, tmp_path / "sealed")
    gpg(person, "--import", given=key_of(OURS).public)
    with file.open("rb") as source, stream.opening(GPG, source) as found:
        assert [key_of(OURS).fingerprint] * 2 == [found.signer() for _ in range(2)]


def test_one_who_has_no_key_for_it_is_told(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(engine, tmp_path / "sealed")
    with short_home() as home:
        monkeypatch.setenv("GNUPGHOME", str(home))
        with pytest.raises(Refusal, match="none of the keys"):
            reopened(file)


@pytest.mark.parametrize("length", [0, 1, 500, -500, -1])
def test_what_is_cut_off_is_refused(
    length: int, engine: Engine, person: Path, tmp_path: Path
) -> None:
    gpg(person, "--import", given=key_of(OURS).public)
    file = sealed(engine, tmp_path / "sealed")
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(Refusal, match="damaged or cut off"):
        reopened(file)


def test_what_is_only_signed_or_only_encrypted_is_refused(
    engine: Engine, person: Path, tmp_path: Path
) -> None:
    gpg(person, "--import", given=key_of(OURS).public)
    file = tmp_path / "half"
    by = ("--local-user", key_of(OURS).fingerprint)
    file.write_bytes(gpg(engine.home, *by, "--sign", given=CONTENT))
    with pytest.raises(Refusal, match="damaged or cut off"):
        reopened(file)
    to = ("--recipient", key_of(THEIRS).fingerprint)
    file.write_bytes(gpg(engine.home, *to, "--encrypt", given=CONTENT))
    with pytest.raises(Refusal, match="not signed"):
        reopened(file)


@pytest.mark.parametrize(("to", "signer"), [("Nobody <no@example.org>", OURS), (THEIRS, THEIRS)])
def test_a_key_that_is_not_there_makes_nothing(
    to: str, signer: str, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(OurFault, match="did not encrypt"):
        sealed(engine, tmp_path / "sealed", to=to, signer=signer)


class Failure(Exception):
    """What goes wrong in the middle."""


def fail(engine: Engine, target: BinaryIO) -> None:
    """Begin to seal, and fail."""
    keys = [key_of(THEIRS).fingerprint]
    by = key_of(OURS).fingerprint
    with stream.encrypting(engine, target, to=keys, signer=by, now=START) as pipe:
        pipe.write(CONTENT)
        raise Failure


def test_whoever_writes_and_fails_ends_gpg(engine: Engine, tmp_path: Path) -> None:
    """No child of ours is left that nobody waited for; others of this run are other tests'."""
    before = children()
    with (tmp_path / "sealed").open("wb") as target, pytest.raises(Failure):
        fail(engine, target)
    assert set() == children() - before


def children() -> set[str]:
    """Return the children of this process, those included that ended and were not waited for."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # some end while they are looked at
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
            if lines["PPid"] == str(os.getpid()):
                found.add(lines["Pid"])
    return found


def test_a_gpg_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        (tmp_path / "file").open("rb") as source,
        pytest.raises(OurFault, match="cannot be started"),
        stream.opening(tmp_path / "no-gpg", source),
    ):
        io.BytesIO()
