"""Fill the operator's templates: sandboxed, and a missing value is an error, never a gap."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from jinja2 import DictLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.texts import date_letters, outcomes, people, reminders

TEAM_COPY: Final = "team-copy.txt"
"""The block of ours that stands before a message in the response team's copies."""

ACKNOWLEDGEMENT: Final = "acknowledgement.txt"
MANY_REPORTS: Final = "many-reports.txt"
UNREADABLE: Final = "unreadable.txt"
REPLY: Final = "reply.txt"
CLEAR_REPLY: Final = "clear-reply.txt"
TEAM_NOTICE: Final = "team-notice.txt"
COMMAND_ANSWER: Final = "command-answer.txt"
APPROVAL_WANTED: Final = "approval-wanted.txt"
KEYS_ENDING: Final = "keys-ending.txt"
KEY_CHANGED: Final = "key-changed.txt"
KEY_CHANGED_TEAM: Final = "key-changed-team.txt"

_FINGERPRINT: Final = "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567"
_ANOTHER: Final = "FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98"

SAMPLES: Final = MappingProxyType(
    {
        TEAM_COPY: MappingProxyType(
            {
                "headline": "SEC-2026-0001: new report to security@example.org",
                "subject": "a subject",
                "sender": "reporter@reporter.example",
                "sender_doubt": "not confirmed by a signature",
                "recipients": "security@example.org",
                "copies": "other@reporter.example",
                "written": "Thu 2026-09-03 12:00:00Z, as the sender says",
                "received": "Thu 2026-09-03 12:00:00Z from 192.0.2.7, with TLS",
                "encryption": "none: the message travelled in clear",
                "signature": "none",
                "parts": ("part 2 only: good, by Andrea Example; covers nothing else",),
                "pieces": ("1, opened apart from the rest",),
                "attachments": ("1, application/pdf, 20 KiB: 'proof.pdf'",),
                "done": ("own: Andrea Example looks after it now",),
                "waiting": ("an answer in clear, for another person to confirm",),
                "notes": ("no Date",),
                "command": "!SEC-2026-0001@example.org",
                "what_follows": "All that follows is the sender's, as it was sent.",
                "log_head": "entry 2:0123456789abcdef:fedcba9876543210",
            }
        ),
        ACKNOWLEDGEMENT: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "predisclosure": "Thu 2026-09-10 12:00:00Z",
                "public": "Thu 2026-09-24 12:00:00Z",
                "operand": "2026-09-24T12:00Z",
                "fingerprint": _FINGERPRINT,
                "code": "K7QM-2XNB-V4TJ-6HRC-5DWS",
            }
        ),
        MANY_REPORTS: MappingProxyType({"project": "Example"}),
        UNREADABLE: MappingProxyType({"project": "Example", "fingerprint": _FINGERPRINT}),
        REPLY: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "fingerprint": _FINGERPRINT,
                "text": "what the team says",
            }
        ),
        CLEAR_REPLY: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "fingerprint": _FINGERPRINT,
                "text": "what the team says",
            }
        ),
        TEAM_NOTICE: MappingProxyType(
            {
                "headline": "SEC-2026-0001: what happened",
                "lines": ("what it was",),
                "next_step": "what to do now",
            }
        ),
        COMMAND_ANSWER: MappingProxyType(
            {
                "headline": "SEC-2026-0001: your commands",
                "commands": ("!SEC-2026-0001 own",),
                "done": ("own: Andrea Example looks after it now",),
                "waiting": ("reply: for a second person",),
                "told": ("SEC-2026-0001: accepted",),
                "problems": ("line 2: there is no such command",),
                "next_step": "what to do now",
            }
        ),
        APPROVAL_WANTED: MappingProxyType(
            {
                "headline": "SEC-2026-0001: another key of the reporter waits for approval",
                "author": "Andrea Example",
                "effect": ("Issue:        SEC-2026-0001 at security@example.org", "What:  this"),
                "missing": "1 more person has to approve",
                "people": "Wei Example or Sam Example",
                "remark": "everybody of the team is employed by Example",
                "until": "Thu 2026-09-10 12:00:00Z",
                "approve": "!SEC-2026-0001 approve 0123456789abcdef",
                "refuse": '!SEC-2026-0001 refuse 0123456789abcdef "WHY"',
                "alias": "security@example.org",
            }
        ),
        KEYS_ENDING: MappingProxyType(
            {
                "headline": "The alias key ends in 7 days",
                "alias": ("the alias key", "  ends Thu 2026-09-10 12:00:00Z, in 7 days"),
                "advisory": ("the advisory key", "  ended Thu 2026-09-03 12:00:00Z"),
                "people": ("Andrea Example", "  ended Thu 2026-09-03 12:00:00Z"),
            }
        ),
        KEY_CHANGED: MappingProxyType(
            {
                "project": "Example",
                "address": "security@example.org",
                "old": _FINGERPRINT,
                "new": _ANOTHER,
                "signature": "This mail is signed by the old key.",
                "old_mail": "Mail to the old key can still be read.",
            }
        ),
        KEY_CHANGED_TEAM: MappingProxyType(
            {
                "project": "Example",
                "address": "security@example.org",
                "old": _FINGERPRINT,
                "new": _ANOTHER,
                "signature": "This mail is signed by the old key.",
                "old_mail": "Mail to the old key can still be read.",
                "outside": "Those we write to are told as well.",
            }
        ),
        **outcomes.SAMPLES,
        **date_letters.SAMPLES,
        **people.SAMPLES,
        **reminders.SAMPLES,
    }
)
"""Every value that each text is given, with which it is tried before anything depends on it."""

NEVER_LEFT_OUT: Final = MappingProxyType(
    {
        TEAM_COPY: frozenset(
            {
                "sender_doubt",
                "encryption",
                "signature",
                "attachments",
                "done",
                "waiting",
                "notes",
                "command",
                "what_follows",
                "log_head",
            }
        ),
        ACKNOWLEDGEMENT: frozenset(
            {"issue", "predisclosure", "public", "operand", "fingerprint", "code"}
        ),
        MANY_REPORTS: frozenset(),
        UNREADABLE: frozenset({"fingerprint"}),
        REPLY: frozenset({"text"}),
        CLEAR_REPLY: frozenset({"text"}),
        TEAM_NOTICE: frozenset({"headline", "lines", "next_step"}),
        COMMAND_ANSWER: frozenset({"headline", "done", "waiting", "told", "problems"}),
        APPROVAL_WANTED: frozenset(
            {
                *("author", "effect", "missing", "people", "remark", "until"),
                *("approve", "refuse", "alias"),
            }
        ),
        KEYS_ENDING: frozenset({"headline", "alias", "advisory", "people"}),
        KEY_CHANGED: frozenset({"old", "new", "signature", "old_mail"}),
        KEY_CHANGED_TEAM: frozenset({"old", "new", "signature", "old_mail", "outside"}),
        **outcomes.NEVER_LEFT_OUT,
        **date_letters.NEVER_LEFT_OUT,
        **people.NEVER_LEFT_OUT,
        **reminders.NEVER_LEFT_OUT,
    }
)
"""What a text has to say however it is written: what people decide and believe by."""

_MANY: Final = 40
"""Lines, or entries, with which a text is tried."""

_LONG: Final = 30
"""Eight characters as many times make a line of a trial longer than any of ours."""

_OBEYED: Final = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of controls and of line ends that are none to most programs."""

REQUIRED: Final = frozenset(SAMPLES)
"""Every text the program fills; a configuration without one of them is refused."""


class Texts:
    """The templates of one configuration, compiled once."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Compile and try all `sources` (file name to text); a broken one raises Misconfigured."""
        missing = sorted(REQUIRED - sources.keys())
        if missing:
            public = f"templates/{missing[0]} is missing"
            raise Misconfigured(
                public, remedy="copy it from the templates that came with gatekeeper"
            )
        self._environment = _environment(sources)
        for name in sorted(sources):
            _examine(self._environment, name, sources[name])

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """Return the text of template `name` with `values`; whatever fails raises OurFault."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:  # noqa: BLE001 - the text is at fault, never what it is about
            public = f"templates/{name} could not be filled"
            reason = type(error).__name__
            raise OurFault(
                public, reason=reason, remedy="compare it with the shipped one"
            ) from None


def examine(name: str, sources: Mapping[str, str]) -> None:
    """Compile and try one of `sources`; Misconfigured says what is wrong with it."""
    _examine(_environment(sources), name, sources[name])


def _environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    # Texts are mail, not markup: escaping for HTML would change what people read.
    return ImmutableSandboxedEnvironment(
        loader=DictLoader(dict(sources)),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _examine(environment: ImmutableSandboxedEnvironment, name: str, source: str) -> None:
    for line, column in _control_characters(source):
        public = f"templates/{name}:{line}:{column}: a control character"
        raise Misconfigured(public, remedy="remove or retype it")
    try:
        environment.get_template(name)
    except TemplateSyntaxError as error:
        public = f"templates/{name}:{error.lineno}:1: {error.message}"
        raise Misconfigured(public, remedy="mend the template") from None
    if name in SAMPLES:
        _try(environment, name)


def _control_characters(text: str) -> Iterator[tuple[int, int]]:
    """Yield line and column, from 1, of what a terminal or a mail program could obey."""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if character != "\t" and unicodedata.category(character) in _OBEYED:
                yield number, column


def _try(environment: ImmutableSandboxedEnvironment, name: str) -> None:
    """Fill a template with all, with little and with much, before a report depends on it.

    What must be said is looked for whole, also where it is the only thing there is to say.
    """
    sample = SAMPLES[name]
    said = sorted(NEVER_LEFT_OUT[name])
    nothing = {key: _empty(value) for key, value in sample.items()}
    marks = {key: _marked(key, sample[key]) for key in said}
    _tried(environment, name, sample)
    _tried(environment, name, nothing)
    together = _tried(environment, name, {**sample, **marks})
    missing = []
    for key in said:
        alone = _tried(environment, name, {**nothing, key: marks[key]})
        if any(line not in shown for shown in (together, alone) for line in _lines(marks[key])):
            missing.append(key)
    if missing:
        public = f"templates/{name} leaves out {', '.join(missing)}, or a part, or changes it"
        raise Misconfigured(public, remedy="put it back, as in the shipped one")


def _tried(
    environment: ImmutableSandboxedEnvironment, name: str, values: Mapping[str, object]
) -> str:
    try:
        shown = environment.get_template(name).render(values)
    except Exception as error:  # noqa: BLE001 - a template may fail in any way
        public = f"templates/{name} cannot be filled: {_words(error)}"
        raise Misconfigured(public, remedy="compare it with the shipped one") from None
    if any(_control_characters(shown)):
        public = f"templates/{name} writes a control character"
        raise Misconfigured(public, remedy="compare it with the shipped one")
    return shown


def _marked(key: str, value: Sequence[str]) -> Sequence[str]:
    """Return what nobody writes by chance: several entries, of several long lines each."""
    if isinstance(value, str):
        return "\n".join(_mark(key, number) for number in range(_MANY))
    return tuple(f"{_mark(key, number)}\n{_mark(key, -number)}" for number in range(1, _MANY))


def _mark(key: str, number: int) -> str:
    # Both cases, blanks in a row and markup, so that a filter which changes any of them is seen.
    return f"<{key} {number:+}>  {'Aa & Zz ' * _LONG}<{number:+} {key}>"


def _lines(value: Sequence[str]) -> list[str]:
    return (value if isinstance(value, str) else "\n".join(value)).split("\n")


def _empty(value: Sequence[str]) -> Sequence[str]:
    return "" if isinstance(value, str) else ()


def _words(error: Exception) -> str:
    """Return what the template engine says, in one line; it quotes the template alone."""
    return " ".join(str(error).split())[:200] or type(error).__name__
