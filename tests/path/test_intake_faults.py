"""The intake while the machine fails under it: nothing acknowledged is lost, and it comes back."""

import contextlib
import os
import resource
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from gatekeeper.store import messages, schema
from gatekeeper.store.engine import Store
from tests.bench import attack, meters
from tests.bench.ground import CODEC
from tests.bench.receiving import receiving
from tests.house import ALIAS, PEOPLE
from tests.running import WAIT, Site, free_port, make_site, serving
from tests.sinks import running_sink
from tests.worlds import make_certificate

REPORTER = "robin@research.example"
LIKE_A_DISK = 64 * 1024 * 1024
KIB = 1024


def mail(number: int, *, size: int = 0) -> bytes:
    """Return a report that is like no other."""
    line = b"0123456789" * 7 + b"\r\n"
    return f"Subject: crash {number}\r\n\r\ntext\r\n".encode() + line * (size // len(line))


def answer(port: int, raw: bytes, sender: str = REPORTER) -> str:
    """Send one message; return the first answer that is no yes, or the last one."""
    with smtplib.SMTP("127.0.0.1", port, timeout=WAIT) as client:
        client.ehlo("client.example")
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{ALIAS}>"):
            code, words = client.docmd(command)
            if code != 250:
                return f"{code} {words.decode()}"
        code, words = client.data(raw)
        return f"{code} {words.decode()}"


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a volume of LIKE_A_DISK bytes in memory at a folder; skips where that is not allowed."""
    folder.mkdir(mode=0o700)
    options = f"size={LIKE_A_DISK},mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here: a disk that is really full is not shown")
    if done.returncode:
        pytest.skip(f"no tmpfs may be mounted: a full disk is not shown ({done.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def leave(folder: Path, free: int) -> None:
    """Fill the volume with a file until so many bytes are free."""
    filler = folder / "filler"
    filler.unlink(missing_ok=True)
    found = os.statvfs(folder)
    with filler.open("wb", buffering=0) as stream:
        with contextlib.suppress(OSError):
            os.posix_fallocate(stream.fileno(), 0, found.f_bavail * found.f_frsize - free)
        if not free:
            with contextlib.suppress(OSError):
                while True:
                    stream.write(b"x" * 4096)


def wait_for(site: Site, sender: str, words: str) -> str:
    """Send mails until one is answered with these words, which a look once a second makes true."""
    deadline = time.monotonic() + WAIT
    for number in range(1000):
        said = answer(site.port, mail(time.monotonic_ns() + number), sender)
        if said.startswith(words):
            return said
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    raise AssertionError


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a small volume."""
    folder = tmp_path / "volume"
    with small_disk(folder):
        yield folder


def on_a(disk: Path, site: Site, stop_below: str, reserve: str) -> None:
    """Put a site's state on the volume and set its limits."""
    state = disk / "state"
    state.mkdir(mode=0o700)
    site.change("gatekeeper.yaml", "folder: state", f"folder: {state}")
    site.change("policy.yaml", "stop_below: 512MiB", f"stop_below: {stop_below}")
    site.change("policy.yaml", "reserve: 128MiB", f"reserve: {reserve}")


def test_mail_stops_before_the_disk_is_full_and_goes_on_afterwards(
    tmp_path: Path, disk: Path
) -> None:
    """First strangers are put off, then everybody; with room again all is as before."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        on_a(disk, site, "24MiB", "8MiB")
        with serving(site):
            assert answer(site.port, mail(1)).startswith("250")
            leave(disk, 16 * KIB * KIB)
            expected = "452 4.3.1 No space now, try again later"
            assert expected == wait_for(site, REPORTER, "452")
            assert answer(site.port, mail(2), PEOPLE[0][1]).startswith("250")
            leave(disk, 4 * KIB * KIB)
            assert expected == wait_for(site, PEOPLE[0][1], "452")
            (disk / "filler").unlink()
            wait_for(site, REPORTER, "250")
    log = (tmp_path / "serve.log").read_text()
    assert "mail only of the team and answers to us is taken" in log
    assert "mail of nobody is taken" in log
    assert "the state folder's volume has room again" in log
    assert "Traceback" not in log


def test_a_disk_that_is_full_is_451_and_nothing_acknowledged_is_lost(
    tmp_path: Path, disk: Path
) -> None:
    """Something else fills the volume within the second: SQLite says so, and nobody is refused."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        on_a(disk, site, "1B", "1B")
        answers: list[tuple[int, str]] = []
        with serving(site):
            answers += [(number, answer(site.port, mail(number))) for number in range(5)]
            leave(disk, 0)
            for number in range(5, 10):
                answers.append((number, answer(site.port, mail(number, size=300_000))))
            (disk / "filler").unlink()
            wait_for(site, REPORTER, "250")
            answers += [(number, answer(site.port, mail(number))) for number in range(10, 15)]
            sent = {f"crash {number}": said for number, said in answers}
            taken = {subject for subject, said in sent.items() if said.startswith("250")}
            assert taken == stored(site, taken) & sent.keys()
    assert {"250", "451", "452"} >= {said[:3] for _, said in answers}
    assert ["250"] * 5 == [said[:3] for number, said in answers if number >= 10]
    assert any(said.startswith("45") for _, said in answers)
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


def test_a_start_on_a_full_disk_says_that_it_is_full(tmp_path: Path, disk: Path) -> None:
    """Not one byte is left: the database is not called damaged, and the start is tried again."""
    site = make_site(tmp_path, relay=free_port())
    on_a(disk, site, "1B", "1B")
    with serving(site):
        assert answer(site.port, mail(1)).startswith("250")
    leave(disk, 0)
    said = site.refused("serve", status=75)
    assert "cannot be read or written; it is full" in said
    assert "nothing that was accepted is lost" in said
    assert "damaged" not in said
    (disk / "filler").unlink()
    with serving(site):
        assert answer(site.port, mail(2)).startswith("250")
        assert {"crash 1"} <= stored(site, {"crash 1"})


def test_a_witness_without_room_is_no_mistake_of_the_configuration(
    tmp_path: Path, disk: Path
) -> None:
    """The start is tried again, and none that failed leaves word of a witness that went missing."""
    site = make_site(tmp_path, relay=free_port())
    site.change("gatekeeper.yaml", "file: witness/seen", f"file: {disk}/witness/seen")
    leave(disk, 0)
    for _ in range(2):
        said = site.refused("serve", status=75)
        assert f"the witness {disk}/witness/seen cannot be kept (No space left on device)" in said
        assert "free space on its volume" in said
    (disk / "filler").unlink()
    with serving(site):
        assert answer(site.port, mail(1)).startswith("250")
    assert (disk / "witness" / "seen").is_file()
    assert [] == [row for row in site.json("audit", "show") if row["kind"] == "witness.gone"]


def stored(site: Site, taken: set[str]) -> set[str]:
    """Return the subjects of all issues once those are among them, or after a while."""
    deadline = time.monotonic() + WAIT
    found: set[str] = set()
    while not taken <= found and time.monotonic() < deadline:
        found = {issue["subject"] for issue in site.json("issue", "list")}
    return found


def test_a_server_of_databases_that_is_gone_and_comes_back(postgres_url: str) -> None:
    """PostgreSQL lets nobody in for a while: 451, then 250 again, and no restart."""
    name = f"gatekeeper_gone_{os.getpid()}"
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            schema.upgrade(url, CODEC)
            port = free_port()
            with receiving(url, port):
                assert answer(port, mail(1)).startswith("250")
                admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
                gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                admin.execute(gone, [name])
                assert {"451 4.3.0 Try again later"} == {
                    answer(port, mail(number)) for number in range(2, 5)
                }
                admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
                assert answer(port, mail(5)).startswith("250")
            assert 2 == stored_in(url)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_a_file_of_a_database_that_is_gone_and_comes_back(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "gatekeeper.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    port = free_port()
    with receiving(f"sqlite:///{path}", port):
        assert answer(port, mail(1)).startswith("250")
        path.rename(tmp_path / "away")
        assert "451 4.3.0 Try again later" == answer(port, mail(2))
        (tmp_path / "away").rename(path)
        assert answer(port, mail(3)).startswith("250")
    assert 2 == stored_in(f"sqlite:///{path}")


def stored_in(url: str) -> int:
    """Return how many messages there are."""
    store = Store.open(url, CODEC)
    try:
        return sum(store.read(messages.counts).values())
    finally:
        store.close()


def test_file_descriptors_that_run_out(sqlite_template: Path, tmp_path: Path) -> None:
    """Who is connected is served, nobody spins, and with free ones again all are served."""
    path = tmp_path / "gatekeeper.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    port, log = free_port(), tmp_path / "log"

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    with (
        log.open("wb") as errors,
        receiving(f"sqlite:///{path}", port, before=few, log=errors) as process,
        smtplib.SMTP("127.0.0.1", port, timeout=WAIT) as inside,
    ):
        inside.ehlo("client.example")
        with contextlib.ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=WAIT))
            assert {} == inside.sendmail(REPORTER, [str(ALIAS)], mail(1))
            before, until = meters.cpu_of(process.pid), time.monotonic() + 2
            while time.monotonic() < until:
                assert {} == inside.sendmail(REPORTER, [str(ALIAS)], mail(1))
                time.sleep(0.2)
            assert meters.cpu_of(process.pid) - before < 1.0
        assert answer(port, mail(2)).startswith("250")
    assert 2 == stored_in(f"sqlite:///{path}")
    said = log.read_text()
    assert 1 == said.count("out of system resource")
    assert "Traceback" not in said


def test_others_are_greeted_while_one_attacks(sqlite_template: Path, tmp_path: Path) -> None:
    """Half of the greetings within a quarter of a second, though this machine does it all."""
    path = tmp_path / "gatekeeper.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    port = free_port()
    certificate = make_certificate(tmp_path / "chain.pem", "mx.example.org")
    with receiving(f"sqlite:///{path}", port, certificate=certificate, strangers=True):
        with attack.attacked(port):
            found = attack.greetings(port, 30)
        assert answer(port, mail(1)).startswith("250")
    assert sorted(found)[len(found) // 2] < attack.BAR
