"""A Schleuder list on this machine, as its package installs it, to be held against."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dev
from tests.bench import meters
from tests.bench.figures import Skipped
from tests.house import ALIAS, alias_key
from tests.keys import gpg

_SETUP = Path(__file__).with_name("rivals.rb")
_SETTINGS = """\
lists_dir: {folder}/lists
listlogs_dir: {folder}/logs
log_level: error
superadmin: root@localhost
smtp_settings:
  address: 127.0.0.1
  port: {relay}
  enable_starttls_auto: false
database:
  production:
    adapter: sqlite3
    database: {folder}/db.sqlite
    timeout: 5000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schleuder:
    """A list with subscribers; each mail is a run of `schleuder work`, as mail servers do it."""

    program: Path
    environment: dict[str, str]
    home: Path

    def work(self, mail: bytes) -> float:
        """Hand it a mail and return the seconds of CPU until all copies are with the relay."""
        agent = [meters.agent_of(self.home)]
        before = meters.cpu_with(agent)
        command = [str(self.program), "work", str(ALIAS)]
        done = subprocess.run(
            command, input=mail, env=self.environment, capture_output=True, check=False
        )
        assert 0 == done.returncode, done.stderr.decode("utf-8", "replace")
        return meters.cpu_with(agent) - before


def find() -> Path:
    """Return the program; Skipped when it is not installed."""
    found = dev.find_peer("schleuder")
    if found is None:
        reason = "schleuder is missing; apt-get install --no-install-recommends schleuder"
        raise Skipped(reason)
    return Path(found)


@contextmanager
def schleuder_list(
    folder: Path, *, relay: int, certificates: bytes, people: Sequence[tuple[str, str]]
) -> Iterator[Schleuder]:
    """Lend a list of `people` (address and fingerprint) that hands its mail to that port."""
    program = find()
    settings = folder / "schleuder.yml"
    settings.write_text(_SETTINGS.format(folder=folder, relay=relay))
    home = folder / "lists" / ALIAS.domain / ALIAS.local
    home.mkdir(parents=True, mode=0o700)
    environment = {**os.environ, "SCHLEUDER_CONFIG": str(settings), "GNUPGHOME": str(home)}
    gpg(home, "--import", given=alias_key().secret)
    (folder / "certificates").write_bytes(certificates)
    _run([str(program), "install"], environment)
    made = _run(
        ["ruby", str(_SETUP), str(ALIAS), alias_key().fingerprint, str(folder / "certificates")],
        environment,
        given="".join(f"{address} {fingerprint}\n" for address, fingerprint in people),
    )
    assert f"{len(people)}" == made.split()[-1]
    try:
        yield Schleuder(program=program, environment=environment, home=home)
    finally:
        stop = ["gpgconf", "--homedir", str(home), "--kill", "all"]
        subprocess.run(stop, capture_output=True, check=False)


def _run(command: Sequence[str], environment: dict[str, str], given: str = "") -> str:
    done = subprocess.run(
        command, input=given, env=environment, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr + done.stdout
    return done.stdout
