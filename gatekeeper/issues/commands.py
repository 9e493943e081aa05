"""Read the commands at the top of a mail; one that is wrong means that none is done.

The text must be the signed one (`signed_text`): this module knows the grammar, not who may order.
What mail programs do to a typed line is undone here and nowhere else: typographic quotes and
dashes, blanks that do not break, links made of addresses, digits broken over lines. What stays
unclear is a problem, never a guess.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.column import one_line, quoted
from gatekeeper.issues.operands import SHOWN as _SHOWN
from gatekeeper.issues.operands import Digits, Operand, Token, hexadecimal, share
from gatekeeper.issues.quoting import TEXT_MAX, Origin, sort
from gatekeeper.issues.verbs import VERBS, Verb, help_text, usage
from gatekeeper.mail.charset import printable_text

__all__ = ["VERBS", "Command", "Parsed", "Verb", "help_text", "parse", "usage"]

_MOST: Final = 20
_LINE_MAX: Final = 1000
_NEXT_LINES: Final = 3
_TYPOGRAPHY: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02", '"')
    | {"\uff01": "!", "\uff1d": "=", "\uff20": "@", "\u2026": "..."}
)
_LINK: Final = re.compile(r" ?<(?:mailto:|[^<>\s@]{1,100}@)[^<>\s]{1,300}>")
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<key>[A-Za-z][A-Za-z-]{0,30}) ?= ?(?:"(?P<long>[^"]*)"|(?P<value>[^\s"]*))'
    r'|"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+)|(?P<stray>"))'
)
_ID_LIKE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}-[0-9]")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_BELOW: Final = re.compile(r"[^\w!]{0,5}!\s*([^\s!]{1,80})")
_AFTER: Final = ".,:;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command that is well formed; whether it may be obeyed is another question.

    `verb` a name of VERBS · `issue` None only where the verb needs none · `domain` what stood
    behind `@` in lower case, "" if nothing did · `values` and `operands` as their kinds read
    them, "" for an optional operand that is not there; of a hash perhaps only its beginning ·
    `line` the command as it was written, for answers.
    """

    verb: str
    issue: IssueId | None
    domain: str = ""
    words: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    operands: tuple[str, ...] = ()
    line: str

    @property
    def takes_text(self) -> bool:
        """Say whether the text below the commands belongs to this one."""
        return VERBS[self.verb].takes_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The commands of a text, or what is wrong with them, and the text below.

    With any problem there are no commands. A text without commands is all `rest`.
    """

    commands: tuple[Command, ...] = ()
    problems: tuple[str, ...] = ()
    rest: str = ""

    def __post_init__(self) -> None:
        """Refuse commands beside a problem: when one is wrong, none is done."""
        if self.commands and self.problems:
            message = "where a problem is, no command is obeyed"
            raise ValueError(message)


def parse(text: str, *, thread: IssueId | None = None) -> Parsed:
    """Return the commands at the top of `text`; never raises, and looks at TEXT_MAX characters.

    Blank and quoted lines before the first command are passed over, and so are the lines that
    say who wrote what is quoted. Each problem says its line, the fault and the remedy; `thread`
    is the issue to name in the remedy where an id is missing.
    """
    lines = printable_text(text[:TEXT_MAX]).split("\n")
    origins = sort(lines).origins
    before = {Origin.BLANK, Origin.QUOTED, Origin.ATTRIBUTION}
    at = next((n for n, origin in enumerate(origins) if origin not in before), len(lines))
    commands: list[Command] = []
    problems: list[str] = []
    while at < len(lines) and len(commands) <= _MOST and len(problems) <= _MOST:
        if not lines[at].strip():
            at += 1
        elif _begins(lines[at]):
            reader = _LineReader(lines[at : at + _NEXT_LINES + 1], thread)
            command = reader.read()
            problems += [f"line {at + 1}: {fault}" for fault in reader.faults]
            commands += [command] if command is not None else []
            at += reader.used
        else:
            break
    rest = "\n".join(lines[at:] if commands or problems else lines).strip("\n")
    if commands and len(text) > TEXT_MAX:
        problems.append(f"the text is longer than {TEXT_MAX} characters; send it as a file")
    if len(commands) > _MOST:
        problems.append(f"more than {_MOST} commands; send them in several mails")
    problems += _together(commands, rest)
    problems += islice(_below(lines, origins, at), _MOST + 1)
    if len(problems) > _MOST:
        problems = [*problems[:_MOST], "and more"]
    done = () if problems else tuple(commands)
    return Parsed(commands=done, problems=tuple(problems), rest=rest)


def plain_line(line: str) -> str:
    """Return a line as it was typed, without what mail programs make of marks and blanks."""
    return " ".join(line[:_LINE_MAX].translate(_TYPOGRAPHY).split())


def _begins(line: str) -> bool:
    return line.lstrip().translate(_TYPOGRAPHY).startswith("!")


def _below(lines: Sequence[str], origins: Sequence[Origin], at: int) -> Iterator[str]:
    """Name the lines under the top that look like commands: they would silently do nothing."""
    for number in range(at, len(lines)):
        found = _BELOW.match(lines[number][:_LINE_MAX].translate(_TYPOGRAPHY))
        if found is None or origins[number] is not Origin.OWN:
            continue
        if _ID_LIKE.match(found[1]) or found[1].rstrip(_AFTER).lower() in VERBS:
            fault = "stands below other text; write commands at the top, before anything else"
            if number == at and not _begins(lines[number]):
                fault = "has marks before its !; write it as plain text, without any formatting"
            yield (
                f"line {number + 1}: {quoted(lines[number], _SHOWN)} {fault},"
                " each line beginning with !"
            )


def _together(commands: Sequence[Command], rest: str) -> Iterator[str]:
    """Name what is wrong with the commands of one mail together."""
    taking = [command for command in commands if command.takes_text]
    verbs = " and ".join(dict.fromkeys(command.verb for command in taking))
    if len(taking) > 1:
        yield f"{len(taking)} commands ({verbs}) want the text below; send each in its own mail"
    elif taking and not rest.strip():
        yield f"{verbs} has no text; write it on the lines below the command"


class _LineReader:
    """Reads one command; `faults` is empty when it was one, `used` how many lines it took."""

    def __init__(self, lines: Sequence[str], thread: IssueId | None) -> None:
        self.faults: list[str] = []
        self.used = 1
        self._line = one_line(lines[0])
        self._next = [line.strip() for line in lines[1:] if len(line) <= _LINE_MAX]
        self._thread = thread
        self._too_long = len(lines[0]) > _LINE_MAX
        plain = plain_line(lines[0])
        self._text = _LINK.sub("", plain).removeprefix("!").strip()

    def read(self) -> Command | None:
        """Return the command, None when there is a fault."""
        first, _, after = self._text.partition(" ")
        if self._too_long:
            self._fault(f"a command of more than {_LINE_MAX} characters; shorten it")
            return None
        issue, domain = self._issue(first)
        name, _, arguments = (after if _ID_LIKE.match(first) else self._text).partition(" ")
        verb = self._verb(name, issue, domain)
        if verb is None:
            return None
        if issue is None and verb.needs_issue and not self.faults:
            self._without_issue(name, arguments)
            return None
        return self._command(verb, issue, domain, arguments)

    def _fault(self, words: str) -> None:
        self.faults.append(words)

    def _issue(self, first: str) -> tuple[IssueId | None, str]:
        if not _ID_LIKE.match(first):
            return None, ""
        written, at, domain = first.rstrip(_AFTER).partition("@")
        domain = domain.lower()
        if at and not _DOMAIN.fullmatch(domain):
            self._fault(f"{quoted(first, _SHOWN)}: behind @ stands the domain of the alias")
        try:
            return IssueId.parse(written), domain
        except ValueError as error:
            self._fault(f"{quoted(written, _SHOWN)}: {error}")
            return None, domain

    def _verb(self, name: str, issue: IssueId | None, domain: str) -> Verb | None:
        verb = VERBS.get(name.lower())
        if verb is not None:
            return verb
        shown = f"{issue or self._thread or 'ID'}" + (f"@{domain}" if domain else "")
        near = difflib.get_close_matches(name.lower()[:20], VERBS, n=1)
        if not name:
            self._fault(f'says not what to do; write a verb, as in "!{shown} own"')
        elif near:
            example = usage(VERBS[near[0]], issue=str(shown)).partition("\n")[0]
            self._fault(f'there is no verb {quoted(name, _SHOWN)}; did you mean "{example}"?')
        else:
            known = ", ".join(VERBS)
            self._fault(f"there is no verb {quoted(name, _SHOWN)}; there are: {known}")
        return None

    def _without_issue(self, name: str, arguments: str) -> None:
        shown: str | IssueId = self._thread or "ID"
        try:
            shown = IssueId.parse(arguments.partition(" ")[0])
        except ValueError:
            words = "names no issue; write"
        else:
            words = "the id of the issue stands first; write"
        about = "" if shown != "ID" else ", with the id from the top of the team's copy"
        self._fault(f'{name.lower()}: {words} "!{shown} {name.lower()}"{about}')

    def _command(
        self, verb: Verb, issue: IssueId | None, domain: str, arguments: str
    ) -> Command | None:
        words: set[str] = set()
        values: dict[str, str] = {}
        loose: list[Token] = []
        for token in _TOKEN.finditer(arguments):
            if token["key"] is not None:
                self._value(verb, token, values)
            elif token["stray"] is not None:
                self._fault("a quotation mark that is not closed; close it, or leave it out")
            elif (token["bare"] or "").lower() in verb.words:
                words.add(token["bare"].lower())
            elif token["bare"] is not None:
                loose.append(Token(text=token["bare"]))
            else:
                loose.append(Token(text=token["quoted"], is_quoted=True))
        operands = self._operands(verb, loose)
        for key in sorted(verb.required - set(values)):
            self._fault(f"{verb.name} needs {key}={verb.keys[key].name}")
        if self.faults:
            return None
        return Command(
            verb=verb.name,
            issue=issue,
            domain=domain,
            words=frozenset(words),
            values=MappingProxyType(values),
            operands=operands,
            line=self._line,
        )

    def _value(self, verb: Verb, token: re.Match[str], values: dict[str, str]) -> None:
        key = token["key"].lower()
        value = (token["long"] if token["long"] is not None else token["value"]).strip()
        kind = verb.keys.get(key)
        if kind is None:
            self._fault(f"{verb.name} has no key {quoted(key, _SHOWN)}; {_grammar(verb)}")
        elif key in values:
            self._fault(f"{key}= is given twice; leave one out")
        elif not value:
            self._fault(f"{key}= needs a value, as in {key}={kind.name}")
        else:
            try:
                values[key] = kind.read(value)
            except ValueError as error:
                self._fault(f"{key}= needs a value, as in {key}={kind.name}: {error}")

    def _operands(self, verb: Verb, loose: list[Token]) -> tuple[str, ...]:
        texts, left = share(verb.operands, loose)
        if left:
            self._fault(
                f"{verb.name} does not know {quoted(left[0].text, _SHOWN)}; {_grammar(verb)}"
            )
        return tuple(
            self._operand(verb, kind, text) for kind, text in zip(verb.operands, texts, strict=True)
        )

    def _operand(self, verb: Verb, kind: Operand, text: str) -> str:
        if isinstance(kind, Digits) and (whole := self._whole(kind, text)):
            return whole
        if not text:
            if not kind.optional:
                self._fault(f"{verb.name} {kind.missing()}")
            return ""
        try:
            return kind.read(text)
        except ValueError as error:
            self._fault(f"{verb.name}: {error}")
            return ""

    def _whole(self, kind: Digits, written: str) -> str:
        """Return all the digits, which people and programs write in groups and break over lines.

        Lines below count only when they make the number of digits exactly whole; "" otherwise.
        """
        for count in range(len(self._next) + 1):
            following = self._next[:count]
            digits = hexadecimal(" ".join([written, *following])) if all(following) else ""
            if len(digits) == kind.all:
                self.used += count
                return kind.cased(digits)
        return ""


def _grammar(verb: Verb) -> str:
    """Say what may follow a verb."""
    known = [*sorted(verb.words), *(f"{key}={kind.name}" for key, kind in verb.keys.items())]
    below = "; its text stands on the lines below" if verb.takes_text else ""
    return f"after it may stand: {', '.join(known)}{below}" if known else f"nothing follows{below}"
