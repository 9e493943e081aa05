"""What may leave, start a program, touch a file, know the time: each power has few doors."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from tests.architecture.sources import problems, python_files, read, uses, within

PROTECTION: Final = "gatekeeper.domain.protection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A power: the names that give it, and the places that may use it, each with its reason.

    A name in brackets is a call, one that begins with a dot a method of anything.
    """

    power: str
    names: tuple[str, ...]
    places: Mapping[str, str]

    def opened_by(self, name: str) -> bool:
        """Say if a name, as `uses` gives it, is or belongs to one that gives this power."""
        return any(name in {own, f"{own}()"} or name.startswith(f"{own}.") for own in self.names)


DOORS: Final = (
    Door(
        power="make what may leave as ciphertext",
        names=(f"{PROTECTION}.SEALED_MINT", f"{PROTECTION}.Sealed()"),
        places={"gatekeeper/pgp/": "the only door to OpenPGP"},
    ),
    Door(
        power="make what everyone may read",
        names=(f"{PROTECTION}.PUBLIC_MINT", f"{PROTECTION}.Public()"),
        places={},
    ),
    Door(
        power="make what may leave in clear before the lift",
        names=(f"{PROTECTION}.CLEAR_FORM_MINT", f"{PROTECTION}.ClearForm()"),
        places={"gatekeeper/outbound/forms.py": "fills enumerated forms from their typed slots"},
    ),
    Door(
        power="make free text that leaves in clear",
        names=(f"{PROTECTION}.CLEAR_REPLY_MINT", f"{PROTECTION}.ClearReply()"),
        places={"gatekeeper/outbound/forms.py": "replies that a second person confirmed"},
    ),
    Door(
        power="start a program",
        names=(
            *("subprocess", "pty", "multiprocessing", "asyncio.create_subprocess_exec"),
            *("asyncio.create_subprocess_shell", "os.system", "os.popen", "os.fork", "os.forkpty"),
            *("os.execv", "os.execve", "os.execvp", "os.execl", "os.spawnv", "os.posix_spawn"),
        ),
        places={
            "gatekeeper/pgp/": "gpg",
            "gatekeeper/demo/": "the service that is shown, and gpg for its members",
        },
    ),
    Door(
        power="read or change the environment",
        names=("os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"),
        places={
            "gatekeeper/config/": "the only reader of the environment",
            "gatekeeper/cli/terminal.py": "whether this terminal shows colours",
            "gatekeeper/demo/": "the programs it starts run with their own settings",
        },
    ),
    Door(
        power="touch a file",
        names=(
            *("open()", "io.open", "os.open", "os.read", "os.write", "pathlib.Path.open"),
            *(".read_text", ".read_bytes", ".write_text", ".write_bytes", ".unlink", ".mkdir"),
            *(".rmdir", "os.unlink", "os.mkdir", "os.replace", "os.rename", "os.remove"),
            *("shutil", "tempfile", "mmap", "fileinput"),
        ),
        places={
            "gatekeeper/config/": "the only reader of settings, keys and templates",
            "gatekeeper/store/": "the database's files and the lock of the state folder",
            "gatekeeper/pgp/": "gpg's home in memory",
            "gatekeeper/inbound/places.py": "the socket file that is listened on",
            "gatekeeper/start.py": "makes the state folder",
            "gatekeeper/metrics.py": "the file with counts for Prometheus",
            "gatekeeper/cli/": "the file that a command was given",
            "gatekeeper/demo/": "its throwaway folder",
        },
    ),
    Door(
        power="open a connection",
        names=(
            *("socket", "ssl", "smtplib", "imaplib", "poplib", "ftplib", "http", "socketserver"),
            *("urllib.request", "xmlrpc", "asyncio.open_connection", "asyncio.start_server"),
            *("aiosmtpd", "aiosmtplib"),
        ),
        places={
            "gatekeeper/inbound/connection.py": "mail comes in",
            "gatekeeper/inbound/places.py": "where mail comes in",
            "gatekeeper/inbound/certificate.py": "what STARTTLS shows, and how long it is valid",
            "gatekeeper/outbound/relay.py": "mail goes out",
            "gatekeeper/outbound/trust.py": "how the relay proves who it is (ssl)",
            "gatekeeper/cli/probes.py": "doctor asks whether the relay answers",
            "gatekeeper/notify.py": "the service manager's socket on this host",
            "gatekeeper/demo/": "plays the world outside",
        },
    ),
    Door(
        power="know the time of day",
        names=(
            *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"),
            *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
            *("datetime.date.today", "time.clock_gettime", "time.clock_gettime_ns"),
        ),
        places={
            "gatekeeper/clock.py": "hands the time down",
            "gatekeeper/demo/reports.py": "dates the reports, as the reporter's mail program does",
        },
    ),
    Door(
        power="wait for the time to pass",
        names=("time.sleep", "asyncio.sleep"),
        places={
            "gatekeeper/cli/db_seal.py": "until all know a new key, and to let others write",
            "gatekeeper/demo/": "until the service it started answers",
        },
    ),
    Door(
        power="draw by chance",
        names=("secrets", "random", "uuid", "os.urandom", "os.getrandom", "ssl.RAND_bytes"),
        places={
            "gatekeeper/start.py": "hands chance down",
            "gatekeeper/outbound/outbox.py": "names its leases",
            "gatekeeper/store/": "row ids, salts, nonces and the master key",
        },
    ),
    Door(
        power="run code that is not in the source",
        names=(
            *("eval()", "exec()", "compile()", "__import__()", "importlib.import_module"),
            *("pickle", "marshal", "shelve", "ctypes", "runpy", "code"),
        ),
        places={
            "gatekeeper/cli/probes.py": "doctor asks the kernel about its clock (adjtimex)",
            "gatekeeper/memory.py": "the C library gives back what it keeps (malloc_trim)",
            "gatekeeper/secrecy.py": "no other process may look into this one (prctl)",
        },
    ),
)


def trespassers(path: str, text: str) -> list[str]:
    """Find the use of a power in a place that does not have it."""
    if path == f"{PROTECTION.replace('.', '/')}.py":
        return []
    used = sorted(set(uses(ast.parse(text))), reverse=True)
    found = []
    for door in DOORS:
        if not within(path, door.places):
            # One finding a line, with the shortest of the names that say the same.
            seen = {line: name for line, name in used if door.opened_by(name)}
            places = ", ".join(door.places) or "nobody yet"
            found += [
                f"{path}:{line}: {name} is for {places} ({door.power})"
                for line, name in sorted(seen.items())
            ]
    return found


def samples(name: str) -> list[str]:
    """Write each way in which code can use a name."""
    if name.startswith("."):
        return [f"def f(x):\n    x{name}()"]
    bare = name.removesuffix("()")
    brackets = name.removeprefix(bare)
    module, _, last = bare.rpartition(".")
    if not module:
        return [f"{bare}{brackets}" if brackets else f"import {bare}"]
    return [
        f"import {module}\n{bare}{brackets}",
        f"import {module} as m\nm.{last}{brackets}",
        f"from {module} import {last} as l\nl{brackets}",
    ]


def test_every_power_is_used_through_its_doors_only() -> None:
    assert [] == problems(trespassers, python_files("gatekeeper", "migrations"))


@pytest.mark.parametrize(
    ("door", "place"),
    [(door, place) for door in DOORS for place in door.places],
    ids=lambda value: value.power if isinstance(value, Door) else value,
)
def test_every_door_is_used(door: Door, place: str) -> None:
    """A door that nobody uses is a door too many."""
    names = {name for path in python_files(place) for _, name in uses(ast.parse(read(path)))}
    assert any(door.opened_by(name) for name in names)


@pytest.mark.parametrize("name", sorted({name for door in DOORS for name in door.names}))
def test_a_trespasser_is_seen(name: str) -> None:
    """Each name that gives power is seen, under each spelling, in a place without doors."""
    for sample in samples(name):
        assert trespassers("gatekeeper/issues/sample.py", sample), sample


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.power)
def test_whoever_has_the_key_may_pass(door: Door) -> None:
    for place in door.places:
        path = place if place.endswith(".py") else f"{place}sample.py"
        seen = [p for name in door.names for s in samples(name) for p in trespassers(path, s)]
        assert not any(f"({door.power})" in problem for problem in seen)


def test_a_type_may_be_named_where_it_may_not_be_made() -> None:
    sample = f"from {PROTECTION} import Sealed\n\n\ndef send(what: Sealed) -> None: ...\n"
    assert [] == trespassers("gatekeeper/outbound/sample.py", sample)
