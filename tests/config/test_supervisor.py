"""What a service manager said in the environment is taken out of it, and believed if it is ours."""

import pytest

from gatekeeper.config import supervisor
from gatekeeper.config.supervisor import Supervisor

PID = 4711
NOBODY = Supervisor(address="", watchdog=0)


def take(**environ: str) -> Supervisor:
    """Take what stands in an environment, of which nothing may be left but the rest."""
    given = {**environ, "HOME": "/nowhere"}
    found = supervisor.take(given, pid=PID)
    assert {"HOME": "/nowhere"} == given
    return found


def test_where_it_listens_and_how_often_it_wants_a_word() -> None:
    found = take(NOTIFY_SOCKET="/run/notify", WATCHDOG_USEC="30000000", WATCHDOG_PID=str(PID))
    assert Supervisor(address="/run/notify", watchdog=30_000_000) == found
    found = take(NOTIFY_SOCKET="@abstract", WATCHDOG_USEC="5")
    assert Supervisor(address="@abstract", watchdog=5) == found


def test_no_manager_is_nobody() -> None:
    assert NOBODY == take()
    assert NOBODY == take(WATCHDOG_USEC="5")


@pytest.mark.parametrize("odd", ["", "-5", "5s", "٥"])
def test_an_odd_interval_is_none(odd: str) -> None:
    assert 0 == take(NOTIFY_SOCKET="/run/notify", WATCHDOG_USEC=odd).watchdog


def test_a_watch_over_another_process_is_not_ours() -> None:
    found = take(NOTIFY_SOCKET="/run/notify", WATCHDOG_USEC="5", WATCHDOG_PID="1")
    assert Supervisor(address="/run/notify", watchdog=0) == found


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative"])
def test_a_socket_of_another_kind_is_none(address: str) -> None:
    assert NOBODY == take(NOTIFY_SOCKET=address, WATCHDOG_USEC="5")
