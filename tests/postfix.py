"""A real Postfix of the test's own: in front of the service by LMTP, and behind it as relay."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers import require
from tests.running import free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.example.org
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
biff = no

# In front: mail for the alias's domain goes to the service, unknown recipients are refused.
relay_domains = example.org
recipient_delimiter = +
smtpd_reject_unlisted_recipient = yes
relay_recipient_maps = inline:{{ {known} }}
transport_maps = inline:{{ {{ example.org = lmtp:inet:127.0.0.1:{lmtp} }} }}
lmtp_destination_concurrency_limit = 4

# Behind: everything else leaves for the world outside.
default_transport = smtp:[127.0.0.1]:{world}
smtp_tls_security_level = none
"""

KNOWN = ("security", "postmaster", "abuse", "bounces")

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
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
    """A running Postfix: `port` takes SMTP, `log` says what it did."""

    port: int
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
    port = free_port()
    try:
        _lay(folder, port=port, lmtp=lmtp, world=world)
        _postfix(folder, "start")
        try:
            yield Postfix(port=port, folder=folder)
        finally:
            _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay(folder: Path, *, port: int, lmtp: int, world: int) -> None:
    folder.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    known = ", ".join(f"{{ {name}@example.org = yes }}" for name in KNOWN)
    main = MAIN.format(folder=folder, known=known, lmtp=lmtp, world=world)
    (folder / "etc" / "main.cf").write_text(main)
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))


def _postfix(folder: Path, verb: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(folder / "etc"), verb], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
