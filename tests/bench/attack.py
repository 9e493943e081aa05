"""What attackers do to a listener meanwhile, and how long the others wait for their greeting."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench.figures import Figure, milliseconds
from tests.bench.ground import Ground
from tests.bench.receiving import receiving
from tests.inbound.talking import any_certificate
from tests.running import free_port
from tests.worlds import make_certificate

BAR = 0.25
"""Seconds to a greeting, at the most (design: mail engine, "Bars")."""

_START = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<security@example.org>\r\nDATA\r\n"
_LINES = b"x\r\n" * 20_000
_GARBAGE = b"RSET\r\nNOOP\r\nxyz\r\n\xff\0\n\r" * 4000
_PATIENCE = 5.0


def run(ground: Ground) -> Iterator[Figure]:
    """Measure greetings at rest and under all attacks at once."""
    number = ground.scale.choose(20, 200, 500)
    url, port = ground.ready("sqlite"), free_port()
    certificate = make_certificate(ground.place() / "chain.pem", "mx.example.org")
    with receiving(url, port, certificate=certificate, strangers=True):
        rest = greetings(port, number)
        with attacked(port):
            found = greetings(port, number)
    yield Figure(
        what="greeting, 99th percentile, while one attacks",
        ours=f"{milliseconds(late(found))}, {milliseconds(late(rest))} at rest",
        theirs=f"allowed {milliseconds(BAR)}",
        ratios=(late(found) / BAR,),
        bar="<= 1",
    )


def late(seconds: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(seconds)[len(seconds) * 99 // 100]


def greetings(port: int, number: int) -> list[float]:
    """Connect so many times, one after the other; return the seconds to each greeting.

    Each time it is another client: every address in 127.0.0.0/8 is this machine's.
    """
    found = []
    for each in range(number):
        began = time.perf_counter()
        with _connection(port, f"127.2.{each // 200}.{each % 200 + 1}") as client:
            assert b"220" == client.recv(100)[:3]
            found.append(time.perf_counter() - began)
            client.sendall(b"QUIT\r\n")
    return found


@contextmanager
def attacked(port: int) -> Iterator[None]:
    """Attack in several ways at once: garbage, mail in tiny lines, connections, handshakes.

    Each from an address of its own, and as fast as it goes.
    """
    over = threading.Event()
    ways = (_send_garbage, _send_lines, _come_and_go, _shake_hands)
    threads = [
        threading.Thread(target=_again, args=(way, port, f"127.1.0.{number}", over))
        for number, way in enumerate(ways, 1)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _again(
    way: Callable[[socket.socket], None], port: int, address: str, over: threading.Event
) -> None:
    while not over.is_set():
        # Being cut off is what an attacker may expect.
        with contextlib.suppress(OSError), _connection(port, address) as client:
            way(client)


def _connection(port: int, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), _PATIENCE, source_address=(address, 0))


def _send_garbage(client: socket.socket) -> None:
    client.sendall(_GARBAGE)


def _send_lines(client: socket.socket) -> None:
    client.sendall(_START)
    for _ in range(50):
        client.sendall(_LINES)


def _come_and_go(client: socket.socket) -> None:
    client.recv(1)


def _shake_hands(client: socket.socket) -> None:
    client.sendall(b"STARTTLS\r\n")
    while b"220 2." not in (said := client.recv(200)) and said:
        pass
    any_certificate().wrap_socket(client).close()
