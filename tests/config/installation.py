"""A sound configuration for tests to break: made once by `founding`, copied for each test."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gatekeeper.config import Settings, former, load
from gatekeeper.config.founding import Founding, Recruit, found
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, former_name
from gatekeeper.config.loading import examine
from gatekeeper.config.problems import Problem
from gatekeeper.domain.address import Address
from gatekeeper.pgp.armor import Kind, armor
from tests import scratch
from tests.house import ALIAS, PEOPLE, START, person_key
from tests.keys import Key
from tests.pgp.offline import OfflineKey, offline_key


def armored(key: Key) -> bytes:
    """Return a key's certificate as people save it."""
    return armor(Kind.PUBLIC_KEY, key.public)


def recruits(folder: Path) -> tuple[Recruit, ...]:
    """Return PEOPLE as `init` takes them, with their key files in `folder`."""
    people = []
    for index, (name, address) in enumerate(PEOPLE):
        file = folder / f"{index}.asc"
        file.write_bytes(armored(person_key(index)))
        people.append(
            Recruit(name=name, address=Address.parse(address), employer="Example", key_file=file)
        )
    return tuple(people)


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="config-", dir=scratch.folder()))
    wish = Founding(
        folder=folder / "config",
        domain=ALIAS.domain,
        prefix="SEC",
        name="Example",
        team=recruits(folder),
    )
    found(wish, now=START)
    return wish.folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A configuration folder, and the environment in which it is read."""

    folder: Path
    environ: Mapping[str, str]

    def load(self) -> Settings:
        """Read it; BadConfiguration when it is broken."""
        return load(self.folder, environ=self.environ)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with it, without gpg."""
        return examine(self.folder, environ=self.environ)[1]

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file's text, which must hold `old`."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def shown(self, problems: tuple[Problem, ...]) -> str:
        """Return problems as people meet them, what differs in each run replaced by a word."""
        text = "".join(f"{'warning: ' * p.warning}{p}\n" for p in problems)
        words = {person_key(i).fingerprint: word for i, word in enumerate(("ANDREA", "WEI", "SAM"))}
        words |= {key.lower(): word.lower() for key, word in words.items()}
        words[str(self.folder)] = "DIR"
        for said, word in words.items():
            text = text.replace(said, word)
        lines = text.splitlines(keepends=True)
        others = [line for line in lines if not line.startswith("keys/")]
        return "".join([*others, *sorted(line for line in lines if line.startswith("keys/"))])


def add_former(site: Installation, key: Key, *, certificate: bytes | None = None) -> None:
    """Make a key the newest former one of the alias, its certificate as it is or as given."""
    settings = site.load()
    known = ", ".join(one.fingerprint for one in settings.alias.former)
    listed = f"{key.fingerprint}, {known}" if known else key.fingerprint
    site.replace("gatekeeper.yaml", f"former: [{known}]", f"former: [{listed}]")
    (site.folder / former.FOLDER).mkdir(exist_ok=True)
    block = key.public if certificate is None else certificate
    (site.folder / former.certificate(key.fingerprint)).write_bytes(armor(Kind.PUBLIC_KEY, block))
    secret = site.folder / former.secret(key.fingerprint)
    secret.touch(mode=0o600)
    secret.write_bytes(codec_of(settings).wrap(former_name(key.fingerprint), key.secret))


def use_offline_key(site: Installation, *, until: str = "never") -> OfflineKey:
    """Give the installation an alias key whose primary secret is elsewhere."""
    key = offline_key("Example security <security@example.org>", until=until)
    use_alias_key(site, key.subkeys)
    return key


def use_alias_key(site: Installation, key: Key) -> None:
    """Give the installation another alias key."""
    settings = site.load()
    settings.alias.certificate_file.write_bytes(armored(key))
    secret = codec_of(settings).wrap(ALIAS_SECRET, key.secret)
    settings.alias.secret.path.write_bytes(secret)
    site.replace("gatekeeper.yaml", settings.alias.fingerprint, key.fingerprint)


def advise(site: Installation, key: Key, *, certificate: bytes | None = None) -> None:
    """Name an advisory key in the settings, with its certificate as it is or as given."""
    site.replace("gatekeeper.yaml", "fingerprint:\n", f"fingerprint: {key.fingerprint}\n")
    (site.folder / "advisory").mkdir()
    path = site.folder / "advisory" / "certificate.asc"
    path.write_bytes(armored(key) if certificate is None else certificate)


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Put a sound configuration into `folder`; its runtime folder in memory ends with it."""
    target = folder / "config"
    shutil.copytree(_made(), target)
    with tempfile.TemporaryDirectory(prefix="gk-run-", dir="/dev/shm") as runtime:
        yield Installation(
            folder=target, environ={"PATH": os.environ["PATH"], "RUNTIME_DIRECTORY": runtime}
        )
