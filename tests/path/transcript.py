"""Write down a play by mail for people to read: each mail as opened, and no word of it twice."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from gatekeeper.issues.commands import help_text
from tests.house import ALIAS
from tests.path.mail_program import Opened, Words
from tests.path.stand_ins import StandIns

_ELIDED: Final = "[…]"
_ALWAYS_SAID: Final = frozenset({"Subject", "To", "Written", "Received", "Event log"})
"""Labels of a block for the team whose lines are shown in the first copy only."""

_ISSUE: Final = re.compile(r"SEC-2026-\d{4}")
_SAID_AGAIN: Final = re.compile(r"\[attached:|\s*[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\s*$")
"""What was attached, and an instant that stands alone: which one is what the mail is about."""

_SAID_BY_ALL: Final = re.compile(r"SEC-\S+: message to |\[attached:")


class Transcript:
    """The lines so far; every instant in a mail is replaced by the one of the step.

    The first mails that people get are shown whole. In later ones a paragraph that was shown
    before, whatever issue it named, is shown as `[…]`, and left out at the end; so is the help.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._shown = {
            _known(each)
            for each in help_text(prefix="SEC", domain="example.org").rstrip().split("\n\n")
        }
        self._stand_ins = StandIns()
        self._moment = ""
        self._begun = False

    def text(self) -> str:
        """Return the whole of it."""
        return "\n".join(self._lines).strip("\n") + "\n"

    def step(self, title: str, moment: str, told: str) -> None:
        """Begin a step at an instant, in words for its reader."""
        self._moment = moment
        self.tell(f"## {title}")
        self.tell(told)

    def tell(self, told: str) -> None:
        """Add a paragraph in our own words."""
        self._lines += ["", *self._put(told).splitlines()]

    def sent(self, who: str, how: str, words: Words, *fields: str) -> None:
        """Write down what somebody sends; `fields` are those of its header that matter."""
        self.tell(f'**{who} {how}**: "{words.subject}"')
        head = [*fields, *([] if words.to == str(ALIAS) else [f"To: {words.to}"])]
        paragraphs = [*words.text.split("\n\n"), *_attached([each.name for each in words.files])]
        self._fence([*self._header(head), *map(self._put, paragraphs)])

    def got(self, found: Mapping[str, Sequence[Opened]]) -> None:
        """Write down what everybody gets, by name; one mail to several is written down once."""
        readers: dict[tuple[str, str, str, bool], list[str]] = {}
        for name, mails in found.items():
            for mail in mails:
                readers.setdefault(_as_read(mail), []).append(name)
        for (subject, reply_to, text, sealed), names in readers.items():
            how = "encrypted" if sealed else "in clear"
            verb = "get" if len(names) > 1 else "gets"
            called = _listed([name.capitalize() for name in names])
            self.tell(f'**{called} {verb}**, {how}: "{subject}"')
            inside = reply_to == str(ALIAS)
            paragraphs = re.split(r"\n{2,}", self._put(text))
            if self._begun:
                self._fence(self._new(paragraphs, inside=inside))
            else:
                head = [] if inside else self._header([f"Reply-To: {reply_to}"])
                self._fence([*head, *paragraphs])
        self._begun = True

    def _header(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that were not shown before, as one paragraph if there are any."""
        new = [line for line in map(self._put, lines) if line not in self._shown]
        self._shown.update(new)
        return ["\n".join(new)] if new else []

    def _new(self, paragraphs: Sequence[str], *, inside: bool) -> list[str]:
        """Return what there is to read in a mail, without what was shown before."""
        kept: list[str] = []
        for at, each in enumerate(paragraphs):
            if inside and _SAID_BY_ALL.match(each):
                continue
            if each.startswith("Subject:     "):
                kept.append(self._block(each))
            elif at == 0 or _SAID_AGAIN.match(each) or _known(each) not in self._shown:
                kept.append(each)
            elif kept[-1:] != [_ELIDED]:
                kept.append(_ELIDED)
        return kept[:-1] if kept[-1] == _ELIDED else kept

    def _block(self, paragraph: str) -> str:
        """Return what is known of a mail, without what is said of each, or was of one before."""
        entries = re.split(r"\n(?=\S)", paragraph)
        kept = [each for each in entries if each.partition(":")[0] not in _ALWAYS_SAID]
        new = [each for each in kept if each not in self._shown]
        self._shown.update(each for each in kept if each.startswith("Encryption:"))
        return "\n".join(new)

    def _fence(self, paragraphs: Sequence[str]) -> None:
        self._shown.update(map(_known, paragraphs))
        lines = "\n\n".join(paragraphs).splitlines()
        self._lines += ["```text", *(line.rstrip() for line in lines), "```"]

    def _put(self, text: str) -> str:
        return self._stand_ins.put(text, self._moment)


def _as_read(mail: Opened) -> tuple[str, str, str, bool]:
    """Return subject, address for answers, what there is to read, and whether it was encrypted."""
    text = "\n\n".join([mail.text, *_attached([each.name for each in mail.files])])
    return str(mail.header["Subject"]), str(mail.header["Reply-To"]), text, mail.sealed


def _known(paragraph: str) -> str:
    """Return a paragraph as it is known again in another issue."""
    return _ISSUE.sub("ID", paragraph.strip("\n"))


def _attached(names: Sequence[str]) -> list[str]:
    return [f"[attached: {', '.join(names)}]"] if names else []


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
