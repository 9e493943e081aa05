"""`python -m gatekeeper.demo`: run the service here, send three reports, show what happened."""

import argparse
import contextlib
import json
import os
import queue
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gatekeeper.demo import reports, story
from gatekeeper.demo.mailbox import Arrived, Mailbox
from gatekeeper.demo.reports import Report
from gatekeeper.demo.story import heading, say
from gatekeeper.demo.world import ALIAS, HOST, World, near, open_world
from gatekeeper.domain.errors import GatekeeperError, OurFault

_PATIENCE: Final = 60.0
"""Seconds to wait for the service or for a copy before saying that something is wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return its exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            _demonstrate(options.folder, any_ports=options.any_ports, stay=not options.once)
    except GatekeeperError as error:
        print(f"demo: {error.diagnostics()}", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev.py run", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".demo"),
        help="where the demonstration keeps its state (default: .demo); remove it to start anew",
    )
    parser.add_argument(
        "--any-ports", action="store_true", help="take free ports instead of 8025 and 8026"
    )
    parser.add_argument("--once", action="store_true", help="stop after the story is told")
    return parser


def _demonstrate(folder: Path, *, any_ports: bool, stay: bool) -> None:
    heading("A security team's service, on this machine, with throwaway keys")
    world = open_world(folder, any_ports=any_ports)
    say(f"  configuration  {near(world.config)} ({'made now' if world.new else 'kept'})")
    say(f"  security alias {ALIAS}")
    for person in world.team:
        say(f"  response team  {person.name} <{person.address}>")
    arrivals: queue.Queue[Arrived] = queue.Queue()
    mailbox = Mailbox(world.mailbox, arrivals.put)
    mailbox.start(HOST, world.mailbox_port)
    try:
        with _service(world):
            for report in reports.three(world.reporter, ALIAS):
                _tell(world, report, arrivals)
            heading("What the service remembers")
            story.table(world.run("issue", "list"))
            if stay:
                _stay(world, arrivals)
    finally:
        mailbox.stop()
        for person in (*world.team, world.reporter):
            person.rest()


@contextmanager
def _service(world: World) -> Iterator[None]:
    """Run `gatekeeper serve` until the end of the context, its log beside the configuration."""
    log = world.folder / "service.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            world.command("serve"), stderr=sink, stdout=sink, start_new_session=True
        )
    try:
        _wait_for(world, process, log)
        say(f"  service        {HOST}:{world.service_port} (SMTP), log in {near(log)}")
        say(f"  outside world  {HOST}:{world.mailbox_port}, mail kept in {near(world.mailbox)}")
        yield
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _wait_for(world: World, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()
            raise OurFault("the service did not start", reason=last[-1] if last else "no log")
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, world.service_port), timeout=1).close()
            return
        time.sleep(0.05)
    raise OurFault("the service does not answer", remedy=f"read {near(log)}")


def _tell(world: World, report: Report, arrivals: "queue.Queue[Arrived]") -> None:
    story.sent(report)
    with smtplib.SMTP(HOST, world.service_port) as client:
        client.ehlo()
        client.sendmail(world.reporter.address, [ALIAS], report.raw)
    copies = _copies(world, arrivals)
    heading(f"-> {_newest(world)} opened; what the world outside sees of the copies:")
    first = world.team[0]
    story.outside(copies[first.address])
    heading("   What each person of the response team reads, with their own key:")
    seen: bytes | None = None
    for person in world.team:
        say(f"\n  {person.name} <{person.address}>  {near(copies[person.address])}")
        plaintext = story.opened(person, copies[person.address])
        if plaintext is None:
            raise OurFault(f"{person.name} cannot read the copy", remedy="please report this")
        if seen is None:
            story.inside(plaintext)
        else:
            say("    the same text" if plaintext == seen else "    ANOTHER TEXT")
        seen = plaintext
    say(f"\n  {first.name}'s copy, tried with {world.reporter.name}'s key:")
    story.opened(world.reporter, copies[first.address])


def _copies(world: World, arrivals: "queue.Queue[Arrived]") -> dict[str, Path]:
    found: dict[str, Path] = {}
    while len(found) < len(world.team):
        try:
            arrived = arrivals.get(timeout=_PATIENCE)
        except queue.Empty:
            remedy = f"read {near(world.folder / 'service.log')}"
            raise OurFault("a copy for the team did not arrive", remedy=remedy) from None
        found[arrived.recipient] = arrived.path
    return found


def _stay(world: World, arrivals: "queue.Queue[Arrived]") -> None:
    first = world.team[0]
    copies = sorted((world.mailbox / first.address).glob("*.eml"))
    copy = near(copies[-1])
    send = (
        f"python3 -c \"import smtplib; smtplib.SMTP('{HOST}', {world.service_port}).sendmail("
        f"'you@example.org', ['{ALIAS}'], 'Subject: my report\\n\\nIt crashes.')\""
    )
    heading("Five things to try, in another terminal:")
    story.numbered(
        (
            ("Send a report of your own", send),
            ("See the issues", world.typed("issue", "list")),
            ("Read a thread", world.typed("issue", "thread", _newest(world))),
            ("See who got which copy, and what the relay said", world.typed("delivery", "list")),
            (
                f"Read a copy with {first.name}'s own key",
                f"gpg --homedir {near(first.home)} --decrypt {copy}",
            ),
        )
    )
    say("\nCtrl-C stops it; the next start keeps its state.\n")
    while True:
        arrived = arrivals.get()
        say(f"  a copy for {arrived.recipient} arrived: {near(arrived.path)}")


def _newest(world: World) -> str:
    listed = json.loads(world.run("issue", "list", "--json"))
    return str(listed[-1]["issue"])  # by number: two may be opened in one second


if __name__ == "__main__":
    # Children that were started before must not be stopped twice by the terminal's Ctrl-C.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
