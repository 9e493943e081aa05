"""Tell the service manager how the service stands (sd_notify(3)); without one nobody is told."""

import socket
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"


class Manager:
    """The socket at which a service manager listens, "" for none; `@` begins an abstract one."""

    def __init__(self, address: str) -> None:
        """Take the address as NOTIFY_SOCKET gives it."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, *states: str, status: str = "") -> None:
        """Say each of `states`, and a line for people; a manager that is gone is no error."""
        if not self._address:
            return
        said = [*states, f"STATUS={status}"] if status else states
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            # a manager that does not read must not hold the service up
            speaker.setblocking(False)
            speaker.sendto("\n".join(said).encode(), self._address)
