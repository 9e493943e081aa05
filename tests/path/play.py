"""How people act in a play by mail: they write, answer what they got, and give commands."""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr

from tests.house import ALIAS
from tests.path.mail_program import File, Opened, Words
from tests.path.stage import Stage


@dataclass(slots=True, kw_only=True)
class Play:
    """What the people have by now: mails that matter later, by a name, and the alias's key."""

    stage: Stage
    our_key: str = ""
    mails: dict[str, Opened] = field(default_factory=dict)

    def clear(self, name: str, how: str, words: Words) -> None:
        """Let somebody outside send a mail in clear."""
        person = self.stage.people[name]
        self.stage.script.sent(name.capitalize(), how, words)
        self.stage.send(person.clear(words), sender=person.address, to=words.to)

    def sealed(self, name: str, how: str, words: Words) -> None:
        """Let somebody send a signed mail, encrypted to the alias's key as they got it."""
        person = self.stage.people[name]
        self.stage.script.sent(name.capitalize(), f"{how}, signed and encrypted", words)
        raw = person.sealed(words, to=self.our_key)
        self.stage.send(raw, sender=person.address, to=words.to)

    def answer_to(
        self, mail: str, text: str, *, subject: str = "", files: tuple[File, ...] = ()
    ) -> Words:
        """Return an answer to a mail somebody got, as their program addresses it."""
        answered = self.mails[mail]
        return Words(
            to=parseaddr(str(answered.header["Reply-To"]))[1],
            subject=subject or f"Re: {str(answered.header['Subject']).removeprefix('Re: ')}",
            text=text,
            files=files,
            answers=answered,
        )

    def command(self, mail: str, what: str) -> str:
        """Return a command for the issue of a mail that the team got."""
        return f"!{self.issue(mail)}@{ALIAS.domain} {what}"

    def issue(self, mail: str) -> str:
        """Return the id of that issue."""
        named = re.search(r"\[(\S+)\]", str(self.mails[mail].header["Subject"]))
        assert named
        return named[1]
