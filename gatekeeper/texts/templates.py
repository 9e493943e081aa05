"""Fill the operator's templates: sandboxed, and a missing value is an error, never a gap."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from jinja2 import DictLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gatekeeper.domain.errors import Misconfigured, OurFault

TEAM_COPY: Final = "team-copy.txt"
"""The block of ours that stands before a message in the response team's copies."""

ACKNOWLEDGEMENT: Final = "acknowledgement.txt"
MANY_REPORTS: Final = "many-reports.txt"
UNREADABLE: Final = "unreadable.txt"
REPLY: Final = "reply.txt"
CLEAR_REPLY: Final = "clear-reply.txt"
TEAM_NOTICE: Final = "team-notice.txt"
COMMAND_ANSWER: Final = "command-answer.txt"
CLEAR_REPLY_PROPOSAL: Final = "clear-reply-proposal.txt"

_FINGERPRINT: Final = "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567"

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
                "pieces": ("1, opened apart from the rest",),
                "attachments": ("1, application/pdf, 20 KiB: 'proof.pdf'",),
                "done": ("own: Andrea Example looks after it now",),
                "waiting": ("an answer in clear, for another person to confirm",),
                "notes": ("no Date",),
                "command": "!SEC-2026-0001@example.org",
                "what_follows": "All that follows is the sender's, as it was sent.",
                "log_head": "entry 2, 0123456789abcdef",
            }
        ),
        ACKNOWLEDGEMENT: MappingProxyType(
            {
                "project": "Example",
                "issue": "SEC-2026-0001",
                "predisclosure": "Thu 2026-09-10 12:00:00Z",
                "public": "Thu 2026-09-24 12:00:00Z",
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
                "problems": ("line 2: there is no such command",),
                "next_step": "what to do now",
            }
        ),
        CLEAR_REPLY_PROPOSAL: MappingProxyType(
            {
                "headline": "SEC-2026-0001: an answer in clear waits for a second person",
                "author": "Andrea Example",
                "recipient": "reporter@reporter.example",
                "text": ("what the team says",),
                "command": "!SEC-2026-0001 approve 0123456789abcdef",
            }
        ),
    }
)
"""Every value that each text is given, with which it is tried before anything depends on it."""

NEVER_LEFT_OUT: Final = MappingProxyType(
    {
        TEAM_COPY: frozenset(
            {"sender_doubt", "encryption", "signature", "what_follows", "log_head"}
        ),
        ACKNOWLEDGEMENT: frozenset({"issue", "predisclosure", "public", "fingerprint", "code"}),
        MANY_REPORTS: frozenset(),
        UNREADABLE: frozenset({"fingerprint"}),
        REPLY: frozenset({"text"}),
        CLEAR_REPLY: frozenset({"text"}),
        TEAM_NOTICE: frozenset({"headline", "lines", "next_step"}),
        COMMAND_ANSWER: frozenset({"headline", "done", "waiting", "problems"}),
        CLEAR_REPLY_PROPOSAL: frozenset({"author", "recipient", "text", "command"}),
    }
)
"""What a text has to say however it is written: what people decide and believe by."""

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
            _examine(self._environment, name)

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
    _examine(_environment(sources), name)


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


def _examine(environment: ImmutableSandboxedEnvironment, name: str) -> None:
    try:
        environment.get_template(name)
    except TemplateSyntaxError as error:
        public = f"templates/{name}:{error.lineno}:1: {error.message}"
        raise Misconfigured(public, remedy="mend the template") from None
    if name in SAMPLES:
        _try(environment, name)


def _try(environment: ImmutableSandboxedEnvironment, name: str) -> None:
    """Fill a template with all and with nothing, so that no report finds out what is wrong."""
    sample = SAMPLES[name]
    marks = {
        key: _marked(key, value) if key in NEVER_LEFT_OUT[name] else value
        for key, value in sample.items()
    }
    shown = ""
    for values in (sample, {key: _empty(value) for key, value in sample.items()}, marks):
        try:
            shown = environment.get_template(name).render(values)
        except Exception as error:  # noqa: BLE001 - a template may fail in any way
            public = f"templates/{name} cannot be filled: {_words(error)}"
            raise Misconfigured(public, remedy="compare it with the shipped one") from None
    for key in sorted(NEVER_LEFT_OUT[name]):
        if _mark(key) not in shown:
            public = f"templates/{name} leaves out {key}"
            raise Misconfigured(public, remedy="put it back, as in the shipped one")


def _mark(key: str) -> str:
    return f"<{key}>"


def _marked(key: str, value: Sequence[str]) -> Sequence[str]:
    return _mark(key) if isinstance(value, str) else (_mark(key),)


def _empty(value: Sequence[str]) -> Sequence[str]:
    return "" if isinstance(value, str) else ()


def _words(error: Exception) -> str:
    """Return what the template engine says, in one line; it quotes the template alone."""
    return " ".join(str(error).split())[:200] or type(error).__name__
