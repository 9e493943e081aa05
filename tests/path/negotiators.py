"""A play by mail on a false clock: each step is a life of the service, which may be killed in it.

Every life is a process of its own over the same database. One that is killed is followed by another
at the same moment, to which a mail that was not taken is sent again; what somebody got twice is one
mail to them. So what people read must be the same, whatever is killed.
"""

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parseaddr

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, later, to_datetime
from gatekeeper.domain.team import Person
from tests.house import PEOPLE, START, alias_key, person_key
from tests.issues.reports import robin_key
from tests.path.lives import Lives
from tests.path.mail_program import MailProgram, Opened, Words, mail_programs
from tests.path.transcript import Transcript
from tests.sinks import Inbox, running_sink

EMPLOYERS = ("Example Cloud", "Example Cloud", "Example Linux")
ROBIN = ("Robin", "robin@research.example")
TEAM = tuple(address.partition("@")[0] for _, address in PEOPLE)


def two_employers() -> tuple[Person, ...]:
    """Return the team of the house, of which two people have one employer and the third another."""
    return tuple(
        Person(
            name=name,
            address=Address.parse(address),
            employer=EMPLOYERS[at],
            keys=(person_key(at).fingerprint,),
        )
        for at, (name, address) in enumerate(PEOPLE)
    )


@dataclass(slots=True, kw_only=True)
class Table:
    """Where they negotiate: the moment, the people, and what was written down.

    `kills` says at which write the first life of each step dies, 0 for none, and whether before
    it · `killed` is how many did · `mails` what mattered to somebody, by a name · `effect` the
    hash of what waits for approval.
    """

    lives: Lives
    inbox: Inbox
    people: dict[str, MailProgram]
    kills: Iterator[tuple[int, bool]]
    script: Transcript
    now: Instant = START
    sent: int = 0
    taken: int = 0
    killed: int = 0
    effect: str = ""
    seen: set[tuple[str, str]] = field(default_factory=set)
    mails: dict[str, Opened] = field(default_factory=dict)

    def step(self, title: str, told: str, *, later_by: int = 0) -> None:
        """Begin a step, some microseconds after the one before."""
        self.now = later(self.now, later_by)
        moment = f"*{to_datetime(self.now):%a %Y-%m-%d %H:%MZ}.* {told}"
        self.script.step(title, "", textwrap.fill(moment, 100, break_on_hyphens=False))

    def write(self, name: str, how: str, words: Words) -> None:
        """Let somebody send a signed mail, encrypted to the alias."""
        person = self.people[name]
        self.script.sent(name.capitalize(), f"{how}, signed and encrypted", words)
        raw = person.sealed(words, to=alias_key().fingerprint)
        self.sent += 1
        self._live(person.address, words.to, raw)

    def wait(self) -> None:
        """Let the clock do what is due."""
        self._live("", "", b"")

    def _live(self, sender: str, to: str, raw: bytes) -> None:
        """Run lives until one of them ends by itself; the mail is sent until it is taken."""
        self.lives.mail = (sender, to, raw)
        self.lives.accepted = not raw
        kill_at, kill_before = next(self.kills)
        made = self.lives.live(
            kill_at=kill_at, kill_before=kill_before, now=self.now, mails=self.sent
        )
        if made is None:
            self.killed += 1
            made = self.lives.live(now=self.now, mails=self.sent)
        assert made is not None

    def get(self, *whom: str) -> dict[str, list[Opened]]:
        """Write down what left in this step, one mail to each of `whom`, and return it as opened.

        Somebody named twice gets two mails. A mail to anybody else fails.
        """
        found: dict[str, list[Opened]] = {}
        for each in self.inbox.received[self.taken :]:
            (recipient,) = each.envelope.recipients
            name = str(recipient).partition("@")[0]
            opened = self.people[name].opened(each.raw)
            known = (name, str(opened.outer["Message-ID"]))
            if known not in self.seen:
                self.seen.add(known)
                found.setdefault(name, []).append(opened)
        self.taken = len(self.inbox.received)
        got = sorted(itertools.chain.from_iterable([n] * len(m) for n, m in found.items()))
        told = [(name, str(m.header["Subject"])) for name, mails in found.items() for m in mails]
        assert sorted(whom) == got, told
        for mails in found.values():
            mails.sort(
                key=lambda mail: (not _is_copy(mail), str(mail.header["Subject"]), mail.text)
            )
        self.script.got({name: found[name] for name in self.people if name in found})
        return found

    def answer(self, mail: str, text: str) -> Words:
        """Return an answer to a mail somebody got, as their program addresses it."""
        answered = self.mails[mail]
        subject = str(answered.header["Subject"]).removeprefix("Re: ")
        return Words(
            to=parseaddr(str(answered.header["Reply-To"]))[1],
            subject=f"Re: {subject}",
            text=text,
            answers=answered,
        )


def _is_copy(mail: Opened) -> bool:
    """Say whether it passes on a mail; what was written because of that comes after it."""
    return ": new report to " in mail.text[:80] or ": message to " in mail.text[:80]


@contextmanager
def a_table(lives: Lives, kills: Sequence[tuple[int, bool]]) -> Iterator[Table]:
    """Lend a table; the kills come in turns, none when there are none."""
    cast = [(name, address, person_key(at)) for at, (name, address) in enumerate(PEOPLE)]
    with running_sink() as sink:
        lives.relay = sink.port
        lives.team = two_employers()
        table: list[Table] = []
        with mail_programs([(*ROBIN, robin_key()), *cast], clock=lambda: table[0].now) as programs:
            people = {program.address.partition("@")[0]: program for program in programs}
            for person in people.values():
                person.take_key(alias_key().public)
            table.append(
                Table(
                    lives=lives,
                    inbox=sink.inbox,
                    people=people,
                    kills=itertools.cycle(kills or [(0, False)]),
                    script=Transcript(),
                )
            )
            yield table[0]
