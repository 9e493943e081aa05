"""gpg's home vanishes under the running service, and mail goes on without a restart."""

import os
import shutil
import signal
import smtplib
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from gatekeeper.config import load
from tests.house import ALIAS, PEOPLE, decrypt_with, person_key
from tests.keys import gpg, short_home
from tests.path.arrivals import TEAM, wait_for
from tests.running import WAIT, Site, make_site, serving
from tests.sinks import Inbox, running_sink

REPORTER = "robin@research.example"


def agents(home: Path) -> list[int]:
    """Return the process ids of the gpg-agents of a home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "gpg-agent" in command and f"{home} " in command:
            found.append(int(path.parent.name))
    return found


def gone(pids: list[int]) -> bool:
    """Say whether all of these processes have ended."""
    return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids)


def the_home(site: Site) -> Path:
    """Return the one home of the running service."""
    (home,) = load(site.config).runtime_folder.glob("gpg-*")
    return home


def the_runtime_folder(home: Path) -> None:
    shutil.rmtree(home.parent)


def all_of_the_home(home: Path) -> None:
    shutil.rmtree(home)


def what_is_in_the_home(home: Path) -> None:
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def the_agent(home: Path) -> None:
    for pid in agents(home):
        os.kill(pid, signal.SIGKILL)


def the_secret_keys(home: Path) -> None:
    shutil.rmtree(home / "private-keys-v1.d")


LOSSES: tuple[Callable[[Path], None], ...] = (
    the_agent,
    the_secret_keys,
    what_is_in_the_home,
    all_of_the_home,
    the_runtime_folder,
)


@pytest.fixture
def writer() -> Iterator[Path]:
    """Lend a home in which a reporter encrypts."""
    with short_home() as home:
        yield home


def report(site: Site, home: Path, number: int) -> bytes:
    """Return a report that only the alias can read."""
    gpg(home, "--import", given=site.alias_certificate)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = REPORTER, str(ALIAS), f"Report {number}"
    words = f"Secret words of report {number}.\n".encode()
    armor = gpg(home, "--armor", "--encrypt", "--recipient", str(ALIAS), given=words)
    mail.set_content(armor.decode())
    return mail.as_bytes(policy=SMTP)


def send(site: Site, raw: bytes) -> None:
    """Send a report as a mail program does."""
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(REPORTER, [str(ALIAS)], raw)


def opened(site: Site, inbox: Inbox, number: int) -> bytes:
    """Return all that Andrea reads in so many mails, once they have come."""
    address = PEOPLE[0][1]
    mails = [
        each
        for each in wait_for(inbox, TEAM, number * len(PEOPLE))
        if str(each.envelope.recipients[0]) == address
    ]
    assert number == len(mails)
    read = [decrypt_with(person_key(0), each.raw, site.alias_certificate) for each in mails]
    assert all(b"[GNUPG:] GOODSIG " in status for _, status in read)
    return b"\n".join(plaintext for plaintext, _ in read)


def test_mail_goes_on_whatever_is_lost_of_the_home(tmp_path: Path, writer: Path) -> None:
    """One service, one loss after the other: each report is read, copies decrypt, one home."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            first = the_home(site)
            begun = agents(first)
            assert begun
            for number, lose in enumerate(LOSSES, 1):
                lose(first)
                send(site, report(site, writer, number))
                read = opened(site, sink.inbox, number)
                for each in range(1, number + 1):
                    assert f"Secret words of report {each}.".encode() in read
                assert first == the_home(site), "the same name, and no other home beside it"
            site.run("health")
        folder = load(site.config).runtime_folder
        assert [] == list(folder.iterdir())
        wait_until_gone([*begun, *agents(first)])


def wait_until_gone(pids: list[int]) -> None:
    """Return once these processes have ended: an agent notices by itself that its home went."""
    deadline = time.monotonic() + 3 * WAIT
    while not gone(pids):
        assert time.monotonic() < deadline, pids
        the_next_look()


def the_next_look() -> None:
    """Let others run."""
    signal.sigtimedwait(set(), 0.1)


def test_nothing_is_read_wrongly_while_files_go(tmp_path: Path, writer: Path) -> None:
    """The keys vanish again and again among reports: no mail is taken for one to another key."""
    number = 6
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        raws = [report(site, writer, each) for each in range(number)]
        with serving(site):
            home = the_home(site)
            for raw in raws:
                send(site, raw)
                shutil.rmtree(home / "private-keys-v1.d", ignore_errors=True)
            read = opened(site, sink.inbox, number)
            issues = site.json("issue", "list")
    for each in range(number):
        assert f"Secret words of report {each}.".encode() in read
    assert number == len(issues)
