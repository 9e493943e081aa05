"""What the machine says when asked: the kernel's clock, the greeting of relay and service."""

import ctypes
import ctypes.util
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

_STA_UNSYNC: Final = 0x40
_TIME_ERROR: Final = 5
_WAIT: Final = 5.0
"""Seconds to wait for a greeting."""

_GREETING_MAX: Final = 512


_TIMEX_BYTES: Final = 512
"""More than `struct timex` of adjtimex(2) has anywhere; zeroed, it asks and sets nothing."""

_BEFORE_STATUS: Final = struct.calcsize("@I4l")
"""Before its status stand modes, offset, freq, maxerror and esterror."""


def clock_is_synchronised() -> bool | None:
    """Return whether the kernel says that its clock follows a time source; None if it is silent.

    Asking is open to every user.
    """
    answer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6").adjtimex(answer)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    (status,) = struct.unpack_from("@i", answer.raw, _BEFORE_STATUS)
    return state != _TIME_ERROR and not status & _STA_UNSYNC


def relay_complaint(host: str, port: int) -> str:
    """Return why the relay does not greet us as a mail server does (RFC 5321 §3.1), or ""."""
    return _complaint(lambda: socket.create_connection((host, port), timeout=_WAIT))


def socket_complaint(path: Path) -> str:
    """Return why nobody greets as a mail server does at a Unix socket, or ""."""
    return _complaint(lambda: _connected(path))


def _connected(path: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    try:
        peer.settimeout(_WAIT)
        peer.connect(str(path))
    except OSError:
        peer.close()
        raise
    return peer


def _complaint(connect: Callable[[], socket.socket]) -> str:
    try:
        with connect() as peer:
            greeting = peer.recv(_GREETING_MAX)
            peer.sendall(b"QUIT\r\n")
    except OSError as error:
        return error.strerror or type(error).__name__
    return "" if greeting.startswith(b"220") else "it does not greet as a mail server does"
