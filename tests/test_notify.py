"""What a service manager is told, over a real socket, and that nobody else is."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatekeeper import notify
from gatekeeper.notify import Manager


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    """Listen as a service manager does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(30)
        yield ear


def test_each_state_is_a_line_of_one_datagram(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as ear:
        Manager(str(tmp_path / "notify")).tell(notify.READY, status="running: clock")
        assert ear.recv(4096) == b"READY=1\nSTATUS=running: clock"
        Manager(str(tmp_path / "notify")).tell(notify.ALIVE)
        assert ear.recv(4096) == b"WATCHDOG=1"


def test_an_abstract_socket_begins_with_an_at(tmp_path: Path) -> None:
    name = f"gatekeeper-test-{tmp_path.name}-{tmp_path.parent.name}"
    with listening(f"\0{name}") as ear:
        Manager(f"@{name}").tell(notify.STOPPING)
        assert ear.recv(4096) == b"STOPPING=1"


def test_a_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    Manager(str(tmp_path / "absent")).tell(notify.READY)
    Manager("").tell(notify.READY)
