"""A person with a recovery key on an empty host, and what comes back there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Table

from gatekeeper.config.keyhome import codec_of
from gatekeeper.domain.identity import row_id
from gatekeeper.store import messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import metadata
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Said, Shell
from tests.config.installation import Installation, armored
from tests.keys import Key, gpg, key_of, short_home

RECOVERY = "Recovery <recovery@offline.example>"
OTHER = "Other recovery <other@offline.example>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A person with a recovery key, and the shell of an empty host."""

    shell: Shell
    home: Path
    place: Path

    def restore(self, file: Path | str, *more: str, into: str = "back") -> Said:
        """Run `backup restore`, on a host where nothing is."""
        target = str(self.place / into)
        return self.shell.bare("backup", "restore", str(file), "--into", target, *more)

    @property
    def settings(self) -> Installation:
        """What was put back."""
        return Installation(folder=self.place / "back", environ=self.shell.site.environ)


def trust(site: Installation, *keys: Key) -> None:
    """Name recovery keys."""
    (site.folder / "recovery").mkdir(exist_ok=True)
    for key in keys:
        (site.folder / "recovery" / f"{key.fingerprint}.asc").write_bytes(armored(key))
    listed = ", ".join(key.fingerprint for key in keys)
    site.replace("gatekeeper.yaml", "recipients: []", f"recipients: [{listed}]")


@contextmanager
def keeping(shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    """Lend a recovery key that the installation names, in a gpg home that knows the alias."""
    trust(shell.site, key_of(RECOVERY))
    with short_home() as home:
        gpg(home, "--import", given=key_of(RECOVERY).secret)
        gpg(home, "--import", given=shell.site.load().alias.certificate)
        monkeypatch.setenv("GNUPGHOME", str(home))
        place = folder / "host"
        place.mkdir()
        yield Keeper(shell=shell, home=home, place=place)


def rows(store: Store, table: Table) -> list[tuple[object, ...]]:
    """Return a table's rows as they lie."""
    query = table.select().order_by(*table.primary_key.columns)
    return store.read(lambda tx: [tuple(row) for row in tx.connection.execute(query)])


def made(shell: Shell, file: Path) -> Path:
    """Make a backup."""
    said = shell("backup", "create", str(file))
    assert (0, "") == (said.status, said.err)
    return file


def opened(settings: Installation) -> Store:
    """Open the database of what was put back."""
    loaded = settings.load()
    return Store.open(loaded.database.connection_url(), codec_of(loaded))


def schema_tables() -> dict[str, Table]:
    """Return the tables by name."""
    return dict(metadata.tables)


def messages_of(tx: Tx) -> tuple[messages.StoredMessage, ...]:
    """Return all messages."""
    query = schema_tables()["messages"].select()
    ids = [row_id(row.id) for row in tx.connection.execute(query)]
    return tuple(messages.head(tx, one) for one in ids)
