"""`python -m gatekeeper.demo`: run the service here, report and answer, show what happened."""

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
from gatekeeper.demo.people import Someone
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
    post = Post(world.folder / "service.log")
    mailbox = Mailbox(world.mailbox, post.arrived.put)
    mailbox.start(HOST, world.mailbox_port)
    try:
        with _service(world):
            answerable = ""
            for report in reports.three(world.reporter, ALIAS):
                issue = _tell(world, report, post)
                answerable = issue if report.with_key else answerable
            _answer(world, answerable, post)
            heading("What the service remembers")
            story.table(world.run("issue", "list"))
            if stay:
                _stay(world, answerable, post)
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


class Post:
    """What arrives in the world outside, for those who wait for it."""

    def __init__(self, log: Path) -> None:
        self.arrived: queue.Queue[Arrived] = queue.Queue()
        self._log = log
        self._kept: dict[str, list[Path]] = {}

    def next_for(self, someone: Someone) -> Path:
        """Return the mail that nobody has asked for yet; OurFault when none comes."""
        kept = self._kept.setdefault(someone.address, [])
        while not kept:
            try:
                arrived = self.arrived.get(timeout=_PATIENCE)
            except queue.Empty:
                public = f"a mail for {someone.name} did not arrive"
                raise OurFault(public, remedy=f"read {near(self._log)}") from None
            self._kept.setdefault(arrived.recipient, []).append(arrived.path)
        return kept.pop(0)


def _tell(world: World, report: Report, post: Post) -> str:
    """Send a report, show what became of it, and return its issue."""
    story.sent(report)
    _send(world, world.reporter, report.raw)
    copies = {person.address: post.next_for(person) for person in world.team}
    acknowledged = post.next_for(world.reporter)
    issue = _newest(world)
    heading(f"-> {issue} opened; what the world outside sees of the copies:")
    first = world.team[0]
    story.outside(copies[first.address])
    heading("   What each person of the response team reads, with their own key:")
    seen: bytes | None = None
    for person in world.team:
        say(f"\n  {person.name} <{person.address}>  {near(copies[person.address])}")
        plaintext = _opened(person, copies[person.address])
        if seen is None:
            story.inside(plaintext)
        else:
            say("    the same text" if plaintext == seen else "    ANOTHER TEXT")
        seen = plaintext
    say(f"\n  {first.name}'s copy, tried with {world.reporter.name}'s key:")
    story.opened(world.reporter, copies[first.address])
    heading(f"   What {world.reporter.name} is answered at once:")
    say(f"\n  {world.reporter.name} <{world.reporter.address}>  {near(acknowledged)}")
    if report.with_key:
        story.inside(_opened(world.reporter, acknowledged))
    else:
        say("    not encrypted, for no key of theirs is known; so no word of the report is in it")
        story.inside(acknowledged.read_bytes(), text_lines=2)
    return issue


def _answer(world: World, issue: str, post: Post) -> None:
    """Have one of the team answer the reporter as the alias, and show what each of them gets."""
    first = world.team[0]
    answer = reports.answer(first, ALIAS, issue, "I would like 14 days before it is public.")
    heading(f"{first.name} answers, in a signed mail to the alias that is encrypted to it:")
    story.quoted(answer.text)
    _send(world, first, answer.raw)
    copies = {person.address: post.next_for(person) for person in world.team}
    reply = post.next_for(world.reporter)
    heading(f"   What {world.reporter.name} reads; the quote and all names are gone:")
    say(f"\n  {world.reporter.name} <{world.reporter.address}>  {near(reply)}")
    story.inside(_opened(world.reporter, reply))
    heading("   What stands above it in the copy that each person of the team gets:")
    story.done(_opened(first, copies[first.address]))


def _send(world: World, sender: Someone, raw: bytes) -> None:
    with smtplib.SMTP(HOST, world.service_port) as client:
        client.ehlo()
        client.sendmail(sender.address, [ALIAS], raw)


def _opened(person: Someone, path: Path) -> bytes:
    plaintext = story.opened(person, path)
    if plaintext is None:
        raise OurFault(f"{person.name} cannot read the mail", remedy="please report this")
    return plaintext


def _stay(world: World, issue: str, post: Post) -> None:
    """Say what can be tried, and then what arrives, until it is ended."""
    reporter = world.reporter
    send = (
        f"python3 -c \"import smtplib; smtplib.SMTP('{HOST}', {world.service_port}).sendmail("
        f"'you@example.org', ['{ALIAS}'], 'Subject: my report\\n\\nIt crashes.')\""
    )
    answer = world.typed("issue", "reply", issue)
    last = max((world.mailbox / reporter.address).glob("*.eml"))
    heading("Six things to try, in another terminal:")
    story.numbered(
        (
            ("Send a report of your own, and read how it is answered", send),
            ("See the issues", world.typed("issue", "list")),
            ("Read the conversation", world.typed("issue", "thread", issue)),
            (f"Answer {reporter.name} as the alias", f"echo 'The fix is ready.' | {answer}"),
            (
                f"Read the first answer with {reporter.name}'s own key",
                f"gpg --homedir {near(reporter.home)} --decrypt {near(last)}",
            ),
            ("See who got which mail, and what the relay said", world.typed("delivery", "list")),
        )
    )
    say("\nCtrl-C stops it; the next start keeps its state.\n")
    while True:
        arrived = post.arrived.get()
        say(f"  a mail for {arrived.recipient} arrived: {near(arrived.path)}")


def _newest(world: World) -> str:
    listed = json.loads(world.run("issue", "list", "--json"))
    return str(listed[-1]["issue"])  # by number: two may be opened in one second


if __name__ == "__main__":
    # Children that were started before must not be stopped twice by the terminal's Ctrl-C.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
