"""A reader of mail with the alias's key and one colleague's, as stage 3 has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.issues.reading import Reader
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from tests.house import alias_key, person_key
from tests.keys import short_home


@contextmanager
def a_reader() -> Iterator[Reader]:
    """Lend a reader with a home of its own."""
    with short_home() as home:
        engine = Engine(
            binary=Path(which("gpg") or "gpg"), home=home, wait=60_000_000, output_limit=1_000_000
        )
        keyring = Keyring(engine)
        keyring.load_secret(alias_key().secret)
        keyring.load([person_key(0).public])
        yield Reader(engine=engine, limits=ReadingLimits())
        keyring.close()
