"""Memory: of the intake for connections and for large messages, of the whole service at rest."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from gatekeeper.config import load
from gatekeeper.domain.policy import MIB, IntakeLimits
from tests.bench import meters, team, traffic
from tests.bench.figures import Figure
from tests.bench.ground import NAMES, Ground
from tests.bench.receiving import receiving
from tests.house import ALIAS
from tests.inbound.talking import any_certificate, ask, lines
from tests.running import free_port, make_site, serving
from tests.worlds import make_certificate

PLAIN_BAR, TLS_BAR = 16 * 1024, 80 * 1024
"""Bytes for an idle connection (design: mail engine, "Bars")."""

REST_BAR = 120
"""Megabytes of the idle service (design: promises, "Bars")."""

_LINE = b"x" * 76 + b"\r\n"


def run(ground: Ground) -> Iterator[Figure]:
    """Measure each in a process of its own: what one left behind would count for the next."""
    connections = ground.scale.choose(40, 150, 150)
    certificate = make_certificate(ground.place() / "chain.pem", "mx.example.org")
    for what, opened, bar in (("clear", _plain, PLAIN_BAR), ("TLS", _inside_tls, TLS_BAR)):
        port = free_port()
        with receiving(ground.ready("sqlite"), port, certificate=certificate) as process:
            used = _of_connections(port, process.pid, connections, opened)
        yield _figure(f"a connection in {what}, of {connections}", used, bar)
    limits = IntakeLimits()
    many = ground.scale.choose(5, 50, 50)
    # Whatever is on its way, as it came and as it is being written, and the same room to spare.
    bound = 2 * limits.bytes_in_flight + 60 * MIB
    yield _figure(f"{many} x 10 MB at once", _peak(ground, many, 10 * MIB), bound)
    size = ground.scale.choose(5 * MIB, limits.message_bytes, limits.message_bytes)
    bound = 4 * size + 60 * MIB
    yield _figure(f"one message of {size // MIB} MiB", _peak(ground, 1, size - 2000), bound)
    for dialect in ground.dialects:
        yield from _at_rest(ground, dialect)


def _at_rest(ground: Ground, dialect: str) -> Iterator[Figure]:
    """Measure `gatekeeper serve` when it is ready, and when a report has gone to the team."""
    database = None if dialect == "sqlite" else ground.empty(dialect)
    with traffic.sink(ground.place()) as relay:
        site = make_site(ground.place(), relay=relay, database=database)
        keys = load(site.config).runtime_folder
        with serving(site) as process:
            _settle(process.pid)
            yield _rest(f"the idle service, {NAMES[dialect]}, ready", process.pid, keys)
            with team.Whole.lend(site, process.pid) as ours:
                ours.work(team.report(ours.certificate, 5_000, 1))
            _settle(process.pid)
            yield _rest(f"the idle service, {NAMES[dialect]}, a report later", process.pid, keys)


def _rest(what: str, pid: int, keys: Path) -> Figure:
    """Hold what the service's processes have in memory, what others share included, to the bar.

    The gpg-agents of the homes below `keys` are told apart.
    """
    family = meters.family(pid)
    resident = sum(map(meters.memory_of, family)) / 1e6
    held = meters.held_by(family)
    shares = f"PSS {held.fair / 1e6:.0f}, USS {held.own / 1e6:.0f}" if held else "PSS for root only"
    agents = meters.agents_below(keys)
    agent = sum(map(meters.memory_of, agents)) / 1e6
    apart = f"gpg-agents apart {agent:.0f} MB ({len(agents)})"
    return Figure(
        what=f"memory of {what}",
        ours=f"RSS {resident:.0f} MB ({shares}) with {len(family) - 1} children, {apart}",
        theirs=f"allowed {REST_BAR} MB",
        ratios=(resident / REST_BAR,),
        bar="<= 1",
    )


def _settle(pid: int) -> None:
    """Return when a process has neither children nor more memory than a second ago."""
    until = time.monotonic() + 20
    before = 0
    while time.monotonic() < until:
        now = meters.memory_of(pid)
        if abs(now - before) < MIB and meters.family(pid) == (pid,):
            return
        before = now
        time.sleep(1)


def _of_connections(
    port: int, pid: int, number: int, opened: Callable[[int], socket.socket]
) -> int:
    with ExitStack() as stack:
        # The first ones make what all others share.
        for _ in range(10):
            stack.enter_context(opened(port))
        before = meters.memory_of(pid)
        for _ in range(number):
            stack.enter_context(opened(port))
        return (meters.memory_of(pid) - before) // number


def _plain(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    lines(client, 1)
    return client


def _inside_tls(port: int) -> socket.socket:
    client = _plain(port)
    ask(client, b"STARTTLS\r\n")
    inside = any_certificate().wrap_socket(client)
    ask(inside, b"EHLO x\r\n")
    return inside


def _peak(ground: Ground, number: int, size: int) -> int:
    """Return by how much the process grew at the most while it took messages at once."""
    port = free_port()
    with receiving(ground.ready("sqlite"), port) as process:
        before = meters.memory_of(process.pid)
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(lambda each: _send(port, size, each), range(number)))
        return _most(process.pid) - before


def _most(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _send(port: int, size: int, number: int) -> None:
    """Send one message, again while there is too much at once."""
    text = f"Subject: {number}\r\n\r\n".encode() + _LINE * (size // len(_LINE))
    head = ("EHLO x", f"MAIL FROM:<{traffic.SENDER}>", f"RCPT TO:<{ALIAS}>", "DATA")
    answer = ""
    while not answer.startswith("250"):
        with socket.create_connection(("127.0.0.1", port), timeout=120) as client:
            lines(client, 1)
            answers = [ask(client, command.encode() + b"\r\n") for command in head]
            if answers[-1].startswith("354"):
                client.sendall(text)
                answer = ask(client, b".\r\n")
        assert answer[:3] in {"", "250", "452"}, answer
        if not answer.startswith("250"):
            time.sleep(0.1)


def _figure(what: str, used: int, bound: int) -> Figure:
    return Figure(
        what=f"memory for {what}",
        ours=f"{used / 1024:.0f} KiB",
        theirs=f"allowed {bound / 1024:.0f} KiB",
        ratios=(used / bound,),
        bar="<= 1",
    )
