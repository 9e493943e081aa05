"""From the final dot to the 250, against Postfix: what a sender waits for each message."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.bench import traffic
from tests.bench.attack import late
from tests.bench.figures import Figure, median, milliseconds, turns
from tests.bench.ground import NAMES, Ground
from tests.bench.receiving import receiving
from tests.house import ALIAS
from tests.running import free_port

_TEXT = b"x" * 70 + b"\r\n"


def run(ground: Ground) -> Iterator[Figure]:
    """Compare for a few sessions at once, in turn."""
    count, sessions = ground.scale.choose(5, 40, 100), 10
    rounds = ground.scale.choose(1, 5, 9)
    with traffic.holding_postfix() as postfix:
        for dialect in ground.dialects:
            port = free_port()
            ours: list[float] = []
            theirs: list[float] = []
            with receiving(ground.ready(dialect), port):
                for number in turns(rounds):
                    theirs.append(late(waits(postfix.port, sessions, count, number)))
                    ours.append(late(waits(port, sessions, count, number)))
            yield Figure(
                what=f"dot to 250, 99th percentile, 5 KB, {sessions} sessions, {NAMES[dialect]}",
                ours=f"ours {milliseconds(median(ours))}",
                theirs=f"Postfix {milliseconds(median(theirs))}",
                ratios=tuple(our / their for our, their in zip(ours, theirs, strict=True)),
                bar="<= 2",
            )


def waits(port: int, sessions: int, count: int, turn: int) -> list[float]:
    """Send messages in sessions at once; return the seconds from each dot to its answer."""
    with ThreadPoolExecutor(sessions) as pool:
        found = pool.map(lambda number: _session(port, count, f"{turn}.{number}"), range(sessions))
        return [wait for each in found for wait in each]


def _session(port: int, count: int, name: str) -> list[float]:
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = client.makefile("rb")
        stream.readline()
        for number in range(count):
            for command in (
                "HELO x",
                f"MAIL FROM:<{traffic.SENDER}>",
                f"RCPT TO:<{ALIAS}>",
                "DATA",
            ):
                client.sendall(command.encode() + b"\r\n")
                assert stream.readline()[:1] in b"23", command
            client.sendall(f"Subject: {name} {number}\r\n\r\n".encode() + _TEXT * 70)
            began = time.perf_counter()
            client.sendall(b".\r\n")
            assert b"250" == stream.readline()[:3]
            found.append(time.perf_counter() - began)
    return found
