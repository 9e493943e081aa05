"""The ports and socket files that listeners are bound to."""

import socket
from pathlib import Path
from typing import Final

from gatekeeper.domain.errors import OurFault

SOCKET_MODE: Final = 0o660


def bind(path: Path) -> socket.socket:
    """Return a socket bound to `path`; one somebody listens on is an OSError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and bound.connect_ex(str(path)) == 0:
            message = "another process listens there"
            raise OSError(message)
        if path.is_socket():
            path.unlink()
        bound.bind(str(path))
        # Nobody can connect before listen(): the mode is right from the first client on.
        path.chmod(SOCKET_MODE)
    except OSError:
        bound.close()
        raise
    return bound


def unbind(path: Path) -> None:
    """Remove a socket file that nobody listens on any more."""
    path.unlink(missing_ok=True)


def require_free(host: str, port: int) -> None:
    """Find out that a port is taken while nothing has been changed yet; OurFault when it is."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise cannot_listen(f"{host} port {port}", error) from error


def cannot_listen(where: str, error: OSError) -> OurFault:
    """Return the error that says where nobody can listen, and why."""
    return OurFault(
        f"cannot listen on {where}",
        reason=error.strerror or str(error),
        remedy="end the other program that uses this address, or configure another one",
    )
