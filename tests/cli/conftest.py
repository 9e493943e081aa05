"""An installation with a database that commands look into, and the commands themselves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.__main__ import main
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.store import schema
from gatekeeper.store.engine import Store
from tests.config.installation import Installation, armored, installation
from tests.house import alias_key, open_house
from tests.issues.talk import Talk, a_talk

REPORT = (
    b"From: Robin Finder <robin@research.example>\r\n"
    b"To: security@example.org\r\n"
    b"Subject: Crash in the frame parser\r\n"
    b"Date: Thu, 03 Sep 2026 11:58:00 +0000\r\n"
    b"Message-ID: <first@research.example>\r\n"
    b"\r\n"
    b"A frame of length 0 reads one byte too far.\x1b[2J\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """The value it printed."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs commands on one installation, in this process."""

    site: Installation
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        """Run `gatekeeper --config … ARGUMENTS`."""
        return self.bare("--config", str(self.site.folder), *arguments)

    def bare(self, *arguments: str) -> Said:
        """Run `gatekeeper ARGUMENTS`."""
        self.capsys.readouterr()
        status = main(arguments)
        said = self.capsys.readouterr()
        return Said(status=status, out=said.out, err=said.err)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Lend a sound configuration; commands of this process use its runtime folder."""
    with installation(tmp_path) as made:
        monkeypatch.setenv("RUNTIME_DIRECTORY", made.environ["RUNTIME_DIRECTORY"])
        monkeypatch.delenv("GATEKEEPER_CONFIG", raising=False)
        yield made


@pytest.fixture
def shell(site: Installation, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run commands on the installation."""
    return Shell(site=site, capsys=capsys)


@pytest.fixture
def store(site: Installation) -> Iterator[Store]:
    """Open the installation's database, made now."""
    settings = site.load()
    schema.upgrade(settings.database.url, codec_of(settings))
    opened = Store.open(settings.database.url, codec_of(settings))
    yield opened
    opened.close()


@pytest.fixture
def reported(store: Store) -> Store:
    """Fill the database with one report, sealed for three people and sent to nobody yet."""
    with open_house(store) as house:
        house.receive(REPORT)
        house.settle()
    return store


def use_the_houses_key(site: Installation) -> None:
    """Make the alias's key of all tests that of the installation, so that it opens their mail."""
    settings = site.load()
    secret = codec_of(settings).wrap(ALIAS_SECRET, alias_key().secret)
    (site.folder / "alias" / "certificate.asc").write_bytes(armored(alias_key()))
    (site.folder / "alias" / "secret.sealed").write_bytes(secret)
    site.replace("gatekeeper.yaml", settings.alias.fingerprint, alias_key().fingerprint)


@pytest.fixture
def talk(site: Installation, store: Store) -> Iterator[Talk]:
    """Lend a conversation that the installation's database keeps."""
    use_the_houses_key(site)
    with open_house(store) as house, a_talk(house) as lent:
        yield lent
