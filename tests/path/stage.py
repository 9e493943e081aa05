"""The stage of a play by mail: the service, Postfix around it, people, and what is written down."""

import re
import smtplib
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.house import ALIAS, PEOPLE, person_key, uid
from tests.keys import key_of
from tests.path.mail_program import MailProgram, Opened, mail_programs
from tests.path.transcript import Transcript
from tests.postfix import Postfix, running_postfix
from tests.running import WAIT, Site, free_port, make_site, serving
from tests.worlds import Mailbox, tls_world

OUTSIDE = (
    ("Robin Finder", "robin@research.example", True),
    ("Kim Passerby", "kim@hobby.example", False),
    ("Lee Example", "lee@elsewhere.example", False),
)
TEAM = tuple(address.partition("@")[0] for _, address in PEOPLE)
"""The response team by the local parts of their addresses, as people are called in a play."""

STRICT_DOOR = "over-tls-only"
"""How the log of Postfix calls the port at which it enforces TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One mail as it reached somebody's mail server."""

    raw: bytes
    recipient: str
    over_tls: bool


class World(Mailbox):
    """The mail servers of all people, which keep the envelope too."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[Arrived] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take one message to one person."""
        (recipient,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        over_tls = session.ssl is not None
        self.arrived.append(Arrived(raw=envelope.content, recipient=recipient, over_tls=over_tls))
        return await super().handle_DATA(server, session, envelope)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs, and the transcript of what happens.

    `people` by the local parts of their addresses · `taken` how many mails were looked at.
    """

    site: Site
    postfix: Postfix
    world: World
    people: dict[str, MailProgram]
    alias_key: str
    script: Transcript = field(default_factory=Transcript)
    taken: int = 0

    def send(self, raw: bytes, *, sender: str, to: str = str(ALIAS)) -> None:
        """Hand a mail to the Postfix in front, as the sender's mail server does."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port) as client:
            client.sendmail(sender, [to], raw)

    def get(self, *whom: str) -> dict[str, list[Opened]]:
        """Wait for one mail to each of `whom`, write all down, and return them as opened.

        Somebody named twice gets two mails. A mail to anybody else fails.
        """
        expected = self.taken + len(whom)
        self.world.wait(expected)
        new = self.world.arrived[self.taken : expected]
        self.taken = expected
        names = sorted(each.recipient.partition("@")[0] for each in new)
        assert sorted(whom) == names
        found: dict[str, list[Opened]] = {}
        for each in new:
            name = each.recipient.partition("@")[0]
            opened = self.people[name].opened(each.raw)
            assert opened.sealed or each.over_tls
            found.setdefault(name, []).append(opened)
        for mails in found.values():
            mails.sort(key=_place)
        self.script.got({name: found[name] for name in self.people if name in found})
        return found

    def until(self, issue: str, kinds: Sequence[str]) -> None:
        """Wait until the messages of an issue are of these kinds."""
        deadline = time.monotonic() + WAIT
        while True:
            thread = self.site.json("issue", "thread", issue)
            found = [message["kind"] for message in thread["messages"]]
            if found == list(kinds):
                return
            assert time.monotonic() < deadline, found


def _place(mail: Opened) -> bool:
    """Put the copy of a mail before what was written because of it; they leave at one time."""
    return not re.match(r"\S+: (?:new report|message) to ", mail.text)


def _name_the_strict_door(postfix: Postfix) -> None:
    place = ["-c", str(postfix.folder / "etc")]
    named = f"127.0.0.1:{postfix.clear}/inet/syslog_name={STRICT_DOOR}"
    subprocess.run(["postconf", *place, "-P", named], check=True)
    subprocess.run(["postfix", *place, "reload"], capture_output=True, check=True)


@contextmanager
def a_stage(folder: Path) -> Iterator[Stage]:
    """Run all of it below `folder`; at the end nothing may be left to send."""
    lmtp, world = free_port(), World()
    cast = [(name, address, person_key(index)) for index, (name, address) in enumerate(PEOPLE)]
    outside = [(n, a, key_of(uid(n, a)) if keyed else None) for n, a, keyed in OUTSIDE]
    with (
        tls_world(world),
        running_postfix(lmtp=lmtp, world=world.port) as postfix,
        mail_programs([*outside, *cast]) as programs,
    ):
        _name_the_strict_door(postfix)
        site = make_site(folder, relay=postfix.relay, lmtp=lmtp)
        site.change("gatekeeper.yaml", "clear_port:", f"clear_port: {postfix.clear}")
        people = {program.address.partition("@")[0]: program for program in programs}
        keys = [people[name].take_key(site.alias_certificate) for name in TEAM]
        stage = Stage(site=site, postfix=postfix, world=world, people=people, alias_key=keys[0])
        with serving(site, also=(lmtp,)):
            yield stage
        assert stage.taken == len(world.arrived)
        assert {"delivered"} == {row["state"] for row in site.json("delivery", "list")}
