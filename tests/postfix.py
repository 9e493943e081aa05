"""A real Postfix of the test's own, configured as docs/operating.md says, on other ports."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.documented import main_cf, master_cf
from tests.peers import require
from tests.running import free_port
from tests.worlds import make_certificate

BASE = """\
# What is Debian's own default, in a folder of the test's.
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_authorized_xclient_hosts = 127.0.0.1

# Where the world is: in DNS for others, at one port for the test.
default_transport = smtp:[127.0.0.1]:{world}
default_filter_nexthop = [127.0.0.1]:{world}

"""

SERVICES = """\
pickup unix n - n 60 1 pickup
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running Postfix; `log` says what it did.

    Ports: `port` in front for the world, `relay` behind for the service, `clear` behind for what
    may leave over TLS only.
    """

    port: int
    relay: int
    clear: int
    folder: Path

    @property
    def log(self) -> str:
        """What it wrote down so far."""
        return (self.folder / "log").read_text()

    def flush(self) -> None:
        """Have it try at once whatever waits in its queue."""
        _postfix(self.folder, "flush")


@contextmanager
def running_postfix(*, lmtp: int, world: int) -> Iterator[Postfix]:
    """Run a Postfix that knows the service's LMTP port and the port of the world outside."""
    require("postfix")
    folder = Path(tempfile.mkdtemp(prefix="gk-postfix-"))
    postfix = Postfix(port=free_port(), relay=free_port(), clear=free_port(), folder=folder)
    try:
        _lay(postfix, lmtp=lmtp, world=world)
        _postfix(folder, "start")
        try:
            yield postfix
        finally:
            _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay(postfix: Postfix, *, lmtp: int, world: int) -> None:
    folder = postfix.folder
    folder.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    chain = make_certificate(folder / "chain.pem", "mail.example.org")
    main = BASE.format(folder=folder, world=world) + _replaced(
        main_cf(), {":2424": f":{lmtp}", "/etc/ssl/private/mail.example.org.pem": str(chain)}
    )
    places = {
        "smtp            inet": f"127.0.0.1:{postfix.port} inet",
        "127.0.0.1:10025": f"127.0.0.1:{postfix.relay}",
        "127.0.0.1:10026": f"127.0.0.1:{postfix.clear}",
        " - y - - ": " - n - - ",  # without the files that Debian copies into its queue's folder
    }
    (folder / "etc" / "main.cf").write_text(main)
    (folder / "etc" / "master.cf").write_text(_replaced(master_cf(), places) + SERVICES)


def _replaced(text: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        assert old in text
        text = text.replace(old, new)
    return text


def _postfix(folder: Path, verb: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(folder / "etc"), verb], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
